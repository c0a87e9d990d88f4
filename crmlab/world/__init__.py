"""World: the simulated firm, from the first contact to the profit, with its truth.

One firm holds the whole chain: prospects, stages, quality, expectation, failures, satisfaction,
orders or contracts, referrals, campaigns, costs. Its tables meet the topics as any firm's would;
its truth says what a perfect analysis would find; ``rerun`` lives through the same years with one
cause changed and common random numbers, so that an effect is a difference and not an estimate. The
equations stand in docs/world.md. This room simulates; it analyses nothing.
"""

from crmlab.world.bookings import Bookings
from crmlab.world.call_centre import CallCentre
from crmlab.world.comparison import Comparison, causes, compare, effect, outcomes, sweep
from crmlab.world.firm import Firm, Truth, simulate
from crmlab.world.industries import Campaign, Channel, Correlation, Giving, Industry, Need, Product
from crmlab.world.insurance import Claims
from crmlab.world.pipeline import Answer, LostReason, Objection, Pipeline, Role
from crmlab.world.practice import shop
from crmlab.world.trouble import Farewell, Trouble

__all__ = [
    "Answer",
    "Bookings",
    "CallCentre",
    "Campaign",
    "Channel",
    "Claims",
    "Comparison",
    "Correlation",
    "Farewell",
    "Firm",
    "Giving",
    "Industry",
    "LostReason",
    "Need",
    "Objection",
    "Pipeline",
    "Product",
    "Role",
    "Trouble",
    "Truth",
    "causes",
    "compare",
    "effect",
    "outcomes",
    "shop",
    "simulate",
    "sweep",
]
