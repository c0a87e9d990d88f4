"""Panels: questions answered by controls and a box, and what becomes of the answer.

Proved: that the numbers of the controls are those of pandas, whatever a page sends; that every question of the kit's exercises
can be answered by its panel alone; that what is typed into a box is kept in the notebook, read by the grader and worth the
same; and that solutions are shown to those who have tried, in practice only. Not proved here: how a panel looks and follows
the keyboard (see ``test_browser``).
"""

import json
import re
import shutil

import classroom
import IPython.display
import pandas as pd
import pytest
from classroom import DONE, OPEN, notebook
from hypothesis import given
from hypothesis import strategies as st

from crmlab import course, exercise, tables
from crmlab.course import bundles, grading, masters, sandbox
from crmlab.course.runner import BOXED, boxed_answers
from crmlab.course.similarity import similarity_notes
from crmlab.course.store import Store
from crmlab.errors import ArgumentError, DataError
from crmlab.exercise import author, panel_view
from crmlab.exercise import desk as desk_module
from crmlab.exercise.form import Question
from crmlab.exercise.pivot import EMPTY, Choices, describe, read_choices, read_out
from crmlab.exercise.worked import of_practice

# -- The controls -------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "kind": ["new", "new", "old", None, "old"],
        "won": [True, False, True, True, False],
        "profit": [1.5, 2.5, 10.0, -3.0, None],
        "grade": pd.array([1, 2, 2, None, 3], dtype="Int8"),
        "since": pd.to_datetime(["2023-01-01", "2023-12-31", "2024-01-01", "2025-06-30", "2023-05-05"]),
        "name": [f"person {number}" for number in range(5)],
    }
)


def number_in(text):
    return float(re.sub(r"[^\d.e-]", "", text).rstrip("."))


def test_each_column_has_the_controls_that_fit_it():
    columns = {column["name"]: column for column in describe(FRAME)}
    assert columns["kind"]["values"] == ["new", "old", EMPTY]
    assert columns["won"]["values"] == ["no", "yes"]
    assert columns["grade"]["values"] == ["1", "2", "3", EMPTY]
    assert (columns["profit"]["kind"], columns["profit"]["values"]) == ("number", [])
    assert (columns["since"]["kind"], columns["since"]["groups"]) == ("date", True)
    assert describe(pd.DataFrame({"id": [f"C{number}" for number in range(17)]}))[0]["values"] == []


@pytest.mark.parametrize(
    ("choices", "first", "second"),
    [
        (Choices(), "5 of 5 rows are kept (100 %).", None),
        (Choices(keep={"kind": ("new", EMPTY)}, number="profit"), "3 of 5 rows are kept (60 %).",
         "profit: sum 1, mean 0.3333."),
        (Choices(span={"profit": ("2,5", "")}, number="profit"), "2 of 5 rows", "profit: sum 12.5, mean 6.25."),
        (Choices(span={"since": ("2023-01-01", "2023-12-31")}), "3 of 5 rows", None),
        (Choices(keep={"won": ("yes",), "grade": ("2",)}), "1 of 5 rows", None),
        (Choices(number="profit", order="largest", first=2), "2 of 5 rows", "profit: sum 12.5, mean 6.25."),
        (Choices(number="profit", order="smallest", first=1), "1 of 5 rows", "profit: sum -3, mean -3."),
        (Choices(keep={"name": ("nobody",)}, number="profit"), "0 of 5 rows", "profit: no number is left."),
        (Choices(span={"profit": ("much", "")}), "5 of 5 rows", "profit, from: 'much' is no number."),
        (Choices(span={"since": ("tomorrow?", "")}), "5 of 5 rows", "since, from: 'tomorrow?' is no date."),
    ],
    ids=str,
)  # fmt: skip
def test_the_read_out_is_what_a_slow_count_gives(choices, first, second):
    said = read_out(FRAME, choices)["sentences"]
    assert said[0].startswith(first)
    assert said[1:2] == ([second] if second else [])


def test_words_stand_in_the_order_that_the_table_gives_them():
    stages = pd.Categorical(["won", "contacted", None, "won"], ["found", "contacted", "won"])
    frame = pd.DataFrame({"stage": stages, "n": [1, 2, 3, 4]})
    assert describe(frame)[0]["values"] == ["contacted", "won", EMPTY]
    assert read_out(frame, Choices(keep={"stage": (EMPTY, "won")}))["sentences"][0].startswith("3 of 4")
    assert [row[:2] for row in read_out(frame, Choices(group="stage"))["groups"]["rows"]] == [
        ["contacted", "1"], ["won", "2"], [EMPTY, "1"],
    ]  # fmt: skip


def test_groups_add_up_and_cells_are_those_of_a_pivot():
    groups = read_out(FRAME, Choices(group="kind", number="profit"))["groups"]
    assert groups["columns"] == ["kind", "rows", "% of the rows", "sum of profit", "mean of profit"]
    assert groups["rows"] == [["new", "2", "40", "4", "2"], ["old", "2", "40", "10", "10"], [EMPTY, "1", "20", "-3", "-3"]]
    crossed = {measure: read_out(FRAME, Choices(group="won", split="kind", number="profit", measure=measure))["groups"]
               for measure in ("rows", "% of the line", "sum", "mean")}  # fmt: skip
    assert crossed["rows"]["rows"] == [["no", "1", "1", "0"], ["yes", "1", "1", "1"]]
    assert crossed["% of the line"]["rows"] == [["no", "50", "50", "0"], ["yes", "33.33", "33.33", "33.33"]]
    assert crossed["sum"]["rows"][1] == ["yes", "1.5", "10", "-3"]
    assert crossed["mean"]["columns"][0] == "won (mean of profit)"
    assert read_out(FRAME, Choices(group="since"))["groups"]["rows"] == [
        ["2023", "3", "60"], ["2024", "1", "20"], ["2025", "1", "20"],
    ]  # fmt: skip


def test_pages_of_rows_show_each_row_once():
    frame = pd.DataFrame({"name": [f"person {number}" for number in range(19)]})
    pages = [read_out(frame, Choices(page=page)) for page in range(5)]
    assert [shown["page"] for shown in pages] == [0, 1, 2, 2, 2]
    assert [row for shown in pages[:3] for row in shown["rows"]["rows"]] == [[name] for name in frame.name]


NAMES = st.sampled_from(["", "kind", "profit", "since", "odd", "new", "2023"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*Choices.__dataclass_fields__, "odd"]), JSON))
def test_whatever_a_page_sends_the_rows_that_are_kept_are_rows_of_the_table(claim):
    said = read_out(FRAME, read_choices(claim, FRAME))
    kept, of = said["sentences"][0].split(" of ")
    assert 0 <= int(kept) <= 5
    assert of.startswith("5 rows")
    assert json.dumps(said)
    assert read_out(FRAME, read_choices("nonsense", FRAME))["sentences"] == ["5 of 5 rows are kept (100 %)."]


@pytest.mark.parametrize("name", ["01_relationship", "04_development", "05_satisfaction", "08_loyalty", "09_btyd"])
def test_a_panel_says_what_a_row_and_each_column_is(memo, name):
    exercise.start(name)
    for question in desk_module.open_desk().sheet["panels"]:
        about = exercise.panel(question).about
        assert re.fullmatch(r"Each row is [^.]+\.", about["row"])
        assert all(column["meaning"].endswith(".") for column in about["columns"])


def test_stages_stand_in_their_order(memo):
    exercise.start("01_relationship")
    for question, column, n in (("q5", "stage", 8), ("q6", "topic", 6)):
        values = next(each["values"] for each in exercise.panel(question).about["columns"] if each["name"] == column)
        assert values[:n] == [stage for stage in tables.STAGES if stage in values]
        assert len(set(values) & set(tables.STAGES)) == n


MEMO = " ".join((classroom.TEXT.split() * 2)[:85])  # long enough and short enough for all

# -- Every question by its panel alone ------------------------------------------------------------------------------------


class Reader:
    """Somebody at the panels of an exercise, in practice: they choose, read, and write what they have read."""

    def __init__(self, name):
        exercise.start(name)
        self.given = exercise.given
        self.columns = {}

    def read(self, question, **choices):
        """Sum, mean, standard deviation and so on of what is left, by name."""
        panel = exercise.panel(question)
        panel.choices = {key: list(value) if isinstance(value, tuple) else value for key, value in choices.items()}
        self.shown = panel.shown
        text = " ".join(self.shown["sentences"])
        numbers = re.findall(r"(sum|mean|[Ss]tandard deviation|smallest|largest) ([-\d.\u202fe]+?)[,;.](?: |$)", text)
        return {"kept": number_in(text.split(" of ")[0])} | {name.lower(): number_in(value) for name, value in numbers}

    def group(self, question, label, column, **choices):
        """One cell of the table by groups."""
        self.read(question, **choices)
        groups = self.shown["groups"]
        return next(number_in(row[groups["columns"].index(column)]) for row in groups["rows"] if row[0] == label)

    def says(self, question, text):
        """What is said of an answer that is typed."""
        panel = exercise.panel(question)
        panel._hear({"do": "answer", "text": str(text)})
        return panel.reply["title"]


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Reader


def test_exercise_01_is_answered_without_code(reader):
    me = reader("01_relationship")
    new = {"kind": ["new"]}
    ours = new | {"channel": [me.given("channel")]}
    region, contact, year = me.given("region"), me.given("contact"), me.given("year")
    me.read("q5", keep=new | {"region": [region], "outcome": ["advanced", "lost", "returned", "skipped ahead", "won"]},
            group="stage", split="outcome", measure="% of the line")  # fmt: skip
    lost = me.shown["groups"]["columns"].index("lost")
    stages = [(number_in(row[lost]), row[0]) for row in me.shown["groups"]["rows"]]
    topics = next(column["values"] for column in exercise.panel("q6").about["columns"] if column["name"] == "topic")
    topics = [topic for topic in topics if topic != "follow-up"]  # by "all but these"
    out = {"direction": ["out"], "channel": [contact], "topic": topics}
    people = me.read("q7", keep={"region": [region]})["kept"]
    complained = me.read("q7", keep={"region": [region]}, span={"complaints": ["1", ""]})["kept"]
    years = [
        [me.group("q8", str(each), f"sum of {whose}", group="month", number=whose) for each in (2023, 2024, 2025)]
        for whose in ("profit_of_firm", "profit_of_customers")
    ]
    cost, won = (
        me.group("q4", str(year), f"sum of {what}", group="month", number=what) for what in ("acquisition_cost", "won")
    )
    answers = {
        "q1": me.shown and f"{me.read('q1', keep=ours)['kept']:,.0f}",
        "q2": f"{me.group('q2', 'won', '% of the rows', keep=ours | {'outcome': ['won', 'lost']}, group='outcome')} %",
        "q5": max(stages)[1],
        "q6": me.group("q6", "no", "% of the rows", keep=out, group="in_customers"),
        "q7": f"= 100 * {complained:.0f} / {people:.0f}",
        "q3": me.read("q3", span={"since": ["2023-01-01", "2023-12-31"]}, number="profit")["mean"],
        "q8": "; ".join(f"{100 * firm / customers:.1f}" for firm, customers in zip(*years, strict=True)),
        "q4": f"{cost / won:.2f}".replace(".", ","),
    }
    assert {name: me.says(name, text) for name, text in answers.items()} == {name: f"{name}: ✓ right" for name in answers}
    assert me.says("memo", MEMO) == "memo: recorded"


def test_exercise_04_is_answered_without_code(reader):
    me = reader("04_development")
    step, old_step, ours = me.given("step"), me.given("old_step"), {"channel": [me.given("channel")]}
    began, in_time = me.read("q1")["kept"], me.read("q1", keep={"deal": ["won"]}, span={"days": ["", "365"]})["kept"]
    ended = {"stage": [step], "ended": ["advanced", "lost", "returned", "skipped ahead", "won"]}
    spent = me.read("q3", keep=ours | {"deal": ["won", "lost"]}, number="cost")["sum"]
    sums = [me.read("q4", number=forecast)["sum"] for forecast in ("by_stages", "by_chain")]
    gaps = []
    for sign in ("asked_for_offer", "likely_means", "likely_intent"):
        won = [
            me.group("q5", label, "yes", group=sign, split="won_in_a_year", measure="% of the line") for label in ("yes", "no")
        ]
        gaps.append(won[0] - won[1])
    old = {"keep": {"stage": [old_step], "deal": ["won", "lost"]}, "span": {"days": [str(me.given("old_days") + 1), ""]}}
    missing, spare = (
        me.read("q7", keep={"number": [me.given("number")]}, number=what)["sum"] for what in ("missing", "not_named")
    )
    answers = {
        "q1": f"= 100 * {in_time:.0f} / {began:.0f}",
        "q2": me.group("q2", "lost", "% of the rows", keep=ended, group="ended"),
        "q3": f"= {spent} / {me.read('q3', keep=ours | {'deal': ['won']})['kept']:.0f}",
        "q4": f"= {sums[0]} / {sums[1]}",
        "q5": f"{max(gaps):.1f}",
        "q6": me.group("q6", "won", "% of the rows", **old, group="deal"),
        "q7": f"= (0.30 * {missing} + 0.05 * {spare}) / 4",
    }
    assert {name: me.says(name, text) for name, text in answers.items()} == {name: f"{name}: ✓ right" for name in answers}
    assert me.says("memo", MEMO) == "memo: recorded"


def test_exercise_05_is_answered_without_code(reader):
    me = reader("05_satisfaction")
    item, dimension, wave, region = me.given("item"), me.given("dimension"), str(me.given("wave")), me.given("region")
    column = f"perceived_{item}"
    said = {"keep": {column: list("1234567")}, "group": column}
    of_wave = me.read("q4", keep={"dimension": [dimension], "wave": [wave]}, number="gap")
    n = of_wave["kept"] - sum(map(int, re.findall(r"(\d+) empty", " ".join(me.shown["sentences"]))))
    me.read("q5", keep={"region": [region]}, group="dimension", number="weighted_gap")
    gaps = [(number_in(row[-1]), row[0]) for row in me.shown["groups"]["rows"]]
    slope = me.read("q6", keep={"dimension": [dimension], "looked_at": ["all five together"]}, number="slope_for_one_point")
    me.read("q7", keep={"wave": [wave]}, group="recommendation")
    votes = {int(row[0]): number_in(row[1]) for row in me.shown["groups"]["rows"]}
    promoters, detractors = (sum(votes.get(k, 0) for k in ks) for ks in ((9, 10), range(7)))
    month = exercise.data("survey").set_index("wave").date[int(wave)].iloc[0].strftime("%Y-%m")
    me.read("q8", keep={"month": [month]}, group="dimension", split="who", number="points", measure="mean")
    overrated = max(number_in(row[2]) - number_in(row[1]) for row in me.shown["groups"]["rows"])
    turned = {"statements": [dimension], "answers": ["perceived"], "turned_round": ["yes"]}
    answers = {
        "q1": me.group("q1", "1", "% of the rows", **said) + me.group("q1", "2", "% of the rows", **said),
        "q2": me.read("q2", keep=turned, number="alpha")["mean"],
        "q3": me.read("q3", keep={"dimension": [dimension]}, number="gap")["mean"],
        "q4": f"{of_wave['mean']} + 1.96 * {of_wave['standard deviation']} / sqrt({n:.0f})",
        "q5": min(gaps)[1],
        "q6": f"{slope['mean']} / 2",
        "q7": f"= 100 * ({promoters} - {detractors}) / {sum(votes.values())}",
        "q8": overrated,
    }  # fmt: skip
    assert {name: me.says(name, text) for name, text in answers.items()} == {name: f"{name}: ✓ right" for name in answers}


def test_exercise_09_is_answered_without_code(reader):
    me = reader("09_btyd")
    me.read("q1", span={"repeat_purchases": [str(me.given("repeat_purchases")), ""]})
    often = re.search(r"\(([\d.]+) %\)", me.shown["sentences"][0])[1]
    me.read("q4", keep={"model_was_fitted_to": ["orders up to the day"]})
    test = dict(zip(me.shown["rows"]["columns"], me.shown["rows"]["rows"][0], strict=True))
    me.read("q5", span={"repeat_purchases": ["1", "1"]}, number="monetary_value", order="largest", first=1)
    one = dict(zip(me.shown["rows"]["columns"], me.shown["rows"]["rows"][0], strict=True))
    stake = me.read("q7", number="at_stake", order="largest", first=100)["mean"]
    answers = {
        "q1": often,
        "q2": 100 * me.read("q2", number="p_alive_pareto_nbd")["mean"],
        "q3": me.read("q3", number="purchases_in_52_weeks")["sum"],
        "q4": 100 * (number_in(test["forecast_for_26_weeks"]) / number_in(test["came_from_customers_of_the_day"]) - 1),
        "q5": one["expected_spend"],
        "q6": f"{me.given('margin')} * {me.read('q6', number='discounted_spend_in_156_weeks')['sum']}",
        "q7": f"{me.given('brought_back') / 100} * {stake}",
    }
    assert {name: me.says(name, text) for name, text in answers.items()} == {name: f"{name}: ✓ right" for name in answers}


# -- The answer box -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(monkeypatch):
    """What was displayed, by display id; widgets without one."""
    outputs = {}
    monkeypatch.setattr(panel_view, "display", lambda data, raw, display_id=None: outputs.update({display_id: data}))
    monkeypatch.setattr(panel_view, "update_display", lambda data, raw, display_id: outputs.update({display_id: data}))
    return outputs


@pytest.fixture
def memo(tmp_path, monkeypatch):
    """Practice on exercise 01, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    exercise.start("01_relationship")
    return tmp_path


def record(shown):
    return next(data for display_id, data in shown.items() if display_id)


def test_what_is_typed_is_recorded_and_stays_in_the_notebook(memo, shown):
    panel = exercise.panel("q1")
    panel._ipython_display_()
    assert BOXED not in record(shown)
    panel._hear({"do": "answer", "text": "1,234 prospects"})
    assert record(shown)[BOXED] == {"question": "q1", "answer": 1234}
    assert "holds: 1\u202f234 (prospects)" in record(shown)["text/plain"]
    stored = json.loads((memo / "01_relationship.answers.json").read_text(encoding="utf-8"))
    assert (stored["answers"], stored["boxed"], stored["typed"]) == ({"q1": 1234}, {"q1": 1234}, {"q1": "1,234 prospects"})
    assert exercise.progress().table.state.iloc[0] in ("✗ not right", "✓ right")


def test_after_a_restart_everything_is_run_again_and_the_answer_is_kept(memo, shown):
    exercise.panel("q1")._hear({"do": "answer", "text": "41"})
    exercise.start("01_relationship")
    shown.clear()
    panel = exercise.panel("q1")
    panel._ipython_display_()
    assert record(shown)[BOXED]["answer"] == 41
    assert panel.reply["text"] == "41"
    assert panel.reply["title"] == "q1 is recorded: 41 (prospects)"
    assert str(exercise.answer("q1", ...)) == "q1 is answered in the panel: 41 (prospects)"
    assert exercise.progress().table["your answer"].iloc[0] == "41 (prospects)"


def test_the_box_holds_after_a_restart_what_was_typed(memo):
    exercise.panel("q4")._hear({"do": "answer", "text": "= 9\u202f431 / 700"})
    file = memo / "01_relationship.answers.json"
    exercise.start("01_relationship")
    assert exercise.panel("q4").reply["text"] == "= 9\u202f431 / 700"
    stored = json.loads(file.read_text(encoding="utf-8"))
    for typed in ({"q4": 5}, {"q9": "x"}, {}):  # as earlier releases, or somebody else, have written it
        file.write_text(json.dumps(stored | {"typed": typed}), encoding="utf-8")
        exercise.start("01_relationship")
        assert exercise.panel("q4").reply["text"] == str(9431 / 700)


def test_after_a_restart_one_sees_how_one_came_to_an_answer(memo):
    chosen = {"keep": {"kind": ["new"], "channel": ["online advert"]}, "group": "outcome"}
    panel = exercise.panel("q1")
    panel.choices = chosen | {"odd": 1, "page": 0}
    said = panel.shown["sentences"]
    panel._hear({"do": "answer", "text": "1,735"})
    file = memo / "01_relationship.answers.json"
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored["choices"] == {"q1": chosen}
    exercise.start("01_relationship")
    panel = exercise.panel("q1")
    assert (panel.choices, panel.shown["sentences"]) == (chosen, said)
    assert exercise.panel("q2").choices == {}
    for claim in ({"q1": {"keep": {"kind": [["x"], "old"]}, "group": 5}}, {"q1": "x", "q9": {}}, {}):  # by somebody else
        file.write_text(json.dumps(stored | {"choices": claim}), encoding="utf-8")
        exercise.start("01_relationship")
        assert exercise.panel("q1").shown["sentences"][0].startswith("5\u202f409 of 5\u202f409")
        assert exercise.progress().table["your answer"].iloc[0] == "1\u202f735 (prospects)"


def test_what_a_panel_says_is_said_once_on_the_page(memo, shown, monkeypatch):
    """Below the panel code and check show something only where code answers."""
    monkeypatch.setattr(IPython.display, "display", panel_view.display)
    monkeypatch.setattr(IPython.display, "update_display", panel_view.update_display)

    def seen():
        return [re.sub("<[^>]*>", "", data["text/html"]) for name, data in shown.items() if name and "live" in name]

    exercise.check("q1")._ipython_display_()  # before there is a panel
    assert seen() == ["q1: openNo answer yet."]
    shown.clear()
    panel = exercise.panel("q1")
    for output in (panel, exercise.answer("q1", ...), exercise.check("q1")):
        output._ipython_display_()
    panel._hear({"do": "answer", "text": "1,735"})
    assert panel.reply["title"] == "q1: ✓ right"
    assert seen() == ["", ""]
    exercise.answer("q1", 5)
    assert seen()[1].startswith("q1: ✗ not right")


def test_what_stands_below_other_cells_follows_an_answer(memo, shown, monkeypatch):
    """The cells are run once, from top to bottom, while all is open; then the box is used, and then code."""
    monkeypatch.setattr(IPython.display, "display", panel_view.display)
    monkeypatch.setattr(IPython.display, "update_display", panel_view.update_display)
    panel = exercise.panel("q1")
    for output in (panel, exercise.answer("q1", ...), exercise.check("q1"), exercise.check("q2"), exercise.progress()):
        output._ipython_display_()

    def reads():
        return [data["text/plain"].split("\n")[0] for name, data in shown.items() if name and "live" in name]

    assert reads() == ["q1 is open", "q1: open", "q2: open", "0 of 5 questions are answered, extra 0 of 4"]
    assert "Answer it in the panel above" in exercise.answer("q1", ...).note
    panel._hear({"do": "answer", "text": "1,735"})
    answered = "q1 is answered in the panel: 1\u202f735 (prospects)"
    assert reads() == [answered, "q1: ✓ right", "q2: open", "1 of 5 questions are answered, extra 0 of 4"]
    exercise.answer("q1", 5)
    assert reads()[1:] == [
        "q1: ✗ not right",
        "q2: open",
        "1 of 5 questions are answered, extra 0 of 4, 1 of them need another look",
    ]
    assert panel.reply["title"] == "q1: your code answers, too"


def test_where_code_answers_too_it_counts_and_that_is_said(memo, shown):
    panel = exercise.panel("q1")
    panel._hear({"do": "answer", "text": "41"})
    assert "not what stands in the answer box (41 (prospects))" in exercise.answer("q1", 43).note
    assert "Your code answers 43 (prospects), and that counts" in panel.reply["note"]
    panel._hear({"do": "answer", "text": "44"})
    assert "Your code answers 43 (prospects), and that counts" in panel.reply["note"]
    assert exercise.progress().table["your answer"].iloc[0] == "43 (prospects)"
    exercise.answer("q1", ...)
    assert exercise.progress().table["your answer"].iloc[0] == "44 (prospects)"


def test_what_cannot_be_read_is_refused_in_the_box_and_the_earlier_answer_stands(memo):
    panel = exercise.panel("q3")
    panel._hear({"do": "answer", "text": "12,5"})
    for text, message in (("1,234", "no comma: write 1234 or 1.234"), ("", "the box is empty"), ("much", "is no number")):
        panel._hear({"do": "answer", "text": text})
        assert panel.reply["title"] == "q3: not yet"
        assert message in panel.reply["note"]
        assert panel.reply["text"] == text
    assert json.loads((memo / "01_relationship.answers.json").read_text(encoding="utf-8"))["answers"] == {"q3": 12.5}


@pytest.mark.parametrize("content", [None, [], "x", {}, {"do": "harm"}, {"do": "answer"}, {"do": "answer", "text": {"a": 1}}])
def test_no_message_does_harm(memo, content):
    panel = exercise.panel("q1")
    panel._hear(content)
    assert not (memo / "01_relationship.answers.json").exists()


def test_where_nobody_looks_a_panel_is_a_line_of_text(memo, monkeypatch):
    monkeypatch.setenv("CRMLAB_ANSWERS", "somewhere.json")
    assert "Here students see" in str(exercise.panel("q1"))
    with author.draft(None):
        exercise.declare("98_x", title="X", tables=["orders"])
        assert "Here students see" in str(exercise.panel("q1"))
    with pytest.raises(ArgumentError, match="no question 'q99'"):
        exercise.panel("q99")


# -- The tables of a course's panels ----------------------------------------------------------------------------------------

PANEL = 'panel=exercise.data("orders")[["order_date", "amount"]], steps="Up to the day.", unit="orders"'


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The small master with a panel, and a student's files."""
    path = tmp_path_factory.mktemp("master") / f"{classroom.NAME}.ipynb"
    text = json.dumps(json.loads(classroom.master()), ensure_ascii=False)
    text = text.replace('unit=\\"orders\\"', PANEL.replace('"', '\\"'))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="never shows the panel of q1"):
        masters.draft(masters.read(path), b"ada", "Ada", twice=False)
    path.write_text(
        text.replace("### BEGIN SOLUTION\\ncount", 'exercise.panel(\\"q1\\")\\n### BEGIN SOLUTION\\ncount'), encoding="utf-8"
    )
    master = masters.read(path)
    return masters.files(master, masters.draft(master, b"ada", "Ada", twice=False))


@pytest.fixture
def seat(tmp_path, monkeypatch, small):
    for name, content in small.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    exercise.start(classroom.NAME, student="Ada")
    return tmp_path


def test_a_student_gets_the_tables_of_the_panels_and_no_steps(seat, small):
    panel = exercise.panel("q1")
    panel.choices = {"span": {"order_date": ["", exercise.given("day")]}}
    assert panel.shown["sentences"][0].startswith(f"{(exercise.data('orders').order_date <= exercise.given('day')).sum()} of ")
    assert exercise.panel("q2").about["columns"] == []
    assert not any(b"Up to the day" in content for content in small.values())
    (seat / "panels" / "q1.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="Unpack the zip"):
        exercise.panel("q1")


def test_the_sandbox_gets_no_table_of_a_panel(small):
    assert "panels/q1.parquet" in small
    assert sorted(bundles.files_beside({"files": dict.fromkeys(small, "")})) == ["99_small.json", "data/orders.parquet"]


# -- Solutions ----------------------------------------------------------------------------------------------------------------


def test_a_solution_is_shown_to_those_who_have_tried(memo):
    with pytest.raises(ArgumentError, match="try first"):
        exercise.solution("q1")
    exercise.answer("q1", 41)
    with pytest.raises(ArgumentError, match="try first"):
        exercise.solution("q1")
    exercise.check("q1")
    said = str(exercise.solution("q1"))
    assert "Keep “new” in “kind” and “online advert” in “channel”" in said
    assert "how_many = len(came)" in said
    right = of_practice(desk_module.open_desk()).solutions["q1"].answer
    assert f"Answer: {right:,} (prospects)".replace(",", "\u202f") in said
    assert "Hint" not in said
    assert "BEGIN" not in said
    assert "<pre" in exercise.solution("q1")._repr_html_()


def test_a_model_memo_is_shown_in_the_panel_after_a_memo_of_ones_own(memo):
    panel = exercise.panel("memo")
    panel._hear({"do": "solve"})
    assert "try first" in panel.reply["note"]
    panel._hear({"do": "answer", "text": MEMO})
    panel._hear({"do": "solve"})
    parts = {part["label"]: part["text"] for part in panel.reply["solution"]["parts"]}
    assert "Let us try it for half a year" in parts["Memo"]
    assert len(parts["Memo"].split("\n\n")) == len(parts["Memo"].split("\n")[::2]) == 4
    assert [line.split(":")[0] for line in parts["A reader looks for this"].split("\n")][0::3] == [
        "decision (1)", "what would change your mind (1)",
    ]  # fmt: skip
    assert "<li>decision (1): One clear" in exercise.solution("memo")._repr_html_()
    assert "- decision (1): One clear" in str(exercise.solution("memo"))
    assert not desk_module.open_desk().question("memo").problem(parts["Memo"])


def test_each_solution_of_the_kit_has_steps_and_lines(memo):
    for name, solved in of_practice(desk_module.open_desk()).solutions.items():
        assert solved.code
        assert bool(solved.steps) == (name != "memo")


def test_what_counts_for_marks_has_no_solution(seat):
    exercise.answer("q1", 41)
    exercise.check("q1")
    panel = exercise.panel("q1")
    panel._hear({"do": "solve"})
    assert "this copy counts for marks" in panel.reply["note"]
    assert not panel.about["is_practice"]
    with pytest.raises(ArgumentError, match="this copy counts for marks"):
        exercise.solution("q1")


# -- The grader ---------------------------------------------------------------------------------------------------------------


def boxed(**answers):
    """A cell whose outputs hold these answers, as a panel leaves them."""
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {BOXED: {"question": name, "answer": answer}, "text/plain": ""}}
        for name, answer in answers.items()
    ]
    return classroom.code("pass", "boxes") | {"outputs": outputs}


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        (notebook(boxed(q1=1, q2=2.5), boxed(q1=3)), {"q1": 3, "q2": 2.5}),
        (notebook("1"), {}),
        (json.dumps({"cells": [{"cell_type": "markdown", "outputs": boxed(q1=1)["outputs"]}]}), {}),
        (json.dumps({"cells": [{"cell_type": "code", "outputs": [{"data": {BOXED: claim}} for claim in
                                ("text", ["q1"], {"answer": 1}, {"question": 5, "answer": 1}, None)]}]}), {}),
        (notebook(boxed(q1="x" * 5_000)), None),
    ],
    ids=["last wins", "none", "no code cell", "other forms", "too much"],
)  # fmt: skip
def test_the_runner_reads_boxes_up_to_a_size(text, answers):
    read = boxed_answers(text if isinstance(text, str) else text.decode(), 4_000)
    assert read == "" if answers is None else json.loads(read)["answers"] == answers


HARM = [float("nan"), float("inf"), 1e300, 10**30, None, {"a": 1}, [[1]], [1] * 101, "x" * 6_001, {"columns": 1, "rows": 2}]


@pytest.mark.parametrize("value", HARM, ids=lambda value: str(value)[:20])
def test_no_answer_in_a_box_does_harm(value):
    questions = {"q1": Question("q1", "whole"), "q2": Question("q2", "whole")}
    claim = json.dumps({"answers": {"q1": value, "q9": value}})
    answers, remarks, are_coded = grading.all_answers('{"answers": {"q2": 2}}', claim, questions)
    assert (answers, are_coded, len(remarks)) == ({"q2": 2}, True, 1)
    for claim in ("{", "[" * 100_000, "null", '{"answers": 3}'):
        assert grading.all_answers('{"answers": {"q2": 2}}', claim, questions)[0] == {"q2": 2}


def test_boxes_earn_points_in_the_sandbox_where_code_gave_no_answer(tmp_path, tmp_path_factory):
    if reason := sandbox.missing():
        pytest.skip(reason)
    home = shutil.copytree(classroom.released_course(tmp_path_factory.getbasetemp()), tmp_path / "crm")
    keys = {student: classroom.keys(home, student) for student in ("S001", "S002", "S003")}
    open_cells = [f"x = ...\nexercise.answer({name!r}, x)" for name in ("q1", "q2", "q3", "memo")]
    right = keys["S001"] | {"memo": classroom.TEXT}
    handed_in = {
        "S001": notebook(OPEN, boxed(**right), *open_cells),
        "S002": notebook(OPEN, boxed(q1=-5, q2=keys["S002"]["q2"]), DONE["q1"], "1 / 0"),
        "S003": notebook(OPEN, boxed(q1={"a": [float("nan")]}, q2=10**40, q3=[[1]], q77=1, memo=5), *open_cells),
        "S004": notebook(OPEN, boxed(q1=1), *open_cells),
    }
    heap = tmp_path / "heap"
    heap.mkdir()
    for student, content in handed_in.items():
        (heap / f"{student}.ipynb").write_bytes(content)
    course.collect(home, "99", heap)
    course.grade(home, "99")
    points = classroom.points(home)
    assert points["S001"] == {"q1": 1, "q2": 2, "q3": 3, "memo": None}
    assert points["S002"] == {"q1": 1, "q2": 2, "q3": 0, "memo": 0}
    assert points["S003"] == {"q1": 0, "q2": 0, "q3": 0, "memo": 0}
    results = classroom.rows(home, "result")
    assert any("the code's answer counts" in remark for _, remark in results["S002"]["errors"])
    with Store(home / "course.db") as store:  # S001 and S004 have left the same code untouched
        assert not any("code is word for word" in note for note in similarity_notes(store, classroom.NAME).values())
