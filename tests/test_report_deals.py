"""The report on deals: exports in the shapes of HubSpot, Salesforce and Pipedrive, numbers of plain pandas, refusals."""

import base64
import html
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_report import Page

from crmlab import development, report
from crmlab.__main__ import main
from crmlab.errors import ArgumentError, DataError

STAGES = ("Demo", "Offer", "Contract")
QUESTIONS = [
    "Which column served as what?", "How do deals end?", "Where do deals die?", "What is stalled?",
    "What will the next quarter bring?", "Did earlier forecasts hold?", "What was set aside?",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Spare time: only the pages of the module's fixtures, made before, go back four quarters and have pictures."""
    monkeypatch.setattr(report.deals, "_PAST", 1)
    monkeypatch.setattr(report.deals, "charts", lambda *axes: ())


@cache
def events() -> pd.DataFrame:
    """Stage events of a pipeline in which no deal enters a stage twice."""
    truth = pd.DataFrame(
        {"Demo": 0.0, "Offer": [0.5, 0, 0], "Contract": [0, 0.5, 0], "won": [0, 0, 0.6], "lost": [0.5, 0.5, 0.4]}, list(STAGES)
    )
    return development.simulate_pipeline(truth, {"Demo": 20, "Offer": 30, "Contract": 20}, deals=400, days=720, seed=3)


@cache
def deals() -> pd.DataFrame:
    """One row per deal: what a CRM system knows of it today."""
    stages = events().groupby("prospect_id", sort=True)
    table = stages.agg(created=("entered", "first"), stage=("stage", "last"))
    last = events().drop_duplicates("prospect_id", keep="last").set_index("prospect_id")
    table["ending"] = last.outcome.fillna("open")
    table["closed"] = last.left
    rng = np.random.default_rng(5)
    table["amount"] = rng.lognormal(8, 0.6, len(table)).round(0)
    table.loc[table.index[::50], "amount"] = np.nan
    table["owner"] = rng.choice(["=Ann", "Bob", "Cy", "Di"], len(table))
    return table.reset_index()


def hubspot(folder: Path, **more: object) -> Path:
    table = deals()
    wide = events().pivot(index="prospect_id", columns="stage", values="entered").reindex(columns=list(STAGES))
    ends = {"won": "Closed Won", "lost": "Closed Lost"}
    frame = pd.DataFrame({
        "Record ID": table.prospect_id, "Deal Name": "=HYPERLINK(1) " + table.prospect_id, "Deal owner": table.owner,
        "Deal Stage": table.ending.map(ends).fillna(table.stage), "Amount": table.amount, "Currency": "EUR",
        "Create Date": table.created, "Close Date": table.closed.fillna(pd.Timestamp("2031-01-31")), "Pipeline": "Sales",
    })  # fmt: skip
    for stage in reversed(STAGES):  # an export has them in any order
        frame[f"Date entered '{stage} (Sales)'"] = wide[stage].to_numpy()
    return written(frame.assign(**more), folder / "hubspot.csv")


def salesforce(folder: Path, **more: object) -> Path:
    table = deals()
    chance = table.stage.map({"Demo": 10, "Offer": 40, "Contract": 80})
    frame = pd.DataFrame({
        "Opportunity ID": table.prospect_id, "Opportunity Name": "Deal", "Opportunity Owner": table.owner,
        "Stage": table.ending.map({"won": "Closed Won", "lost": "Closed Lost"}).fillna(table.stage), "Amount": table.amount,
        "Probability (%)": chance.mask(table.ending == "won", 100).mask(table.ending == "lost", 0),
        "Created Date": table.created, "Close Date": table.closed.fillna(pd.Timestamp("2031-01-31")),
    })  # fmt: skip
    return written(frame.assign(**more), folder / "salesforce.csv")


def pipedrive(folder: Path, **more: object) -> Path:
    table = deals()
    chinese = {"Demo": "演示", "Offer": "报价", "Contract": "合同"}
    frame = pd.DataFrame({
        "Deal - ID": table.prospect_id, "Deal - Title": "Deal", "Deal - Owner": table.owner, "Deal - Value": table.amount,
        "Deal - Currency of Value": "EUR", "Deal - Stage": table.stage.map(chinese), "Deal - Status": table.ending.str.title(),
        "Deal - Deal created": table.created.dt.strftime("%Y-%m-%d 09:00:00"),
        "Deal - Won time": table.closed.where(table.ending == "won"),
        "Deal - Lost time": table.closed.where(table.ending == "lost"), "Deal - Expected close date": "2031-01-31",
    })  # fmt: skip
    return written(frame.assign(**more), folder / "pipedrive.csv")


def written(frame: pd.DataFrame, file: Path) -> Path:
    frame.to_csv(file, index=False)
    return file


def page_of(file: Path, **options: object) -> str:
    page = report.deals_report(file, file.with_suffix(".html"), **options).read_text(encoding="utf-8")
    return html.unescape(page)


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("hub")
    assert main(["report", "--deals", str(hubspot(folder)), "--out", str(folder / "page.html")]) == 0
    text = (folder / "page.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.asked in ([], ["#aside"])
    assert page.open == []
    assert len(page.pictures) == 5
    assert all(len(alt) > 40 for alt in page.pictures)
    return html.unescape(text)


@pytest.fixture(scope="module")
def sales(tmp_path_factory) -> str:
    return page_of(salesforce(tmp_path_factory.mktemp("sales")))


def test_each_page_counts_as_plain_pandas_does(hub, sales, tmp_path):
    counts = deals().ending.value_counts()
    said = f"Of {len(deals())} deals {counts.won} were won, {counts.lost} were lost and {counts.open} are open"
    share = f"{100 * counts.won / (counts.won + counts.lost):.1f} % were won"
    missing = deals().amount.isna()
    money = f"{missing.sum()} deals have no amount, {(missing & (deals().ending == 'won')).sum()} of them won"
    for page in (hub, sales, page_of(pipedrive(tmp_path))):
        assert re.findall("<h2>(.*?)</h2>", page) == QUESTIONS
        assert said in page
        assert share in page
        assert money in page
        assert f"<strong>{deals().amount[deals().ending == 'won'].sum():,.0f}</strong>" in page


def test_stage_days_make_a_stage_log(hub):
    """The stages are found in their order, and the chain's forecast is that of the events themselves."""
    assert "The stages in their order: Demo, Offer, Contract." in hub
    lost = events()[events().outcome == "lost"].stage.value_counts()
    assert f"Most of the lost, {lost.max()} of {lost.sum()}, were lost in {lost.idxmax()}" in hub
    log = development.stage_log(events(), stages=STAGES)
    table = deals()
    amounts = pd.DataFrame({"prospect_id": table.prospect_id, "expected_value": table.amount,
                            "deal_value": table.amount.where(table.ending == "won")})  # fmt: skip
    forecast = development.forecast_pipeline(log, amounts, seed=1, past=4)
    whole = forecast.table.set_index("part").loc["all"]
    assert f" {whole.wins:,.0f} deals may be expected to be won (80 % prediction interval {whole.wins_low:,.0f} to" in hub
    assert f"for {whole.amount:,.0f} ({whole.amount_low:,.0f} to {whole.amount_high:,.0f})" in hub
    assert f"{forecast.past.covered['wins']} of 4 for deals won" in hub
    stalled = development.stalled(log)
    assert f"{stalled.deals.stalled.sum()} of {len(stalled.deals)} open deals are older (in their stage)" in hub
    still = table[table.ending == "open"]
    weights = still.stage.map({"Demo": 0.1, "Offer": 0.5, "Contract": 0.9})
    assert f"says {weights.sum():,.0f} deals and {(weights * still.amount).sum():,.0f}, at any time" in hub


def test_the_files_probabilities_stand_for_the_stages(tmp_path):
    """By stage, written in another way in the cells than in the headings; the chain is the same."""
    table = deals()
    stage = table.ending.map({"won": "closedwon", "lost": "closedlost"}).fillna(table.stage.str.upper())
    page = page_of(hubspot(tmp_path, **{"Deal Stage": stage, "Deal probability": table.stage.map({"Demo": 0.2, "Offer": 0.3})}))
    weights = table.stage[table.ending == "open"].map({"Demo": 0.2, "Offer": 0.3, "Contract": 0.9})
    assert f"(the median probability of the file by stage, times amounts) says {weights.sum():,.0f} deals" in page


def test_without_stage_days_age_since_creation_serves(sales):
    """Chances are those of deals of the same age; probabilities of the file make the weighted stages."""
    assert "each deal is followed from the day it was created" in sales
    assert "The file does not say in which stage a deal stood before it was lost" in sales
    table = deals()
    day = max(table.created.max(), table.closed.max())
    whole = pd.DataFrame({"prospect_id": table.prospect_id, "stage": "all", "entered": table.created, "left": table.closed,
                          "outcome": table.ending.where(table.ending != "open")})  # fmt: skip
    stalled = development.stalled(development.stage_log(whole, stages=("all", "none"), until=day))
    age = (day - table.created[table.ending == "open"]).dt.days
    limit = (table.closed - table.created).dt.days[table.ending == "won"].quantile(0.9, interpolation="inverted_cdf")
    assert (stalled.deals.limit_days == limit).all()
    assert f"{(age > limit).sum()} of {len(age)} open deals are older (since they were created)" in sales
    assert f"{100 * stalled.ages.iloc[-1].late_chance:.1f} % were won in the end" in sales
    weights = table.stage[table.ending == "open"].map({"Demo": 0.1, "Offer": 0.4, "Contract": 0.8})
    assert f"(the probabilities of the file, times amounts) says {weights.sum():,.0f} deals" in sales


def test_stages_in_any_language(tmp_path):
    """Without an order there are no weighted stages; a small table gives it, and names what is not in it."""
    file = pipedrive(tmp_path)
    assert "The rule of weighted stages cannot stand beside it" in page_of(file)
    stages = tmp_path / "stages.csv"
    stages.write_text("stage,order\n合同,3\n演示,1\n报价,2\n", encoding="utf-8")
    page = page_of(file, stages=stages)
    still = deals()[deals().ending == "open"]
    weights = still.stage.map({"Demo": 0.1, "Offer": 0.5, "Contract": 0.9})
    assert "The stages in their order: 演示, 报价, 合同." in page
    assert f"times amounts) says {weights.sum():,.0f} deals" in page
    lost = deals()[deals().ending == "lost"].stage.value_counts()
    assert f"Most of the lost, {lost.max()} of {lost.sum()}, stood in " in page
    stages.write_text("stage,order\n合同,3\n演示,1\n报价单,2\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"the stage '报价' \(line \d+\) is not in the table of `stages` \(the nearest there: '报价单'\)"
    ):
        page_of(file, stages=stages)
    stages.write_text("stage,order\n合同,1\n演示,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 3 of the table of `stages`: '1' is no place of its own"):
        page_of(file, stages=stages)
    stages.write_text("name,place\n合同,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="must have the columns stage and order"):
        page_of(file, stages=stages)


def test_own_words_for_won_and_own_headings(tmp_path):
    stage = deals().ending.map({"won": "Unterschrieben", "lost": "Abgesagt"}).fillna("Angebot")
    frame = pd.read_csv(salesforce(tmp_path, Stage=stage)).rename(columns={"Created Date": "Angelegt am"})
    file = written(frame, tmp_path / "own.csv")
    with pytest.raises(DataError, match=r'no column for created of a deal.*rename=\{"\?": "created"\}'):
        page_of(file)
    rename = {"Angelegt am": "created"}
    with pytest.raises(DataError, match=r"no deal of the file was won: column 'Stage' holds 'Abgesagt', 'Angebot' and 'Unter"):
        page_of(file, rename=rename)
    stages = tmp_path / "stages.csv"
    stages.write_text("stage,order\nAngebot,1\nUnterschrieben,won\nAbgesagt,lost\n")
    counts = deals().ending.value_counts()
    assert f"{counts.won} were won, {counts.lost} were lost" in page_of(file, rename=rename, stages=stages)
    with pytest.raises(DataError, match="`rename` speaks of 'Nothing'"):
        page_of(file, rename={"Nothing": "created"})
    with pytest.raises(ArgumentError, match="`rename` leads to 'order_date'"):
        page_of(file, rename={"Angelegt am": "order_date"})


def test_what_cannot_be_is_set_aside_with_its_reason(tmp_path):
    table = deals()
    ended = table.index[table.ending == "won"][:2]
    frame = pd.read_csv(salesforce(tmp_path))
    frame.loc[ended[0], "Close Date"] = "1999-01-01"
    frame.loc[ended[1], "Close Date"] = None
    frame.loc[7, "Opportunity ID"] = frame.loc[6, "Opportunity ID"]
    frame.loc[9, "Created Date"] = "soon"
    page = page_of(written(frame, tmp_path / "mixed.csv"))
    rows = len(table)
    assert f"{rows} rows were read; {rows - 4} are used and 4 were set aside." in page
    for reason in ("was closed before it was created", "is closed but has no day", "stands in an earlier row", "is not a date"):
        assert reason in page


def test_amounts_in_several_currencies_are_refused(tmp_path):
    currency = np.where(np.arange(len(deals())) % 2, "USD", "EUR")
    with pytest.raises(DataError, match=r"`Currency` names EUR and USD. Convert them to one"):
        page_of(hubspot(tmp_path, Currency=currency))
    amount = deals().amount.map(lambda value: f"€ {value:.2f}" if value == value else "")
    amount[3] = "$ 12.50"
    with pytest.raises(DataError, match=r"`Amount` in line 5 is in \$, while most are in €"):
        page_of(salesforce(tmp_path, Amount=amount))


def test_no_cell_of_the_list_is_a_formula(hub):
    listed = pd.read_csv(io.BytesIO(base64.b64decode(re.search('data:text/csv;base64,([^"]+)', hub)[1])))
    still = deals()[deals().ending == "open"]
    assert len(listed) == len(still)
    assert sorted(listed.prospect_id) == sorted(still.prospect_id)
    assert listed.name.str.startswith("'=HYPERLINK").all()
    assert (listed.owner == "'=Ann").sum() == (still.owner == "=Ann").sum()


def test_deals_without_money_or_past(tmp_path):
    """What a small file cannot say is said."""
    few = pd.DataFrame({
        "Title": ["a", "b", "c"], "Status": ["won", "lost", "open"], "Created": ["2024-01-05", "2024-01-09", "2024-02-01"],
        "Closed on": ["2024-02-01", "2024-02-20", ""],
    })  # fmt: skip
    page = page_of(written(few, tmp_path / "few.csv"))
    assert "No deal has an amount, so that deals are counted and money is not." in page
    assert "does not go back far enough" in page
    assert "All 3 rows of the file are used." in page
    pipelines = np.where(np.arange(len(deals())) % 2, "New", "Renewal")
    assert "The file holds 2 pipelines, whose stages are not the same" in page_of(hubspot(tmp_path, Pipeline=pipelines))


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["--deals", "deals.csv", "--until", "2024-01-31"], "--until is for orders only"),
        (["--deals", "deals.csv", "--by", "town"], "--by is for answers to a survey only"),
        (["orders.csv", "--stages", "stages.csv"], "--stages is for deals only; leave it out, or give the file with --deals"),
        (["--deals", "deals.csv", "--survey", "answers.csv"], "not allowed with"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(words, refusal, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["report", *words])
    assert refusal in capsys.readouterr().err


def test_the_command_speaks_its_own_words(tmp_path, capsys):
    file = written(pd.DataFrame({"x": [1], "Stage": ["Won"], "Close Date": ["2024-01-01"]}), tmp_path / "x.csv")
    assert main(["report", "--deals", str(file), "--out", str(tmp_path / "x.html")]) == 1
    assert '--rename "?=created" (put the name of your column in place of each ?)' in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()
