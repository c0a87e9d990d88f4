"""Printing: the questionnaire of an instrument on paper, in English, Chinese or both.

``questionnaire`` puts the statements of an instrument, the points of importance and the closing questions into the
template ``questionnaire.html``. It reads an instrument (``instrument``) and returns a page; how the page looks is
known to the template, and answers come back through ``answers``.
"""

from __future__ import annotations

from crmlab import _check, _page
from crmlab.errors import ArgumentError
from crmlab.satisfaction.instrument import (
    ABOUT,
    CHINESE,
    MEANS,
    OVERALL,
    RECOMMEND,
    SHEET,
    Instrument,
    checked_instrument,
    rater,
)

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
    "sheet": SHEET,
}


def questionnaire(instrument: Instrument | None = None, *, language: str = "en", firm: str = "") -> str:
    """Lay out the questionnaire to print, or to copy into a form tool.

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
    instrument = rater() if instrument is None else checked_instrument(instrument)
    _check.choice("language", language, ("en", "zh", "both"))
    if not isinstance(firm, str):
        raise ArgumentError(f"`firm` must be a text; it is {firm!r}.")
    untranslated = list(instrument.items["item"][instrument.items["wording_zh"] == ""])
    if language != "en" and untranslated:
        raise ArgumentError(
            f"`language` {language!r} needs a Chinese wording (`wording_zh`) of each item; {untranslated[0]!r} has none."
        )
    rows = instrument.items.set_index("item").loc[instrument.order]
    statements = [
        {"text": (row.wording, row.wording_zh), "lowest": row.lowest, "highest": row.highest} for row in rows.itertuples()
    ]
    return _page.render(
        "questionnaire.html",
        language=language,
        name=instrument.name,
        firm=firm,
        words=_WORDS,
        halves=[{"about": ABOUT[kind], "task": _WORDS[kind], "statements": statements} for kind in instrument.kinds],
        dimensions=[_dimension(name) for name in instrument.dimensions],
        closing=[
            {"text": OVERALL, "ends": _WORDS["satisfied"], "lowest": 1, "highest": 7},
            {"text": RECOMMEND, "ends": _WORDS["likely"], "lowest": 0, "highest": 10},
        ],
    )


def _dimension(name: str) -> str | tuple[str, str]:
    """A dimension in plain words, English and Chinese; its bare name if it is none of RATER's."""
    if name not in MEANS:
        return name.replace("_", " ")
    first, second = CHINESE[name]
    english, chinese = MEANS[name]
    return f"{name.capitalize()}: {english}", f"{first}（{second}）：{chinese}"
