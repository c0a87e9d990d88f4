"""Random tables for the tests, derived from the declarations in ``crmlab.tables``.

What lives here: a Hypothesis strategy for any declared table. A column's type, range and key come
from its declaration, so a table that is declared anew is tested with random content at once.
"""

import datetime as dt

import pandas as pd
from hypothesis import strategies as st

from crmlab import tables

_FEW = 12  # few customers and few days, so that ties, same-day orders and repeats are common


def cells(column: tables.Column) -> st.SearchStrategy:
    """Values that the declaration allows."""
    low = int(column.minimum) if column.minimum is not None else -1000
    high = int(column.maximum) if column.maximum is not None else 1000
    strategy = {
        "id": st.integers(1, _FEW).map("c{:02d}".format),
        "text": st.sampled_from(column.values) if column.values else st.text("abcäß中文 ,;'\"", min_size=1, max_size=6),
        "integer": st.integers(low, high),
        "number": st.integers(100 * low, 100 * high).map(lambda cents: cents / 100),
        "date": st.dates(dt.date(2023, 12, 20), dt.date(2024, 3, 10)).map(pd.Timestamp),
        "boolean": st.booleans(),
    }[column.dtype]
    return st.none() | strategy if column.nullable else strategy


@st.composite
def frames(draw, name: str, *, most: int = 40) -> pd.DataFrame:
    """A valid table of 1 to ``most`` rows."""
    table = tables.table(name)
    rows = draw(st.lists(st.tuples(*map(cells, table.columns)), min_size=1, max_size=most))
    frame = pd.DataFrame(rows, columns=[column.name for column in table.columns])
    for column in table.columns:
        if column.dtype == "integer" and column.nullable:
            frame[column.name] = frame[column.name].astype("Int64")
    if len(table.key) == 1 and table.column(table.key[0]).dtype == "id":
        frame[table.key[0]] = [f"k{number}" for number in range(len(frame))]
    return frame.drop_duplicates(list(table.key), ignore_index=True) if table.key else frame
