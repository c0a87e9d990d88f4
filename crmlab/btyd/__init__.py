"""BTYD: customers without contract, who buy till they (silently) die.

Nobody tells a shop that he will not come back; all there is to see is when he bought. This room
boils orders down to what models of such customers read, fits those models, and says who is probably still
there, how often he will buy, and what that is worth. It reads orders and returns tables, fits and charts; it
knows no contracts (see ``retention``), and what a discounted stream of profit means is known in ``loyalty``.
"""

from crmlab.btyd.fitting import likelihood_ratio
from crmlab.btyd.purchases import PurchaseFit, fit_bgbb, fit_bgnbd, fit_mbgnbd, fit_pareto_nbd
from crmlab.btyd.returns import Settled, settle_returns
from crmlab.btyd.simulation import simulate_purchases
from crmlab.btyd.spend import SpendFit, fit_gamma_gamma, simulate_spend, spend_independence
from crmlab.btyd.summary import period_summary, plot_frequency, purchase_summary
from crmlab.btyd.tracking import (
    alive_history,
    conditional_expectation,
    frequencies,
    holdout,
    plot_alive_history,
    plot_expected,
    plot_tracking,
    tracking,
)
from crmlab.btyd.value import CustomerValues, Revenue, customer_value, forecast_revenue

__all__ = [
    "CustomerValues",
    "PurchaseFit",
    "Revenue",
    "Settled",
    "SpendFit",
    "alive_history",
    "conditional_expectation",
    "customer_value",
    "fit_bgbb",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_mbgnbd",
    "fit_pareto_nbd",
    "forecast_revenue",
    "frequencies",
    "holdout",
    "likelihood_ratio",
    "period_summary",
    "plot_alive_history",
    "plot_expected",
    "plot_frequency",
    "plot_tracking",
    "purchase_summary",
    "settle_returns",
    "simulate_purchases",
    "simulate_spend",
    "spend_independence",
    "tracking",
]
