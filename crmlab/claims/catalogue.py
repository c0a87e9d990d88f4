"""Catalogue: what the sources claim, as data, and what others have measured.

A claim has a source, a wording (ours), a driver that is to change and by how much, and for each industry the range of the
change of profit that it names. Where a text names no range, contradicts itself or cannot be read, that is said. No claim is
judged here: conditions stand in ``solutions``, trials in ``evidence``.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import pandas as pd

from crmlab import tables
from crmlab._result import Result, Summary
from crmlab.errors import ArgumentError
from crmlab.tables.claims import INDUSTRIES, UNITS

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Claim(Result):
    """Something that a source says customer relationship management brings.

    Attributes
    ----------
    name, wording : str
        What is claimed, in our words.
    source : str
        Which of the five texts says so.
    credited : str
        Whom the text names, or who is usually named, without a reference in the text.
    driver : str
        What is to change: "satisfaction", "retention", "conversion" or "cost"; "" where no mechanism is named.
    step : float
        By how much, as a share; NaN without a driver.
    units : tuple of str
        How the step may be read.
    ranges : dict
        Industry -> ends of the claimed change of profit, as shares; empty where none is named.
    criticism : str
        What the wording leaves open.
    readable : bool
        Whether there is a reading that can be true or false of a firm.
    growth : tuple of (float, float, int), optional
        An amount at first and at last, and the years between, where the claim is of that kind.
    """

    name: str
    source: str
    wording: str
    criticism: str
    credited: str = ""
    driver: str = ""
    step: float = float("nan")
    units: tuple[str, ...] = ()
    ranges: Mapping[str, Range] = field(default_factory=lambda: MappingProxyType({}))
    readable: bool = True
    growth: tuple[float, float, int] | None = None

    def summary(self) -> Summary:
        """Return the claim, its readings and the claimed ranges.

        Examples
        --------
        >>> from crmlab import claims
        >>> print(claims.claim("operating cost").summary())
        operating cost
          One per cent less operating cost raises profit.
          Source: article
          Credited to: a research firm
          Left open: Per cent of which cost, and at which margin? The rest is division.
        <BLANKLINE>
          industry       low, %  high, %
          finance             8       15
          telecom             4       10
          manufacturing       1        5
          retail              2        7
        """
        facts = [("Source", self.source), ("Credited to", self.credited or "nobody"), ("Left open", self.criticism)]
        rows = [(industry, round(100 * low, 6), round(100 * high, 6)) for industry, (low, high) in self.ranges.items()]
        table = pd.DataFrame(rows, columns=["industry", "low, %", "high, %"]) if rows else None
        return Summary(self.name, tuple(facts), table, self.wording)


def _by_industry(*ranges: Range) -> Mapping[str, Range]:
    shares = [(round(low / 100, 4), round(high / 100, 4)) for low, high in ranges]
    return MappingProxyType(dict(zip(INDUSTRIES, shares, strict=True)))


#: Every claim that the kit examines.
CLAIMS: tuple[Claim, ...] = (
    Claim(
        "satisfaction", "article", "One per cent more satisfaction raises profit.",
        "Per cent of which scale? On one from 1 to 7 nothing is zero, so that per cent of a mean depend on where it begins; "
        "a point of an index from 0 to 100 is a fifth more. By which means, and who pays for them?",
        credited="an index of customer satisfaction", driver="satisfaction", step=0.01, units=("per cent",),
        ranges=_by_industry((6, 9), (2, 5), (1, 3), (2, 5)),
    ),
    Claim(
        "loyalty", "article", "Five per cent more loyalty raises profit.",
        "Five per cent or five points of retention? The value of an average customer or the profit of the firm, and of which "
        "years? Free or paid for?",
        credited="a study of loyalty", driver="retention", step=0.05, units=UNITS,
        ranges=_by_industry((35, 85), (20, 35), (5, 15), (10, 25)),
    ),
    Claim(
        "loyalty overall", "article", "Five per cent more loyalty raises profit by 25 to 95 %, whatever the industry.",
        "The same four readings. The step behind it was five points, often half of all who leave, and the profit was the "
        "value of an average customer.",
        credited="Reichheld & Sasser (1990), who wrote 25 to 85 %, and Reichheld's later work; disputed by Sharp (2010)",
        driver="retention", step=0.05, units=UNITS, ranges=_by_industry(*[(25, 95)] * 4),
    ),
    Claim(
        "conversion", "article", "One per cent more conversion raises profit.",
        "One per cent or one point of the conversion rate? Conversion of the same prospects, or of others?",
        credited="a research firm", driver="conversion", step=0.01, units=UNITS,
        ranges=_by_industry((10, 20), (5, 10), (1, 5), (3, 8)),
    ),
    Claim(
        "operating cost", "article", "One per cent less operating cost raises profit.",
        "Per cent of which cost, and at which margin? The rest is division.",
        credited="a research firm", driver="cost", step=-0.01, units=("per cent",),
        ranges=_by_industry((8, 15), (4, 10), (1, 5), (2, 7)),
    ),
    Claim(
        "one satisfied customer", "article",
        "One satisfied customer more saves about 20 % of cost and adds about 10 % of profit.",
        "Of whose cost and profit, and one of how many customers? One customer cannot move a firm by a fifth, and a share of "
        "their own cost has nothing to be more than. Both halves fit only a firm that keeps two thirds of its revenue.",
        readable=False,
    ),
    Claim(
        "conversion by system", "article", "A system for customer relationships raises conversion by 5 to 15 %.",
        "Against what, and for whom? No profit is named, and no cost of the system.",
        credited="a research firm", driver="conversion", step=0.10, units=UNITS, readable=False,
    ),
    Claim(
        "cost by system", "article", "A system for customer relationships lowers operating cost by 10 to 15 %.",
        "Is the cost of the system itself among those that fall? No profit is named.",
        credited="a research firm", driver="cost", step=-0.10, units=("per cent",), readable=False,
    ),
    Claim(
        "transaction cost", "overview", "Customer relationship management lowers the cost of a transaction.",
        "By how much, and of which transactions? A direction without a size cannot fail.", readable=False,
    ),
    Claim(
        "maintenance cost", "overview", "Customer relationship management lowers the cost of keeping a customer.",
        "By how much, and who pays for the care that keeps them? A direction without a size cannot fail.", readable=False,
    ),
    Claim(
        "data autonomy", "term paper", "Customers who govern their own data are more loyal.",
        "Compared with whom? Those who stay anyway may be those who look at their data. A trial by lot could tell.",
        readable=False,
    ),
    Claim(
        "concessions", "text on building relationships", "Concessions win goodwill.",
        "How large a concession, and how much goodwill? Whoever bargains hard may take it and leave.", readable=False,
    ),
    Claim(
        "referrals", "text on building relationships",
        "Old customers bring new ones, and so belong to the value of a customer.",
        "How many, and would they have come anyway? The new ones' value must not be counted twice.", readable=False,
    ),
    Claim(
        "growth of the market", "term paper", "A market grew from 0.8 to 1.8 billion in five years.",
        "In which currency, whose count, and from when to when? The arithmetic is fine, the source is missing.",
        growth=(0.8, 1.8, 5),
    ),
    Claim(
        "blanks", "article", "The market is worth X billion and grows by Y % a year.",
        "X and Y were never filled in: a draft was printed. Whatever is near them has not been read again, either.",
        readable=False,
    ),
    Claim(
        "beginnings", "article", "Customer relationship management began in the 1950s; it began in the 1980s.",
        "One text says both. Needs and satisfaction were studied in the 1950s, contact management came in the 1980s: they "
        "date different things.", readable=False,
    ),
    Claim(
        "new customers", "text on building relationships", "New customers have the higher rate of success.",
        "As written it contradicts the text's own argument, which is that old customers are won again more easily: a slip, to "
        "be quoted as it stands and marked as one.", readable=False,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Published:
    """What others have measured, to hold beside a claim.

    Attributes
    ----------
    driver, source, finding : str
    low, high : float
        Change of value or profit for the claims' step of the driver, as shares; NaN where the study has no such number.
    """

    driver: str
    source: str
    finding: str
    low: float = float("nan")
    high: float = float("nan")


PUBLISHED: tuple[Published, ...] = (
    Published(
        "retention", "Gupta, Lehmann & Stuart (2004), five firms",
        "one per cent more retention raises the value of the customer base by 3 to 7 %, so five per cent by about five times "
        "as much", 0.15, 0.35,
    ),
    Published(
        "retention", "Reinartz & Kumar (2002), four firms",
        "the correlation of loyalty and profitability is .20 to .45: loyal is not the same as profitable",
    ),
    Published(
        "satisfaction", "Gruca & Rego (2005), some 200 large firms",
        "satisfaction goes with more and steadier cash flow in the years to come; an association of firms, not a trial",
    ),
    Published(
        "satisfaction", "Rust, Zahorik & Keiningham (1995)",
        "quality is an investment: it costs, it can be too much, and not all of it pays",
    ),
    Published(
        "cost", "Gupta, Lehmann & Stuart (2004), five firms",
        "one per cent less cost of winning customers raises their value by 0.02 to 0.3 %", 0.0002, 0.003,
    ),
)  # fmt: skip


def claim(name: str) -> Claim:
    """Return a claim by its name.

    Parameters
    ----------
    name : str
        One of ``[claim.name for claim in claims.CLAIMS]``.

    Returns
    -------
    Claim

    Raises
    ------
    ArgumentError
        There is no such claim; the message proposes the nearest.

    Examples
    --------
    >>> from crmlab import claims
    >>> claims.claim("loyalty").ranges["finance"]
    (0.35, 0.85)
    """
    by_name = {each.name: each for each in CLAIMS}
    if isinstance(name, str) and name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(str(name).casefold(), by_name, n=1)
    proposal = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"no claim is called {name!r}.{proposal} The claims: {', '.join(by_name)}.")


def all_claims() -> pd.DataFrame:
    """Return all claims as a table.

    Returns
    -------
    DataFrame
        As ``tables.describe("claims")`` says: one row per claim and industry ("all" where no range is named).

    Examples
    --------
    >>> from crmlab import claims
    >>> table = claims.all_claims()
    >>> table[table.claim == "loyalty"][["industry", "low", "high"]].to_numpy().tolist()[0]
    ['finance', 0.35, 0.85]
    """
    rows = [
        (each.name, industry, each.source, each.wording, each.driver or None, each.step, *ends, each.criticism)
        for each in CLAIMS
        for industry, ends in (each.ranges or {"all": (float("nan"), float("nan"))}).items()
    ]
    return pd.DataFrame(rows, columns=[column.name for column in tables.table("claims").columns])
