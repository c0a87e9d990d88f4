"""Claims: what the sources say that customer relationship management is worth, as hypotheses.

Every claim is data: who says it, how it can be read, which range it names. Arithmetic says under which margin, retention
and cost it would be true; a simulated firm, re-run with the cause that a claim means, says what happens where all
conditions are known. A simulation shows conditions, not evidence about the world. This package reads the simulated firms
of ``world`` and knows no user's data.

Inside: ``conditions`` holds the arithmetic of one change.
"""

from crmlab.claims.conditions import change_of_profit

__all__ = ["change_of_profit"]
