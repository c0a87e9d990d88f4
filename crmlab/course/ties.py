"""Ties: sorts in a master that leave the order of equal rows to the processor.

The default sort of numpy and pandas places equal values by the width of the processor's vectors, so that a number made of
"the first hundred" may differ between two machines although nothing else does. A run cannot show this, because one machine
always gives the same; so ``unstable_sorts`` reads the code. ``masters`` refuses what it finds. It looks at what an author
writes, and at no student's code.
"""

from __future__ import annotations

import ast

__all__ = ["unstable_sorts"]

_REMEDY = {
    "sort_values": 'name a second column in which no two rows are equal, as in sort_values(["amount", "customer_id"]), '
    'or write kind="stable"',
    "argsort": 'write kind="stable"',
    "argpartition": 'take argsort(kind="stable")[:k]',
}


def unstable_sorts(code: str) -> list[str]:
    """List the calls in a cell that place equal rows as the processor likes.

    Parameters
    ----------
    code : str
        Text of a code cell.

    Returns
    -------
    list of str
        For each call the line, the name and the remedy; nothing for code that Python cannot read.

    Examples
    --------
    >>> from crmlab.course.ties import unstable_sorts
    >>> unstable_sorts('best = table.sort_values("amount").tail(100)')[0][:65]
    'line 1: sort_values leaves the order of equal rows to the process'
    >>> unstable_sorts('best = table.sort_values(["amount", "customer_id"]).tail(100)')
    []
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    return [
        f"line {node.lineno}: {node.func.attr} leaves the order of equal rows to the processor; {_REMEDY[node.func.attr]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in _REMEDY and not _is_stable(node, node.func.attr)
    ]


def _is_stable(call: ast.Call, name: str) -> bool:
    """Return whether a call sorts stably, or by several columns, which pandas does stably."""
    arguments = {keyword.arg: keyword.value for keyword in call.keywords}
    kind = arguments.get("kind")
    if isinstance(kind, ast.Constant) and kind.value in ("stable", "mergesort"):
        return name != "argpartition"
    by = call.args[0] if call.args else arguments.get("by")
    return name == "sort_values" and isinstance(by, ast.List | ast.Tuple) and len(by.elts) > 1
