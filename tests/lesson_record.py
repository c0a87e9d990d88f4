"""The numbers that a lesson's outputs do not show in full: heights of bars, lines, values of widgets, what a slider changes.

What lives here runs inside the kernel of a lesson: ``start`` follows its cells as they run, ``report`` prints what was
recorded as JSON. Widgets are moved in the report, after the last cell, so that what the cells show is what a reader sees.
What the numbers should be is stored in ``tests/probes``; ``lessons`` compares.
"""

import json
import re
import sys
from itertools import product

PICTURE = re.compile(r"data:image/(?:png;base64,|svg\+xml;base64,PD94bWwg)[A-Za-z0-9+/=]+")  # those that matplotlib draws

_figures: list[list] = [[]]  # of each cell, its figures in the order in which they were closed or shown
_results: list[object] = []  # of each cell, the value of its last expression


def start() -> None:
    """Follow the cells of this kernel from now on."""
    import matplotlib.pyplot as plt
    from IPython import get_ipython

    plain_close = plt.close

    def close(figure: object = None) -> None:
        if hasattr(figure, "axes"):
            _figures[-1].append(_drawn(figure))
        plain_close(figure)

    def after_execution() -> None:  # before the figures that are still open are shown and closed
        _figures[-1] += [_drawn(plt.figure(number)) for number in plt.get_fignums()]

    def after_cell(result: object) -> None:
        _results.append(result.result)
        _figures.append([])

    plt.close = close
    events = get_ipython().events
    events.register("post_execute", after_execution)
    events.register("post_run_cell", after_cell)


def report(cells: list[str]) -> None:
    """Print what was recorded of the ``cells``, by their ids, as one line of JSON."""
    from anywidget import AnyWidget

    from crmlab.widgets import Chart

    recorded: dict[str, object] = {}
    for cell, figures, result in zip(cells, list(_figures), _results, strict=False):
        _figures.append(figures)  # what a widget draws when it is moved belongs to its cell
        if hasattr(result, "children"):
            recorded[f"{cell} widget"] = _widget(result)
        if isinstance(result, AnyWidget):
            kind = type(result).__name__
            recorded[f"{cell} {kind.lower()}"] = _MOVED.get(kind, _data)(result)
        if isinstance(result, Chart):
            recorded[f"{cell} chart"] = list(result.layers)
        recorded |= {f"{cell} picture {number}": figure for number, figure in enumerate(figures, 1)}
    names = vars(sys.modules["__main__"])
    numbers = {name: float(value) for name, value in names.items() if isinstance(value, int | float) and name[0] != "_"}
    print(json.dumps(recorded | {"numbers": numbers}))


def _drawn(figure) -> list[dict]:
    """What is drawn on each axes: bars, lines, meshes, words."""
    axes = []
    for ax in figure.axes:
        bars = [round(float(bar.get_height()), 9) for bar in ax.patches if hasattr(bar, "get_height")]
        lines = [[float(value) for value in line.get_xydata().T.ravel()][:400] for line in ax.lines]
        meshes = [
            [float(value) for value in mesh.get_array().filled(-1).ravel()]
            for mesh in ax.collections
            if mesh.get_array() is not None
        ]
        axes.append({"title": ax.get_title("left"), "bars": bars, "lines": lines, "meshes": meshes})
    return axes


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
    """What is said of a customer at rest, and with each of their purchases taken away in turn."""
    rest = list(shown.purchases)
    state = {"at rest": shown.table.to_dict("list")}
    for week in rest:
        shown.purchases = [each for each in rest if each != week]
        state[f"not in week {week}"] = shown.table.to_dict("list")
    shown.purchases = rest
    return state


def _frames(shown) -> dict:
    """What the controls point at, at rest and with each of them one place on."""
    rest = list(shown.values)
    sizes = [len(control["options"]) for control in shown.data["controls"]]
    state = {"at rest": _seen(shown)}
    for k, size in enumerate(sizes):
        shown.values = [(value + (place == k)) % size for place, value in enumerate(rest)]
        state[f"{shown.data['controls'][k]['name']} one place on"] = _seen(shown)
    shown.values = rest
    return state


def _seen(shown) -> list:
    picture = shown.picture
    return [shown.title, *getattr(picture, "layers", ())]


def _what_if(shown) -> dict:
    """What is said of each cause, at the amount and price at rest."""
    rest = dict(shown.values)
    state = {}
    for k, cause in enumerate(shown.data["causes"]):
        shown.values = rest | {"cause": k}
        state[cause["name"]] = shown.picture.alt
    shown.values = rest
    return state


def _laboratory(shown) -> dict:
    """What is said of each claim, however it is read, in the firm at rest."""
    rest = dict(shown.values)
    state = {}
    for row, claimed in enumerate(shown.data["claims"]):
        for unit, whose in product((0, 1), repeat=2):
            shown.values = rest | {"row": row, "unit": unit, "whose": whose}
            state[f"{claimed['claim']}, {claimed['industry']}, {unit}, {whose}"] = repr(shown.picture)
    shown.values = rest
    return state


def _board(shown) -> dict:
    """What is said of a number to reach, with the deals at rest and with the first of them one stage on."""
    rest, number = dict(shown.values), round(shown.forecast.mean)
    state = {}
    for name, step in (("at rest", 0), ("one stage on", 1)):
        first, *others = rest["places"]
        shown.values = {"places": [first + step, *others], "commit": number}
        state[name] = [shown.title, *shown.facts]
    shown.values = rest
    return state


def _data(shown) -> dict:
    """What the page of a widget reads; what a reader has said is no part of a lesson."""
    return dict(shown.data)


_MOVED = {"Board": _board, "Radar": _radar, "Alive": _alive, "Frames": _frames, "Laboratory": _laboratory, "WhatIf": _what_if}
