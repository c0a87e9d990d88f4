"""Lessons under test: run them, look at what is stored in them, and take their numbers.

What lives here: ``execute`` runs a lesson and stores its outputs; ``faults`` looks at a stored
lesson; ``probe`` runs a lesson's cells in this process and takes the numbers that its outputs do
not show in full: heights of bars, lines, values of widgets, what a slider changes. As a script it
runs the named lessons anew (all of them without a name) and stores outputs and numbers:

    python tests/lessons.py 00_start
"""

import ast
import json
import os
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PROBES = ROOT / "tests" / "probes"
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")


def execute(path: Path) -> None:
    """Run a lesson from top to bottom and store its outputs, without times and widget states."""
    from nbclient import NotebookClient

    os.environ["PYTHONSTARTUP"] = str(ROOT / "tests" / "no_bars.py")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)


def faults(path: Path) -> list[str]:
    """What is wrong with a lesson as it is stored."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        found.append("it was not run from top to bottom")
    if "widgets" in notebook.metadata:
        found.append("widget states are stored in it")
    for cell in cells:
        where = f"cell {cell.id}"
        if not cell.source.strip():
            found.append(f"{where} is empty")
        if cell.source.rstrip().endswith(";"):
            found.append(f"{where} ends in a semicolon, which hides its output")
        if re.search(r"\b(TODO|FIXME)\b", cell.source):
            found.append(f"{where} is unfinished")
        found += [f"{where}: {fault}" for output in cell.outputs for fault in _output_faults(output)]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            links = re.findall(r"\]\(([^)#]+)\)", cell.source)
            missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
            found += [f"cell {cell.id} links to {link}, which does not exist" for link in missing]
    return found


def _output_faults(output: dict) -> list[str]:
    if output.output_type == "error":
        return [f"it stores an error: {output.ename}"]
    if output.output_type == "stream":
        return [f"it writes to stderr: {output.text[:60]!r}"] if output.name == "stderr" else []
    found = []
    html = output.data.get("text/html", "")
    if "image/png" in output.data or "image/svg+xml" in output.data:
        found.append("a picture without alt text (use widgets.picture)")
    if any(not re.search(r'alt="[^"]{20,}"', tag) for tag in re.findall(r"<img[^>]*>", html)):
        found.append("a picture whose alt text is missing or says too little")
    plain = output.data.get("text/plain", "")
    if re.search(r"\d\.\d{7,}", plain):
        found.append(f"a number with seven decimals: {plain[:60]!r}")
    if "0x" in plain and " at 0x" in plain:
        found.append("an output that shows a place in memory")
    return found


def probe(path: Path) -> dict[str, object]:
    """The numbers behind a lesson's outputs, by cell."""
    import matplotlib.pyplot as plt
    from anywidget import AnyWidget

    taken: dict[str, object] = {}
    space: dict[str, object] = {"__name__": "__lesson__"}
    plain_close = plt.close

    def close(figure: object = None) -> None:
        if hasattr(figure, "axes"):
            taken[f"{cell.id} picture {len([key for key in taken if key.startswith(f'{cell.id} picture')]) + 1}"] = _ink(figure)
        plain_close(figure)

    before = os.getcwd()
    os.chdir(path.parent)
    plt.close = close
    try:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            body = ast.parse(cell.source).body
            last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
            exec(compile(ast.Module(body, []), cell.id, "exec"), space)
            shown = eval(compile(ast.Expression(last.value), cell.id, "eval"), space) if last else None
            for number in plt.get_fignums():
                close(plt.figure(number))
            if hasattr(shown, "children"):
                taken[f"{cell.id} widget"] = _widget(shown)
            if isinstance(shown, AnyWidget):
                kind = type(shown).__name__
                taken[f"{cell.id} {kind.lower()}"] = {"Radar": _radar, "Alive": _alive}[kind](shown)
        numbers = {
            key: float(value) for key, value in space.items() if isinstance(value, int | float) and not key.startswith("_")
        }
    finally:
        plt.close = plain_close
        os.chdir(before)
    return json.loads(json.dumps(taken | {"numbers": numbers}))


def _ink(figure) -> list[dict]:
    """What is drawn on each axes: bars, lines, meshes, words."""
    found = []
    for ax in figure.axes:
        bars = [round(float(bar.get_height()), 9) for bar in ax.patches if hasattr(bar, "get_height")]
        lines = [[float(value) for value in line.get_xydata().T.ravel()][:400] for line in ax.lines]
        meshes = [
            [float(value) for value in mesh.get_array().filled(-1).ravel()]
            for mesh in ax.collections
            if mesh.get_array() is not None
        ]
        found.append({"title": ax.get_title("left"), "bars": bars, "lines": lines, "meshes": meshes})
    return found


def _widget(shown) -> dict:
    """Values of a widget at rest, and after its first slider has moved one step."""

    def values() -> list:
        return [PICTURE.sub("", str(child.value)) for child in shown.children if hasattr(child, "value")]

    state = {"at rest": values()}
    slider = next((child for child in shown.children if hasattr(child, "step")), None)
    if slider is not None:
        slider.value = min(slider.max, slider.value + slider.step)
        state["one step on"] = values()
    return state


def _radar(shown) -> dict:
    """What a radar says with each handle moved by a fifth of a point in turn."""
    state, rest = {}, list(shown.values)
    for k in range(len(rest)):
        shown.values = [value + 0.2 * (place == k) for place, value in enumerate(rest)]
        state[shown.table.dimension[k]] = shown.effect.to_dict("list")
    shown.values = rest
    return state


def _alive(shown) -> dict:
    """What is said of a customer at rest, and with each of his purchases taken away in turn."""
    rest = list(shown.purchases)
    state = {"at rest": shown.table.to_dict("list")}
    for week in rest:
        shown.purchases = [each for each in rest if each != week]
        state[f"not in week {week}"] = shown.table.to_dict("list")
    shown.purchases = rest
    return state


def store(path: Path) -> None:
    """Run a lesson and store its outputs and its numbers."""
    execute(path)
    PROBES.mkdir(exist_ok=True)
    (PROBES / f"{path.stem}.json").write_text(json.dumps(probe(path), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("agg")

    wanted = sys.argv[1:] or [path.stem for path in LESSONS]
    for path in LESSONS:
        if path.stem in wanted:
            store(path)
            print(f"stored: {path.name}", *faults(path), sep="\n  ")
