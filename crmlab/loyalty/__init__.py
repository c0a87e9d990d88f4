"""Loyalty: from customers who stay to the money they bring.

What is a customer worth who stays, how much of it hangs on their staying, and how much of all hangs on how few? This
package discounts what customers are expected to bring, adds it up to the value of a customer and of all customers, and
measures how unevenly revenue is spread. It reads orders, rates and tables of forecasts and returns values, curves and
shares; it does not say who the few are (see ``segmentation``), and it forecasts nothing itself (see ``retention`` for
contracts, ``btyd`` without).

Money has a date here. Weeks become years by a year of 52 weeks, as in Fader & Hardie's papers: a rate of 15 % a year is
0.27 % a week, compounded continuously. Inside: ``lorenz`` holds concentration, ``discounting`` the rates,
``contract_value`` the value of a customer with a constant retention rate and what moves it, ``contract_risk`` how far one
customer may be from it, ``forecast_value`` the value from a table of forecasts, ``referrals`` that of those whom they bring,
``equity`` the sum over all customers, ``tenure`` what customers bring by the year of their relationship (``layers`` and
``relationship_years`` serve it), ``cells`` whether those who stay are those who bring, ``chain`` what service does to
satisfaction, staying and profit.
"""

from crmlab.loyalty.cells import FourCells, four_cells, observed_stay
from crmlab.loyalty.chain import ChainFit, fit_chain
from crmlab.loyalty.chain_simulation import simulate_chain
from crmlab.loyalty.contract_risk import break_even, value_interval
from crmlab.loyalty.contract_value import simple_value, value_elasticities
from crmlab.loyalty.discounting import discount_factor, weekly_rate
from crmlab.loyalty.equity import CustomerEquity, customer_equity
from crmlab.loyalty.forecast_value import clv_from_forecast
from crmlab.loyalty.lorenz import Concentration, concentration, gini
from crmlab.loyalty.referrals import referral_value
from crmlab.loyalty.tenure import TenureProfit, tenure_profit

__all__ = [
    "ChainFit", "Concentration", "CustomerEquity", "FourCells", "TenureProfit", "break_even", "clv_from_forecast",
    "concentration", "customer_equity", "discount_factor", "fit_chain", "four_cells", "gini", "observed_stay",
    "referral_value", "simple_value", "simulate_chain", "tenure_profit", "value_elasticities", "value_interval",
    "weekly_rate",
]  # fmt: skip
