"""The marking page: one page in the browser of this computer on which a person marks texts by a rubric.

``serve`` shows all texts and hands each mark to a function as soon as it is given. The page names nobody. This room keeps
nothing: where marks are stored, and who may see whom, is the caller's business. How the page looks and what it does in the
browser is known to its template, ``course/marking.html``.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl

from crmlab import _page
from crmlab._page import printable
from crmlab.course.feedback_page import points_text
from crmlab.course.markdown import split_heading
from crmlab.course.rubric import Essay, blind_order, exact_text, parse_points, points_range
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import count_words

Save = Callable[[str, str, tuple[float, ...], str], None]

_LARGEST_FORM = 64 * 1024
_LONGEST_COMMENT = 4_000


def serve(
    title: str, essays: Sequence[Essay], save: Save, *, started: Callable[[str], object], port: int = 0,
    idle_seconds: float = 4 * 3600,
) -> None:  # fmt: skip
    """Show a page for marking on this computer, until its button "Done", Ctrl-C, or nobody has used it for long.

    Only this computer can reach the page, and only with the address that is shown, which holds a secret.

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
        server = _Server(title, blind_order(essays), save, port)
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

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show a fault of ours; a browser that has gone away in the middle is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """End, but for a mark on its way: what comes later is refused."""
        with self._lock:
            self.over = True

    def marked(self) -> int:
        """Count the texts that are marked."""
        return sum(essay.marked for essay in self.essays)

    def keep(self, form: Mapping[str, str]) -> tuple[HTTPStatus, str]:
        """Take one text's points and comment in, and say what became of them."""
        number, comment = form.get("text", ""), form.get("comment", "").replace("\r\n", "\n")
        if not re.fullmatch(r"[1-9]\d{0,5}", number, re.ASCII) or int(number) > len(self.essays):
            return HTTPStatus.NOT_FOUND, "not saved: there is no such text. Load the page again."
        place = int(number) - 1
        question = self.essays[place].question
        points: list[float] = []
        for k, (name, most, _) in enumerate(question.rubric):
            value = parse_points(form.get(f"points{k}", ""), most)
            if value is None:
                return HTTPStatus.BAD_REQUEST, f"not saved: the points for {name} must be {points_range(most)}."
            points.append(value)
        if len(comment) > _LONGEST_COMMENT:
            return HTTPStatus.BAD_REQUEST, f"not saved: the comment is longer than {_LONGEST_COMMENT:,} characters. Shorten it."
        with self._lock:
            if self.over:
                return HTTPStatus.SERVICE_UNAVAILABLE, "not saved: marking has ended. Start it again."
            try:
                self._save(self.essays[place].student, question.name, tuple(points), comment)
            except Exception as error:  # whatever it is, the person who marks must hear of it
                return HTTPStatus.INTERNAL_SERVER_ERROR, f"not saved: {str(error) or type(error).__name__}"
            essay = replace(self.essays[place], points=tuple(points), comment=comment, changed=False)
            self.essays[place] = essay
        return HTTPStatus.OK, _status(essay)


class _Handler(BaseHTTPRequestHandler):
    """One request. Nothing is answered but to the address with its secret, and nothing is taken but from the page itself."""

    server: _Server
    timeout = 30  # a connection that says nothing does not stay

    def log_message(self, *_: object) -> None:
        """Addresses hold the secret: none is logged."""

    def do_GET(self) -> None:
        """Answer with the page."""
        if (where := self._where()) is None:
            self._refuse()
        elif where:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")
        else:
            nonce = secrets.token_urlsafe(16)
            self._send(HTTPStatus.OK, _render(self.server, nonce), nonce=nonce)

    def do_POST(self) -> None:
        """Take a mark, or end."""
        where = self._where()
        # Another page may send a form to any address it guesses; but it cannot lie about where it stands.
        at_home = self.headers.get("Origin") == f"http://{self.server.host}"
        if where is None or not at_home or self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            self._refuse()
        elif where == "save":
            form = self._form()
            if isinstance(form, tuple):
                self._say(*form)
                return
            status, message = self.server.keep(form)
            if status == HTTPStatus.OK and not self._is_script():
                self._send(HTTPStatus.SEE_OTHER, "", Location=f"/{self.server.token}/#text-{form['text']}")
            else:
                self._say(status, message)
        elif where == "done":
            message = f"{self.server.marked()} of {len(self.server.essays)} texts are marked. You can close this page."
            try:
                self._say(HTTPStatus.OK, message)
            finally:
                self.server.end()
        else:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _where(self) -> str | None:
        """Return what is asked for, behind the secret; None if it was not given, or the name of the host is not ours."""
        token, _, where = self.path.removeprefix("/").partition("/")
        # A stranger's name that leads to 127.0.0.1 makes a browser take two sites for one.
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

    def _say(self, status: HTTPStatus, message: str) -> None:
        if self._is_script():
            answer = {"saved": status == HTTPStatus.OK, "words": printable(message), "marked": self.server.marked()}
            self._send(status, json.dumps(answer), kind="application/json")
        else:
            nonce = secrets.token_urlsafe(16)
            self._send(status, _page.render("course/message.html", message=message, nonce=nonce), nonce=nonce)

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


def _status(essay: Essay) -> str:
    """Say below a text how it stands."""
    if essay.marked:
        return f"saved: {points_text(sum(essay.valid_points))} of {points_text(essay.question.points)} points"
    return "not saved: look at the points again" if essay.changed else "not marked yet"


def _render(server: _Server, nonce: str) -> str:
    """Write the page as things stand."""
    essays = list(server.essays)
    articles, before = [], None
    for essay in essays:
        question = essay.question.name, essay.asked
        articles.append(_article(essay, is_first=question != before))
        before = question
    return _page.render(
        "course/marking.html", title=server.title, nonce=nonce, base=f"/{server.token}", articles=articles,
        n_marked=sum(essay.marked for essay in essays), longest_comment=_LONGEST_COMMENT,
        first_open=next((number for number, essay in enumerate(essays, start=1) if not essay.marked), 0),
    )  # fmt: skip


def _article(essay: Essay, *, is_first: bool) -> dict[str, Any]:
    """Prepare one text for the template; its question stands above the first."""
    n_words, limits = count_words(essay.text), essay.question.words
    heading, asked = split_heading(essay.asked) if is_first else ("", "")
    return {
        "question": {"name": essay.question.name, "heading": heading, "asked": asked} if is_first else None,
        "words": f"{n_words} word{'s' if n_words != 1 else ''}"
        + (f"; asked for: {limits[0]} to {limits[1]}" if len(limits) == 2 else ""),
        "text": essay.text, "others": essay.others, "changed": essay.changed, "comment": essay.comment,
        "state": "saved" if essay.marked else "changed" if essay.changed else "new", "status": _status(essay),
        "rubric": [_line(essay, number) for number in range(len(essay.question.rubric))],
    }  # fmt: skip


def _line(essay: Essay, number: int) -> dict[str, Any]:
    """Prepare one line of the rubric: none, half or all of its points, and what was given."""
    name, most, earns = essay.question.rubric[number]
    given = float(essay.valid_points[number]) if essay.valid_points else None  # by a table it need not be one of the three
    choices = sorted({0.0, (most // 1) / 2, float(most)} | ({given} if given is not None else set()))
    return {
        "name": name, "earns": earns, "most": points_text(most),
        "choices": [
            {"value": exact_text(points), "label": points_text(points), "is_given": points == given} for points in choices
        ],
    }  # fmt: skip
