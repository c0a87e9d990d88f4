"""The glossary: one place for each term, its page is fresh, and what lessons link to is there."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

from crmlab import glossary
from crmlab.errors import ArgumentError

ROOT = Path(__file__).resolve().parent.parent


def test_each_term_is_told_once_and_whole():
    terms = glossary.terms()
    assert len({term.anchor for term in terms}) == len(terms)
    for term in terms:
        assert len(term.meaning) > 30, term
        assert term.meaning.endswith("."), term
        assert re.search("[\u4e00-\u9fff]", term.chinese), term
        assert re.fullmatch(r"\d\d", term.lesson), term


def test_the_page_is_fresh():
    spec = importlib.util.spec_from_file_location("glossary_page", ROOT / "docs" / "glossary.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8") == module.page(), "run python docs/glossary.py"


def test_what_lessons_link_to_is_there():
    anchors = {term.anchor: term for term in glossary.terms()}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        linked = re.findall(r"docs/glossary\.md#([\w-]+)", text)
        assert not set(linked) - set(anchors), path.name
        assert len(linked) == len(set(linked)), f"{path.name}: a term is linked at its first use"


def test_a_term_that_is_not_there():
    with pytest.raises(ArgumentError, match=r"no term 'rate'; it has .*RATER"):
        glossary.explain("rate")
