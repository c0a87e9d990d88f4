"""Trouble: how hard what goes wrong weighs, and how those who leave speak of it.

Blocks of numbers of the second edition that an ``Industry`` holds; by their defaults nothing acts on anybody. What the
numbers do is said in the mechanisms that read them: ``buying`` and ``sales`` (price), ``market`` (dead addresses), ``service``
(slow answers), ``desks`` (salespeople who go over to a rival), ``campaigns`` (newsletters), ``accounts`` (the budget),
``farewell`` (reasons). This room holds numbers and does nothing. All of them are [C].
"""

from __future__ import annotations

from dataclasses import dataclass

from crmlab.world.ranges import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble(Block):
    """How hard a price rise, a bad list, lost salespeople and newsletters weigh, and what the firm spends on quality anyway."""

    price_leaving: float = 0.0  # of the log price, times the need's elasticity, on the log rate of leaving
    price_winning: float = 0.0  # likewise on the log-odds of the close, downwards
    price_release: bool = False  # contract: whether everyone may leave at once in the month of a price rise
    haggling: float = 0.0  # contract: standard deviation of the log of what a customer pays of the list fee
    dead_addresses: float = 0.0  # bought lists: share of dead addresses is 1 - exp(-this times ``list_decay``)
    dead_cost: float = 0.0  # of each dead address: what was sent to it and came back, and the time to find out
    question_weight: float = 0.0  # severity of a failure as which the slow answer to a question weighs
    poaching: float = 0.0  # how much more a salesperson weighs who went over to a rival, as a share of ``bond``
    departure_months: int = 1  # ``departures`` are spread over so many months
    newsletters: float = 0.0  # contacts a month beside the campaigns, for everybody who may be written to
    budget: tuple[float, float, float] = (0.0, 0.0, 0.0)  # for quality, a month and planned customer; its log: kept, spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Farewell(Block):
    """Who is asked why they left, who answers, and how true the answer is.

    Of seven reasons in the order of ``farewell.REASONS``.
    """

    asked: float  # contract: share of cancellations with a question; otherwise of those silent for ``silent_months``
    answered: float  # share of these who answer
    silent_months: int = 6  # without contract: months without an order after which they are asked
    honest: float  # share of the answers that tell the main reason; the others are drawn by ``polite``
    polite: tuple[float, ...]  # how often each reason is told by those who do not tell theirs
