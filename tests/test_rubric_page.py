"""The marking page, spoken to as a browser would.

Proved: it answers only whom it should, keeps each mark or says that it did not, names nobody, and ends when it should. How it
looks and is used in a browser is tried in ``test_pages``.
"""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from contextlib import closing
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from pages import ESSAY, MarkingPage, Read, essays, hostile, shown

from crmlab.course.rubric import Essay
from crmlab.course.rubric_page import serve
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise.form import Question


@pytest.fixture
def desk():
    desk = MarkingPage(essays())
    yield desk
    if desk.thread.is_alive():
        desk.done()
        desk.thread.join(5)
    assert not desk.thread.is_alive()


def test_only_the_address_with_its_secret_is_answered(desk):
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", desk.url)
    for path in ("/", "/favicon.ico", desk.path[:-2] + "/", "/?" + desk.path):
        status, _, text = desk.ask(path=path)
        assert status == 403
        assert "silent customers" not in text
        assert desk.path.strip("/") not in text
    assert desk.ask("POST", "/save", {"text": 1})[0] == 403
    assert desk.ask("POST", "/done", {})[0] == 403
    assert desk.ask()[0] == 200
    assert desk.ask(path=desk.path + "else")[0] == 404
    assert desk.ask("POST", desk.path + "else", {})[0] == 404
    assert desk.ask("DELETE")[0] == 501
    with socket.create_connection(tuple(desk.host.split(":")), timeout=10) as connection:
        connection.sendall(f"GET /é/ HTTP/1.0\r\nHost: {desk.host}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.0 403"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "127.0.0.1:1", "", None])
def test_another_name_for_this_computer_is_refused(desk, host):
    assert desk.ask(Host=host)[0] == 403
    assert desk.mark(Host=host)[0] == 403
    assert desk.saved == []


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": None}, {"Sec_Fetch_Site": "cross-site"},
     {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}],
    ids=str,
)  # fmt: skip
def test_a_form_from_another_page_is_refused(desk, headers):
    assert desk.mark(**headers)[0] == 403
    assert desk.ask("POST", desk.path + "done", {}, **headers)[0] == 403
    assert desk.saved == []
    assert desk.ask()[0] == 200


def test_the_page_is_closed_to_others(desk):
    _, headers, page = desk.ask()
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]{20,})'", policy)[1]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert page.count(f'nonce="{nonce}"') == 2
    assert nonce not in desk.ask()[2]
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("same-origin", "no-store")
    assert Read(page).open == []
    assert "http://" not in page


def test_no_name_is_on_the_page_and_the_order_is_not_the_rosters(desk):
    texts, asked = desk.texts, desk.ask
    page = asked()[2]
    assert "student" not in page.replace("Comment for the student", "")
    order = [int(number) for number in re.findall(r">(\d)\. The firm", page)]
    assert sorted(order) == [0, 1, 2, 3]
    assert order != [0, 1, 2, 3]
    assert re.findall(r"Text \d of 4", page) == [f"Text {number} of 4" for number in (1, 2, 3, 4)]
    other = MarkingPage(texts[::-1])
    assert [int(number) for number in re.findall(r">(\d)\. The firm", other.ask()[2])] == order
    other.done()


def test_texts_of_one_question_stand_together_and_it_is_asked_once():
    second = Question("q5", "text", points=1, rubric=(("all", 1, "All."),))
    mixed = [each for e in essays(6) for each in (e, Essay(e.student, second, "And **why**?", "Why not.", None))]
    desk = MarkingPage(mixed)
    page = desk.ask()[2]
    assert page.count("<strong>why</strong>") == page.count("<strong>advise</strong>") == 1
    assert page.index("Why not.") > page.rindex("The firm should")
    assert "words; asked for: 80 to 150" in page
    desk.done()


def test_other_answers_of_the_student_lie_closed_beside_a_text():
    first, second = essays(2, others=(("q1", "41 (orders)"), ("q2", "33.9 (%)")))
    desk = MarkingPage([first, replace(second, others=())])
    page = desk.ask()[2]
    details = re.findall("<details>(.*?)</details>", page, re.DOTALL)
    assert len(details) == 1
    assert details[0].startswith("<summary>Other answers of this student</summary>")
    assert '<th scope="row">q1</th><td><bdi>41 (orders)</bdi></td>' in details[0]
    assert page.index(details[0]) > page.index("0. The firm") > page.index("<article")
    assert "student-" not in page
    desk.done()


def test_an_authors_heading_heads_the_texts():
    desk = MarkingPage([replace(each, asked="## Memo (6 points)\n\nWhat now?") for each in essays(2)])
    assert '<section class="asked"><h2>Memo (6 points) <small>q4</small></h2><p>What now?</p>' in desk.ask()[2]
    desk.done()


def test_a_mark_is_saved_and_stays(desk):
    status, _, text = desk.mark(2, ("1", "0.5", "0,5"), "两个\r\nlines & <b>")
    assert (status, json.loads(text)) == (200, {"saved": True, "words": "saved: 2 of 6 points", "marked": 1})
    (student, question, points, comment), page = desk.saved[0], desk.ask()[2]
    texts = re.findall(r">(\d)\. The firm", page)
    assert (student, question, points, comment) == (f"student-0{texts[1]}", "q4", (1.0, 0.5, 0.5), "两个\nlines & <b>")
    assert "1 of 4 marked" in page
    assert "saved: 2 of 6 points" in page
    assert 'href="#text-1">Next to mark' in page
    form = page.partition('id="text-2"')[2].partition("</article>")[0]
    assert re.findall(r'name="(points\d)" value="([\d.]+)" required checked', form) == [
        ("points0", "1"), ("points1", "0.5"), ("points2", "0.5"),
    ]  # fmt: skip
    assert "\n两个\nlines &amp; &lt;b&gt;</textarea>" in form
    assert desk.mark(2, (2, 3, 1))[0] == 200
    assert [mark[2] for mark in desk.saved] == [(1.0, 0.5, 0.5), (2.0, 3.0, 1.0)]


def test_without_a_script_a_form_does_the_same(desk):
    status, headers, _ = desk.mark(3, Accept="text/html")
    assert (status, headers["Location"]) == (303, f"{desk.path}#text-3")
    assert len(desk.saved) == 1
    status, _, text = desk.mark(3, (9, 9, 9), Accept="text/html")
    assert (status, "not saved" in text, "<!DOCTYPE html>" in text) == (400, True, True)


@pytest.mark.parametrize("points", [(2.5, 1, 1), (-1, 1, 1), (0.3, 1, 1), ("nan", 1, 1), ("", 1, 1), (1, 1), ("1e0", 1, 1),
                                    ("１", 1, 1), ("inf", 1, 1), ("<b>", 1, 1), (1, 3.5, 1)], ids=str)  # fmt: skip
def test_points_that_cannot_be_are_refused(desk, points):
    status, _, text = desk.mark(1, points)
    assert status == 400
    assert re.search(
        "not saved: the points for (evidence|reasoning|language) must be between 0 and [123], in steps of 0.5", text
    )
    assert desk.saved == []


@pytest.mark.parametrize("number", ["0", "5", "-1", "", "x", "1.0", "१", "9" * 5_000, "01"])
def test_an_unknown_text_is_not_found(desk, number):
    assert desk.mark(number)[0] == 404
    assert desk.saved == []


def test_what_is_too_long_is_refused(desk):
    assert desk.mark(comment="x" * 4_001)[0] == 400
    assert desk.mark(comment="言" * 4_000)[0] == 200
    for length, status in [("65537", 413), ("9" * 30, 411), ("-1", 411), ("x", 411), (None, 411)]:
        assert desk.ask("POST", desk.path + "save", None, Content_Length=length)[0] == status
    assert desk.ask("POST", desk.path + "save", "text=%ff&points0=1")[0] == 400
    assert desk.ask("POST", desk.path + "save", "text=1&" + "a=1&" * 300)[0] == 400
    assert desk.ask("POST", desk.path + "save", "é" * 4, Content_Length="8")[0] == 400
    assert len(desk.saved) == 1


@pytest.mark.parametrize(
    ("error", "words"), [(OSError("the disk is full <b>"), "the disk is full <b>"), (KeyError(), "KeyError")]
)
def test_a_mark_that_could_not_be_kept_is_told(desk, error, words):
    desk.fail = error
    status, _, text = desk.mark()
    assert (status, json.loads(text)) == (500, {"saved": False, "words": f"not saved: {words}", "marked": 0})
    assert "<b>" not in desk.mark(Accept="text/html")[2]
    assert "0 of 4 marked" in desk.ask()[2]
    desk.fail = None
    assert desk.mark()[0] == 200


def test_marks_are_kept_one_at_a_time():
    inside, most = [], []

    class Slow(MarkingPage):
        def save(self, *mark):
            inside.append(mark)
            most.append(len(inside))
            time.sleep(0.05)
            inside.pop()

    desk = Slow(essays())
    threads = [threading.Thread(target=desk.mark, args=(1 + k % 4,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.done()
    assert most == [1] * 8


def test_earlier_marks_are_shown_and_a_changed_text_is_looked_at_again():
    first, second, third, fourth = essays()
    old = {"points": (2, 2.5, 0.5), "comment": "</textarea><script>alert(1)</script>"}
    make = lambda essay, **more: Essay(essay.student, ESSAY, essay.asked, essay.text, **more)  # noqa: E731
    desk = MarkingPage([make(first, **old), make(second, **old, changed=True), make(third, points=(1,)), fourth])
    page = desk.ask()[2]
    assert "1 of 4 marked" in page
    assert page.count("marked before; the text has changed since") == 1
    assert page.count("saved: 5 of 6 points") == 1
    assert page.count('value="2.5" required checked') == 2
    assert page.count("<script") == 1
    number = re.search(r'id="text-(\d)"(?:(?!<article).)*data-state="changed"', page, re.DOTALL)[1]
    assert desk.mark(number, (2, 2.5, 0.5))[0] == 200
    assert "changed since" not in desk.ask()[2]
    assert desk.saved[0][0] == second.student
    desk.done()


@hostile
def test_a_hostile_text_is_only_shown_on_the_marking_page(words):
    asked = Question("q4", "text", points=1, rubric=((words, 1, words),))
    desk = MarkingPage([Essay(words, asked, words, words, (1,), words, others=((words, words),))])
    page = desk.ask()[2]
    read = Read(page)
    assert Read(page.partition("<details>")[2].partition("</details>")[0]).text.count(shown(words)) == 2
    assert read.open == []
    assert read.comments == []
    assert (read.tags.count("script"), read.tags.count("style")) == (1, 1)
    assert {"img", "b"} & set(read.tags) == set()
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert shown(words) in read.text
    assert desk.mark(1, (1,))[0] == 200
    desk.done()


def test_done_ends_it_and_nothing_is_saved_afterwards(desk):
    status, _, text = desk.ask("POST", desk.path + "done", {}, Accept="text/html")
    assert status == 200
    assert "0 of 4 texts are marked. You can close this page." in text
    desk.thread.join(5)
    assert not desk.thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        desk.mark()


def test_the_end_waits_for_a_mark_on_its_way():
    begun, go_on, saved = threading.Event(), threading.Event(), []

    class Slow(MarkingPage):
        def save(self, *mark):
            begun.set()
            assert go_on.wait(10)
            saved.append(mark)

    desk = Slow(essays())
    marking = threading.Thread(target=desk.mark)
    marking.start()
    assert begun.wait(10)
    ending = threading.Thread(target=desk.done)
    ending.start()
    desk.thread.join(1)
    assert desk.thread.is_alive()
    go_on.set()
    for thread in (desk.thread, marking, ending):
        thread.join(10)
        assert not thread.is_alive()
    assert len(saved) == 1


def test_a_mark_that_comes_after_the_end_is_told_so(desk):
    body = urlencode({"text": 1, "points0": 1, "points1": 1, "points2": 1, "comment": ""})
    with closing(http.client.HTTPConnection(desk.host, timeout=10)) as connection:
        connection.putrequest("POST", desk.path + "save")
        for name, value in (desk.home | {"Content-Length": str(len(body))}).items():
            if name != "Host":
                connection.putheader(name, value)
        connection.endheaders()
        time.sleep(0.5)
        desk.done()
        desk.thread.join(5)
        connection.send(body.encode())
        answer = connection.getresponse()
        assert answer.status == 503
        assert json.loads(answer.read())["words"] == "not saved: marking has ended. Start it again."
    assert desk.saved == []


def test_it_ends_by_itself_when_nobody_uses_it():
    desk = MarkingPage(essays(), idle_seconds=1.5)
    for _ in range(4):
        time.sleep(0.6)
        assert desk.ask()[0] == 200
    desk.thread.join(10)
    assert not desk.thread.is_alive()


def test_a_stranger_does_not_keep_it_awake():
    desk = MarkingPage(essays(), idle_seconds=1)
    began = time.monotonic()
    while desk.thread.is_alive() and time.monotonic() < began + 8:
        try:
            desk.ask(path="/")
        except OSError:
            break
        time.sleep(0.2)
    desk.thread.join(5)
    assert time.monotonic() < began + 8


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for it that a test could send")
def test_ctrl_c_ends_it():
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    # a shell starts what runs in the background deaf to Ctrl-C
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve("x", essays(), print, started=lambda _: threading.Timer(0.5, interrupt).start())
    except KeyboardInterrupt:
        pytest.fail("Ctrl-C went through")
    finally:
        signal.signal(signal.SIGINT, before)


def test_what_cannot_be_served_is_refused():
    with pytest.raises(DataError, match="there is no text to mark\\. Take the submissions in first"):
        serve("x", [], print, started=print)
    desk = MarkingPage(essays())
    taken = int(desk.host.partition(":")[2])
    for port in (taken, 70_000):
        with pytest.raises(ArgumentError, match=f"`port` {port} cannot be used .* Give another one"):
            serve("x", essays(), print, started=print, port=port)
    desk.done()


def test_nothing_is_logged(desk, capfd):
    desk.ask()
    desk.mark()
    desk.ask(path="/")
    with closing(http.client.HTTPConnection(desk.host, timeout=10)) as connection:  # gone before it is answered
        connection.putrequest("POST", desk.path + "save")
        connection.putheader("Content-Length", "100")
        connection.endheaders(b"text=")
    time.sleep(0.3)
    assert capfd.readouterr() == ("", "")
