"""Planning a survey: how many answers an index needs.

Sample sizes for a margin of error, or to detect a change between two waves, by normal approximation. This room knows
the standard deviation that an index may have at worst; it reads no answers (see ``indices``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from crmlab import _check
from crmlab._result import Result, Summary, percent, show
from crmlab.errors import ArgumentError


def sample_size(
    *, margin: float | None = None, change: float | None = None, index: str = "nps", level: float = 0.95, power: float = 0.8,
    share: float | None = None, detractor_share: float | None = None, deviation: float | None = None,
    population: int | None = None, response_rate: float | None = None,
) -> SampleSize:  # fmt: skip
    """Compute how many answers a margin of error needs, or the detection of a change between two independent waves.

    Where shares are not given the worst case holds: half promoters, half detractors, or half satisfied. Waves that share
    respondents who answer alike need fewer.

    Parameters
    ----------
    margin : float, optional
        Half the width of the interval, in points of the index. Give exactly one of ``margin`` and ``change``.
    change : float, optional
        The change to be detected, in points of the index.
    index : {"nps", "csat", "top_box", "mean"}
        Which index.
    level, power : float
        Confidence level; and for ``change`` the probability to detect it.
    share : float, optional
        The expected share of promoters (``nps``), or of the satisfied before the change (``csat``, ``top_box``).
    detractor_share : float, optional
        The expected share of detractors; with ``share``, for ``nps``. A change is taken to leave the standard deviation.
    deviation : float, optional
        The expected standard deviation of single answers; needed for ``mean``, and only there.
    population : int, optional
        How many customers there are.
    response_rate : float, optional
        The share of those asked who answer; says how many to ask.

    Returns
    -------
    SampleSize

    Raises
    ------
    ArgumentError
        Not exactly one of ``margin`` and ``change``, or something that does not fit the index.

    Notes
    -----
    With s the standard deviation of single answers in the unit of the index: ``(z s / margin)²`` answers, or in each wave
    ``(z + z_power)² (s_before² + s_after²) / change²``, corrected for a finite population of N to ``n / (1 + (n - 1) / N)``.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, chapter 4.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> satisfaction.sample_size(margin=5, index="csat", response_rate=0.2)
    Sample size for csat
      Answers needed: 385
      Margin of error: 5
      Confidence level: 95.0 %
      Standard deviation of single answers: 50 (worst case)
      To ask, if 20.0 % answer: 1,925
      Source: Cochran (1977), Sampling Techniques, chapter 4
    """
    _check.choice("index", index, ("nps", "csat", "top_box", "mean"))
    if (margin is None) == (change is None):
        raise ArgumentError("give exactly one of `margin` (of an estimate) and `change` (between two waves).")
    level, power = _check.share("level", level), _check.share("power", power)
    before, after = _deviations(index, share, detractor_share, deviation, change)
    z = stats.norm.ppf((1 + level) / 2)
    if change is None:
        needed = (z * before / _check.number("margin", margin, 0, closed="right")) ** 2
    elif _check.number("change", change):
        needed = (z + stats.norm.ppf(power)) ** 2 * (before**2 + after**2) / change**2
    else:
        raise ArgumentError("`change` must not be zero: no sample is large enough to detect that.")
    if population is not None:
        needed /= 1 + (needed - 1) / _check.integer("population", population, 2)
    answers = max(math.ceil(needed - 1e-9), 1 if change is None else 2)
    rate = None if response_rate is None else _check.number("response_rate", response_rate, 0, 1, closed="right")
    worst = share is None and deviation is None
    return SampleSize(index, answers, margin, change, level, power, before, worst, population, rate)


def _deviations(
    index: str, share: float | None, detractors: float | None, deviation: float | None, change: float | None
) -> tuple[float, float]:
    """Return the standard deviation of single answers before and after a change, in the unit of the index."""
    if (deviation is not None) != (index == "mean"):
        raise ArgumentError(
            '`deviation` belongs to `index="mean"`, and is needed there; at worst it is half the scale, 3 for 1 to 7.'
        )
    if (index != "nps" and detractors is not None) or (index == "mean" and share is not None):
        raise ArgumentError(f"`detractor_share` and `share` do not belong to an index of {index!r}. Leave them out.")
    if index == "mean":
        return (_check.number("deviation", deviation, 0, closed="right"),) * 2
    if index == "nps":
        return (_nps_deviation(share, detractors),) * 2
    if share is None:
        return 50.0, 50.0
    after = _check.share("share", share) + _check.number("change", change or 0) / 100
    if not 0 <= after <= 1:
        raise ArgumentError(
            f"a share of {share:g} cannot change by {change:g} points: it would leave the range from 0 to 100 per cent."
        )
    return 100 * math.sqrt(share * (1 - share)), 100 * math.sqrt(after * (1 - after))


def _nps_deviation(promoters: float | None, detractors: float | None) -> float:
    """Return the standard deviation of scores -100, 0 and 100; 100 at worst."""
    if promoters is None and detractors is None:
        return 100.0
    if promoters is None or detractors is None:
        raise ArgumentError("give both `share` (of promoters) and `detractor_share`, or neither for the worst case.")
    promoters, detractors = _check.share("share", promoters), _check.share("detractor_share", detractors)
    if promoters + detractors > 1:
        raise ArgumentError(f"`share` and `detractor_share` are more than everyone: {promoters:g} + {detractors:g}.")
    return 100 * math.sqrt(promoters + detractors - (promoters - detractors) ** 2)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SampleSize(Result):
    """How many answers are needed.

    Attributes
    ----------
    index : str
    answers : int
        How many, in each wave if a change is to be detected.
    margin, change : float or None
        What they are for, in points of the index; one of the two.
    level, power : float
        Confidence level, and the probability to detect the change.
    deviation : float
        Standard deviation of single answers, in points of the index (before the change).
    worst_case : bool
        Whether it is the largest that it can be.
    population : int or None
        How many customers there are.
    response_rate : float or None
        The share of those asked who answer.
    """

    index: str
    answers: int
    margin: float | None
    change: float | None
    level: float
    power: float
    deviation: float
    worst_case: bool
    population: int | None
    response_rate: float | None

    @property
    def ask(self) -> int:
        """How many to ask so that as many answer as are needed."""
        return math.ceil(self.answers / (self.response_rate or 1) - 1e-9)

    def summary(self) -> Summary:
        """Show how many answers are needed, and for what."""
        facts: list[tuple[str, object]] = []
        if self.change is None:
            facts += [("Answers needed", self.answers), ("Margin of error", self.margin)]
        else:
            facts += [("Answers needed in each wave", self.answers), ("Change to detect", self.change)]
            facts.append(("Power", percent(self.power)))
        facts.append(("Confidence level", percent(self.level)))
        worst = " (worst case)" if self.worst_case else ""
        facts.append(("Standard deviation of single answers", show(self.deviation, 2) + worst))
        note = ""
        if self.population is not None:
            facts.append(("Population", self.population))
            if self.ask > self.population:
                note = "There are fewer customers than would have to be asked: raise the response rate or accept less."
        if self.response_rate is not None:
            facts.append((f"To ask, if {percent(self.response_rate)} answer", self.ask))
        source = "Cochran (1977), Sampling Techniques, chapter 4"
        return Summary(f"Sample size for {self.index}", tuple(facts), note=note, source=source)
