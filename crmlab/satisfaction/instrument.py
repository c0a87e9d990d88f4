"""Instrument: the questionnaire, as a table and on paper.

The RATER instrument asks 22 statements twice, once of an excellent firm and once of this one, then
100 points of importance, overall satisfaction and recommendation; in English and Chinese, with a short form
of ten statements for classes. An instrument of your own is a small table. What was answered is read
in ``answers``; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape
from os import PathLike

import pandas as pd

from crmlab import _check, _files, tables
from crmlab._result import Summary
from crmlab.errors import ArgumentError, DataError

#: Each dimension: the first Chinese word is that of the consultants' tradition, the second that of the academic one.
CHINESE = {
    "reliability": ("信赖度", "可靠性"),
    "assurance": ("专业度", "保证性"),
    "tangibles": ("有形度", "有形性"),
    "empathy": ("同理度", "移情性"),
    "responsiveness": ("反应度", "响应性"),
}
#: What the points of importance are shared out among.
MEANS = {
    "reliability": ("They do what they promised, every time.", "说到做到，次次如此。"),
    "assurance": ("Their people know their job and are courteous.", "员工懂行、有礼，让人放心。"),
    "tangibles": ("Rooms, pages, tools and letters look good.", "场所、网页、设备、单据看着舒服。"),
    "empathy": ("They see things with my eyes.", "能站在我的角度想。"),
    "responsiveness": ("They help promptly, above all when something failed.", "反应快，出了问题尤其如此。"),
}
WORDING_ZH = {
    "reliability_1": "说好周二办完的事，周二就办完。",
    "reliability_2": "第一次就把事情做对。",
    "reliability_3": "这次的结果和上次一样好。",
    "reliability_4": "账单或送货隔三差五就出错。",
    "reliability_5": "出了问题，他们一直跟到解决为止。",
    "assurance_1": "为我服务的人懂行。",
    "assurance_2": "把钱和个人信息交给他们，我放心。",
    "assurance_3": "再忙的日子，他们也有礼貌。",
    "assurance_4": "谈过之后，我反而更没底。",
    "tangibles_1": "他们的场所和网页整洁，让人愿意停留。",
    "tangibles_2": "他们用的设备不落后。",
    "tangibles_3": "他们的员工衣着得体。",
    "tangibles_4": "信件、包裹和账单清楚、做得好。",
    "empathy_1": "他们先问我需要什么，再说自己有什么。",
    "empathy_2": "他们记得我，也记得我说过的话。",
    "empathy_3": "他们的营业时间和联系方式适合我的生活。",
    "empathy_4": "他们只把我当成一个号码。",
    "empathy_5": "他们替我着想，不只为自己打算。",
    "responsiveness_1": "他们会告诉我什么事什么时候能办好。",
    "responsiveness_2": "我的问题当天就有答复。",
    "responsiveness_3": "他们忙得顾不上我。",
    "responsiveness_4": "出了差错，他们马上行动。",
}
_SHORT = (
    "reliability_1", "reliability_4", "assurance_1", "assurance_3", "tangibles_1", "tangibles_4", "empathy_1", "empathy_4",
    "responsiveness_1", "responsiveness_4",
)  # fmt: skip
OVERALL = ("All in all, how satisfied are you with this firm?", "总的来说，您对这家公司满意吗？")
RECOMMEND = ("How likely are you to recommend this firm to a friend?", "您有多大可能把这家公司推荐给朋友？")
SHEET = ("Number of this sheet", "问卷编号")
#: How the two halves of a questionnaire begin.
ABOUT = {"expected": ("An excellent firm", "优秀的公司"), "perceived": ("This firm", "这家公司")}
_COLUMNS = ["item", "dimension", "direction", "lowest", "highest", "wording", "wording_zh"]


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """A questionnaire.

    Attributes
    ----------
    name : str
    items : DataFrame
        ``item, dimension, direction, lowest, highest, wording, wording_zh``; direction is -1 where agreeing means poor service.
    kinds : tuple of str
        ("expected", "perceived"), or ("perceived",) for a questionnaire that asks of this firm alone.
    """

    name: str
    items: pd.DataFrame
    kinds: tuple[str, ...] = ("expected", "perceived")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions, in order."""
        return tuple(dict.fromkeys(self.items.dimension))

    @property
    def model(self) -> dict[str, list[str]]:
        """Dimension -> its items, as ``fit_cfa`` wants it."""
        return {name: list(self.items.item[self.items.dimension == name]) for name in self.dimensions}

    @property
    def order(self) -> list[str]:
        """The items as they are printed: one of each dimension in turn, so that nobody answers a dimension in a row."""
        return list(self.items.item[self.items.groupby("dimension").cumcount().sort_values(kind="stable").index])

    def only(self, names: Iterable[str]) -> Instrument:
        """The same questionnaire with only some items or dimensions."""
        wanted = [names] if isinstance(names, str) else list(names) if isinstance(names, Iterable) else [names]
        known = {*self.items.item, *self.dimensions}
        if not wanted or (unknown := [name for name in wanted if name not in known]):
            raise ArgumentError(
                f"`names` must be items or dimensions of {self.name}: {', '.join(self.dimensions)}, or an item such as "
                f"{self.items.item.iloc[0]}; it has {', '.join(map(repr, unknown)) if wanted else 'nothing'}."
            )
        keep = self.items.item.isin(wanted) | self.items.dimension.isin(wanted)
        return replace(self, items=self.items[keep].reset_index(drop=True))

    def summary(self) -> Summary:
        """The items, as a table."""
        count = int((self.items.direction < 0).sum())
        facts = (("Items", len(self.items)), ("Of these negatively worded", count), ("Asked", " and ".join(self.kinds)))
        return Summary(self.name, facts, self.items)

    def __repr__(self) -> str:
        return str(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()


def rater(*, short: bool = False) -> Instrument:
    """The RATER instrument: 22 statements in our own words, in English and Chinese.

    Parameters
    ----------
    short : bool
        Ten statements, two for each dimension, for a class or five interviews.

    Returns
    -------
    Instrument

    Raises
    ------
    ArgumentError
        ``short`` is neither True nor False.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> instrument = satisfaction.rater()
    >>> len(instrument.items), len(satisfaction.rater(short=True).items)
    (22, 10)
    >>> instrument.items.wording_zh[0]
    '说好周二办完的事，周二就办完。'

    References
    ----------
    Dimensions: Parasuraman, Zeithaml & Berry (1988), SERVQUAL, Journal of Retailing 64. The statements are not theirs.
    """
    if not isinstance(short, bool):
        raise ArgumentError(f"`short` must be True or False; it is {short!r}.")
    rows = [
        (item.name, item.dimension, -1 if item.reverse else 1, 1, 7, item.wording, WORDING_ZH[item.name])
        for item in tables.ITEMS
    ]
    whole = Instrument("RATER", pd.DataFrame(rows, columns=_COLUMNS))
    return replace(whole.only(_SHORT), name="RATER, short form") if short else whole


def custom_instrument(
    items: pd.DataFrame | str | PathLike, *, name: str = "questionnaire", expected: bool = True
) -> Instrument:
    """An instrument of your own, from a small table.

    Parameters
    ----------
    items : DataFrame or path
        One row for each statement (a path: of a CSV, Excel or Parquet file): ``item`` (a short name, such as "food_1"),
        ``dimension``, and if you have them ``direction`` (1, or -1 where agreeing means poor service; by default 1),
        ``scale`` (such as "1-5"; by default "1-7"), ``wording``, ``wording_zh``.
    name : str
    expected : bool
        Whether each statement is asked twice, also of an excellent firm.

    Returns
    -------
    Instrument

    Raises
    ------
    DataError
        A column is missing, an item is there twice, a direction or scale cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from crmlab import satisfaction
    >>> items = pd.DataFrame({"item": ["food_1", "food_2", "room_1"], "dimension": ["food", "food", "room"],
    ...                       "direction": [1, -1, 1], "scale": "1-5"})
    >>> satisfaction.custom_instrument(items, name="canteen", expected=False).dimensions
    ('food', 'room')
    """
    if isinstance(items, str | PathLike):
        items = _files.read_cells(items, None, 0).table
    if not isinstance(items, pd.DataFrame) or not {"item", "dimension"} <= set(items.columns) or items.empty:
        raise DataError("`items` must be a table with the columns `item` and `dimension`, one row for each statement.")
    if not items.columns.is_unique:
        raise DataError(f"two columns of `items` are called {items.columns[items.columns.duplicated()][0]!r}. Rename one.")
    found = items.reset_index(drop=True)
    for column in ("item", "dimension"):
        if found[column].isna().any() or (found[column].astype(str).str.strip() == "").any():
            raise DataError(f"column `{column}` of `items` is empty in row {int(found[column].isna().argmax()) + 1}. Fill it.")
    found = found.assign(item=found["item"].astype(str), dimension=found["dimension"].astype(str))
    if twice := list(found["item"][found["item"].duplicated()]):
        raise DataError(f"item {twice[0]!r} stands in `items` more than once. Give each statement a name of its own.")
    clash = found[found["item"].isin(set(found["dimension"])) & (found["item"] != found["dimension"])]
    if len(clash):
        raise DataError(f"{clash['item'].iloc[0]!r} is the name of an item and of another dimension. Rename one.")
    direction = found.get("direction", pd.Series(1, found.index)).replace({"+": 1, "-": -1, "+1": 1, "-1": -1, "1": 1})
    if not direction.isin([1, -1]).all():
        raise DataError(f"`direction` must be 1 or -1; it is {direction[~direction.isin([1, -1])].iloc[0]}.")
    bounds = found.get("scale", pd.Series("1-7", found.index)).astype(str).str.fullmatch(r"\s*\d+\s*[-–]\s*\d+\s*")
    if not bounds.all():
        raise DataError(f'the column scale of `items` must be written like "1-7"; it is {found["scale"][~bounds].iloc[0]!r}.')
    ends = found.get("scale", pd.Series("1-7", found.index)).astype(str).str.extract(r"(\d+)\D+(\d+)").astype(int)
    if not (ends[0] < ends[1]).all():
        raise DataError(
            f"`scale` must run from a lower to a higher number; {found['item'][ends[0] >= ends[1]].iloc[0]} does not."
        )
    for column in ("wording", "wording_zh"):
        found[column] = found.get(column, pd.Series("", found.index)).fillna("").astype(str)
    found["wording"] = found["wording"].where(found["wording"] != "", found["item"].str.replace("_", " "))
    found = found.assign(direction=direction.astype(int), lowest=ends[0], highest=ends[1])
    if not isinstance(name, str) or not isinstance(expected, bool):
        raise ArgumentError("`name` must be a text and `expected` True or False.")
    kinds = ("expected", "perceived") if expected else ("perceived",)
    return Instrument(name, found[_COLUMNS], kinds)


# -- On paper -----------------------------------------------------------------------------------------------------

_WORDS = {
    "title": ("What do you think of us?", "您怎么看我们？"),
    "intro": (
        "There is no right or wrong answer. Skip what you cannot judge.",
        "答案没有对错；判断不了的可以跳过。",
    ),
    "expected": (
        "Think of an excellent firm of this kind, the best you can imagine. How far is each statement true of it?",
        "请想象一家同类的优秀公司。下面每句话对它有多符合？",
    ),
    "perceived": (
        "Now think of this firm. How far is each statement true of it?",
        "现在请想这家公司。下面每句话对它有多符合？",
    ),
    "ends": ("not at all true – fully true", "完全不符合 – 完全符合"),
    "importance": (
        "Share out 100 points: how important is each of these to you? (The sum must be 100.)",
        "请分配 100 分：下面各项对您有多重要？（合计须为 100。）",
    ),
    "satisfied": ("1 not at all – 7 fully", "1 完全不满意 – 7 完全满意"),
    "likely": ("0 not at all – 10 certainly", "0 绝不会 – 10 一定会"),
    "sum": ("Sum", "合计"),
    "thanks": ("Thank you!", "谢谢！"),
}
_STYLE = """
@page { size: A4; margin: 16mm; }
body { font: 14px/1.45 system-ui, "Segoe UI", "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
color: #222;
  max-width: 48rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } section { break-inside: auto; margin-top: 1.6rem; } h2 { font-size: 1.05rem; border-bottom: 2px
solid #0072b2; } table { border-collapse: collapse; width: 100%; } tr { break-inside: avoid; } td, th { padding: .35rem
.2rem; border-bottom: 1px solid #ddd; } th { font-weight: normal; text-align: left; } td { text-align: center; width: 1.9rem; }
.o { display: inline-block; width: 1.35rem; height: 1.35rem; line-height: 1.35rem; border: 1px solid #555; border-radius: 50%;
  font-size: .75rem; color: #555; } .box { display: inline-block; width: 4rem; height: 1.5rem; border: 1px solid #555; }
.zh { color: #333; } .ends { color: #555; font-size: .85rem; }
"""


def questionnaire(instrument: Instrument | None = None, *, language: str = "en", firm: str = "") -> str:
    """The questionnaire to print, or to copy into a form tool.

    Parameters
    ----------
    instrument : Instrument, optional
        By default the whole RATER instrument; ``rater(short=True)`` fits on two pages.
    language : str
        "en", "zh" or "both".
    firm : str
        What stands in the heading.

    Returns
    -------
    str
        One self-contained HTML page, laid out for A4 paper. The statements of each half come in one order, dimensions mixed.

    Raises
    ------
    ArgumentError
        No instrument, or an unknown language; or Chinese is wanted and an item has no Chinese wording.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> page = satisfaction.questionnaire(satisfaction.rater(short=True), language="both", firm="Corner Shop")
    >>> "Corner Shop" in page, "说好周二办完的事" in page
    (True, True)
    """
    instrument = rater() if instrument is None else instrument
    if not isinstance(instrument, Instrument):
        raise ArgumentError("`instrument` must be an Instrument: `rater()`, or `custom_instrument(table)`.")
    _check.choice("language", language, ("en", "zh", "both"))
    if not isinstance(firm, str):
        raise ArgumentError(f"`firm` must be a text; it is {firm!r}.")
    if language != "en" and (bare := list(instrument.items.item[instrument.items.wording_zh == ""])):
        raise ArgumentError(
            f"`language` {language!r} needs a Chinese wording (`wording_zh`) of each item; {bare[0]!r} has none."
        )

    def say(pair: tuple[str, str]) -> str:
        english, chinese = map(escape, pair)
        both = f'{english}<br><span class="zh" lang="zh">{chinese}</span>'
        return {"en": english, "zh": f'<span lang="zh">{chinese}</span>', "both": both}[language]

    def circles(low: int, high: int) -> str:
        return "".join(f'<td><span class="o">{number}</span></td>' for number in range(low, high + 1))

    mixed = instrument.items.set_index("item", drop=False).loc[instrument.order]
    parts = []
    for kind in instrument.kinds:
        rows = "".join(
            f"<tr><th scope='row'>{number}. "
            f"{say((item.wording, item.wording_zh))}</th>{circles(item.lowest, item.highest)}</tr>"
            for number, item in enumerate(mixed.itertuples(), 1)
        )
        about = say(ABOUT[kind])
        parts.append(
            f"<section><h2>{about}</h2><p>{say(_WORDS[kind])}<br><span class='ends'>{say(_WORDS['ends'])}</span></p>"
            f"<table>{rows}</table></section>"
        )
    points = "".join(
        f"<tr><th scope='row'>{_dimension(name, say, language)}</th><td><span class='box'></span></td></tr>"
        for name in instrument.dimensions
    )
    total = f"<tr><th scope='row'>{say(_WORDS['sum'])}</th><td>100</td></tr>"
    parts.append(f"<section><h2>{say(_WORDS['importance'])}</h2><table>{points}{total}</table></section>")
    for question, ends, low, high in ((OVERALL, "satisfied", 1, 7), (RECOMMEND, "likely", 0, 10)):
        parts.append(
            f"<section><h2>{say(question)}</h2><table><tr><th scope='row' class='ends'>{say(_WORDS[ends])}</th>"
            f"{circles(low, high)}</tr></table></section>"
        )
    title = say(_WORDS["title"])
    return (
        f'<!DOCTYPE html><html lang="{"zh" if language == "zh" else "en"}"><head><meta charset="utf-8">'
        '<meta name="viewport" '
        f'content="width=device-width"><title>{escape(instrument.name)}</title><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(firm)}{': ' if firm else ''}{title}</h1><p>{say(_WORDS['intro'])}</p>"
        f"<p>{say(SHEET)}: <span "
        f"class='box'></span></p>{''.join(parts)}<p><strong>{say(_WORDS['thanks'])}</strong></p></body></html>\n"
    )


def _dimension(name: str, say: object, language: str) -> str:
    """A dimension in plain words, with both Chinese names where it has them."""
    if name not in MEANS:
        return escape(name.replace("_", " "))
    first, second = CHINESE[name]
    english, chinese = MEANS[name]
    return say((f"{name.capitalize()}: {english}", f"{first}（{second}）：{chinese}"))
