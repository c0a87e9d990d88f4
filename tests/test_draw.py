"""Charts: finding, units, alt text, fonts; and the same for a widget's sliders."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager

from crmlab import _draw, widgets
from crmlab.errors import ArgumentError, CrmlabWarning, DataError


def test_a_chart_carries_its_words():
    ax = _draw.bars(pd.Series({"a": 1, "b": 3}), title="B is the highest", x="letter", y="count", alt="Two bars.")
    assert ax.get_title("left") == "B is the highest"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("letter", "count")
    page = _draw.html(ax.figure)
    assert 'alt="B is the highest. Two bars."' in page
    assert page.startswith("<img ")


def test_words_are_escaped():
    ax = _draw.bars(pd.Series({"a": 1}), title='5 < 6 & "so"', x="", y="")
    assert 'alt="5 &lt; 6 &amp; &quot;so&quot;"' in _draw.html(ax.figure)


def test_a_chart_on_given_axes_stays_there():
    _, axes = plt.subplots(1, 2)
    assert _draw.curves(pd.DataFrame({"a": [0, 1]}), title="t", x="x", y="y", ax=axes[1]) is axes[1]
    with pytest.raises(ArgumentError, match="`ax` must be matplotlib Axes"):
        _draw.new_axes("axes")


def test_no_line_is_left_out():
    ax = _draw.curves(pd.DataFrame({f"line {k}": [k, k] for k in range(9)}), title="t", x="x", y="y")
    assert len(ax.lines) == 9


def test_heat_leaves_unseen_cells_empty():
    ax = _draw.heatmap(pd.DataFrame({1: [0.5, 0.25], 2: [0.1, None]}), title="t", x="x", y="y", share=True)
    assert [text.get_text() for text in ax.texts] == ["50%", "10%", "25%"]


RGB_TO_LMS = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
SIGHT = {
    "all cones": np.eye(3),
    "no long-wave cones": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "no middle-wave cones": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_can_be_told_apart(sight):
    """Lines of different colours differ for readers without one kind of cone, too: Vienot, Brettel & Mollon (1999)."""
    rgb = np.array([[int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)] for colour in _draw.COLOURS]) ** 2.2
    seen = rgb @ (np.linalg.inv(RGB_TO_LMS) @ SIGHT[sight] @ RGB_TO_LMS).T
    xyz = seen.clip(0, 1) @ np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
    x, y, z = np.cbrt(xyz / [0.9505, 1, 1.089]).T
    lab = np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)]).T
    apart = np.linalg.norm(lab[:, None] - lab, axis=2)[np.triu_indices(len(lab), 1)]
    assert apart.min() > 10


def test_chinese_is_drawn_or_warned_of(monkeypatch):
    draw = lambda: _draw.bars(pd.Series({"客户": 1}), title="客户满意度", x="", y="")  # noqa: E731
    if _draw.has_chinese():
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of every missing glyph
            _draw.html(draw().figure)
    monkeypatch.setattr(_draw, "_chinese_font", lambda: "")
    with pytest.warns(CrmlabWarning, match="no Chinese font is installed"):
        draw()


def test_a_chinese_font_installed_since_is_found(monkeypatch, tmp_path):
    """matplotlib keeps its list of fonts between starts: whoever installs one as told must not be told again."""
    fonts, installed = font_manager.fontManager, font_manager.findfont("STIXGeneral")
    (tmp_path / "broken.ttf").write_text("no font")
    monkeypatch.setattr(_draw, "_CHINESE_FONTS", ("STIXGeneral",))
    monkeypatch.setattr(fonts, "ttflist", [font for font in fonts.ttflist if font.name != "STIXGeneral"])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), installed])
    assert _draw._chinese_font.__wrapped__() == "STIXGeneral"
    monkeypatch.setattr(_draw, "_CHINESE_FONTS", ("Nobody's Font",))
    assert _draw._chinese_font.__wrapped__() == ""


def test_a_picture_needs_alt_text():
    _, ax = plt.subplots()
    for wrong in ("", "  ", None):
        with pytest.raises(ArgumentError, match="`alt` must say"):
            widgets.picture(ax, title="t", x="x", y="y", alt=wrong)
    shown = widgets.picture(ax, title="Up", x="x", y="y", alt="A line.")
    assert repr(shown) == "Up. A line."
    assert plt.get_fignums() == []


def test_explore_redraws_and_shows_refusals():
    def view(many, kind="bars", loud=False):
        if many > 3:
            raise DataError("too <many>")
        return _draw.bars(pd.Series({kind: many}), title=f"{many} {kind} {loud}", x="", y="")

    box = widgets.explore(view, many=(1, 5, 1, 2), kind=["bars", "lines"], loud=False)
    many, kind, loud, page = box.children
    assert 'alt="2 bars False"' in page.value
    many.value, kind.value, loud.value = 3, "lines", True
    assert 'alt="3 lines True"' in page.value
    many.value = 4
    assert "too &lt;many&gt;" in page.value
    assert plt.get_fignums() == []


def test_a_view_that_breaks_does_not_leave_its_old_picture():
    box = widgets.explore(lambda weeks: str(1 / weeks), weeks=(-1, 1, 1, 1))
    box.children[0].value = 0
    assert "The view stopped: ZeroDivisionError" in box.children[1].value
    assert repr(box) == "Something to move: weeks. Run this cell (Shift + Enter) to see it."


@pytest.mark.parametrize(("step", "shown"), [(1, ",d"), (0.5, ",.1f"), (0.25, ",.2f"), (0.001, ",.3f"), (2e-5, ",.5f")])
def test_a_slider_shows_as_many_decimals_as_a_step_has(step, shown):
    box = widgets.explore(lambda share: "", share=(0, 1, step))
    assert box.children[0].readout_format == shown


def test_a_slider_of_fractions_and_a_table():
    box = widgets.explore(lambda share: pd.DataFrame({"share": [share]}), share=(0.0, 1.0, 0.25))
    box.children[0].value = 0.25
    assert ">0.25<" in box.children[1].value


@pytest.mark.parametrize("form", [(1, 2), (2, 1, 1), (1, 2, 0), [], "1-2", None, (1, 2, "x"), (True, 2, 1)])
def test_explore_refuses_odd_sliders(form):
    with pytest.raises(ArgumentError, match="`odd` must be"):
        widgets.explore(lambda odd: "", odd=form)


def test_explore_refuses_wrong_calls():
    with pytest.raises(ArgumentError, match="`view` must be a function"):
        widgets.explore("view", x=(1, 2, 1))
    with pytest.raises(ArgumentError, match="at least one slider"):
        widgets.explore(print)
    with pytest.raises(ArgumentError, match="steps; at most"):
        widgets.explore(lambda x: "", x=(0, 1, 1e-9))


def test_every_chart_of_a_notebook_is_shown():
    """The first figure of a session chooses how figures are shown; the second must not be forgotten."""
    import nbformat
    from nbclient import NotebookClient

    cells = [
        "import pandas as pd; from crmlab import _draw",
        *["ax = _draw.bars(pd.Series([1, 2]), title='T', x='', y='', alt='A')"] * 2,
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120).execute()
    for cell in notebook.cells[1:]:
        assert [output.data["text/plain"] for output in cell.outputs] == ["T. A"], "one chart, with its alt text"
