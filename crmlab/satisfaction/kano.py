"""Kano's method: which features delight, which are missed, which leave cold.

Each feature is asked about twice, how one would feel if the firm had it and if it had not; the pair of answers falls
into one of six classes by a table. Here live that table, the wordings, the questionnaire to print, the classification
of answers, and a simulator whose truth is known. This room reads a long table of answers and returns counts, shares and
their uncertainty. It does not know what a feature costs, nor whether the answers of today hold tomorrow: what delights
becomes a matter of course.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from crmlab import _check, _draw
from crmlab._result import Summary
from crmlab.errors import ArgumentError, DataError
from crmlab.tables import Column, Table

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

_LETTERS = "AOMIRQ"
_TIES = "MOAIRQ"  # Berger et al. (1993): what is missed most goes first
_CODES = {
    **{code: code for code in range(1, 6)},
    **{str(code): code for code in range(1, 6)},
    **{wording: code for wordings in KANO.answers.values() for code, wording in enumerate(wordings, 1)},
}
#: The share of questionable answers if everybody ticked at random; at that share a question was not understood.
_AT_RANDOM = "".join(KANO.evaluation).count("Q") / 25
_TABLE = Table(
    "Kano answers",
    "How respondents would feel with and without each feature.",
    (
        Column("respondent", "id", "Who answered.", aliases=("customer_id", "id")),
        Column("feature", "text", "What was asked about."),
        Column("functional", "integer", "Answer if the firm has the feature.", nullable=True),
        Column("dysfunctional", "integer", "Answer if it has not.", nullable=True),
    ),
    key=("respondent", "feature"),
)


def kano_classes(answers: pd.DataFrame) -> Kano:
    """Classes of features by Kano's evaluation table, with the uncertainty that most studies leave out.

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
        A column is missing, an answer is unknown, or a respondent stands there twice for a feature.
    ArgumentError
        ``answers`` is no DataFrame.

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
    >>> found = satisfaction.kano_classes(answers)
    >>> found.table[["feature", "class", "better", "worse"]].round(2)
             feature class  better  worse
    0   free returns     M    0.33   -1.0
    1  gift wrapping     A    0.67    0.0

    References
    ----------
    Kano, Seraku, Takahashi & Tsuji (1984), Attractive quality and must-be quality, Hinshitsu 14(2), 39-48. Berger et
    al. (1993), Kano's methods for understanding customer-defined quality, Center for Quality of Management Journal
    2(4), 3-36: table, tie rule, coefficients. Fong (1996), Using the self-stated importance questionnaire to interpret
    Kano questionnaire results, Center for Quality of Management Journal 5(3), 21-24.
    """
    if not isinstance(answers, pd.DataFrame):
        raise ArgumentError(
            f"`answers` must be a DataFrame with a row per respondent and feature; it is {type(answers).__name__}."
        )
    _check.required_columns(answers.columns, _TABLE, _TABLE.required)
    if answers.empty:
        raise DataError("the table of Kano answers is empty. It needs at least one row.")
    for name in _TABLE.key:
        if answers[name].isna().any():
            raise DataError(
                f"`{name}` is empty in {answers[name].isna().sum():,} rows of the Kano answers. Take them out first."
            )
    twice = answers[answers.duplicated(list(_TABLE.key))]
    if len(twice):
        who, what = twice["respondent"].tolist()[0], twice["feature"].tolist()[0]
        raise DataError(
            f"{len(twice):,} rows answer for a feature again, e.g. respondent {who!r} for {what!r}. "
            'Keep one of each: `.drop_duplicates(["respondent", "feature"])`.'
        )
    functional, dysfunctional = (_codes(answers[question], question) for question in ("functional", "dysfunctional"))
    there = ~(np.isnan(functional) | np.isnan(dysfunctional))
    letters = np.array([list(row) for row in KANO.evaluation])
    found = letters[functional[there].astype(int) - 1, dysfunctional[there].astype(int) - 1]
    features = answers["feature"].drop_duplicates().tolist()
    counts = pd.crosstab(answers["feature"].to_numpy()[there], found)
    counts = counts.reindex(index=features, columns=list(_LETTERS), fill_value=0).rename_axis(index="feature", columns=None)
    missing = pd.Series(~there, index=answers["feature"].to_numpy()).groupby(level=0).sum().reindex(features)
    return Kano(counts, missing.rename("missing"))


def _codes(said: pd.Series, question: str) -> np.ndarray:
    """Answers as codes 1 to 5, missing ones as nan."""
    codes = said.map(lambda value: _CODES.get(value.strip() if isinstance(value, str) else value), na_action="ignore")
    codes = codes.astype(object).where(codes.notna(), np.nan).to_numpy(dtype=float)
    unknown = said[np.isnan(codes) & said.notna().to_numpy()]
    if len(unknown):
        raise DataError(
            f"`{question}` holds {len(unknown):,} answers that are none of the five, e.g. {unknown.tolist()[0]!r}. "
            f"Use the codes 1 to 5 or the wordings: {', '.join(map(repr, KANO.answers['en']))}."
        )
    return codes


@dataclass(frozen=True, slots=True, eq=False)
class Kano:
    """Classes of features.

    Attributes
    ----------
    counts : DataFrame, one row per feature
        How many answers fell into each class: A attractive, O one-dimensional, M must-be, I indifferent, R reverse,
        Q questionable.
    missing : Series, one entry per feature
        How many answers were left out because one of the two was missing.
    """

    counts: pd.DataFrame
    missing: pd.Series

    @property
    def classes(self) -> pd.DataFrame:
        """The most frequent class of each feature, and whether it stands out from the next.

        Ties go to M before O before A before I (Berger et al. 1993). ``clear`` is Fong's (1996) rule of thumb:
        |a - b| of the two most frequent is at least 1.65 √((a + b)(2n - a - b) / 2n). It treats the two counts as if they came
        from two samples, which they do not, and so calls clear too much; ``p_value`` is the exact binomial test of a
        against b. ``doubtful``: as many questionable answers as ticking at random would give, 2 of 25.
        """
        counts = self.counts[list(_TIES)].to_numpy()
        n, rows = counts.sum(axis=1), np.arange(len(counts))
        first = counts.argmax(axis=1)
        others = counts.copy()
        others[rows, first] = -1
        second = others.argmax(axis=1)
        a, b = counts[rows, first], counts[rows, second]
        critical = 1.65 * np.sqrt((a + b) * (2 * n - a - b) / np.maximum(2 * n, 1))
        letters = np.array(list(_TIES))
        return pd.DataFrame(
            {
                "class": np.where(a > 0, letters[first], ""),
                "second": np.where(b > 0, letters[second], ""),
                "clear": (a - b >= critical) & (a > 0),
                "p_value": np.where(a > 0, np.minimum(2 * stats.binom.sf(a - 1, a + b, 0.5), 1), np.nan),
                "questionable": _ratio(self.counts["Q"].to_numpy(), n),
                "doubtful": (n > 0) & (self.counts["Q"].to_numpy() >= _AT_RANDOM * n),
            },
            index=self.counts.index,
        )

    def coefficients(self, level: float = 0.95) -> pd.DataFrame:
        """How much a feature can please if it is there, and displease if it is not, with Wilson's intervals.

        ``better`` = (A + O) / (A + O + M + I) from 0 to 1, ``worse`` = -(O + M) / (A + O + M + I) from -1 to 0; reverse and
        questionable answers do not count, and without any others the coefficients are unknown (nan).
        """
        level = _check.share("level", level)
        counts = self.counts
        n = counts[list("AOMI")].sum(axis=1).to_numpy()
        table = {}
        for name, letters, sign in (("better", "AO", 1), ("worse", "OM", -1)):
            hits = counts[list(letters)].sum(axis=1).to_numpy()
            share = _ratio(hits, n)
            low, high = proportion_confint(hits, np.maximum(n, 1), alpha=1 - level, method="wilson")
            # none or all: rounding must not put the share outside its interval
            ends = np.sort(sign * np.array([np.minimum(low, share), np.clip(high, share, 1)]), axis=0)
            table |= dict(zip((name, f"{name}_low", f"{name}_high"), [sign * share, *ends], strict=True))
        return pd.DataFrame(table, index=counts.index) + 0.0  # no minus before a zero

    @property
    def table(self) -> pd.DataFrame:
        """Counts, class and coefficients with 95 % intervals, one row per feature."""
        answers = self.counts.sum(axis=1).rename("answers")
        parts = [self.counts, answers, self.missing, self.classes, self.coefficients()]
        return pd.concat(parts, axis=1).rename_axis("feature").reset_index()

    def summary(self) -> Summary:
        """The finding in a few lines."""
        table = self.table
        unsure = table.loc[~table["clear"], "feature"]
        doubtful = table.loc[table["doubtful"], "feature"]
        return Summary(
            "Kano's classes of features",
            facts=(
                ("Features", len(table)),
                ("Answers", int(table["answers"].sum())),
                ("Missing, left out", int(table["missing"].sum())),
                *((("Two classes too close to tell apart (Fong)", ", ".join(map(str, unsure))),) if len(unsure) else ()),
                *((("Perhaps not understood: questionable answers", ", ".join(map(str, doubtful))),) if len(doubtful) else ()),
            ),
            table=table[["feature", *_LETTERS, "class", "better", "worse"]],
            note="; ".join(f"{letter} {names['en']}" for letter, names in KANO.classes.items()) + ".",
            source="Kano et al. (1984); Berger et al. (1993); Fong (1996)",
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """The map of features: what their presence can add, what their absence can cost."""
        table = self.table.dropna(subset=["better"])
        if table.empty:
            raise DataError(
                "no feature has an answer that is attractive, one-dimensional, must-be or indifferent: nothing to map."
            )
        ax = _draw.new_axes(ax, height=6)
        for letter, colour, marker in zip(_LETTERS, _draw.COLOURS, "o^sDvX", strict=False):
            group = table[table["class"] == letter]
            if len(group):
                x, y = -group["worse"], group["better"]
                label = f"{letter} {KANO.classes[letter]['en']}"
                ax.plot(x, y, marker, color=colour, markersize=9, label=label)
                ax.hlines(y, -group["worse_low"], -group["worse_high"], color=colour)
                ax.vlines(x, group["better_low"], group["better_high"], color=colour)
        for row in table.itertuples():
            inwards = "right" if row.worse < -0.5 else "left"  # names stay on the map
            ax.text(-row.worse, row.better, f"  {row.feature}  ", va="bottom", ha=inwards)
        ax.axhline(0.5, color=_draw.PALE, linestyle=":")
        ax.axvline(0.5, color=_draw.PALE, linestyle=":")
        ax.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05))
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
        pleases, missed = table.loc[table["better"].idxmax()], table.loc[table["worse"].idxmin()]
        return _draw.decorate(
            ax,
            title=f"“{pleases['feature']}” can please most, “{missed['feature']}” would be missed most",
            x="displeased without it (−worse)",
            y="pleased with it (better)",
            alt=f"Map of {len(table)} features with 95 % intervals. "
            + "; ".join(f"{row.feature}: better {row.better:.2f}, worse {row.worse:.2f}" for row in table.itertuples())
            + ".",
        )

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def simulate_kano(features: Mapping[str, str], respondents: int, noise: float, *, seed: int) -> pd.DataFrame:
    """Answers to a Kano questionnaire whose true classes are known.

    Truth: each feature has one class for everyone. A respondent knows his own mind with probability ``1 - noise`` and gives
    one of the pairs of answers of that class, each equally likely; else he ticks both answers at random, which
    lands on any class, mostly indifferent (9 pairs of 25). A naive reader takes each mode for certain.

    Parameters
    ----------
    features : mapping of str to str
        Feature -> its class: A, O, M, I, R or Q.
    respondents : int
    noise : float
        Share of answers ticked at random, from 0 to 1.
    seed : int

    Returns
    -------
    DataFrame, one row per ``respondent`` (1, 2, ...) and ``feature``
        ``functional`` and ``dysfunctional``, codes 1 to 5.

    Raises
    ------
    ArgumentError
        A class is none of the six, there is no feature, or a number is out of range.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> answers = satisfaction.simulate_kano({"free returns": "M", "gift wrapping": "A"}, 200, 0.2, seed=1)
    >>> satisfaction.kano_classes(answers).classes["class"].to_dict()
    {'free returns': 'M', 'gift wrapping': 'A'}

    References
    ----------
    The pairs of each class: Berger et al. (1993).
    """
    if not isinstance(features, Mapping) or not features:
        raise ArgumentError('`features` must say the class of each feature, e.g. {"free returns": "M"}.')
    for letter in features.values():
        _check.choice("features", letter, tuple(_LETTERS))
    respondents = _check.integer("respondents", respondents, 1)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1:
        raise ArgumentError(f"`noise` must be a share from 0 to 1; it is {noise!r}.")
    random = np.random.default_rng(_check.integer("seed", seed, 0))
    cells = np.array(list("".join(KANO.evaluation)))
    drawn = np.column_stack([random.choice(np.flatnonzero(cells == letter), respondents) for letter in features.values()])
    drawn = np.where(random.random(drawn.shape) < noise, random.integers(25, size=drawn.shape), drawn).ravel()
    return pd.DataFrame(
        {
            "respondent": np.repeat(np.arange(1, respondents + 1), len(features)),
            "feature": np.tile(np.array(list(features), dtype=object), respondents),
            "functional": drawn // 5 + 1,
            "dysfunctional": drawn % 5 + 1,
        }
    )


def kano_questionnaire(features: Sequence[str] | Mapping[str, str | Mapping[str, str]], *, language: str = "both") -> str:
    """The questionnaire as a page to print: for each feature two questions with five circles to tick.

    Parameters
    ----------
    features : list of str, or mapping
        What to ask about. A mapping gives each feature's wording: one for all, or one by language, such as
        ``{"returns": {"en": "Free returns", "zh": "免费退货"}}``.
    language : {"en", "zh", "both"}

    Returns
    -------
    str
        HTML that needs no other file, for paper of size A4. Save it with ``pathlib.Path("kano.html").write_text(page,
        encoding="utf-8")`` and print it from a browser.

    Raises
    ------
    ArgumentError
        No features, one twice, a wording that is no text, or another language.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> page = satisfaction.kano_questionnaire(["Free returns", "Gift wrapping"], language="en")
    >>> page.count('class="circle"'), page.startswith("<!DOCTYPE html>")
    (20, True)

    References
    ----------
    The form of the two questions: Kano et al. (1984).
    """
    languages = {"en": ("en",), "zh": ("zh",), "both": ("en", "zh")}[_check.choice("language", language, ("en", "zh", "both"))]
    blocks = []
    for number, wording in enumerate(_wordings(features, languages), 1):
        rows = "".join(
            f'<tr><th scope="row">{_said(KANO.questions[question], languages)}</th>'
            + '<td><span class="circle"></span></td>' * 5
            + "</tr>"
            for question in ("functional", "dysfunctional")
        )
        heads = "".join(
            f'<th scope="col">{_said({each: KANO.answers[each][place] for each in languages}, languages)}</th>'
            for place in range(5)
        )
        if len(set(wording.values())) == 1 and len(languages) > 1:  # one wording for both: its language is not ours to say
            name = escape(wording["en"])
        else:
            name = " · ".join(f'<span lang="{each}">{escape(wording[each])}</span>' for each in languages)
        table = f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"
        blocks.append(f"<section><h2>{number}. {name}</h2>{table}</section>")
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh" if languages == ("zh",) else "en"}">\n<head><meta charset="utf-8">'
        f"<title>{escape(_TITLE[languages[0]])}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><h1>{_said(_TITLE, languages)}</h1><p>{_said(_HOW, languages)}</p><p>{_said(_SHEET, languages)}</p>\n"
        + "\n".join(blocks)
        + "\n</body></html>\n"
    )


def _wordings(features: object, languages: Sequence[str]) -> list[dict[str, str]]:
    """The wording of each feature in each language."""
    if isinstance(features, Mapping):
        given = list(features.values())
    elif isinstance(features, Sequence) and not isinstance(features, str):
        given = list(features)
        if len(set(map(str, given))) < len(given):
            raise ArgumentError("`features` names a feature twice. Ask about each once.")
    else:
        raise ArgumentError(
            f"`features` must be a list of features or a mapping to their wordings; it is {type(features).__name__}."
        )
    if not given:
        raise ArgumentError("`features` is empty. Name at least one.")
    found = [{each: one.get(each) if isinstance(one, Mapping) else one for each in languages} for one in given]
    for wording, one in zip(found, given, strict=True):
        if not all(isinstance(text, str) and text.strip() for text in wording.values()):
            raise ArgumentError(f"a feature needs a wording in {' and '.join(languages)}; one has {one!r}.")
    return found


def _said(words: Mapping[str, str], languages: Sequence[str]) -> str:
    return "<br>".join(f'<span lang="{each}">{escape(words[each])}</span>' for each in languages)


_TITLE = {"en": "What would you like from us?", "zh": "您希望我们提供什么？"}
_HOW = {
    "en": "Please tick one circle in each row. There are no right or wrong answers.",
    "zh": "请在每一行选一个圆圈打勾。答案没有对错之分。",
}
_SHEET = {"en": "Number of this sheet: ________", "zh": "问卷编号：________"}  # the respondent, where answers are typed in
_STYLE = (
    "@page{size:A4;margin:16mm}body{font-family:'DejaVu Sans','Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif;"
    "font-size:10.5pt;color:#000;max-width:178mm;margin:auto}h1{font-size:16pt}h2{font-size:12pt;margin:0 0 2mm}"
    "section{break-inside:avoid;margin:0 0 7mm}table{border-collapse:collapse;width:100%;table-layout:fixed}"
    "th,td{border-bottom:1px solid #999;padding:1.5mm;text-align:center;font-weight:normal;font-size:9pt}"
    "tbody th,thead td{text-align:left;width:34%}.circle{display:inline-block;width:4.5mm;height:4.5mm;border:1px solid #000;"
    "border-radius:50%}"
)
