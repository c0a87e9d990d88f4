"""Declarations: consistent in themselves, and what is derived from them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import frames

from crmlab import _engine, tables
from crmlab.errors import ArgumentError, DataError

# each example goes through the engine twice, and there are many tables: two of each, unless more are asked for
few = settings(max_examples=settings.default.max_examples // 10)
every_table = pytest.mark.parametrize("name", tables.names())


@every_table
def test_declaration_is_whole(name):
    table = tables.table(name)
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert table.meaning.endswith(".")
    for column in table.columns:
        assert column.dtype in tables.DTYPES
        assert column.meaning.endswith(".")
        assert column.name.isidentifier()
        assert column.name.islower()
        if column.dtype == "number":
            assert column.unit, f"{name}.{column.name} needs a unit"
        if column.name in table.key:
            assert not column.nullable


def test_a_column_of_one_name_means_the_same_everywhere():
    seen = {}
    for name in tables.names():
        for column in tables.table(name).columns:
            assert seen.setdefault(column.name, column.dtype) == column.dtype


@every_table
@given(st.data())
@few
def test_random_tables_keep_their_declaration_and_a_broken_cell_is_refused(name, data):
    frame = data.draw(frames(name))
    _engine.check(frame, name)
    table = tables.table(name)
    column = data.draw(st.sampled_from([each for each in table.columns if each.minimum is not None or not each.nullable]))
    cells = frame[column.name].astype("object")
    cells.iloc[0] = None if column.minimum is None else column.minimum - 1
    spoiled = frame.assign(**{column.name: cells})
    with pytest.raises(DataError, match=column.name):
        _engine.check(spoiled, name)


@every_table
def test_description_names_every_column(name):
    description = str(tables.describe(name))
    assert all(column.meaning in description and column.name in description for column in tables.table(name).columns)
    assert all(column.name in tables.describe(name)._repr_html_() for column in tables.table(name).columns)


def test_data_package():
    package = tables.datapackage({"orders": "orders.parquet", "lorenz": "curve.csv"}, name="demo", title="Demo")
    orders, lorenz = package["resources"]
    amount = next(field for field in orders["schema"]["fields"] if field["name"] == "amount")
    assert amount["type"] == "number"
    assert amount["unit"] == "currency"
    assert amount["constraints"] == {"required": True, "minimum": 0}
    assert orders["schema"]["primaryKey"] == ["order_id"]
    assert lorenz["path"] == "curve.csv"


@pytest.mark.parametrize("name", ["order", "", None, 3, []])
def test_unknown_tables_are_refused(name):
    for call in (
        tables.table,
        tables.describe,
        lambda each: tables.datapackage({each: "x"} if isinstance(each, str) else {"?": ""}, name="n", title="t"),
    ):
        with pytest.raises(ArgumentError, match="The tables: orders, "):
            call(name)


def test_unknown_columns_are_refused():
    with pytest.raises(ArgumentError, match="Its columns: order_id, customer_id"):
        tables.table("orders").column("total")
