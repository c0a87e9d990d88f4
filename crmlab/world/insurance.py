"""The numbers of claims: how often an insured customer has one, what is paid, and what a slow answer does.

The block stands in ``Industry.claims``; where there is none nobody is insured. What the numbers do is known in ``claims``;
their ranges are declared in ``ranges``. Origins are tagged as in ``industries``.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmlab.world.ranges import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims(Block):
    """What an insurer pays, and how its customers take the way in which it does."""

    share: float  # of customers with a claim in a month
    spread: float = 0.0  # standard deviation of a person's own log share, for good; the mean stays
    payout: tuple[float, float]  # median in currency, standard deviation of the log
    hours: float  # until a claim is settled, as a rule
    kinds: tuple[tuple[str, float], ...]
    mood: float = 0.0  # satisfaction lost per unit of the log of the hours, to the usual ones; gained where they are fewer
    damage: float = 0.0  # what the log of the hours above the usual ones adds to the damage to the relationship
