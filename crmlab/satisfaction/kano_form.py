"""Kano's questionnaire on paper: two questions for each feature, five circles to tick for each question.

A page of HTML that needs no other file, in English, Chinese or both. The words are those of ``kano.KANO``; this room
only lays them out, and reads no answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from crmlab import _check
from crmlab.errors import ArgumentError
from crmlab.satisfaction.kano import KANO

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


def kano_questionnaire(features: Sequence[str] | Mapping[str, str | Mapping[str, str]], *, language: str = "both") -> str:
    """Write the questionnaire as a page to print: for each feature two questions with five circles to tick.

    Parameters
    ----------
    features : list of str, or mapping
        What to ask about. A mapping gives each feature's wording: one for all, or one by language, such as
        ``{"returns": {"en": "Free returns", "zh": "免费退货"}}``.
    language : {"en", "zh", "both"}
        In which language, or both side by side.

    Returns
    -------
    str
        HTML that needs no other file, for paper of size A4. Save it with ``pathlib.Path("kano.html").write_text(page,
        encoding="utf-8")`` and print it from a browser.

    Raises
    ------
    ArgumentError
        No features, one twice, a wording that is no text, or another language.

    References
    ----------
    The form of the two questions: Kano et al. (1984).

    Examples
    --------
    >>> from crmlab import satisfaction
    >>> page = satisfaction.kano_questionnaire(["Free returns", "Gift wrapping"], language="en")
    >>> page.count('class="circle"'), page.startswith("<!DOCTYPE html>")
    (20, True)
    """
    languages = {"en": ("en",), "zh": ("zh",), "both": ("en", "zh")}[_check.choice("language", language, ("en", "zh", "both"))]
    sections = [
        f"<section><h2>{number}. {_feature_name(wording, languages)}</h2>{_answer_table(languages)}</section>"
        for number, wording in enumerate(_wordings(features, languages), 1)
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh" if languages == ("zh",) else "en"}">\n<head><meta charset="utf-8">'
        f"<title>{escape(_TITLE[languages[0]])}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body><h1>{_lines(_TITLE, languages)}</h1><p>{_lines(_HOW, languages)}</p><p>{_lines(_SHEET, languages)}</p>\n"
        + "\n".join(sections)
        + "\n</body></html>\n"
    )


def _answer_table(languages: Sequence[str]) -> str:
    """Write the two questions as rows, the five answers as columns, a circle in each cell."""
    heads = "".join(
        f'<th scope="col">{_lines({language: KANO.answers[language][code] for language in languages}, languages)}</th>'
        for code in range(5)
    )
    rows = "".join(
        f'<tr><th scope="row">{_lines(KANO.questions[question], languages)}</th>'
        + '<td><span class="circle"></span></td>' * 5
        + "</tr>"
        for question in ("functional", "dysfunctional")
    )
    return f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _feature_name(wording: Mapping[str, str], languages: Sequence[str]) -> str:
    """Write the name of a feature; one wording for both languages stands alone, its language is not ours to say."""
    if len(set(wording.values())) == 1 and len(languages) > 1:
        return escape(wording["en"])
    return " · ".join(f'<span lang="{language}">{escape(wording[language])}</span>' for language in languages)


def _wordings(features: object, languages: Sequence[str]) -> list[dict[str, str]]:
    """Return the wording of each feature in each language."""
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
    return [_wording(feature, languages) for feature in given]


def _wording(feature: object, languages: Sequence[str]) -> dict[str, str]:
    """Return the wording of one feature by language; refuse one that lacks a language."""
    wording = {}
    for language in languages:
        text = feature.get(language) if isinstance(feature, Mapping) else feature
        if not isinstance(text, str) or not text.strip():
            raise ArgumentError(f"a feature needs a wording in {' and '.join(languages)}; one has {feature!r}.")
        wording[language] = text
    return wording


def _lines(words: Mapping[str, str], languages: Sequence[str]) -> str:
    """Write one line per language."""
    return "<br>".join(f'<span lang="{language}">{escape(words[language])}</span>' for language in languages)
