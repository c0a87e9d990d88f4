"""Loyalty: from customers who stay to the money they bring.

What is a customer worth who stays, how much of it hangs on their staying, and how much of all hangs on how few? This
package discounts what customers are expected to bring, adds it up to the value of a customer and of all customers, and
measures how unevenly revenue is spread. It reads orders, rates and tables of forecasts and returns values, curves and
shares; it does not say who the few are (see ``segmentation``), and it forecasts nothing itself (see ``retention`` for
contracts, ``btyd`` without).

Money has a date here. Weeks become years by a year of 52 weeks, as in Fader & Hardie's papers: a rate of 15 % a year is
0.27 % a week, compounded continuously. Inside: ``lorenz`` holds concentration, ``discounting`` the rates,
``contract_value`` the value of a customer with a constant retention rate and what moves it, ``forecast_value`` the value
from a table of forecasts, ``equity`` the sum over all customers,
``chain`` what service does to satisfaction, staying and profit.
"""

from crmlab.loyalty.chain import ChainFit, fit_chain
from crmlab.loyalty.chain_simulation import simulate_chain
from crmlab.loyalty.contract_value import simple_value, value_elasticities
from crmlab.loyalty.discounting import discount_factor, weekly_rate
from crmlab.loyalty.equity import CustomerEquity, customer_equity
from crmlab.loyalty.forecast_value import clv_from_forecast
from crmlab.loyalty.lorenz import Concentration, concentration, gini

__all__ = [
    "ChainFit", "Concentration", "CustomerEquity", "clv_from_forecast", "concentration", "customer_equity",
    "discount_factor", "fit_chain", "gini", "simple_value", "simulate_chain", "value_elasticities", "weekly_rate",
]  # fmt: skip
