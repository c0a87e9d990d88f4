"""Outlook: what each customer is still worth when the period ends, as nobody at the firm can know.

Month by month, what drives a customer away fades as it does in ``service`` and ``buying``, loyalty stays as it is on the
last day, and the chance of being there is carried forward. This room draws nothing; it counts with expectations.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from crmlab.world import buying
from crmlab.world.population import Customers
from crmlab.world.setting import Setting


def remaining_value(setting: Setting, customers: Customers) -> np.ndarray:
    """Return the expected margin of orders and fees in the months of ``horizon``, discounted; 0 for those who have left.

    Tickets, contacts, returns and what customers bring later do not count.
    """
    industry, last = setting.industry, setting.months - 1
    by_order, by_month = buying.margins(setting, customers, last)
    damage, orphaned, estranged = customers.relationship_damage, customers.orphaned, customers.estranged
    pull = customers.competitor_utility + setting.shifts["rival"][last]
    kept, constant = customers.kept, industry.competitor_effect * pull - customers.loyalty
    lasting, spread = industry.estrangement
    rate = buying.untroubled_rate(setting, customers, last)
    here, value, variance = customers.present.astype(float), np.zeros(len(customers)), 0.0
    for k in range(1, industry.horizon + 1):
        damage, orphaned = industry.forgetting * damage, industry.bond_fading * orphaned
        estranged, variance = lasting * estranged, lasting**2 * variance + spread**2
        kept = industry.keep_fading * kept
        driven = damage + orphaned + estranged
        push = constant + driven - kept + variance / 2
        if industry.contract:
            stays = 1 - buying.due(setting, customers, last + k) * expit(logit(customers.dropout) + push)
        else:
            stays = np.exp(-customers.dropout * np.exp(push))
        orders = rate * np.exp(-industry.waning * driven + industry.waning**2 * variance / 2)
        value += here * (1 + stays) / 2 * (orders * by_order + by_month) / (1 + industry.interest) ** k
        here = here * stays
    return value
