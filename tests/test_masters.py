"""Masters: what an author may declare, and that the kit's own are sound.

Proved: that a master is refused which does not fit together, whose keys depend on the order of rows or on the processor, or
whose last digits decide what is right; and that every master of the kit earns full marks on random students' data (five, or
twenty with ``--long``), leaves no solution in the copies, and has no misconception that gives its key away. Practice copies
are made as they are stored on this processor and on an older one.
"""

import json
import re
from pathlib import Path

import classroom
import numpy as np
import processors
import pytest

from crmlab import exercise
from crmlab.course import masters
from crmlab.course.ties import unstable_sorts
from crmlab.errors import ArgumentError, CrmlabError, DataError
from crmlab.exercise import author, markers
from crmlab.exercise.form import Question

ROOT = Path(__file__).resolve().parent.parent
MASTERS = sorted((ROOT / "exercises" / "masters").glob("*.ipynb"))
SEEDS = [b"student %d" % number for number in range(20)]
every_master = pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)


# -- What an author may declare ---------------------------------------------------------------------------------------


def declare(**question):
    exercise.declare("98_x", title="X", tables=["orders"], customers=50, months=6)
    exercise.answer("q1", question.pop("answered", 1))
    exercise.question("q1", **question)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"key": 1.5}, "`tolerance` must say"),
        ({"key": 1.5, "tolerance": 0.1, "low": 2}, "the key breaks"),
        ({"key": "a"}, "must be one of `choices`"),
        ({"key": True}, "choices="),
        ({"points": 4, "rubric": [("a", 3, "x")]}, "add up to 4"),
        ({"key": float("nan"), "tolerance": 1}, "no number"),
        ({"key": 2}, "not right"),
        ({"key": 2, "answered": "2"}, "in quotes"),
        ({"key": 0.25, "tolerance": 0.01, "misconceptions": {"A per cent.": 25.0}}, "whoever finds the one has the other"),
    ],
)
def test_a_master_is_refused_when_it_does_not_fit_together(question, message):
    with author.draft(None), pytest.raises(CrmlabError, match=re.escape(message)):
        declare(**question)


def test_a_wrong_answer_is_refused_without_its_key():
    with author.draft(None), pytest.raises(author.WrongAnswer) as refusal:
        declare(key=271_828)
    assert "271" not in str(refusal.value)


@pytest.mark.parametrize(
    ("key", "wrong", "is_told"),
    [
        (36.34, 36.26, False),
        (30.0, 70.0, False),
        (30.0, -30.0, False),
        (30.0, 2.5, False),
        (36.34, 36.0, True),
        ([1.0, 2.0], [1.0, 3.0], False),
        ([1.0, 2.0], [1.5, 3.0], True),
        (3, 3, False),
    ],
)
def test_a_misconception_too_close_to_the_key_is_left_out(key, wrong, is_told):
    """Else a right answer, rounded, would be called wrong, or the hash of an entry of the key would be handed out."""
    with author.draft(None) as context:
        declare(answered=key, key=key, tolerance=0.05, misconceptions={"Think again.": wrong})
        assert bool(context.desk.misconceptions["q1"]) == is_told
        assert exercise.progress().table.state.to_list() == ["recorded"]


def test_what_is_drawn_follows_from_the_seed_alone():
    drawn = []
    for seed in [*SEEDS[:6], *SEEDS[:6]]:
        with author.draft(seed):
            draw = {"day": {"retailer": ["a", "b"], "telecom": ["c"]}, "industry": ["retailer", "telecom"]}
            exercise.declare("98_x", title="X", tables=["firm_months"], draw=draw, customers=50, months=6)
            drawn.append((exercise.given("industry"), exercise.given("day"), float(exercise.data("firm_months").profit.sum())))
    assert drawn[:6] == drawn[6:]
    assert len({profit for _, _, profit in drawn}) == 6
    assert {industry for industry, _, _ in drawn} == {"retailer", "telecom"}
    assert all((industry == "telecom") == (day == "c") for industry, day, _ in drawn)


def changed(folder, old, new):
    """The small master with a part of its text replaced, read."""
    text = json.dumps(json.loads(classroom.master()), ensure_ascii=False)
    old, new = (json.dumps(part, ensure_ascii=False)[1:-1] for part in (old, new))
    assert old in text
    path = folder / f"{classroom.NAME}.ipynb"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return masters.read(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("### END SOLUTION\nexercise.answer(\"q1\"", "### END\nexercise.answer(\"q1\"", "no partner"),
        ('exercise.answer("q1", count)', "", "exercise.answer"),
        ("<!--day-->", "<!--month-->", "not drawn"),
        ("exercise.declare(", "exercise.start('x', ", "failed"),
        ("orders.amount.mean()", "orders.amount.median()", "q2 is not right"),
        ('"99_small", title', '"98_other", title', "one name"),
    ],
)  # fmt: skip
def test_a_master_with_a_fault_is_refused(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        masters.draft(changed(tmp_path, old, new), None)


# -- The same on every machine ----------------------------------------------------------------------------------------

MEDIAN = 'exercise.data("orders").amount.median()'
LARGEST = "orders.amount.nlargest(3).to_list()"
LARGEST_KEY = 'sorted(exercise.data("orders").amount)[:-4:-1]'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (MEDIAN, 'exercise.data("orders").groupby("order_date").amount.first().sum()',
         "q2: the misconception 'This is the median.*changes with the order of the rows.*Sort by a second column"),
        (MEDIAN, 'exercise.data("orders").sort_values("order_date", kind="stable").drop_duplicates("order_date").amount.sum()',
         "q2: the misconception"),
        (LARGEST_KEY, LARGEST_KEY.replace("sorted(", "list(", 1), "q3 is not right"),
        (MEDIAN, 'exercise.data("orders").sort_values("order_date").amount.iloc[9]', "cell 8, line .*sort_values.*a second"),
        (LARGEST, "orders.amount.iloc[orders.amount.argsort()[:-4:-1]].to_list()", 'argsort.*write kind="stable"'),
    ],
    ids=["first of a group", "stable by one column", "order of a list", "default sort", "argsort"],
)  # fmt: skip
def test_a_key_that_depends_on_ties_is_refused(tmp_path, old, new, message):
    with pytest.raises(DataError, match=message):
        masters.draft(changed(tmp_path, old, new), b"ada", "Ada")


def test_a_solution_that_depends_on_the_order_of_rows_is_refused(tmp_path):
    first_amount = 'float(exercise.data("orders").amount.iloc[0])'
    solution = f"average = orders.amount.mean() if orders.amount.iloc[0] == FIRST else {first_amount}"
    with author.draft(b"ada"):
        exercise.declare(classroom.NAME, title="A", tables=["orders"], customers=200, months=12)
        first = float(exercise.data("orders").amount.iloc[0])
    with pytest.raises(DataError, match="failed for Ada with the rows of its tables in another order: q2 is not right"):
        masters.draft(
            changed(tmp_path, "average = orders.amount.mean()", solution.replace("FIRST", repr(first))), b"ada", "Ada"
        )


def test_ties_with_a_named_second_column_are_no_matter(tmp_path):
    sort = 'exercise.data("orders").sort_values(["order_date", "order_id"]).amount.iloc[9]'
    draft = masters.draft(changed(tmp_path, MEDIAN, sort), b"ada", "Ada")
    assert draft.sheet["misconceptions"]["q2"]


def test_only_sorts_that_leave_ties_open_are_listed():
    assert not unstable_sorts('t.sort_values(["a", "b"]); t.a.argsort(kind="stable"); t.sort_values("a", kind="mergesort")')
    assert not unstable_sorts("%matplotlib inline")
    assert (
        len(unstable_sorts('t.sort_values(by); t.sort_values(["a"]); np.argsort(t.a); t.a.argpartition(3, kind="stable")')) == 4
    )


EDGE = (7_268.5 + 1e-6) * 0.005  # between two of the bins that a fingerprint is made of


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ({"answered": EDGE, "key": EDGE, "tolerance": 0.05}, "the key"),
        ({"answered": [1.0, EDGE], "key": [1.0, EDGE], "tolerance": 0.05}, "the key"),
        ({"answered": 12.2, "key": 12.25, "tolerance": 0.05}, "the key"),
        ({"answered": 36.0, "key": 36.0, "tolerance": 0.05, "misconceptions": {"No.": EDGE}}, "the misconception 'No.'"),
        ({"answered": 36.0, "key": 36.0, "tolerance": 0.05, "misconceptions": {"No.": 36.11}}, "the misconception 'No.'"),
    ],
    ids=["stored", "stored in a list", "rounded as asked for", "a misconception stored", "a misconception told or not"],
)
def test_a_number_whose_last_digits_decide_is_refused(question, what):
    with author.draft(None), pytest.raises(ArgumentError, match=f"q1: {what} lies so close to an edge.*0.051 instead of 0.05"):
        declare(**question)


def test_a_students_number_is_refused_at_the_very_edge_only():
    with author.draft(b"ada"):
        declare(answered=12.2, key=12.25, tolerance=0.05)
        declare(answered=36.0, key=36.0, tolerance=0.05, misconceptions={"No.": EDGE * (1 + 1e-11)})
        with pytest.raises(ArgumentError, match="last digits decide"):
            declare(answered=36.0, key=36.0, tolerance=0.05, misconceptions={"No.": EDGE})


@pytest.mark.parametrize("tolerance", [0.005, 0.05, 1, 2.5])
def test_shares_have_the_same_fingerprint_however_they_are_computed(tolerance):
    """100 * 33 / 64 lies half-way between two bins: the last digit of a quotient must not decide."""
    asked = Question("q", "number", tolerance=tolerance)
    for total in (*range(1, 65), 128, 640, 800, 1_024):
        for count in range(0, total + 1, max(1, total // 64)):
            share = 100 * count / total
            assert not asked.is_at_edge(share, 1e-13)
            computed = (100 * (count / total), 100 * float(np.mean(np.arange(total) < count)), share * (1 + 1e-13))
            assert {asked.fingerprints(way, "s")[0] for way in computed} == set(asked.fingerprints(share, "s"))


# -- The kit's masters ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drafts(request):
    """Each master of the kit, drafted for five students, or for twenty; on shuffled rows for the first, or for all."""
    long = request.config.getoption("--long")

    def draft(path, number):
        return masters.draft(masters.read(path), SEEDS[number], "S", twice=long or number == 0)

    return {path.stem: [draft(path, number) for number in range(20 if long else 5)] for path in MASTERS}


@pytest.fixture(scope="module")
def practice():
    """Each master of the kit, drafted for practice."""
    return {path.stem: masters.draft(masters.read(path), None) for path in MASTERS}


@every_master
def test_a_master_earns_full_marks_on_everyones_data(drafts, path):
    """``draft`` refuses a solution that is not right; and each student has other keys."""
    keys = [json.dumps(draft.keys) for draft in drafts[path.stem]]
    assert len(set(keys)) == len(keys) >= 5


@every_master
def test_the_practice_copy_is_fresh_and_the_same_each_time(practice, path):
    for name, content in masters.files(masters.read(path), practice[path.stem]).items():
        assert (ROOT / "exercises" / name).read_bytes() == content, f"run: crmlab course practice exercises/masters/{path.name}"


PROGRAM = f"""
from pathlib import Path
from crmlab.course import masters
for path in sorted(Path({str(ROOT)!r}).glob("exercises/masters/*.ipynb")):
    master = masters.read(path)
    for name, content in masters.files(master, masters.draft(master, None, twice=False)).items():
        print(name, (path.parents[1] / name).read_bytes() == content)
"""


def test_practice_copies_are_the_same_on_an_older_processor():
    lines = processors.run_on_baseline("-c", PROGRAM).splitlines()
    assert lines == [f"{path.stem}.{kind} True" for path in MASTERS for kind in ("ipynb", "json")]


@every_master
def test_no_solution_is_left_in_a_copy(drafts, practice, path):
    master = masters.read(path)
    hidden, shown = set(), set()
    for kind, text in master.cells():
        if kind == "code":
            cuts = markers.SOLUTION.findall(text) + markers.HIDDEN.findall(text)
            removed = "\n".join(part if isinstance(part, str) else part[1] for part in cuts)
            hidden |= {line.strip() for line in removed.split("\n") if len(line.strip()) > 3}
            shown |= {line.strip() for line in markers.HIDDEN.sub("", markers.SOLUTION.sub("", text)).split("\n")}
    for sheet in [drafts[path.stem][0].sheet, practice[path.stem].sheet]:
        copy = json.loads(masters.copy(master, sheet))
        lines = {line.strip() for cell in copy["cells"] for line in "".join(cell["source"]).split("\n")}
        assert not lines & (hidden - shown)
        assert not re.search(r"BEGIN|HIDDEN|nbgrader|<!--", json.dumps(copy))
        assert sum("...  # your answer" in line for line in lines) >= 1


@every_master
def test_code_is_folded_where_a_panel_is_shown(practice, path):
    copy = json.loads(masters.copy(masters.read(path), practice[path.stem].sheet))
    is_folded = {cell["id"]: cell["metadata"] == {"jupyter": {"source_hidden": True}} for cell in copy["cells"]}
    assert {name for name, folded in is_folded.items() if folded} == {
        f"{question}-{part}" for question in practice[path.stem].questions for part in ("panel", "solution", "check")
    }
    assert not any(cell["metadata"] for cell in copy["cells"] if not is_folded[cell["id"]])


@every_master
def test_no_misconception_gives_its_key_away(drafts, path):
    pairs_of: dict[tuple, list] = {}
    for draft in drafts[path.stem]:
        for name, misconceptions in draft.desk.misconceptions.items():
            for text, value in misconceptions:
                if isinstance(value, int | float) and isinstance(draft.keys[name], int | float):
                    pairs_of.setdefault((name, text), []).append((draft.keys[name], value))
    for (name, text), pairs in pairs_of.items():
        key, wrong = np.array(pairs, float).T
        relations = {"ratio": wrong / key, "difference": wrong - key, "sum": wrong + key, "product": wrong * key}
        for relation, values in relations.items():
            width = np.ptp(values) / max(1e-12, np.abs(values).max())
            assert len(pairs) < 3 or width > 1e-6, f"{name}: the {relation} of key and {text!r} is the same for everyone"


@every_master
def test_no_hint_and_no_text_holds_a_key(drafts, path):
    for draft in drafts[path.stem]:
        for name, asked in draft.questions.items():
            explained = " ".join(text for text, _ in draft.sheet["misconceptions"].get(name, ()))
            if isinstance(draft.keys.get(name), float):
                assert f"{draft.keys[name]:.2f}" not in asked.hint + explained + draft.asked[name]


@pytest.mark.parametrize(
    "path",
    [path if path is MASTERS[0] else pytest.param(path, marks=pytest.mark.long) for path in MASTERS],
    ids=lambda path: path.stem,
)
def test_a_student_copy_is_the_same_bytes_each_time(drafts, path):
    master = masters.read(path)
    files = masters.files(master, drafts[path.stem][0])
    assert files == masters.files(master, masters.draft(master, SEEDS[0], "S", twice=False))
    assert masters.packed(files, path.stem) == masters.packed(files, path.stem)
