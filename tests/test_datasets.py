"""Reading a user's own file: formats recovered, faults listed, nothing lost."""

import datetime as dt
import gzip
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmlab import datasets
from crmlab.errors import ArgumentError, ColumnError, CrmlabError, DataError

RENAME = {"Kunde": "customer_id", "Datum": "order_date", "Betrag": "amount"}


def put(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "mine.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode(encoding))
    return file


def one(folder: Path, *, date: str = "2024-03-12", amount: str = "5", customer: str = "ann", **arguments) -> datasets.Reading:
    """A file of one row under test, and one harmless row beside it."""
    text = f'customer_id;order_date;amount\n"{customer}";"{date}";"{amount}"\nbob;2024-01-01;7\n'
    return datasets.read(put(folder, text), **arguments)


@pytest.mark.parametrize(
    ("written", "day_first"),
    [
        ("2024-03-12", None), ("2024/3/12", None), ("2024.03.12", None), ("20240312", None), ("2024-03-12 23:59:59", None),
        ("2024-03-12T08:00:00Z", None), ("2024-03-12T08:00:00.123+01:00", None), ("2024年3月12日", None), ("12 Mar 2024", None),
        ("12-March-2024", None), ("Mar 12, 2024", None), ("March 12th, 2024", None), ("12-Mar-24", None), ("12/03/2024", True),
        ("03/12/2024", False), ("12.3.2024", True), ("12-03-24", True), ("3/12/24 8:26 PM", False), ("２０２４-03-12", None),
    ],
)  # fmt: skip
def test_dates_as_people_write_them(tmp_path, written, day_first):
    rows, _ = one(tmp_path, date=written, day_first=day_first)
    assert rows.loc[2, "order_date"] == pd.Timestamp("2024-03-12")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1234.56", 1234.56), ("1,234.56", 1234.56), ("1.234,56", 1234.56), ("1 234,56", 1234.56), ("1\u00a0234,56", 1234.56),
        ("1'234.56", 1234.56), ("1,234,567", 1234567), ("1.234.567", 1234567), ("12,34,567.8", 1234567.8), ("0,125", 0.125),
        ("0.125", 0.125), (".5", 0.5), ("12,5", 12.5), ("€ 12.50", 12.5), ("12,50 €", 12.5), ("$1,234.50", 1234.5),
        ("¥12", 12), ("12元", 12), ("CHF 12.50", 12.5), ("EUR12,50", 12.5), ("１２.５", 12.5),
        ("1e3", 1000), ("+7", 7), ("0", 0),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(tmp_path, written, value):
    rows, _ = one(tmp_path, amount=written)
    assert rows.loc[2, "amount"] == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"amount": ""}, "amount", "is empty"),
        ({"amount": "N/A"}, "amount", "is empty"),
        ({"amount": "twelve"}, "amount", "is not a number"),
        ({"amount": "1,23,4"}, "amount", "is not a number"),
        ({"amount": "12..5"}, "amount", "is not a number"),
        ({"amount": "1.23.456"}, "amount", "is not a number"),
        ({"amount": "-5"}, "amount", "is negative"),
        ({"amount": "(5.00)"}, "amount", "is negative"),
        ({"amount": "5-"}, "amount", "is negative"),
        ({"amount": "--5"}, "amount", "is not a number"),
        ({"amount": "(5"}, "amount", "is not a number"),
        ({"amount": "1" * 400}, "amount", "is not finite"),
        ({"amount": "1e999"}, "amount", "is not finite"),
        ({"amount": "inf"}, "amount", "is not a number"),
        ({"amount": "12,5", "decimal": "."}, "amount", "is not written with decimal='.'"),
        ({"date": ""}, "order_date", "is empty"),
        ({"date": "soon"}, "order_date", "is not a date, or no day of the calendar"),
        ({"date": "2024-02-30"}, "order_date", "is not a date, or no day of the calendar"),
        ({"date": "45363"}, "order_date", "is not a date, or no day of the calendar"),
        ({"date": "12 Foo 2024"}, "order_date", "is not a date, or no day of the calendar"),
        ({"date": "03/25/2024", "day_first": True}, "order_date", "is no day of the calendar if the day stands first"),
        ({"date": "25/03/2024", "day_first": False}, "order_date", "is no day of the calendar if the month stands first"),
        ({"date": "1812-01-01"}, "order_date", "lies before 1900"),
        ({"date": "2999-01-01"}, "order_date", f"lies in the future (after {dt.date.today()})"),
        ({"customer": " "}, "customer_id", "is empty"),
        ({"customer": "NULL"}, "customer_id", "is empty"),
    ],
)
def test_each_fault_has_its_reason(tmp_path, change, column, reason):
    reading = one(tmp_path, **change)
    assert reading.rows.index.tolist() == [3]
    fault = reading.set_aside.iloc[0]
    assert (fault["line"], fault["column"], fault["reason"]) == (2, column, reason)
    assert len(reading.set_aside) == 1


def test_ambiguous_dates_are_asked_for(tmp_path):
    with pytest.raises(DataError, match=r"'12/03/2024' can be 2024-03-12 or 2024-12-03.*day_first=True.*day_first=False"):
        one(tmp_path, date="12/03/2024")
    text = "customer_id,order_date,amount\nann,03/04/2024,1\nbob,25/12/2023,1\n"
    with pytest.raises(DataError, match="'25/12/2023' stands in the same column, so day_first=True looks right"):
        datasets.read(put(tmp_path, text))


def test_ambiguous_numbers_are_asked_for_only_if_nothing_decides(tmp_path):
    with pytest.raises(DataError, match=r"column 'amount': '1,234' can be 1,234 or 1.234"):
        one(tmp_path, amount="1,234")
    assert one(tmp_path, amount="1,234", decimal=".").rows.loc[2, "amount"] == 1234
    assert one(tmp_path, amount="1,234", decimal=",").rows.loc[2, "amount"] == 1.234
    text = "customer_id;order_date;amount\nann;2024-01-01;1,234\nbob;2024-01-01;{}\n"
    assert datasets.read(put(tmp_path, text.format("12.50"))).rows.loc[2, "amount"] == 1234
    assert datasets.read(put(tmp_path, text.format("12,50"))).rows.loc[2, "amount"] == 1.234
    both = datasets.read(put(tmp_path, text.format("12,50\ncy;2024-01-01;12.50")))
    assert both.set_aside.reason.tolist() == ["can be 1,234 or 1.234, and the column holds both styles"]
    assert both.rows.amount.tolist() == [12.5, 12.5]


def test_a_second_currency_is_set_aside(tmp_path):
    text = "customer_id,order_date,amount\nann,2024-01-01,€5\nbob,2024-01-01,EUR 6\ncy,2024-01-01,$7\ndee,2024-01-01,8\n"
    reading = datasets.read(put(tmp_path, text))
    assert reading.rows.amount.tolist() == [5, 6, 8]
    assert reading.set_aside.reason.tolist() == ["is in $, while most are in €"]


def test_of_two_currencies_equally_frequent_the_first_stays(tmp_path):
    text = "customer_id,order_date,amount\n" + "".join(f"ann,2024-01-01,{sign}5\n" for sign in ("$", "€", "£", "€", "$", "£"))
    reading = datasets.read(put(tmp_path, text))
    assert reading.rows.index.tolist() == [2, 6]
    assert set(reading.set_aside.reason) == {"is in €, while most are in $", "is in £, while most are in $"}


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 with byte order mark"), ("utf-16", "UTF-16"),
        ("gb18030", "GB18030"), ("latin-1", "Latin-1"),
    ],
)  # fmt: skip
def test_encodings_are_found(tmp_path, encoding, said):
    names = ["张伟", "王芳", "李娜的店"] if "gb" in encoding else ["Müller", "Łódź" if "utf" in encoding else "Ærø", "née"]
    text = "客户,order_date,amount\n" if encoding not in ("latin-1",) else "Käufer,order_date,amount\n"
    text += "".join(f"{name},2024-01-01,5\n" for name in names)
    header = text.partition(",")[0]
    reading = datasets.read(put(tmp_path, text, encoding=encoding), rename={header: "customer_id"})
    assert reading.rows.customer_id.tolist() == names
    assert reading.form == f"CSV, {said}"
    message = datasets.read(put(tmp_path, text, encoding=encoding), rename={header: "customer_id"}, encoding=encoding)
    pd.testing.assert_frame_equal(message.rows, reading.rows)


@pytest.mark.parametrize("words", ["Müller, Jürgen Groß", "Ñandú à Orléans", "crème brûlée", "Åse Øberg", "naïve São Tomé"])
def test_accents_are_not_taken_for_chinese(tmp_path, words):
    text = f'customer_id,order_date,amount\n"{words}",2024-01-01,5\n'
    assert datasets.read(put(tmp_path, text, encoding="latin-1")).rows.customer_id.tolist() == [words]


def test_structure_of_a_messy_csv(tmp_path):
    text = (
        "sep=;\r\nKunde;Datum;Betrag;Ort\r\n\r\n"
        '"O""Neil";2024-03-12;5,5;"two\r\nlines"\r\n'  # lines 4-5
        "anna;2024-03-12;5\r\n"  # too few cells
        "anna;2024-03-12;5;x;y\r\n"  # too many
        "anna;2024-03-12;5;x;\r\n"  # an empty one too many does no harm
        '"a"nna;2024-03-12;5;x\r\n'  # quotation marks do not match
        'a"nna;2024-03-12;5;x\r\n\r\n'
    )
    reading = datasets.read(put(tmp_path, text), rename=RENAME)
    assert reading.rows.index.tolist() == [4, 8, 10]
    assert reading.rows.customer_id.tolist() == ['O"Neil', "anna", 'a"nna']
    assert reading.rows.Ort.tolist() == ["two\r\nlines", "x", "x"]
    assert reading.set_aside.line.tolist() == [6, 7, 9]
    assert reading.set_aside.reason.tolist() == [
        "has 3 cells, the header 4", "has 5 cells, the header 4", "has quotation marks that do not match",
    ]  # fmt: skip
    assert (reading.read, reading.blank) == (6, 2)
    assert "Rows set aside: 3" in str(reading.summary())


def test_repeated_keys_keep_the_first(tmp_path):
    text = "order_id,customer_id,order_date,amount\n1,a,2024-01-01,5\n2,b,2024-01-01,5\n1,c,2024-01-01,5\n"
    rows, set_aside = datasets.read(put(tmp_path, text))
    assert rows.customer_id.tolist() == ["a", "b"]
    assert set_aside.to_numpy().tolist() == [[4, "order_id", "1", "stands in an earlier row already"]]


def test_excel_keeps_typed_cells(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Verkauf"
    sheet.append(["Kunde", "Datum", "Betrag", None])
    sheet.append([17850.0, dt.datetime(2024, 3, 12, 8, 26), 1.234])
    sheet.append([])
    sheet.append(["00123", "12.03.2024", "1.234,50"])
    sheet.append(["ann", dt.date(2024, 3, 12), None])
    sheet.append(["bob", "x", True])
    book.create_sheet("other").append(["nothing"])
    book.save(tmp_path / "mine.xlsx")
    reading = datasets.read(tmp_path / "mine.xlsx", rename=RENAME, day_first=True)
    assert reading.rows.customer_id.tolist() == ["17850", "00123"]
    assert reading.rows.amount.tolist() == [1.234, 1234.5]
    assert (reading.rows.order_date == pd.Timestamp("2024-03-12")).all()
    assert reading.rows.index.tolist() == [2, 4]
    assert list(zip(reading.set_aside.line, reading.set_aside.column, strict=True)) == [
        (5, "Betrag"),
        (6, "Datum"),
        (6, "Betrag"),
    ]
    assert datasets.read(tmp_path / "mine.xlsx", rename=RENAME, day_first=True, sheet="Verkauf").rows.equals(reading.rows)
    with pytest.raises(ColumnError, match="Its columns are: nothing"):
        datasets.read(tmp_path / "mine.xlsx", sheet=1)
    for sheet in (2, -1, "none", True, None):
        with pytest.raises(ArgumentError, match="`sheet` must be one of"):
            datasets.read(tmp_path / "mine.xlsx", sheet=sheet)


def test_parquet_and_frames_and_gz(tmp_path):
    frame = pd.DataFrame(
        {
            "customer_id": pd.Categorical(["a", "b", None]),
            "order_date": pd.to_datetime(["2024-01-01 10:00", None, "2024-01-03 00:00"]),
            "amount": [5, 6, 7],
            "note": ["x", None, "z"],
        }
    )
    frame.to_parquet(tmp_path / "mine.parquet")
    for source in (tmp_path / "mine.parquet", str(tmp_path / "mine.parquet"), frame):
        rows, set_aside = datasets.read(source)
        assert rows.index.tolist() == [1]
        assert rows.order_date.tolist() == [pd.Timestamp("2024-01-01")]
        assert set_aside.reason.tolist() == ["is empty", "is empty"]
    packed = tmp_path / "mine.csv.gz"
    packed.write_bytes(gzip.compress("customer_id,order_date,amount\nmüller,2024-01-01,5\n".encode("latin-1")))
    assert datasets.read(packed).rows.customer_id.tolist() == ["müller"]


def test_missing_columns_show_the_rename_to_write(tmp_path):
    (tmp_path / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    with pytest.raises(DataError, match="is not a text file"):
        datasets.read(tmp_path / "picture.csv")
    file = put(tmp_path, "CustomerID,Invoice Date,Total\na,2024-01-01,5\n")
    with pytest.raises(ColumnError) as refusal:
        datasets.read(file)
    message = str(refusal.value)
    assert 'rename={"CustomerID": "customer_id", "Invoice Date": "order_date", "Total": "amount"}' in message
    assert datasets.read(file, rename=eval(message.rpartition("rename=")[2])).rows.amount.tolist() == [5]
    with pytest.raises(ColumnError, match='"CustomerID": "customer_id", "Total": "amount", "Invoice Date": "order_date"'):
        datasets.read(file, rename={"CustomerID": "customer_id", "Total": "amount"})


@pytest.mark.parametrize(
    ("content", "arguments", "kind", "words"),
    [
        (b"", {}, DataError, "the file is empty"),
        (b"\n\n", {}, DataError, "the file is empty"),
        (b"customer_id,order_date,amount\n", {}, DataError, "no rows below its header"),
        (
            b"customer_id,order_date,amount\na,,\nx,y,z\n",
            {},
            DataError,
            "none of the 2 rows can be used. Most often, 'order_date'",
        ),
        (
            b"customer_id,order_date,amount\n,,\nx,2024-01-01,z\n",
            {},
            DataError,
            "'amount' is not a number (first in line 3: 'z')",
        ),
        (
            b"customer_id,order_date,amount,amount\na,2024-01-01,1,2\n",
            {},
            DataError,
            "two columns of the file are called 'amount'",
        ),
        (b"PK\x03\x04\x00\x00", {}, DataError, "is not a text file"),
        (b'customer_id,order_date,amount\na,2024-01-01,"5\nb,2024-01-01,6\n', {}, DataError, "opens in line 2 never closes"),
        (b"a,b\n1,2\n", {"rename": {"c": "amount"}}, DataError, "`rename` speaks of 'c'"),
        (b"a,b\n1,2\n", {"rename": {"a": "sum"}}, ArgumentError, "leads to 'sum'"),
        (b"a,amount\n1,2\n", {"rename": {"a": "amount"}}, DataError, "would be called 'amount'"),
        (b"a,b\n1,2\n", {"rename": {"a": "amount", "b": "amount"}}, DataError, "would be called 'amount'"),
        (b"a,b\n1,2\n", {"rename": "a=amount"}, ArgumentError, "`rename` must map names to names"),
        (b"a,b\n1,2\n", {"day_first": "yes"}, ArgumentError, "`day_first` must be True or False"),
        (b"a,b\n1,2\n", {"decimal": ";"}, ArgumentError, "`decimal` must be one of"),
        (b"a,b\n1,2\n", {"encoding": "klingon"}, ArgumentError, "`encoding` 'klingon' is unknown"),
        ("customer_id,order_date,amount\nü,2024-01-01,1\n".encode("latin-1"), {"encoding": "utf-8"}, DataError, "is not utf-8"),
        (b"a,b\n1,2\n", {"table": "sales"}, ArgumentError, "no table is called 'sales'"),
    ],
)
def test_refuses(tmp_path, content, arguments, kind, words):
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    with pytest.raises(kind) as refusal:
        datasets.read(file, **arguments)
    assert words in str(refusal.value)


def test_refuses_what_is_no_file(tmp_path):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    for name in ("bad.xlsx", "bad.parquet", "bad.csv.gz", "cut.csv.gz"):
        (tmp_path / name).write_bytes(b"nonsense")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"customer_id,order_date,amount\n" * 500)[:-20])
    wrong = {
        tmp_path: "is a folder", tmp_path / "none.csv": "there is no file", tmp_path / "old.xls": "Save it as .xlsx",
        tmp_path / "bad.xlsx": "not a whole Excel", tmp_path / "bad.parquet": "not a whole Parquet",
        tmp_path / "bad.csv.gz": "not a whole .gz", tmp_path / "cut.csv.gz": "not a whole .gz",
    }  # fmt: skip
    for path, words in wrong.items():
        with pytest.raises(DataError, match=words):
            datasets.read(path)
    with pytest.raises(ArgumentError, match="`path` must be the path of a file"):
        datasets.read(7)


# Properties: whatever the form, a clean file comes back whole; whatever the damage, no row is lost.

CUSTOMERS = st.text("abcxyzäöü0123 '\"\n;,-", min_size=1, max_size=8).filter(lambda name: name.strip() not in ("", "-", "--"))
ROWS = st.lists(
    st.tuples(CUSTOMERS, st.dates(dt.date(1990, 1, 1), dt.date(2024, 12, 31)), st.integers(0, 10**9)), min_size=1, max_size=15
)
DATES = {
    "%Y-%m-%d": None,
    "%d/%m/%Y": True,
    "%m/%d/%Y": False,
    "%Y%m%d": None,
    "%d.%m.%y": True,
    "%Y年%m月%d日": None,
    "%d %b %Y": None,
}


def write_amount(cents: int, style: str) -> str:
    plain = f"{cents / 100:,.2f}"
    return {"1,234.56": plain, "1.234,56": plain.translate(str.maketrans(",.", ".,")), "1234.56": plain.replace(",", "")}[style]


def to_csv(rows, delimiter: str, end: str) -> str:
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    return end.join(delimiter.join(row) for row in quoted) + end


@given(
    ROWS, st.sampled_from(list(DATES)), st.sampled_from(["1,234.56", "1.234,56", "1234.56"]), st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
@settings(max_examples=30)
def test_a_clean_file_comes_back_whole(tmp_path_factory, rows, date, amount, delimiter, encoding, end):
    cells = [["customer_id", "order_date", "amount"]]
    cells += [[who, day.strftime(date), write_amount(cents, amount)] for who, day, cents in rows]
    file = put(tmp_path_factory.mktemp("clean"), to_csv(cells, delimiter, end), encoding=encoding)
    decimal = "," if amount == "1.234,56" else "."
    reading = datasets.read(file, day_first=DATES[date], decimal=decimal)
    assert reading.set_aside.empty
    assert reading.read == len(rows)
    assert reading.rows.customer_id.tolist() == [who.strip() for who, _, _ in rows]
    assert [day.date() for day in reading.rows.order_date] == [day for _, day, _ in rows]
    assert reading.rows.amount.tolist() == [cents / 100 for _, _, cents in rows]


@given(
    ROWS,
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 2), st.sampled_from(["", "x", "-1", "2999-01-01", "nan", "1,2,3"]))),
)
@settings(max_examples=30)
def test_no_row_is_lost(tmp_path_factory, rows, damage):
    cells = [[who.replace("\n", " "), day.isoformat(), f"{cents / 100:.2f}"] for who, day, cents in rows]
    before = [list(row) for row in cells]
    for row, column, text in damage:
        cells[row % len(cells)][column] = text
    file = put(tmp_path_factory.mktemp("messy"), to_csv([["customer_id", "order_date", "amount"], *cells], ",", "\n"))
    refusal = ""
    try:
        reading = datasets.read(file, day_first=True)
    except DataError as error:
        refusal = str(error)
    if refusal:
        assert "none of the" in refusal
        return
    clean, aside = set(reading.rows.index), set(reading.set_aside.line)
    assert clean | aside == set(range(2, len(rows) + 2))
    assert not clean & aside
    assert {line for line, (now, was) in enumerate(zip(cells, before, strict=True), 2) if now == was} <= clean
    assert reading.rows.loc[list(clean), "amount"].tolist() == [float(cells[line - 2][2]) for line in clean]


@given(st.binary(max_size=300), st.sampled_from([".csv", ".xlsx", ".parquet", ".csv.gz", ".txt"]))
@example(b'a,b\n"', ".csv")
@example(b"\xff\xfe\x00", ".csv")
@example(b"\x84\x31\xa4\x37", ".csv")
@settings(max_examples=40)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, ending):
    for head in (b"", b"customer_id,order_date,amount\n"):
        file = tmp_path_factory.mktemp("any") / f"mine{ending}"
        file.write_bytes(head + content)
        try:
            datasets.read(file, day_first=True, decimal=".")
        except CrmlabError:
            continue
