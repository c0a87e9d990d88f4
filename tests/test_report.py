"""The report and its command: CDNOW, a messy file, one file that holds all, refusals in one sentence."""

import html.parser
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from crmlab import datasets, report
from crmlab.__main__ import main
from crmlab.errors import ArgumentError, DataError

CDNOW = Path(__file__).parent / "published" / "cdnow_orders.csv"


class Page(html.parser.HTMLParser):
    """What a page asks for from elsewhere, its pictures, and whether its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.asked, self.pictures, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.asked += [
            values[name] for name in ("src", "href", "srcset") if name in values and not values[name].startswith("data:")
        ]
        if tag == "img":
            self.pictures.append(values.get("alt", ""))
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def cdnow(tmp_path_factory) -> str:
    page = tmp_path_factory.mktemp("cdnow") / "report.html"
    assert main(["report", str(CDNOW), "--until", "1997-09-30", "--out", str(page)]) == 0
    return page.read_text(encoding="utf-8")


def test_cdnow_has_the_published_counts(cdnow):
    """2,357 customers, 1,411 of them without a repeat purchase: Fader, Hardie & Lee (2005)."""
    assert "Of 2,357 customers, 1,411 bought on one day only and 946 (40.1 %) came back by 1997-09-30" in cdnow
    assert '<td style="text-align:left">Orders after the cut, left out</td>' in cdnow
    assert "The top 10 % of customers bring 46.9 % of revenue" in cdnow
    assert "6,919 rows were read (CSV, UTF-8); 6,919 are used and 0 were set aside." in cdnow


def test_the_page_holds_all_it_shows(cdnow):
    page = Page(cdnow)
    assert page.asked == []
    assert page.open == []
    assert "url(" not in cdnow
    assert "@import" not in cdnow
    assert len(page.pictures) == 4
    assert all(len(alt) > 40 for alt in page.pictures)
    assert [heading for heading in re.findall("<h2>(.*?)</h2>", cdnow)] == [
        "Who comes back?", "When do they come back?", "Which customers are recent and frequent?", "How much hangs on how few?",
        "What was set aside?",
    ]  # fmt: skip


def test_a_messy_file(tmp_path):
    text = "Kunde;Datum;Betrag;Ort\n" + "".join(
        f"K{k % 7};{1 + k % 28:02d}.{1 + k % 6:02d}.2024;1.{k:03d},50;Köln\n" for k in range(200)
    )
    text += "<script>alert(1)</script>;01.01.2024;abc;x\nK1;30.02.2024;5,00;x\nK1;01.01.2024;-5,00;x\nK1;01.01.2024\n"
    (tmp_path / "verkäufe.csv").write_bytes(text.encode("latin-1"))
    rename = "Kunde=customer_id,Datum=order_date,Betrag=amount"
    arguments = [
        "report",
        str(tmp_path / "verkäufe.csv"),
        "--rename",
        rename,
        "--day-first",
        "--out",
        str(tmp_path / "out.html"),
    ]
    assert main(arguments) == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    Page(page)
    assert "<script>" not in page
    assert "204 rows were read (CSV, Latin-1); 200 are used and 4 were set aside." in page
    for reason in ("is not a number", "no day of the calendar", "is negative", "has 2 cells, the header 4"):
        assert reason in page


def test_small_and_odd_orders(tmp_path):
    one = pd.DataFrame({"customer_id": ["a"], "order_date": ["2024-01-01"], "amount": ["0"]})
    page = report.orders_report(one, tmp_path / "one.html").read_text(encoding="utf-8")
    assert "cohorts cannot be followed yet" in page
    assert "This cannot be said: every amount is zero" in page
    assert "All 1 rows of the file are used." in page
    page = report.orders_report(datasets.load("orders"), tmp_path / "shop.html", until="2024-12-15").read_text(encoding="utf-8")
    assert "* The period had not ended at the cut." in page


def test_the_page_is_the_same_every_time(cdnow, tmp_path):
    again = report.orders_report(CDNOW, tmp_path / "report.html", until="1997-09-30")
    assert again.read_text(encoding="utf-8") == cdnow


def test_refusals_are_one_sentence_and_leave_nothing(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("CustomerID,Date,Total\na,2024-01-01,5\n")
    assert main(["report", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "out.html")]) == 1
    told = capsys.readouterr().err
    assert '--rename "CustomerID=customer_id,Date=order_date,Total=amount"' in told
    assert "Traceback" not in told
    assert main(["report", str(tmp_path / "none.csv")]) == 1
    assert "there is no file" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.csv"]
    for wrong in (["report"], ["report", "x", "--rename", "abc"], ["report", "x", "--decimal", ";"], ["nonsense"], []):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)


def test_nothing_but_a_report_is_written_over(tmp_path):
    mine = tmp_path / "orders.csv"
    text = "customer_id,order_date,amount\na,2024-01-01,5\na,2024-02-01,5\na,2024-02-01,5\nb,2024-02-01,-5\n"
    mine.write_text(text)
    for out in (mine, tmp_path):
        with pytest.raises(DataError, match=r"left alone|is a folder"):
            report.orders_report(mine, out)
    assert mine.read_text() == text
    page = report.orders_report(mine, tmp_path / "page.html")
    assert report.orders_report(mine, page) == page
    told = page.read_text(encoding="utf-8")
    assert "3 of 4 rows are used" in told
    assert "1 of the rows in use are the same as an earlier row in every cell" in told
    assert "Negative amounts are most likely returns" in told


def test_the_command_line_speaks_its_own_words(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("x,Bestellnr,Datum,Betrag\na,1,03/04/2024,5\n")
    mine = str(tmp_path / "mine.csv")
    main(["report", mine])
    told = capsys.readouterr().err
    assert '--rename "?=customer_id,Datum=order_date,Betrag=amount,Bestellnr=order_id" (put the name' in told
    rename = "x=customer_id,Datum=order_date,Betrag=amount"
    main(["report", mine, "--rename", rename])
    told = capsys.readouterr().err
    assert "--day-first (the day stands first) or --month-first" in told
    assert "day_first" not in told
    main(["report", mine, "--rename", "customer_id=x,order_date=Datum"])
    assert "--rename is the wrong way round" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report"])
    assert capsys.readouterr().err.count("\n") == 1


def test_refuses_wrong_arguments(tmp_path):
    orders = datasets.load("orders")
    with pytest.raises(DataError, match=r"the folder .* does not exist"):
        report.orders_report(orders, tmp_path / "no" / "out.html")
    with pytest.raises(ArgumentError, match="`until` lies in the future"):
        report.orders_report(orders, tmp_path / "out.html", until="2999-01-01")
    with pytest.raises(DataError, match="no order lies on or before"):
        report.orders_report(orders, tmp_path / "out.html", until="1999-01-01")
    with pytest.raises(ArgumentError, match="`out` must be"):
        report.orders_report(orders, None)
    assert list(tmp_path.iterdir()) == []


def test_the_command_runs_by_itself():
    ran = subprocess.run([sys.executable, "-m", "crmlab", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("crmlab ")
