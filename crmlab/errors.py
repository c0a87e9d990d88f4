"""Errors: what crmlab raises when it refuses, and the one warning it gives.

Every refusal names what is wrong, where, and what to do. Catch ``CrmlabError`` to catch them all::

    CrmlabError
    ├── DataError          a table or file does not hold what the call needs (also a ValueError)
    │   └── ColumnError    ... it lacks a column; ``rename`` is a guess at which other one holds it
    ├── ArgumentError      an argument has the wrong type or value (also a ValueError)
    └── ConvergenceError   a fit did not reach a maximum; its numbers would mislead

    CrmlabWarning          the result stands, but something about it should be known
"""

__all__ = ["ArgumentError", "ColumnError", "ConvergenceError", "CrmlabError", "CrmlabWarning", "DataError"]


class CrmlabError(Exception):
    """Whatever crmlab refuses to do, with the place and the remedy in its text."""


class DataError(CrmlabError, ValueError):
    """A table or file does not hold what the call needs."""


class ColumnError(DataError):
    """A table or file lacks a column.

    Attributes
    ----------
    rename : dict
        A guess: the kit's name -> its name there, ``"?"`` where nothing looks like the column.
    """

    def __init__(self, text: str, rename: dict[str, str]) -> None:
        super().__init__(text)
        self.rename = rename


class ArgumentError(CrmlabError, ValueError):
    """An argument has the wrong type or a value outside its range."""


class ConvergenceError(CrmlabError):
    """A fit did not reach a maximum; its numbers would mislead."""


class CrmlabWarning(UserWarning):
    """The result stands, but something about it should be known."""
