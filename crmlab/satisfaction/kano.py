"""Kano's method: which features delight, which are missed, which leave cold.

Each feature is asked about twice, how one would feel if the firm had it and if it had not; the pair of answers falls
into one of six classes by a table. Here live that table, the wordings, and the classification of answers: a long table
comes in, counts, shares and their uncertainty go out. The questionnaire to print is made in ``kano_form``, answers are
simulated in ``kano_simulation``. This room does not know what a feature costs, nor whether the answers of today hold
tomorrow: what delights becomes a matter of course.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from crmlab import _check, _draw, tables
from crmlab._result import Result, Summary
from crmlab._verdict import between_intervals, leaders
from crmlab.errors import DataError
from crmlab.satisfaction.proportions import wilson_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, eq=False)
class _Vocabulary:
    """The words and the evaluation table of the method.

    Attributes
    ----------
    answers : mapping of language to five str
        In the order of their codes 1 to 5, the same for both questions.
    questions : mapping of question to language to str
        ``functional`` (the firm has it) and ``dysfunctional`` (it has not).
    classes : mapping of letter to language to str
    evaluation : tuple of five str
        ``evaluation[functional - 1][dysfunctional - 1]`` is the letter of a pair of answers.
    """

    answers: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, Mapping[str, str]]
    classes: Mapping[str, Mapping[str, str]]
    evaluation: tuple[str, ...]


KANO = _Vocabulary(
    answers=MappingProxyType(
        {
            "en": (
                "I would be pleased", "I would take it for granted", "I would not mind either way", "I could put up with it",
                "I would be displeased",
            ),
            "zh": ("我会很高兴", "我认为理应如此", "我无所谓", "我可以将就", "我会不满意"),
        }
    ),
    questions=MappingProxyType(
        {
            "functional": {"en": "If we offer this, how do you feel?", "zh": "如果我们提供这一点，您会觉得怎样？"},
            "dysfunctional": {"en": "If we do not offer this, how do you feel?", "zh": "如果我们不提供这一点，您会觉得怎样？"},
        }
    ),
    classes=MappingProxyType(
        {
            "A": {"en": "attractive", "zh": "魅力型"},
            "O": {"en": "one-dimensional", "zh": "期望型"},
            "M": {"en": "must-be", "zh": "必备型"},
            "I": {"en": "indifferent", "zh": "无差异型"},
            "R": {"en": "reverse", "zh": "反向型"},
            "Q": {"en": "questionable", "zh": "可疑结果"},
        }
    ),
    evaluation=("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"),
)  # fmt: skip

LETTERS = "AOMIRQ"
_TIES = "MOAIRQ"  # Berger et al. (1993): what is missed most goes first
_CODES: dict[object, int] = {
    **{code: code for code in range(1, 6)},
    **{str(code): code for code in range(1, 6)},
    **{wording: code for wordings in KANO.answers.values() for code, wording in enumerate(wordings, 1)},
}
#: The share of questionable answers if everybody ticked at random; at that share a question was not understood.
_AT_RANDOM = "".join(KANO.evaluation).count("Q") / 25


def kano_classes(answers: pd.DataFrame) -> Kano:
    """Classify features by Kano's evaluation table, with the uncertainty that most studies leave out.

    Parameters
    ----------
    answers : DataFrame
        One row per ``respondent`` and ``feature``, with ``functional`` and ``dysfunctional``: codes 1 to 5 or the wordings
        of ``KANO.answers``. Rows where either is missing are left out and counted.

    Returns
    -------
    Kano

    Raises
    ------
    DataError
        ``answers`` is no DataFrame, a column is missing, an answer is unknown, or a respondent stands there twice for a
        feature.

    References
    ----------
    Kano, Seraku, Takahashi & Tsuji (1984), Attractive quality and must-be quality, Hinshitsu 14(2), 39-48. Berger et
    al. (1993), Kano's methods for understanding customer-defined quality, Center for Quality of Management Journal
    2(4), 3-36: table, tie rule, coefficients. Fong (1996), Using the self-stated importance questionnaire to interpret
    Kano questionnaire results, Center for Quality of Management Journal 5(3), 21-24.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> answers = pd.DataFrame({
    ...     "respondent": [1, 2, 3, 1, 2, 3],
    ...     "feature": ["free returns"] * 3 + ["gift wrapping"] * 3,
    ...     "functional": [2, 2, 1, 1, 1, 3],
    ...     "dysfunctional": [5, 5, 5, 3, 3, 3],
    ... })
    >>> result = satisfaction.kano_classes(answers)
    >>> result.table[["feature", "class", "better", "worse"]].round(2)
             feature class  better  worse
    0   free returns     M    0.33   -1.0
    1  gift wrapping     A    0.67    0.0
    """
    _check_answers(answers)
    functional, dysfunctional = (_codes(answers[question], question) for question in ("functional", "dysfunctional"))
    complete = ~(np.isnan(functional) | np.isnan(dysfunctional))
    evaluation = np.array([list(row) for row in KANO.evaluation])
    letters = evaluation[functional[complete].astype(int) - 1, dysfunctional[complete].astype(int) - 1]
    asked, features = answers["feature"].to_numpy(), answers["feature"].drop_duplicates().tolist()
    counts = pd.crosstab(asked[complete], letters)
    counts = counts.reindex(index=features, columns=list(LETTERS), fill_value=0).rename_axis(index="feature", columns=None)
    n_excluded = pd.Series(~complete, index=asked).groupby(level=0).sum().reindex(features)
    return Kano(counts, n_excluded.rename("n_excluded"))


def _check_answers(answers: pd.DataFrame) -> None:
    """Refuse a table that lacks a column, or in which a feature has no or several answers of a respondent."""
    table = tables.table("kano_answers")
    _check.frame("answers", answers, "Give one row per respondent and feature.")
    _check.required_columns(answers.columns, table, table.required)
    if answers.empty:
        raise DataError("the table of Kano answers is empty. It needs at least one row.")
    for name in table.key:
        if answers[name].isna().any():
            raise DataError(
                f"`{name}` is empty in {answers[name].isna().sum():,} rows of the Kano answers. Take them out first."
            )
    repeated = answers[answers.duplicated(list(table.key))]
    if len(repeated):
        respondent, feature = repeated["respondent"].tolist()[0], repeated["feature"].tolist()[0]
        raise DataError(
            f"{len(repeated):,} rows answer for a feature again, e.g. respondent {respondent!r} for {feature!r}. "
            'Keep one of each: `.drop_duplicates(["respondent", "feature"])`.'
        )


def _codes(answers: pd.Series, question: str) -> np.ndarray:
    """Return answers as codes 1 to 5, missing ones as nan, shape (rows,)."""
    codes = answers.map(lambda value: _CODES.get(value.strip() if isinstance(value, str) else value), na_action="ignore")
    values = codes.astype(object).where(codes.notna(), np.nan).to_numpy(dtype=float)
    unknown = answers[np.isnan(values) & answers.notna().to_numpy()]
    if len(unknown):
        raise DataError(
            f"`{question}` holds {len(unknown):,} answers that are none of the five, e.g. {unknown.tolist()[0]!r}. "
            f"Use the codes 1 to 5 or the wordings: {', '.join(map(repr, KANO.answers['en']))}."
        )
    return values


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Kano(Result):
    """Classes of features.

    Attributes
    ----------
    counts : DataFrame, one row per feature
        How many answers fell into each class: A attractive, O one-dimensional, M must-be, I indifferent, R reverse,
        Q questionable.
    n_excluded : Series, one entry per feature
        How many answers were left out because one of the two was missing.
    """

    counts: pd.DataFrame
    n_excluded: pd.Series

    @property
    def classes(self) -> pd.DataFrame:
        """The most frequent class of each feature, and whether it stands out from the next.

        Ties go to M before O before A before I (Berger et al. 1993). ``clear`` is Fong's (1996) rule of thumb:
        |a - b| of the two most frequent is at least 1.65 √((a + b)(2n - a - b) / 2n). It treats the two counts as if they came
        from two samples, which they do not, and so calls clear too much; ``p_value`` is the exact binomial test of a
        against b. ``doubtful``: as many questionable answers as ticking at random would give, 2 of 25.
        """
        counts = self.counts[list(_TIES)].to_numpy()
        n, features = counts.sum(axis=1), np.arange(len(counts))
        first = counts.argmax(axis=1)
        others = counts.copy()
        others[features, first] = -1
        second = others.argmax(axis=1)
        a, b = counts[features, first], counts[features, second]
        critical = 1.65 * np.sqrt((a + b) * (2 * n - a - b) / np.maximum(2 * n, 1))
        letters, questionable = np.array(list(_TIES)), self.counts["Q"].to_numpy()
        return pd.DataFrame(
            {
                "class": np.where(a > 0, letters[first], ""),
                "second": np.where(b > 0, letters[second], ""),
                "clear": (a - b >= critical) & (a > 0),
                "p_value": np.where(a > 0, np.minimum(2 * stats.binom.sf(a - 1, a + b, 0.5), 1), np.nan),
                "questionable": _share(questionable, n),
                "doubtful": (n > 0) & (questionable >= _AT_RANDOM * n),
            },
            index=self.counts.index,
        )

    def coefficients(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate how much a feature can please if it is there, and displease if it is not, with Wilson's intervals.

        ``better`` = (A + O) / (A + O + M + I) from 0 to 1, ``worse`` = -(O + M) / (A + O + M + I) from -1 to 0; reverse and
        questionable answers do not count, and without any others the coefficients are unknown (nan).

        Parameters
        ----------
        level : float
            Confidence level.

        Returns
        -------
        DataFrame, one row per feature
            ``better, better_low, better_high, worse, worse_low, worse_high``.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> answers = satisfaction.simulate_kano({"free returns": "M", "gift wrapping": "A"}, 200, 0.2, seed=1)
        >>> satisfaction.kano_classes(answers).coefficients(0.9)[["better", "better_low", "better_high"]].round(2)
                       better  better_low  better_high
        feature
        free returns     0.03        0.01         0.06
        gift wrapping    0.91        0.87         0.94
        """
        level = _check.share("level", level)
        n = self.counts[list("AOMI")].sum(axis=1).to_numpy()
        pleased = self.counts[list("AO")].sum(axis=1).to_numpy()
        displeased = self.counts[list("OM")].sum(axis=1).to_numpy()
        share, low, high = _share_interval(pleased, n, level)
        table = {"better": share, "better_low": low, "better_high": high}
        share, low, high = _share_interval(displeased, n, level)
        table |= {"worse": -share, "worse_low": -high, "worse_high": -low}
        return pd.DataFrame(table, index=self.counts.index) + 0.0  # no minus before a zero

    @property
    def table(self) -> pd.DataFrame:
        """Counts, class and coefficients with 95 % intervals, one row per feature."""
        answers = self.counts.sum(axis=1).rename("answers")
        parts = [self.counts, answers, self.n_excluded, self.classes, self.coefficients()]
        return pd.concat(parts, axis=1).rename_axis("feature").reset_index()

    def summary(self) -> Summary:
        """Show the classes and coefficients, and which features are unclear."""
        table = self.table
        facts: list[tuple[str, object]] = [
            ("Features", len(table)),
            ("Answers", int(table["answers"].sum())),
            ("Missing, left out", int(table["n_excluded"].sum())),
        ]
        for label, mask in (
            ("Two classes too close to tell apart (Fong)", ~table["clear"]),
            ("Perhaps not understood: questionable answers", table["doubtful"]),
        ):
            if mask.any():
                facts.append((label, ", ".join(map(str, table.loc[mask, "feature"]))))
        return Summary(
            "Kano's classes of features",
            tuple(facts),
            table=table[["feature", *LETTERS, "class", "better", "worse"]],
            note="; ".join(f"{letter} {names['en']}" for letter, names in KANO.classes.items()) + ".",
            source="Kano et al. (1984); Berger et al. (1993); Fong (1996)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the map of features: what their presence can add, what their absence can cost.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new chart by default.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        DataError
            No feature has an answer that counts for the coefficients.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> answers = satisfaction.simulate_kano({"free returns": "M", "gift wrapping": "A"}, 200, 0.2, seed=1)
        >>> satisfaction.kano_classes(answers).plot().get_ylabel()
        'pleased with it (better)'
        """
        table = self.table.dropna(subset=["better"])
        if table.empty:
            raise DataError(
                "no feature has an answer that is attractive, one-dimensional, must-be or indifferent: nothing to map."
            )
        ax = _draw_map(table, _draw.new_axes(ax, height=6))
        return _draw.decorate(
            ax,
            title=self._finding(),
            x="displeased without it (−worse)",
            y="pleased with it (better)",
            alt=f"Map of {len(table)} features with 95 % intervals. "
            + "; ".join(f"{row.feature}: better {row.better:.2f}, worse {row.worse:.2f}" for row in table.itertuples())
            + ".",
        )

    def _finding(self) -> str:
        """Which feature can please most and which would be missed most, as far as the intervals tell it."""
        known = self.coefficients().dropna().index
        fewest = int(self.counts.loc[known, list("AOMI")].sum(axis=1).min())

        def first(column: str, sign: int) -> str | None:
            def interval(level: float) -> tuple[pd.Series, pd.Series]:
                table = self.coefficients(level).loc[known]
                low, high = sorted((sign * table[f"{column}_low"], sign * table[f"{column}_high"]), key=lambda ends: ends.sum())
                return low, high

            estimates = sign * self.coefficients().loc[known, column]
            names = leaders(known.astype(str), estimates, between_intervals(interval), n=fewest)
            return names[0] if len(names) == 1 < len(known) else None

        pleasing, missed = first("better", 1), first("worse", -1)
        if pleasing and missed:
            return f"“{pleasing}” can please most, “{missed}” would be missed most"
        if pleasing:
            return f"“{pleasing}” can please most; which would be missed most is not settled"
        if missed:
            return f"“{missed}” would be missed most; which can please most is not settled"
        if len(known) == 1:
            return f"How much “{known[0]}” can please, and would be missed"
        return f"Which of {len(known)} features can please most or would be missed most is not settled"


def _draw_map(table: pd.DataFrame, ax: Axes) -> Axes:
    """Draw each feature at its coefficients, with their intervals, a mark for each class."""
    for letter, colour, marker in zip(LETTERS, _draw.COLOURS, "o^sDvX", strict=False):
        group = table[table["class"] == letter]
        if len(group):
            x, y = -group["worse"], group["better"]
            ax.plot(x, y, marker, color=colour, markersize=9, label=f"{letter} {KANO.classes[letter]['en']}")
            ax.hlines(y, -group["worse_low"], -group["worse_high"], color=colour)
            ax.vlines(x, group["better_low"], group["better_high"], color=colour)
    for row in table.itertuples():
        inwards = "right" if row.worse < -0.5 else "left"  # names stay on the map
        ax.text(-row.worse, row.better, f"  {row.feature}  ", va="bottom", ha=inwards)
    ax.axhline(0.5, color=_draw.PALE, linestyle=":")
    ax.axvline(0.5, color=_draw.PALE, linestyle=":")
    ax.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
    return ax


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Return shares, shape (features,); nan of nothing."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _share_interval(part: np.ndarray, whole: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return shares and the ends of Wilson's intervals, shapes (features,); nan of nothing."""
    share = _share(part, whole)
    low, high = wilson_interval(part, np.maximum(whole, 1), level)
    # none or all: rounding must not put the share outside its interval
    return share, np.minimum(low, share), np.clip(high, share, 1)
