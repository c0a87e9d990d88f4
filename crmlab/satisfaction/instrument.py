"""Instrument: the questionnaire as a table.

The RATER instrument asks 22 statements twice, once of an excellent firm and once of this one, then 100 points of
importance, overall satisfaction and recommendation; in English and Chinese, with a short form of ten statements for
classes. An instrument of your own is a small table. It is printed in ``printing``, and what was answered is read in
``answers``; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from os import PathLike

import pandas as pd

from crmlab import _check, _files, tables
from crmlab._result import Result, Summary
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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Instrument(Result):
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
        """Return the same questionnaire with only some items or dimensions.

        Parameters
        ----------
        names : iterable of str
            Items or dimensions; a single name may stand alone.

        Examples
        --------
        >>> from crmlab import satisfaction
        >>> satisfaction.rater().only(["empathy", "tangibles_1"]).dimensions
        ('tangibles', 'empathy')
        """
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


def checked_instrument(value: object) -> Instrument:
    """Return ``value``, an instrument."""
    if not isinstance(value, Instrument):
        raise ArgumentError("`instrument` must be an Instrument: `rater()`, or `custom_instrument(table)`.")
    return value


def rater(*, short: bool = False) -> Instrument:
    """Make the RATER instrument: 22 statements in our own words, in English and Chinese.

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

    References
    ----------
    Dimensions: Parasuraman, Zeithaml & Berry (1988), SERVQUAL, Journal of Retailing 64. The statements are not theirs.

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> instrument = satisfaction.rater()
    >>> len(instrument.items), len(satisfaction.rater(short=True).items)
    (22, 10)
    >>> instrument.items.wording_zh[0]
    '说好周二办完的事，周二就办完。'
    """
    rows = [
        (item.name, item.dimension, -1 if item.reverse else 1, 1, 7, item.wording, WORDING_ZH[item.name])
        for item in tables.ITEMS
    ]
    full = Instrument("RATER", pd.DataFrame(rows, columns=_COLUMNS))
    return replace(full.only(_SHORT), name="RATER, short form") if _check.flag("short", short) else full


def custom_instrument(
    items: pd.DataFrame | str | PathLike, *, name: str = "questionnaire", expected: bool = True
) -> Instrument:
    """Make an instrument of your own from a small table.

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
    if not isinstance(name, str):
        raise ArgumentError(f"`name` must be a text; it is {name!r}.")
    kinds = ("expected", "perceived") if _check.flag("expected", expected) else ("perceived",)
    table = _files.read_cells(items, None, 0).table if isinstance(items, str | PathLike) else items
    columns = _named_items(table)
    columns["direction"] = _directions(columns)
    columns["lowest"], columns["highest"] = _scale_ends(columns)
    for column in ("wording", "wording_zh"):
        columns[column] = columns.get(column, pd.Series("", columns.index)).fillna("").astype(str)
    columns["wording"] = columns["wording"].where(columns["wording"] != "", columns["item"].str.replace("_", " "))
    return Instrument(name, columns[_COLUMNS], kinds)


def _named_items(table: object) -> pd.DataFrame:
    """A table of items with names and dimensions that can be told apart."""
    remedy = "It needs the columns `item` and `dimension`, one row for each statement."
    items = _check.frame("items", table, remedy).reset_index(drop=True)
    if not {"item", "dimension"} <= set(items.columns) or items.empty:
        raise DataError("`items` must be a table with the columns `item` and `dimension`, one row for each statement.")
    for column in ("item", "dimension"):
        empty = items[column].isna() | (items[column].astype(str).str.strip() == "")
        if empty.any():
            raise DataError(f"column `{column}` of `items` is empty in row {int(empty.argmax()) + 1}. Fill it.")
    items = items.assign(item=items["item"].astype(str), dimension=items["dimension"].astype(str))
    if twice := list(items["item"][items["item"].duplicated()]):
        raise DataError(f"item {twice[0]!r} stands in `items` more than once. Give each statement a name of its own.")
    clash = items[items["item"].isin(set(items["dimension"])) & (items["item"] != items["dimension"])]
    if len(clash):
        raise DataError(f"{clash['item'].iloc[0]!r} is the name of an item and of another dimension. Rename one.")
    return items


def _directions(items: pd.DataFrame) -> pd.Series:
    direction = items.get("direction", pd.Series(1, items.index)).replace({"+": 1, "-": -1, "+1": 1, "-1": -1, "1": 1})
    if not direction.isin([1, -1]).all():
        raise DataError(f"`direction` must be 1 or -1; it is {direction[~direction.isin([1, -1])].iloc[0]}.")
    return direction.astype(int)


def _scale_ends(items: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    scale = items.get("scale", pd.Series("1-7", items.index)).astype(str)
    written = scale.str.fullmatch(r"\s*\d+\s*[-–]\s*\d+\s*")
    if not written.all():
        raise DataError(f'the column scale of `items` must be written like "1-7"; it is {items["scale"][~written].iloc[0]!r}.')
    bounds = scale.str.extract(r"(\d+)\D+(\d+)").astype(int)
    if not (bounds[0] < bounds[1]).all():
        first = items["item"][bounds[0] >= bounds[1]].iloc[0]
        raise DataError(f"`scale` must run from a lower to a higher number; {first} does not.")
    return bounds[0], bounds[1]
