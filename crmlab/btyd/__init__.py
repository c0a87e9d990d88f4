"""BTYD: customers without contract, who buy till they (silently) die.

Nobody tells a shop that they will not come back; all there is to see is when they bought. This package
summarizes orders as models of such customers read them, fits those models, and says who is probably still
there, how often they will buy, and what that is worth. It reads orders and returns tables, fits and charts; it
knows no contracts (see ``retention``), and what a discounted stream of profit means is known in ``loyalty``.

One file per model reads beside its paper; ``models`` is the table of those for purchases, ``gamma_gamma`` is that for spend,
and ``histories`` is the door. How a maximum is found is known in ``crmlab._likelihood``.
"""

from crmlab.btyd.alive_history import alive_history, plot_alive_history
from crmlab.btyd.by_frequency import conditional_expectation, frequencies, plot_expected
from crmlab.btyd.purchases import PurchaseFit, fit_bgbb, fit_bgnbd, fit_mbgnbd, fit_pareto_nbd, likelihood_ratio
from crmlab.btyd.returns import Settled, settle_returns
from crmlab.btyd.simulation import simulate_purchases
from crmlab.btyd.spend import SpendFit, fit_gamma_gamma, simulate_spend, spend_independence
from crmlab.btyd.summary import period_summary, plot_frequency, purchase_summary
from crmlab.btyd.tracking import holdout, plot_tracking, tracking
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
