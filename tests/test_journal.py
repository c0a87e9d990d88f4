"""The journal of what a reader guessed and decided: nothing is lost, whatever stands in the file."""

import json

import pytest

from crmlab import _journal


def test_entries_stay_in_order_and_the_last_one_counts(tmp_path):
    path = tmp_path / "journal.json"
    for choice in ("shop", "answers"):
        _journal.append({"kind": "decision", "key": "01/budget", "choice": choice}, path)
    _journal.append({"kind": "guess", "key": "01/stay", "guess": 40}, path)
    assert [entry.get("choice") for entry in _journal.read(path)] == ["shop", "answers", None]
    assert _journal.latest("01/budget", path)["choice"] == "answers"
    assert _journal.latest("01/other", path) is None


@pytest.mark.parametrize(
    "spoiled",
    ["{", "[]", '{"version": 2, "entries": []}', '{"version": 1, "entries": [3]}', '{"version": 1, "entries": [{}]}', "\x00"],
)
def test_a_spoiled_journal_is_kept_aside(tmp_path, spoiled):
    path = tmp_path / "journal.json"
    for _ in range(2):
        path.write_text(spoiled, encoding="utf-8")
        assert _journal.read(path) == []
        assert not path.exists()
    assert [(tmp_path / f"journal.spoiled-{k}.json").read_text(encoding="utf-8") for k in (1, 2)] == [spoiled] * 2
    _journal.append({"kind": "guess", "key": "01/stay", "guess": 40}, path)
    assert len(_journal.read(path)) == 1


def test_the_journal_lies_beside_the_notebook_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert _journal.file() == tmp_path / "journal.json"
    monkeypatch.setenv("CRMLAB_JOURNAL", str(tmp_path / "other.json"))
    _journal.append({"kind": "guess", "key": "01/stay", "guess": 40})
    assert json.loads((tmp_path / "other.json").read_text(encoding="utf-8"))["entries"][0]["guess"] == 40
