"""Files: from whatever lies on a user's disk to a table of cells by line.

This room finds the encoding and the delimiter, walks through CSV, Excel and Parquet, and keeps for
every row the line where it begins, also for those that do not fit the header. It leaves each cell
as it stands: what a cell means is read in ``_parse``, and which rows are good is decided in
``datasets``.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

import pandas as pd
import pyarrow as pa
from tqdm.auto import tqdm

from crmlab.errors import ArgumentError, DataError

_BLOCK = 100_000  # rows turned into compact text at a time, so that a large file is never held twice
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A file's cells as they stand, by line, with the lines that do not fit the header.

    Attributes
    ----------
    table : DataFrame
        One row for each record, indexed by the line where it begins; one column for each heading.
    misfits : list of (int, str, str)
        Line, text and reason of each record that does not fit the header.
    blank : int
        Blank lines passed over.
    form : str
        How the file was understood, in words.
    """

    table: pd.DataFrame
    misfits: list[tuple[int, str, str]]
    blank: int
    form: str


def read_cells(path: object, encoding: str | None, sheet: str | int) -> Cells:
    """Read the cells of a CSV, Excel or Parquet file, or of a DataFrame."""
    if isinstance(path, pd.DataFrame):
        return _typed(path, "a DataFrame")
    if not isinstance(path, str | PathLike):
        raise ArgumentError(f"`path` must be the path of a file, or a DataFrame; it is {type(path).__name__}.")
    file = Path(fspath(path))
    if file.is_dir():
        raise DataError(f"{str(file)!r} is a folder. Give the path of one CSV, Excel or Parquet file in it.")
    if not file.is_file():
        raise DataError(f"there is no file {str(file)!r} (looked in {Path.cwd()}). Check the folder and the spelling.")
    kind = file.suffix.lower()
    try:
        if kind in (".parquet", ".pq"):
            return _open_parquet(file)
        if kind in (".xlsx", ".xlsm"):
            return _open_excel(file, sheet)
        if kind in (".xls", ".ods", ".numbers"):
            raise DataError(f"{file.name!r} is a {kind} file, which cannot be read. Save it as .xlsx or .csv and try again.")
        return _open_csv(file, encoding)
    except PermissionError:
        raise DataError(
            f"{str(file)!r} may not be read. Close it in other programs, or ask for the right to read it."
        ) from None


def _open_parquet(file: Path) -> Cells:
    from pyarrow import parquet

    try:
        return _typed(parquet.read_table(file).to_pandas(ignore_metadata=True, date_as_object=False), "Parquet")
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{file.name!r} is not a whole Parquet file ({error}). Export it again.") from None


def _typed(frame: pd.DataFrame, form: str) -> Cells:
    """Take a table that has types already; its first row is line 1."""
    columns = {str(name): column.astype(object) if column.dtype == "category" else column for name, column in frame.items()}
    if len(columns) < frame.shape[1]:
        raise DataError(f"two columns are called {frame.columns[frame.columns.duplicated()][0]!r}. Rename one.")
    return Cells(pd.DataFrame(columns).set_axis(pd.RangeIndex(1, len(frame) + 1, name="line")), [], 0, form)


def _open_excel(file: Path, sheet: str | int) -> Cells:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError):
        raise DataError(f"{file.name!r} is not a whole Excel file. Open it in Excel, save it as .xlsx and try again.") from None
    try:
        known = book.sheetnames
        if isinstance(sheet, bool) or not (sheet in known or (isinstance(sheet, int) and 0 <= sheet < len(known))):
            raise ArgumentError(f"`sheet` must be one of {known} or a number from 0 to {len(known) - 1}; it is {sheet!r}.")
        name = known[sheet] if isinstance(sheet, int) else sheet
        lines = ((number, list(row)) for number, row in enumerate(book[name].iter_rows(values_only=True), 1))
        return _assemble(lines, f"Excel, sheet {name!r}", pad=True)
    finally:
        book.close()


def _open_csv(file: Path, encoding: str | None) -> Cells:
    with open(file, "rb") as raw:
        start = raw.read(4096)
    if b"\0" in start and file.suffix.lower() != ".gz" and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{file.name!r} is not a text file. Give a CSV, Excel (.xlsx) or Parquet file, with its usual ending.")
    encoding, form = _encoding(file, encoding)
    size = file.stat().st_size
    style = {"unit": "B", "unit_scale": True, "delay": 2, "leave": False}
    with open(file, "rb") as raw, tqdm(total=size, desc=f"reading {file.name}", **style) as bar:
        unpacked = gzip.GzipFile(fileobj=raw) if file.suffix.lower() == ".gz" else raw
        try:
            with io.TextIOWrapper(unpacked, encoding=encoding, newline="") as text:
                return _assemble(_csv_rows(text, file.name, lambda: bar.update(raw.tell() - bar.n)), form)
        except (gzip.BadGzipFile, EOFError):
            raise DataError(f"{file.name!r} is not a whole .gz file. Unpack it by hand, or export it again.") from None
        except UnicodeDecodeError as error:
            raise DataError(
                f"{file.name!r} is not {encoding} throughout ({error.reason}). Leave `encoding` out to have it found."
            ) from None


def _csv_rows(text: io.TextIOBase, name: str, progress: Callable[[], object]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each record with the line where it begins; a reason instead of cells where it cannot be read."""
    first, offset = text.readline(), 1
    if first.casefold().startswith("sep=") and len(first.strip()) == 5:  # a note to Excel, not a header
        first, offset = text.readline(), 2
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + offset
        try:
            yield begins, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise DataError(
                    f"{name!r}: a quotation mark that opens in line {begins:,} never closes. Mend that line."
                ) from None
            unmatched = "expected after" in str(error)
            yield begins, "has quotation marks that do not match" if unmatched else f"cannot be read ({error})"
        if begins % 10_000 == 0:
            progress()


def _assemble(lines: Iterator[tuple[int, list | str]], form: str, *, pad: bool = False) -> Cells:
    """Lay out header and records as a table of cells by line."""
    blank, misfits, numbers, records, blocks = 0, [], [], [], []
    header: list[str] | None = None
    for number, record in lines:
        if isinstance(record, str):
            misfits.append((number, "", record))
            continue
        if all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in record):
            blank += 1
            continue
        if header is None:
            header = _header(record)
            width = len(header)
            continue
        if pad:  # a sheet does not keep empty cells at the end of a row
            record += [None] * (width - len(record))
        extra = record[width:]
        if len(record) < width or any(cell not in (None, "") for cell in extra):
            shown = " | ".join("" if cell is None else str(cell) for cell in record)[:120]
            misfits.append((number, shown, f"has {len(record)} cells, the header {width}"))
            continue
        numbers.append(number)
        records.append(record[:width])
        if len(records) == _BLOCK:
            blocks.append(_compact(records, header))
            records = []
    if header is None:
        raise DataError("the file is empty. It needs a header line with the names of its columns, and rows below it.")
    if records or not blocks:
        blocks.append(_compact(records, header))
    cells = pd.concat(blocks, ignore_index=True).set_axis(pd.Index(numbers, dtype="int64", name="line"))
    return Cells(cells, misfits, blank, form)


def _header(record: list) -> list[str]:
    """Return the names of the columns; empty ones at the end are no columns."""
    names = ["" if cell is None else str(cell).strip() for cell in record]
    while names[-1] == "":
        names.pop()
    return [name or f"column {number}" for number, name in enumerate(names, 1)]


def _compact(records: list[list], header: list[str]) -> pd.DataFrame:
    """Turn records into columns, those of nothing but text into compact text."""
    columns = zip(*records, strict=True) if records else [() for _ in header]
    series = {}
    for name, cells in zip(header, columns, strict=True):
        dtype = "str" if all(isinstance(cell, str) for cell in cells) else object
        series[name] = pd.Series(cells, dtype=dtype)
    if len(series) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise DataError(f"two columns of the file are called {twice!r}. Rename one in the file.")
    return pd.DataFrame(series)


def _encoding(file: Path, given: str | None) -> tuple[str, str]:
    """Return the encoding to open a text file with, and how to speak of it."""
    if given is not None:
        try:
            codecs.lookup(given)
        except (LookupError, TypeError):
            raise ArgumentError(
                f'`encoding` {given!r} is unknown. Try "utf-8", "gb18030" or "latin-1", or leave it out.'
            ) from None
        return given, f"CSV, {given} as given"
    try:
        content = gzip.decompress(file.read_bytes()) if file.suffix.lower() == ".gz" else file.read_bytes()
    except (gzip.BadGzipFile, EOFError):
        raise DataError(f"{file.name!r} is not a whole .gz file. Unpack it by hand, or export it again.") from None
    if content.startswith(codecs.BOM_UTF8):
        return "utf-8-sig", "CSV, UTF-8 with byte order mark"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", "CSV, UTF-16"
    if _decodes(content, "utf-8"):
        return "utf-8", "CSV, UTF-8"
    if _decodes(content, "gb18030"):
        # Accented Latin letters may decode as Chinese by chance, but to rare signs: real text is
        # made of those that were in the first standard, GB2312, already.
        letters = {letter for letter in content.decode("gb18030") if letter > "\x7f"}
        if sum(_is_in_gb2312(letter) for letter in letters) * 2 > len(letters):
            return "gb18030", "CSV, GB18030"
    return ("cp1252" if _decodes(content, "cp1252") else "latin-1"), "CSV, Latin-1"


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _is_in_gb2312(letter: str) -> bool:
    try:
        letter.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
