"""BTYD: customers without contract, who buy till they (silently) die.

Nobody tells a shop that he will not come back; all there is to see is when he bought. This room
boils orders down to what models of such customers read, fits those models, and says who is probably still
there, how often he will buy, and what that is worth. It reads orders and returns tables, fits and charts; it
knows no contracts (see ``retention``), and what a discounted stream of profit means is known in ``loyalty``.
"""

from crmlab.btyd.summary import plot_frequency, purchase_summary

__all__ = ["plot_frequency", "purchase_summary"]
