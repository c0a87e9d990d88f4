"""Usage: how often customers use what they have, or look into the shop, month by month.

It falls before they leave, for the same reasons as orders do, and can be seen sooner, since it happens more often. An industry
without ``usage`` has no such table. Nothing else reads it.
"""

from __future__ import annotations

import numpy as np

from crmlab.world import buying, streams
from crmlab.world.event_log import EventLog, days
from crmlab.world.population import Customers
from crmlab.world.setting import Setting


def use(setting: Setting, log: EventLog, customers: Customers, t: int) -> None:
    """Draw and write how often the customers of month ``t`` come or use their contract; a month without use has no row."""
    industry = setting.industry
    mean, spread, effect = industry.usage
    if not mean:
        return
    habit = np.exp(spread * streams.normal(customers.key, "habit"))
    wanes = np.exp(effect * (customers.loyalty - buying.trouble(customers)))
    expected = mean * habit * wanes * buying.share_present(setting, customers, t)
    times = streams.poisson(streams.uniform(customers.key, "uses", t), expected)
    used = np.flatnonzero(times)
    log.add("usage", customers.person[used], month=days(np.full(used.size, setting.month_start[t])), times=times[used])
