"""Charts: finding, units, alt text, fonts; and the same for a widget's sliders."""

import base64
import re
import warnings
from pathlib import Path

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


def test_a_picture_is_sharp_small_and_the_same_at_every_run():
    ax = _draw.bars(pd.Series({"客户": 1, "b": 3}), title="$5 < 6", x="letter", y="count")
    first, again = svg(_draw.html(ax.figure)), svg(_draw.html(ax.figure))
    assert first == again
    assert len(first) < 15_000
    assert ">letter</text>" in first
    assert ">$5 &lt; 6</text>" in first
    assert "Verdana, sans-serif" in first
    assert re.search(r"20\d\d-\d\d-\d\d", first) is None
    pixels = base64.b64decode(re.search('image/png;base64,([^"]+)', _draw.html(ax.figure, dpi=96))[1])
    assert int.from_bytes(pixels[16:20]) == int(96 * 7.2)
    ax.plot(np.arange(20_000) % 141, np.arange(20_000) % 139, "o")
    pixels = base64.b64decode(re.search('image/png;base64,([^"]+)', _draw.html(ax.figure))[1])
    assert int.from_bytes(pixels[16:20]) == int(2 * 96 * 7.2)


def svg(page: str) -> str:
    """The SVG in an HTML image."""
    return base64.b64decode(re.search(r"image/svg\+xml;base64,([^\"]+)", page)[1]).decode()


def test_what_lies_beyond_an_axis_has_an_arrow_and_its_number():
    table = pd.DataFrame({
        "label": list("abcd"), "middle": [0.5, 1.0, 3.2, 0.0], "low": [0.0, -2.25, 2.5, -np.inf], "high": [1, 9, 4, np.nan]
    })  # fmt: skip
    ax = _draw.new_axes()
    ax.set_xlim(-1, 2)
    _draw.interval_plot(table, title="t", x="x", ax=ax)
    assert ax.get_xlim() == (-1, 2)
    assert [text.get_text() for text in ax.texts] == ["−2.25", "9", "2.5, 3.2, 4", "−∞"]
    arrows = [(line.get_marker(), *line.get_xydata()[0]) for line in ax.lines if line.get_marker() in ("<", ">")]
    assert arrows == [("<", 0, -1), (">", 1, -1), (">", 1, -2), ("<", 0, -3)]
    free = _draw.interval_plot(table, title="t", x="x")
    assert free.get_xlim()[0] < -2.25
    assert free.get_xlim()[1] > 9
    assert [text.get_text() for text in free.texts] == ["−∞"]
    ax = _draw.new_axes()
    ax.set_ylim(0, 10)
    _draw.bars(pd.Series({"a": 5, "b": 1_234}), title="t", x="x", y="y", ax=ax)
    assert [line.get_marker() for line in ax.lines] == ["^"]
    assert ax.texts[-1].get_text() == "1,234"


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


def test_numbers_on_cells_can_be_read():
    ax = _draw.heatmap(pd.DataFrame(np.arange(25.0).reshape(5, 5)), title="t", x="x", y="y")
    cells = [_draw.contrast(shade[:3]) for shade in ax.collections[0].get_facecolors()]
    for cell, text in zip(cells, ax.texts, strict=True):
        assert max(cell, 21 / cell) >= 4.5
        assert text.get_color() == ("white" if cell > 21 / cell else "black")


def test_colours_are_seen_on_white():
    """WCAG 2: lines and marks 3 to 1, words 4.5 to 1; the grid only helps the eye, so it may be fainter."""
    assert _draw.contrast("black") == pytest.approx(21)
    assert _draw.contrast("#767676") == pytest.approx(4.54, abs=0.01)
    assert {colour: _draw.contrast(colour) for colour in (*_draw.COLOURS, _draw.PALE) if _draw.contrast(colour) < 3} == {}
    assert _draw.contrast(_draw.INK) >= 4.5


def test_no_room_mixes_its_own_colours():
    """The colours of charts stand in ``_draw``; what is printed on paper or styled as a page has its own."""
    home = Path(_draw.__file__).parent
    rooms = [
        path for path in home.rglob("*.py") if path.name not in ("_draw.py", "kano_form.py") and "widgets" not in path.parts
    ]
    mixed = {path.name: re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8")) for path in rooms}
    assert {name: colours for name, colours in mixed.items() if colours} == {}


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
    assert apart.min() > 19


def test_chinese_is_drawn_or_warned_of(monkeypatch):
    draw = lambda: _draw.bars(pd.Series({"客户": 1}), title="客户满意度", x="", y="")  # noqa: E731
    if _draw.has_chinese():
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of every missing glyph
            _draw.html(draw().figure)
    monkeypatch.setattr(_draw, "_chinese_font", lambda: "")
    with pytest.warns(CrmlabWarning, match="no Chinese font is installed") as raised:
        _draw.html(draw().figure)
    assert len(raised) == 1, "said once: the letters of an SVG are written by the browser, whatever fonts are here"


def test_a_chinese_font_without_bold_is_not_complained_of(monkeypatch, caplog):
    """matplotlib says so in every chart with a bold title: a line in red below each chart of a lesson."""
    face = next(font for font in font_manager.fontManager.ttflist if font.name == "STIXGeneral" and font.weight == 400)
    plain = font_manager.FontEntry(**{**vars(face), "name": "SimHei"})
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [*font_manager.fontManager.ttflist, plain])
    monkeypatch.setattr(_draw, "_CHINESE_FONTS", ("SimHei",))
    assert _draw._chinese_font.__wrapped__() == "SimHei"
    for weight in ("black", "bold"):
        font_manager.findfont(font_manager.FontProperties(family="SimHei", weight=weight))
    assert [record.getMessage() for record in caplog.records if "SimHei" in record.getMessage()] == [
        "findfont: Failed to find font weight black for SimHei, now using 400."
    ]


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
