"""Marking: one page on which a person marks free texts by a rubric.

``serve`` shows all texts on a page of this computer and hands each mark to a function as soon as it is given; who cannot
open such a page takes ``write_csv`` and ``read_csv``. The page names nobody, and its order follows no roster, so that names
do not colour marks. This room keeps nothing: where marks are stored, and who may see whom, is the caller's business.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import secrets
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import zip_longest
from urllib.parse import parse_qsl

from crmlab.course.pages import STYLE, count, fit, headed, safe
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question, count_words

__all__ = ["Essay", "read_csv", "serve", "write_csv"]

Save = Callable[[str, str, tuple[float, ...], str], None]

_LARGEST_FORM = 64 * 1024
_LONGEST_COMMENT = 4_000


@dataclass(frozen=True, slots=True)
class Essay:
    """A text to be marked.

    Attributes
    ----------
    student : str
    question : Question
        Of kind "text", with a rubric.
    asked : str
        The author's question, as markdown.
    text : str
    points : tuple of float or None
        Given earlier, one for each line of the rubric.
    comment : str
        Given earlier.
    changed : bool
        The text is not the one that was marked.
    others : tuple of (str, str)
        The student's other answers: name of the question, answer in words. They help to judge a number in the text.
    """

    student: str
    question: Question
    asked: str
    text: str
    points: tuple[float, ...] | None
    comment: str = ""
    changed: bool = False
    others: tuple[tuple[str, str], ...] = ()

    @property
    def marked(self) -> bool:
        """Whether this text, as it is now, has points for each line of its rubric."""
        return bool(self.held) and not self.changed

    @property
    def held(self) -> tuple[float, ...]:
        """The points given earlier, if they fit the rubric of today."""
        return self.points if self.points is not None and len(self.points) == len(self.question.rubric) else ()


def _blind(essays: Sequence[Essay]) -> list[Essay]:
    """In an order that tells nothing of who wrote what: question by question, within each by a hash."""
    asked = list(dict.fromkeys(essay.question.name for essay in essays))
    places = {name: place for place, name in enumerate(asked)}
    return sorted(
        essays,
        key=lambda essay: (
            places[essay.question.name],
            sha256(fit(f"{essay.student}|{essay.question.name}").encode()).digest(),
        ),
    )


def _amount(text: str, most: float) -> float | None:
    """Points as somebody wrote them; None if they are no number from 0 to ``most`` in steps of a half."""
    if not re.fullmatch(r"\d{1,6}([.,]\d{1,20})?", text.strip(), re.ASCII):
        return None
    amount = float(text.strip().replace(",", "."))
    return amount if amount == most or (amount < most and (2 * amount).is_integer()) else None


def _range(most: float) -> str:
    return f"between 0 and {count(most)}, in steps of 0.5"


# -- The page that is served --------------------------------------------------------------------------------------


def serve(
    title: str, essays: Sequence[Essay], save: Save, *, started: Callable[[str], object], port: int = 0,
    idle_seconds: float = 4 * 3600,
) -> None:  # fmt: skip
    """Show a page for marking on this computer, until its button "Done", Ctrl-C, or nobody has used it for long.

    Only this computer can reach the page, and only with the address that is told, which holds a secret.

    Parameters
    ----------
    title : str
        Of the exercise.
    essays : sequence of Essay
    save : function of (student, question's name, points, comment)
        Called at each change, in whichever thread, but never twice at a time: what is bound to a thread, such as a
        connection to SQLite, must be opened within. Whatever it raises, the page tells that the mark was not saved, and why.
        When ``serve`` has returned, it is not called any more.
    started : function of (address)
        Called once, when the page can be opened; it must return before the page is answered.
    port : int
        0 for any that is free.
    idle_seconds : float
        After so long without a request, the page ends by itself.

    Returns
    -------
    None

    Raises
    ------
    DataError
        There is nothing to mark.
    ArgumentError
        The port is not free.
    """
    if not essays:
        raise DataError("there is no text to mark. Take the submissions in first, or choose an exercise that asks for a text.")
    try:
        server = _Server(title, _blind(essays), save, port)
    except (OSError, OverflowError) as error:
        raise ArgumentError(f"`port` {port} cannot be used ({error}). Give another one, or 0 for any that is free.") from None
    with server, suppress(KeyboardInterrupt):
        try:
            started(server.address)
            while not server.over and time.monotonic() - server.used < idle_seconds:
                server.handle_request()
        finally:
            server.end()


class _Server(socketserver.ThreadingTCPServer):
    """What the page knows, and who may ask. (http.server's own class would look up the computer's name in the network.)"""

    allow_reuse_address = os.name != "nt"  # there it would share the port with a stranger
    daemon_threads = True
    timeout = 0.2  # how long it may take to notice the end

    def __init__(self, title: str, essays: list[Essay], save: Save, port: int) -> None:
        self.title, self.essays, self._save = title, essays, save
        self.token, self.over, self.used = secrets.token_urlsafe(24), False, time.monotonic()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.address = f"http://{self.host}/{self.token}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has gone away in the middle is no fault; all else is one of ours, and is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """A mark on its way is still kept; whatever comes later is told that nobody listens."""
        with self._lock:
            self.over = True

    def marked(self) -> int:
        """How many texts are marked."""
        return sum(essay.marked for essay in self.essays)

    def keep(self, form: Mapping[str, str]) -> tuple[HTTPStatus, str]:
        """Take one text's points and comment in, and say what became of them."""
        number, comment = form.get("text", ""), form.get("comment", "").replace("\r\n", "\n")
        if not re.fullmatch(r"[1-9]\d{0,5}", number, re.ASCII) or int(number) > len(self.essays):
            return HTTPStatus.NOT_FOUND, "not saved: there is no such text. Load the page anew."
        place, points = int(number) - 1, []
        question = self.essays[place].question
        for k, (name, most, _) in enumerate(question.rubric):
            points.append(_amount(form.get(f"points{k}", ""), most))
            if points[-1] is None:
                return HTTPStatus.BAD_REQUEST, f"not saved: the points for {name} must be {_range(most)}."
        if len(comment) > _LONGEST_COMMENT:
            return HTTPStatus.BAD_REQUEST, f"not saved: the comment is longer than {_LONGEST_COMMENT:,} characters. Shorten it."
        with self._lock:
            if self.over:
                return HTTPStatus.SERVICE_UNAVAILABLE, "not saved: marking has ended. Start it again."
            try:
                self._save(self.essays[place].student, question.name, tuple(points), comment)
            except Exception as error:  # whatever it is, the person who marks must hear of it
                return HTTPStatus.INTERNAL_SERVER_ERROR, f"not saved: {str(error) or type(error).__name__}"
            kept = replace(self.essays[place], points=tuple(points), comment=comment, changed=False)
            self.essays[place] = kept
        return HTTPStatus.OK, _state(kept)


class _Handler(BaseHTTPRequestHandler):
    """One request. Nothing is answered but to the address with its secret, and nothing is taken but from the page itself."""

    server: _Server
    timeout = 30  # a connection that says nothing does not stay

    def log_message(self, *_: object) -> None:
        """Addresses hold the secret: none is logged."""

    def do_GET(self) -> None:
        """The page."""
        if (where := self._where()) is None:
            self._refuse()
        elif where:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        else:
            nonce = secrets.token_urlsafe(16)
            self._send(HTTPStatus.OK, _page(self.server, nonce), nonce=nonce)

    def do_POST(self) -> None:
        """A mark, or the end."""
        where = self._where()
        # Another page may send a form to any address it guesses; but it cannot lie about where it stands.
        at_home = self.headers.get("Origin") == f"http://{self.server.host}"
        if where is None or not at_home or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self._refuse()
        elif where == "save":
            form = self._form()
            status, words = form if isinstance(form, tuple) else self.server.keep(form)
            if status == HTTPStatus.OK and not self._is_script():
                self._send(HTTPStatus.SEE_OTHER, "", Location=f"/{self.server.token}/#text-{form['text']}")
            else:
                self._say(status, words)
        elif where == "done":
            told = f"{self.server.marked()} of {len(self.server.essays)} texts are marked. You can close this page."
            try:
                self._say(HTTPStatus.OK, told)
            finally:
                self.server.end()
        else:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _where(self) -> str | None:
        """What is asked for, behind the secret; None if it was not given, or the name of the host is not ours."""
        token, _, where = self.path.removeprefix("/").partition("/")
        # A stranger's name that leads to 127.0.0.1 makes a browser take his pages and ours for one.
        known = secrets.compare_digest(token.encode(), self.server.token.encode())
        if not known or self.headers.get_all("Host") != [self.server.host]:
            return None
        self.server.used = time.monotonic()
        return where

    def _form(self) -> dict[str, str] | tuple[HTTPStatus, str]:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,9}", length, re.ASCII):
            return HTTPStatus.LENGTH_REQUIRED, "not saved: the browser did not say how much it sends."
        if int(length) > _LARGEST_FORM:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "not saved: that is too much at once. Shorten the comment."
        try:
            body = self.rfile.read(int(length)).decode("ascii")
            return dict(parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=200))
        except ValueError:
            return HTTPStatus.BAD_REQUEST, "not saved: what was sent is no form."

    def _is_script(self) -> bool:
        return self.headers.get("Accept") == "application/json"

    def _refuse(self) -> None:
        self._say(HTTPStatus.FORBIDDEN, "This is not the whole address. Open the one that was shown when marking began.")

    def _say(self, status: HTTPStatus, words: str) -> None:
        if self._is_script():
            said = {"saved": status == HTTPStatus.OK, "words": fit(words), "marked": self.server.marked()}
            self._send(status, json.dumps(said), kind="application/json")
        else:
            nonce = secrets.token_urlsafe(16)
            self._send(status, f"{_head('Marking', nonce)}<main><p>{safe(words)}</p></main></body></html>\n", nonce=nonce)

    def _send(self, status: HTTPStatus, text: str, *, kind: str = "text/html", nonce: str = "", **headers: str) -> None:
        body = text.encode()
        self.send_response(status)
        # A table of the author's markdown may carry an alignment, hence the attributes.
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy if nonce else "default-src 'none'",
            "Referrer-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        } | headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _state(essay: Essay) -> str:
    """What the page says below a text."""
    if essay.marked:
        return f"saved: {count(sum(essay.held))} of {count(essay.question.points)} points"
    return "not saved: look at the points again" if essay.changed else "not marked yet"


def _head(title: str, nonce: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{safe(title)}</title><style nonce="{nonce}">{STYLE}{_STYLE}</style></head><body>'
    )


def _page(server: _Server, nonce: str) -> str:
    essays, marked, base = list(server.essays), server.marked(), f"/{server.token}"
    parts, before = [], None
    for number, essay in enumerate(essays, start=1):
        if (essay.question.name, essay.asked) != before:
            before = essay.question.name, essay.asked
            parts.append(f'<section class="asked">{"".join(headed(*before))}</section>')
        parts.append(_article(essay, number, len(essays), base))
    first = next((number for number, essay in enumerate(essays, start=1) if not essay.marked), 0)
    jump = f'<a id="next" href="#text-{first}">Next to mark</a>' if first else '<a id="next" hidden>Next to mark</a>'
    return (
        f"{_head(f'Marking: {server.title}', nonce)}<header><h1>{safe(server.title)}</h1><div>"
        f'<progress value="{marked}" max="{len(essays)}" aria-hidden="true"></progress>'
        f'<span id="progress" role="status">{marked} of {len(essays)} marked</span>{jump}'
        f'<form id="done" method="post" action="{base}/done"><button>Done</button></form></div></header>'
        f'<main>{"".join(parts)}</main><script nonce="{nonce}">{_SCRIPT}</script></body></html>\n'
    )


def _article(essay: Essay, number: int, of: int, base: str) -> str:
    words, asked = count_words(essay.text), essay.question.words
    wanted = f"; asked for: {asked[0]} to {asked[1]}" if len(asked) == 2 else ""
    changed = '<p class="changed">⚠ marked before; the text has changed since</p>' if essay.changed else ""
    lines = "".join(_fieldset(essay, k, number) for k in range(len(essay.question.rubric)))
    state = "saved" if essay.marked else "changed" if essay.changed else "new"
    return (
        f'<article id="text-{number}" aria-labelledby="head-{number}"><div>'
        f'<h2 id="head-{number}">Text {number} of {of}</h2>'
        f'<p class="words">{words} word{"s" if words != 1 else ""}{wanted}</p>'
        f'<div class="text" dir="auto">{safe(essay.text)}</div>{_others(essay)}</div>'
        f'<form class="marks" method="post" action="{base}/save" autocomplete="off" data-state="{state}">'
        f'<input type="hidden" name="text" value="{number}">{changed}{lines}'
        f'<label for="comment-{number}">Comment for the student</label>'
        # the parser of HTML drops one newline behind the tag
        f'<textarea id="comment-{number}" name="comment" rows="3" dir="auto" maxlength="{_LONGEST_COMMENT}">\n'
        f"{safe(essay.comment)}</textarea>"
        f'<p class="end"><output aria-live="polite">{_state(essay)}</output><button>Save</button></p></form></article>'
    )


def _others(essay: Essay) -> str:
    rows = "".join(f'<tr><th scope="row">{safe(name)}</th><td><bdi>{safe(told)}</bdi></td></tr>' for name, told in essay.others)
    head = '<tr><th scope="col">Question</th><th scope="col">Answer</th></tr>'
    table = f'<div class="wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'
    return f"<details><summary>Other answers of this student</summary>{table}</details>" if rows else ""


def _fieldset(essay: Essay, k: int, number: int) -> str:
    name, most, what = essay.question.rubric[k]
    held = essay.held[k] if essay.held else None
    # What somebody gave by CSV need not be one of the three.
    choices = sorted({0.0, (most // 1) / 2, float(most)} | ({float(held)} if held is not None else set()))
    radios = "".join(
        f'<label><input type="radio" name="points{k}" value="{_digits(each)}" required{" checked" if each == held else ""}>'
        f" {count(each)}</label>"
        for each in choices
    )
    return (
        f'<fieldset aria-describedby="what-{number}-{k}"><legend>{safe(name)} <span>of {count(most)}</span></legend>'
        f'<p id="what-{number}-{k}">{safe(what)}</p><div>{radios}</div></fieldset>'
    )


def _digits(points: float) -> str:
    """A number as it is read back without a loss."""
    return repr(float(points)).removesuffix(".0")


_STYLE = """
body { max-width: 76rem; margin-top: 0; }
header { position: sticky; top: 0; background: #fff; border-bottom: 2px solid #0072b2; padding: .6rem 0; z-index: 1;
  display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; align-items: center; justify-content: space-between; }
header h1 { font-size: 1.2rem; } header div { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; }
progress { width: 8rem; accent-color: #0072b2; }
button { font: inherit; padding: .25rem 1rem; border: 1px solid #0059a0; border-radius: .3rem; background: #0059a0; color: #fff;
  cursor: pointer; }
section.asked { margin: 2rem 0 0; max-width: 46rem; } section.asked > h2 { margin-bottom: .4rem; }
article { scroll-margin-top: 5rem; border-top: 1px solid #bbb; margin-top: 1.6rem; padding-top: 1.2rem; display: grid;
  grid-template-columns: minmax(0, 3fr) minmax(17rem, 2fr); gap: .5rem 2rem; align-items: start; }
.words { color: #555; margin: .1rem 0 .6rem; }
details { margin-top: .6rem; } summary { cursor: pointer; color: #0059a0; width: fit-content; }
details th[scope=row] { font-weight: normal; } details td { overflow-wrap: anywhere; }
.marks { border-left: .35rem solid #888; padding-left: 1.1rem; }
.marks[data-state=saved] { border-color: #009e73; }
.marks[data-state=failed], .marks[data-state=changed] { border-color: #d55e00; }
.changed { font-weight: bold; margin: 0 0 .6rem; }
fieldset { border: 0; margin: 0 0 .8rem; padding: 0; min-width: 0; } legend { font-weight: bold; padding: 0; }
legend span { font-weight: normal; color: #555; } fieldset p { margin: 0 0 .2rem; }
fieldset div { display: flex; flex-wrap: wrap; gap: .4rem; }
fieldset label { border: 1px solid #888; border-radius: .3rem; padding: .15rem .9rem .15rem .5rem; cursor: pointer; }
fieldset label:has(:checked) { border-color: #0072b2; background: #eef4fa; font-weight: bold; }
:focus-visible, fieldset label:has(:focus-visible) { outline: 3px solid #0072b2; outline-offset: 2px; }
fieldset input:focus-visible { outline: 0; }
textarea { font: inherit; width: 100%; box-sizing: border-box; border: 1px solid #888; border-radius: .3rem;
  padding: .3rem .5rem; }
.end { display: flex; gap: 1rem; justify-content: space-between; align-items: center; margin: .4rem 0 0; min-height: 2.2rem; }
output::before { font-weight: bold; } [data-state=saved] output::before { content: "✓ "; }
[data-state=failed] output::before, [data-state=changed] output::before { content: "✗ "; }
[hidden] { display: none; }
@media (min-width: 50rem) and (min-height: 45rem) { .marks { position: sticky; top: 4.5rem; } }
@media (max-width: 50rem) { article { grid-template-columns: minmax(0, 1fr); } header { position: static; } }
@media print { header { position: static; } }
"""

# A text's marks are sent one after the other, never two at a time: the later choice must also arrive later.
_SCRIPT = """
"use strict";
const forms = [...document.querySelectorAll("form.marks")], done = document.getElementById("done");
const sending = new Map(), typed = new Set();
const tell = (form, state, words) => {
  form.dataset.state = state;
  if (words) form.querySelector("output").value = words;
  form.querySelector("button").hidden = !["changed", "failed"].includes(state);
};
const send = async form => {
  do {
    typed.delete(form);
    tell(form, "open", "saving ...");
    try {
      const answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams(new FormData(form)), headers: {Accept: "application/json"}, keepalive: true,
      });
      const said = await answer.json();
      tell(form, said.saved ? "saved" : "failed", said.words);
      if (said.saved) {
        form.querySelector(".changed")?.remove();
        document.getElementById("progress").textContent = `${said.marked} of ${forms.length} marked`;
        document.querySelector("progress").value = said.marked;
      }
    } catch {
      tell(form, "failed", "not saved: nobody answers. Has marking ended? Then start it again and mark this text anew.");
    }
  } while (typed.has(form) && form.dataset.state === "saved");
  sending.delete(form);
  aim();
};
const keep = form => {
  typed.add(form);
  const lacking = form.querySelectorAll("fieldset").length - form.querySelectorAll("input:checked").length;
  if (lacking) tell(form, "open", `not saved yet: ${lacking} more line${lacking > 1 ? "s" : ""} to mark`);
  else if (!sending.has(form)) sending.set(form, send(form));
};
const unsaved = form => typed.has(form) || ["open", "failed"].includes(form.dataset.state);
const aim = () => {
  const form = forms.find(form => form.dataset.state !== "saved"), next = document.getElementById("next");
  next.hidden = !form;
  if (form) next.href = `#${form.closest("article").id}`;
};
for (const form of forms) {
  tell(form, form.dataset.state);
  form.addEventListener("change", () => keep(form));
  form.addEventListener("submit", event => { event.preventDefault(); if (form.reportValidity()) keep(form); });
  form.querySelector("textarea").addEventListener("input", () => {
    typed.add(form);
    if (!sending.has(form)) tell(form, "open", "not saved yet");
  });
}
const warn = event => { if (forms.some(unsaved)) event.preventDefault(); };
addEventListener("beforeunload", warn);
done.addEventListener("submit", async event => {
  event.preventDefault();
  await Promise.all(sending.values());
  const left = forms.filter(unsaved);
  if (left.length && !confirm(`${left.length} of the texts are not saved. End all the same?`)) {
    left[0].closest("article").scrollIntoView();
    return;
  }
  removeEventListener("beforeunload", warn);
  done.submit();
});
"""


# -- The same as a table ------------------------------------------------------------------------------------------

_FIXED = ("student_id", "question", "text", "other answers", "comment")
# A spreadsheet computes what begins like this; an apostrophe in front makes it a text. Those already there are counted in,
# so that taking one off gives back exactly what was written.
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")


def _guard(text: str) -> str:
    return "'" + text if _FORMULA.match(text) else text


def _unguard(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text


def _blank(text: str) -> str:
    return " ".join(fit(text).split())


def _columns(essays: Sequence[Essay]) -> list[str]:
    """The names of all rubric lines, in order."""
    rubrics = {essay.question.name: [_column(line[0]) for line in essay.question.rubric] for essay in essays}
    for question, names in rubrics.items():
        if len(set(names)) < len(names):
            raise ArgumentError(f"{question}: two lines of its rubric have one name, so a table cannot hold them. Rename one.")
    return list(dict.fromkeys(name for names in rubrics.values() for name in names))


def _column(line: str) -> str:
    line = _blank(line) or "points"
    return f"points for {line}" if line.lower() in _FIXED else line


def write_csv(essays: Sequence[Essay]) -> str:
    """Texts to be marked as a table for a spreadsheet, one row each.

    Parameters
    ----------
    essays : sequence of Essay

    Returns
    -------
    str
        CSV with the columns student_id, question, text, other answers, one for each line of the rubrics, and comment. Empty
        points mean "not marked yet"; those of a text that has changed since are left out. Write it as "utf-8-sig" with
        ``newline=""``, or Excel will not read Chinese.

    Examples
    --------
    >>> from crmlab.course.marking import Essay, write_csv
    >>> from crmlab.exercise.form import Question
    >>> asked = Question("q4", "text", points=2, rubric=(("evidence", 2, "Names a number."),))
    >>> print(write_csv([Essay("s01", asked, "Why?", "=1+1", (1.5,), "Which one?", others=(("q1", "41"), ("q2", "33.9")))]))
    student_id,question,text,other answers,evidence,comment
    s01,q4,'=1+1,q1: 41; q2: 33.9,1.5,Which one?
    """
    columns, out = _columns(essays), io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(map(_guard, [*_FIXED[:-1], *columns, _FIXED[-1]]))
    for essay in _blind(essays):
        names = [_column(line[0]) for line in essay.question.rubric]
        points = dict(zip(names, map(_digits, essay.held), strict=True)) if essay.marked else {}
        others = "; ".join(f"{name}: {told}" for name, told in essay.others)
        given = (points.get(name, "") for name in columns)
        cells = [essay.student, essay.question.name, essay.text, others, *given, essay.comment]
        sheet.writerow([_guard(fit(cell)) for cell in cells])
    return out.getvalue()


def read_csv(text: str, essays: Sequence[Essay]) -> list[tuple[str, str, tuple[float, ...], str]]:
    """The marks from a table that ``write_csv`` wrote and somebody filled in.

    Parameters
    ----------
    text : str
        The file; commas, semicolons or tabs between its cells, dots or commas in its numbers.
    essays : sequence of Essay
        Those that can be marked.

    Returns
    -------
    list of (student, question's name, points, comment)
        For each row with points. Rows without are not marked yet.

    Raises
    ------
    DataError
        Something does not fit; the message names row (as a spreadsheet counts), column and remedy.

    Examples
    --------
    >>> from crmlab.course.marking import Essay, read_csv
    >>> from crmlab.exercise.form import Question
    >>> asked = Question("q4", "text", points=2, rubric=(("evidence", 2, "Names a number."),))
    >>> essays = [Essay("s01", asked, "Why?", "Because.", None)]
    >>> read_csv("student_id;question;evidence;comment\\ns01;q4;1,5;Good.", essays)
    [('s01', 'q4', (1.5,), 'Good.')]
    """
    known = {(_blank(essay.student), _blank(essay.question.name)): essay for essay in essays}
    columns, seen, marks = _columns(essays), {}, []
    for row, cells in _rows(text, columns):
        key = _blank(cells["student_id"]), _blank(cells["question"])
        if key not in known:
            raise DataError(
                f"row {row}, columns student_id and question: there is no text of {key[0]!r} for {key[1]!r}. Write both as in "
                "the file that was given out; a spreadsheet may have taken zeros off an id."
            )
        if key in seen:
            raise DataError(f"row {row} marks {key[0]} for {key[1]} again, after row {seen[key]}. Take one of the two out.")
        seen[key] = row
        essay, comment = known[key], cells["comment"]
        points = _row_points(row, cells, columns, essay)
        if points:
            if cells.get("text", "").strip() and _blank(cells["text"]) != _blank(essay.text):
                raise DataError(
                    f"row {row}, column text: it is not the text that {key[0]} has handed in for {key[1]}. If that has changed "
                    "since the file was written, empty the points of this row and write the file anew; if its letters were "
                    "lost, save the file as CSV UTF-8."
                )
            marks.append((essay.student, essay.question.name, points, comment))
        elif comment.strip() and comment != essay.comment:
            raise DataError(f"row {row}, column comment: a comment without points is not kept. Give points, or empty it.")
    return marks


def _rows(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with their number in a spreadsheet, as column -> cell."""
    text = text.removeprefix("\ufeff")
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    fitting = (each for each in ",;\t" if {"student_id", "question"} <= set(next(csv.reader([first], delimiter=each), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=next(fitting, ","), strict=True)
    row, head = 0, []
    try:
        for row, cells in enumerate(reader, start=1):
            if row == 1:
                head = _heading(cells, columns)
            elif any(cell.strip() for cell in cells):
                if any(cell.strip() for name, cell in zip_longest(head, cells, fillvalue="") if not name):
                    raise DataError(f"row {row} has a cell that stands below no column name. Take it out, or name its column.")
                yield row, {name: _unguard(cell) for name, cell in zip_longest(head, cells, fillvalue="") if name}
    except csv.Error as error:
        raise DataError(f"row {row + 1} is no row of a CSV file ({error}). Save the table as CSV from a spreadsheet.") from None
    if not head:
        raise DataError("row 1: the file is empty. Write it anew, fill in points and save it as CSV.")


def _heading(cells: Sequence[str], columns: Sequence[str]) -> list[str]:
    head = [_unguard(" ".join(cell.split())) for cell in cells]
    for name in ("student_id", "question", *columns, "comment"):
        if name not in head:
            raise DataError(f"row 1: the column {name!r} is missing. Write it as in the file that was given out.")
    for name in filter(None, head):
        if head.count(name) > 1:
            raise DataError(f"row 1: there are {head.count(name)} columns {name!r}. Take all but one of them out.")
        if name not in (*_FIXED, *columns):
            raise DataError(f"row 1: the column {name!r} is not known. Take it out; remarks belong in the column 'comment'.")
    return head


def _row_points(row: int, cells: Mapping[str, str], columns: Sequence[str], essay: Essay) -> tuple[float, ...]:
    lines = {_column(name): most for name, most, _ in essay.question.rubric}
    for name in columns:
        if cells[name].strip() and name not in lines:
            raise DataError(f"row {row}, column {name!r}: {essay.question.name} has no such line. Empty the cell.")
    given = {name: cells[name] for name in lines if cells[name].strip()}
    points = []
    for name, most in lines.items() if given else ():
        points.append(_amount(cells[name], most))
        if points[-1] is None:
            wrong = f": {cells[name]!r} must be {_range(most)}. Correct it" if name in given else " is empty: write 0"
            raise DataError(f"row {row}, column {name!r}{wrong}, or leave all points of the row empty if it is not marked yet.")
    return tuple(points)
