"""The report and its command: CDNOW, a messy file, one file that holds all, refusals in one sentence."""

import base64
import html.parser
import io
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from crmlab import btyd, datasets, loyalty, report, satisfaction
from crmlab.__main__ import _as_options, main
from crmlab.errors import ArgumentError, DataError
from crmlab.report import orders

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
def cdnow_page(tmp_path_factory) -> Path:
    page = tmp_path_factory.mktemp("cdnow") / "report.html"
    assert main(["report", str(CDNOW), "--until", "1997-09-30", "--out", str(page)]) == 0
    return page


@pytest.fixture(scope="module")
def cdnow(cdnow_page) -> str:
    return cdnow_page.read_text(encoding="utf-8")


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
    assert len(page.pictures) == 8
    assert all(len(alt) > 40 for alt in page.pictures)
    assert [heading for heading in re.findall("<h2>(.*?)</h2>", cdnow)] == [
        "Who comes back?", "When do they come back?", "Which customers are recent and frequent?",
        "Which groups are they in, and who moved?", "How much hangs on how few?", "Who grows, and who merely remained?",
        "What will they buy next year?", "What is each customer worth?", "What was set aside?",
    ]  # fmt: skip


def test_the_page_says_what_the_models_say(cdnow):
    """The numbers are those of ``btyd``, and the list holds every customer."""
    history = pd.read_csv(CDNOW, parse_dates=["order_date"])
    summary = btyd.purchase_summary(history, until="1997-09-30")
    fit, spend = btyd.fit_mbgnbd(summary), btyd.fit_gamma_gamma(summary)  # the best of three by likelihood
    ahead = btyd.forecast_revenue(fit, spend, summary, seed=1)
    assert f"buy {ahead.purchases:,.0f} times in the 52 weeks after 1997-09-30, for {ahead.revenue:,.0f} (" in cdnow
    values = btyd.customer_value(fit, spend, summary)
    assert f"will spend {values.total:,.0f} more (95 % confidence interval {values.interval()[0]:,.0f} to" in cdnow
    listed = pd.read_csv(io.BytesIO(base64.b64decode(re.search('data:text/csv;base64,([^"]+)', cdnow)[1])))
    assert len(listed) == 2357
    assert sorted(listed.customer_id) == sorted(summary.customer_id)
    best = values.table.nlargest(1, "discounted_spend").iloc[0]
    first = listed.iloc[0]
    assert (first.customer_id, first.low, first.high) == (best.customer_id, round(best.low, 2), round(best.high, 2))
    unseen = re.search(r"held against the (\d+) weeks after: it expected ([\d,]+) repeat purchases, ([\d,]+) came", cdnow)
    expected, came = (int(each.replace(",", "")) for each in unseen.groups()[1:])
    later = history[history.order_date.between("1997-07-03", "1997-09-30")]
    assert int(unseen[1]) == 13
    assert 0.8 < expected / came < 1.2
    assert came < len(later)


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
    assert page.count("This cannot be said yet: one customer cannot show how customers differ.") == 2
    shop = datasets.load("orders")
    few = shop[shop.customer_id.isin(shop.customer_id.unique()[:40])]
    page = report.orders_report(few, tmp_path / "shop.html", until="2024-12-15").read_text(encoding="utf-8")
    assert re.search(r"\d% \*</td>", page)
    assert "* The period had not ended at the cut." in page


def test_who_grows_and_who_merely_remained(cdnow):
    """The sentence says what ``loyalty`` finds in the same orders, and nothing where they span less than two years."""
    shop = datasets.load("orders")[["customer_id", "order_date", "amount"]]
    section = orders._tenure(orders._Analysis(datasets.read(shop), shop.order_date.max().date()))
    months = shop.assign(month=shop.order_date.dt.to_period("M").dt.to_timestamp(), orders=1, revenue=shop.amount)
    months = months.groupby(["customer_id", "month"], as_index=False)[["orders", "revenue"]].sum()
    first = shop.groupby("customer_id", as_index=False).order_date.min().rename(columns={"order_date": "since"})
    growth = loyalty.tenure_profit(first, months, measure="revenue").growth().set_index("view")
    assert growth.low["still there"] > 0
    assert f": {100 * growth.share['still there']:.1f} % more among those who bought in each year" in section.answer
    assert f"makes the difference: {100 * growth.share['the leaving of others']:.1f} points more." in section.answer
    assert "The orders span less than two years, so nobody can be followed into a second year yet." in cdnow


def test_the_page_is_the_same_every_time_and_fits_each_model_once(cdnow, cdnow_page, monkeypatch):
    """Written over the earlier page, from two purchase summaries and seven fits: all orders, the calibration's."""
    calls = Counter()

    def counted(function):
        def call(*args, **kwargs):
            calls[function.__name__] += 1
            return function(*args, **kwargs)

        return call

    monkeypatch.setattr(orders, "_MODELS", tuple(counted(fit) for fit in orders._MODELS))
    for name in ("purchase_summary", "fit_gamma_gamma"):
        monkeypatch.setattr(btyd, name, counted(getattr(btyd, name)))
    again = report.orders_report(CDNOW, cdnow_page, until="1997-09-30")
    assert again == cdnow_page
    assert again.read_text(encoding="utf-8") == cdnow
    assert calls == {
        "purchase_summary": 2, "fit_bgnbd": 2, "fit_mbgnbd": 2, "fit_pareto_nbd": 2, "fit_gamma_gamma": 1,
    }  # fmt: skip


def test_refusals_are_one_sentence_and_leave_nothing(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("CustomerID,Date,Total\na,2024-01-01,5\n")
    assert main(["report", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "out.html")]) == 1
    text = capsys.readouterr().err
    assert '--rename "CustomerID=customer_id,Date=order_date,Total=amount"' in text
    assert "Traceback" not in text
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
    text = page.read_text(encoding="utf-8")
    assert "3 of 4 rows are used" in text
    assert "1 of the rows in use are the same as an earlier row in every cell" in text
    assert "Negative amounts are most likely returns" in text


def test_the_command_line_speaks_its_own_words(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("x,Bestellnr,Datum,Betrag\na,1,03/04/2024,5\n")
    mine = str(tmp_path / "mine.csv")
    main(["report", mine])
    text = capsys.readouterr().err
    assert '--rename "?=customer_id,Datum=order_date,Betrag=amount,Bestellnr=order_id" (put the name' in text
    rename = "x=customer_id,Datum=order_date,Betrag=amount"
    main(["report", mine, "--rename", rename])
    text = capsys.readouterr().err
    assert "--day-first (the day stands first) or --month-first" in text
    assert "day_first" not in text
    main(["report", mine, "--rename", "customer_id=x,order_date=Datum"])
    assert "--rename is the wrong way round" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["report"])
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("`until` lies in the future; see `day_first`.", "--until lies in the future; see --day-first."),
        ('decimal="." or decimal=","', "--decimal . or --decimal ,"),
        ("day_first=False looks right; keyed=True, or keyed=False", "--month-first looks right; --keyed, or without --keyed"),
        ('scale={"expected": (1, 5)}, or', '--scale "expected=1-5", or'),
        ('rename={"a}b": "amount", "x": "customer_id"}', '--rename "a}b=amount,x=customer_id"'),
        ("`rows` and until=late stay", "`rows` and until=late stay"),
    ],
)
def test_arguments_in_a_message_become_options(message, words):
    assert _as_options(message) == words


def test_refuses_wrong_arguments(tmp_path):
    shop = datasets.load("orders")
    with pytest.raises(DataError, match=r"the folder .* does not exist"):
        report.orders_report(shop, tmp_path / "no" / "out.html")
    with pytest.raises(ArgumentError, match="`until` lies in the future"):
        report.orders_report(shop, tmp_path / "out.html", until="2999-01-01")
    with pytest.raises(DataError, match="no order lies on or before"):
        report.orders_report(shop, tmp_path / "out.html", until="1999-01-01")
    with pytest.raises(ArgumentError, match="`out` must be"):
        report.orders_report(shop, None)
    assert list(tmp_path.iterdir()) == []


def test_the_command_runs_by_itself():
    ran = subprocess.run([sys.executable, "-m", "crmlab", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("crmlab ")


# -- Answers to a survey ------------------------------------------------------------------------------------------

ANSWERS = Path(__file__).parents[1] / "datasets" / "survey_form.csv"


@pytest.fixture(scope="module")
def rater(tmp_path_factory) -> str:
    """The README's command, on the README's file."""
    page = tmp_path_factory.mktemp("rater") / "report.html"
    assert main(["report", "--survey", str(ANSWERS), "--out", str(page)]) == 0
    return page.read_text(encoding="utf-8")


def test_the_readme_shows_this_very_command():
    assert "python lab.py report --survey datasets/survey_form.csv" in (ANSWERS.parent.parent / "README.md").read_text("utf-8")


def test_the_survey_page_answers_a_managers_questions(rater):
    page = Page(rater)
    assert page.asked == ["#aside"] or page.asked == []
    assert page.open == []
    assert len(page.pictures) == 4
    assert all(len(alt) > 40 for alt in page.pictures)
    assert re.findall("<h2>(.*?)</h2>", rater) == [
        "Where do we fall short?", "What should we mend first?", "How satisfied are they?", "Can these numbers be trusted?",
        "Do groups differ?", "What was set aside?",
    ]  # fmt: skip
    assert f"{len(last_wave())} respondents are used" in rater
    assert re.search(
        r"Customers find less than they expect in reliability[a-z, ]* and responsiveness, beyond chance \(95 %, ", rater
    )
    assert promoters(satisfaction.read_survey(ANSWERS).rows) in rater
    assert "The 5 dimensions describe the answers well: CFI" in rater


def promoters(answers: pd.DataFrame) -> str:
    """How a page says the net promoter score of some answers."""
    score = satisfaction.nps(answers.recommendation)
    estimate, low, high = (f"{value:.1f}".removesuffix(".0").replace("-", "−") for value in (score.estimate, *score.interval()))
    return f"net promoter score: {estimate} points (95 % interval {low} to {high})"


def test_a_score_below_zero_has_a_minus_sign(tmp_path):
    answers = wave(recommendation=last_wave().recommendation - 3).query("recommendation >= 0")
    file = tmp_path / "answers.csv"
    answers.to_csv(file, index=False)
    page = report.survey_report(file, tmp_path / "page.html").read_text(encoding="utf-8")
    said = promoters(answers)
    assert re.fullmatch(r"net promoter score: −\S+ points \(95 % interval −\S+ to −\S+\)", said)
    assert said in page


def test_the_survey_page_says_the_topics_numbers(rater):
    scores = satisfaction.score_rater(satisfaction.read_survey(ANSWERS))
    for value in scores.table[["gap", "low", "high", "weighted_gap"]].to_numpy().ravel():
        assert f">{value:.3f}<" in rater or f">{value:.3g}" in rater  # where 0.000 would stand, more digits do
    priorities = satisfaction.priorities(satisfaction.fit_drivers(scores, seed=1))
    assert f">{priorities.gain[0]:.3f}<" in rater


def test_the_survey_page_is_the_same_every_time(rater, tmp_path):
    again = report.survey_report(ANSWERS, tmp_path / "report.html")
    assert again.read_text(encoding="utf-8") == rater


@cache
def last_wave() -> pd.DataFrame:
    survey = datasets.load("survey")
    return survey[survey.wave == 6].drop(columns=["wave", "date"]).reset_index(drop=True)


def wave(**columns) -> pd.DataFrame:
    return last_wave().assign(**columns)


def squeezed(prefix: str | tuple[str, ...]) -> pd.DataFrame:
    """Answers from 1 to 7 as if given on a scale from 1 to 5."""
    return wave(**{name: (1 + (last_wave()[name] - 1) * 4 / 6).round() for name in last_wave() if name.startswith(prefix)})


def test_a_messy_survey(tmp_path):
    """Words for numbers, a town of evil name, an impossible answer, a lazy respondent, Chinese encoding, semicolons."""
    words = {7: "非常好", 6: "很好", 5: "好", 4: "一般", 3: "差", 2: "很差", 1: "非常差"}
    answers = wave(town=["<script>alert(1)</script>" if k % 2 else "北京" for k in range(len(last_wave()))]).astype(
        {"perceived_empathy_1": object}
    )
    answers["perceived_empathy_1"] = answers.perceived_empathy_1.map(words)
    answers.loc[4, [name for name in answers if name.startswith("perceived_") and name != "perceived_empathy_1"]] = 5
    answers.loc[4, "perceived_empathy_1"] = words[5]
    answers.loc[9, "expected_empathy_2"] = 77
    file = tmp_path / "答卷.csv"
    file.write_bytes(answers.to_csv(index=False, sep=";").encode("gb18030"))
    mapping = ",".join(f"{text}={number}" for number, text in words.items())
    out = tmp_path / "page.html"
    assert main(["report", "--survey", str(file), "--mapping", mapping, "--by", "town", "--out", str(out)]) == 0
    page = out.read_text(encoding="utf-8")
    Page(page)
    assert "<script>" not in page
    rows = len(answers)
    assert f"{rows} rows were read, {rows - 1} are used, 1 were set aside." in page
    assert "gives one answer to statements that contradict each other" in page
    assert "expected_empathy_2" in page
    assert "By town, 12 comparisons were made" in page


def test_a_small_survey_of_your_own(tmp_path):
    """One firm only, five respondents, one dimension of one statement: what cannot be said is said."""
    items = tmp_path / "items.csv"
    items.write_text("item,dimension,direction,scale\nfood_1,food,1,1-5\nfood_2,food,-1,1-5\nroom_1,room,1,1-5\n")
    answers = tmp_path / "answers.csv"
    answers.write_text("food_1,food_2,room_1\n5,1,4\n4,2,3\n4,1,5\n5,2,2\n3,3,4\n")
    out = tmp_path / "page.html"
    command = ["report", "--survey", str(answers), "--items", str(items), "--perceptions-only", "--out", str(out)]
    assert main(command) == 0
    page = out.read_text(encoding="utf-8")
    Page(page)
    assert (
        "Expectations were not asked, so these are perceptions alone. Which is rated lowest, these answers do not settle."
        in page
    )
    assert "Overall satisfaction was not asked, so it cannot be said what drives it." in page
    assert "Nothing can be said of room" in page
    assert "The structure of the questionnaire cannot be tested" in page


def test_items_not_turned_stand_at_the_head_of_the_page(tmp_path):
    answers = wave()
    page = report.survey_report(answers.assign(perceived_empathy_4=8 - answers.perceived_empathy_4), tmp_path / "page.html")
    head = page.read_text(encoding="utf-8").partition("<h2>")[0]
    assert "Some statements seem to be turned the wrong way round" in head
    assert "perceived_empathy_4" in head


def test_the_survey_command_speaks_its_own_words(tmp_path, capsys):
    file, out = tmp_path / "answers.csv", str(tmp_path / "page.html")

    def refusal(frame, *options):
        frame.to_csv(file, index=False)
        assert main(["report", "--survey", str(file), "--out", out, *options]) == 1
        return capsys.readouterr().err

    assert '--scale "all=1-5"' in refusal(squeezed(("expected_", "perceived_")))
    assert '--scale "expected=1-5"' in refusal(squeezed("expected_"))
    assert '--mapping "good=?"' in refusal(wave(perceived_empathy_1="good"))
    lost = refusal(wave().rename(columns={"perceived_empathy_1": "mystery"}))
    assert '--rename "?=perceived_empathy_1" (put the name' in lost
    assert "there is no file" in refusal(wave(), "--items", str(tmp_path / "none.csv"))
    assert "--by must be a column" in refusal(wave(), "--by", "town")
    assert list(tmp_path.glob("*.html")) == []
    for wrong in (["--mapping", "good"], ["--mapping", "good=seven"], ["--scale", "expected=5"], ["orders.csv"]):
        with pytest.raises(SystemExit, match="2"):
            main(["report", "--survey", str(file), *wrong])


def test_options_given_twice_add_up(tmp_path, monkeypatch):
    """Two halves of a scale are read as the whole."""
    file, scales = tmp_path / "answers.csv", []
    squeezed(("expected_", "perceived_")).to_csv(file, index=False)
    monkeypatch.setattr(report, "survey_report", lambda path, out, *, scale, **_: scales.append(scale) or out)
    for options in (["--scale", "expected=1-5", "--scale", "perceived=1-5"], ["--scale", "1-5"]):
        assert main(["report", "--survey", str(file), *options]) == 0
    assert scales == [{"expected": (1.0, 5.0), "perceived": (1.0, 5.0)}, {"all": (1.0, 5.0)}]
    halves, whole = (satisfaction.read_survey(file, scale=scale).rows for scale in scales)
    pd.testing.assert_frame_equal(halves, whole)


def test_too_few_answers_say_so(tmp_path):
    few = wave().head(60)
    mixed = few.assign(overall_satisfaction=few.overall_satisfaction.sample(frac=1, random_state=1).to_numpy())
    page = report.survey_report(mixed, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Nothing stands out from chance: 60 answers are too few" in page
    assert "complete rows are too few to test the structure of 22 statements" in page


def test_the_questionnaire_replaces_a_page_of_the_kit_and_nothing_else(tmp_path, capsys):
    out = tmp_path / "sheet.html"
    command = ["questionnaire", "--short", "--language", "en", "--out", str(out)]
    assert main([*command, "--firm", "Our canteen"]) == 0
    assert "Our canteen" in out.read_text(encoding="utf-8")
    assert main([*command, "--firm", "Our library"]) == 0
    page = out.read_text(encoding="utf-8")
    Page(page)
    assert "Our library" in page
    out.write_text("my own notes")
    assert main(command) == 1
    assert "exists and is no page of crmlab, so it was left alone. Choose another --out" in capsys.readouterr().err
    assert out.read_text() == "my own notes"
    assert main(["questionnaire", "--out", str(tmp_path / "no" / "sheet.html")]) == 1
    assert "does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["orders.csv", "--mapping", "good=6"], "--mapping is for answers to a survey only; leave it out"),
        (["orders.csv", "--scale", "1-5"], "--scale is for answers to a survey only"),
        (["orders.csv", "--keyed"], "--keyed is for answers to a survey only"),
        (["orders.csv", "--by", "town"], "--by is for answers to a survey only"),
        (["orders.csv", "--items", "own.csv"], "--items is for answers to a survey only"),
        (["orders.csv", "--perceptions-only"], "--perceptions-only is for answers to a survey only"),
        (
            ["--survey", "answers.csv", "--until", "2024-01-31"],
            "--until is for orders only; leave it out, or give",
        ),
        (["--survey", "answers.csv", "--day-first"], "--day-first is for orders only"),
        (["--survey", "answers.csv", "--month-first"], "--month-first is for orders only"),
        (["--survey", "answers.csv", "--decimal", ","], "--decimal is for orders only"),
        (["--survey", "answers.csv", "--perceptions-only"], "--perceptions-only is for an instrument of your own"),
    ],
)
def test_an_option_of_the_other_kind_of_report_is_refused(words, refusal, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["report", *words])
    assert refusal in capsys.readouterr().err
