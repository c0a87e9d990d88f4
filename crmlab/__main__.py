"""The command line: ``crmlab report orders.csv``, ``crmlab data``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from crmlab import __version__
from crmlab.errors import ColumnError, CrmlabError

#: What a message to a programmer says -> how the command line spells it.
_SPELLED = {
    "day_first=True": "--day-first",
    "day_first=False": "--month-first",
    'decimal="."': "--decimal .",
    'decimal=","': "--decimal ,",
} | {f"`{name}`": f"--{name}" for name in ("rename", "until", "out", "sheet", "encoding", "decimal")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the status is 0 if it did what was asked, 1 if it refused, 2 if the words were off."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except CrmlabError as error:
        told = str(error)
        if isinstance(error, ColumnError):  # the same advice in the words of the command line
            pairs = ",".join(f"{theirs}={ours}" for ours, theirs in error.rename.items())
            unknown = " (put the name of your column in place of each ?)" if "?=" in pairs else ""
            told = told.partition("Say which is which")[0] + f'Say which is which: --rename "{pairs}"{unknown}'
        for ours, theirs in _SPELLED.items():
            told = told.replace(ours, theirs)
        print(f"crmlab {arguments.command}: {told}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


class _Parser(argparse.ArgumentParser):
    """One sentence instead of a block of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. For help: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="crmlab", description="A research and teaching kit for customer relationship management.")
    parser.add_argument("--version", action="version", version=f"crmlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    report = commands.add_parser(
        "report",
        help="one HTML page about your own orders",
        description="One self-contained HTML page about your own orders (CSV, Excel or Parquet).",
        epilog="example: crmlab report orders.csv --rename CustomerID=customer_id,Date=order_date,Total=amount",
    )
    report.add_argument("file", help="your orders: customer_id, order_date, amount, and if you have it order_id")
    report.add_argument("--rename", type=_pairs, metavar="THEIRS=OURS,...", help="which of your columns is which of ours")
    report.add_argument("--until", metavar="YYYY-MM-DD", help="the last day that counts (default: the day of the last order)")
    report.add_argument("--out", default="report.html", metavar="FILE", help="where to write the page (default: report.html)")
    first = report.add_mutually_exclusive_group()
    first.add_argument("--day-first", dest="day_first", action="store_true", default=None, help="12/03/2024 is 12 March")
    first.add_argument("--month-first", dest="day_first", action="store_false", help="12/03/2024 is December 3")
    report.add_argument(
        "--decimal", choices=[".", ","], metavar="MARK", help="the decimal mark, where 1,234 could be read in two ways"
    )
    report.add_argument("--encoding", help='of a text file, such as "gb18030" (default: found out)')
    report.add_argument("--sheet", default="0", help="name or number (from 0) of the Excel sheet")
    report.set_defaults(run=_report)

    data = commands.add_parser("data", help="write the kit's own tables anew")
    data.add_argument("--what-if", action="store_true", help="also the grid behind the what-if widget (some minutes)")
    data.set_defaults(run=_data)
    return parser


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.rpartition("=") for pair in text.split(",")]
    if not all(theirs and ours for theirs, _, ours in pairs):
        raise argparse.ArgumentTypeError(
            'write it as "CustomerID=customer_id,Order Date=order_date", in quotes if a name has a space'
        )
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def _report(arguments: argparse.Namespace) -> int:
    from crmlab import report

    page = report.orders_report(
        arguments.file,
        arguments.out,
        rename=arguments.rename,
        until=arguments.until,
        day_first=arguments.day_first,
        decimal=arguments.decimal,
        encoding=arguments.encoding,
        sheet=int(arguments.sheet) if arguments.sheet.isdigit() else arguments.sheet,
    )
    print(f"written: {Path(page).resolve()} (open it in a browser)")
    return 0


def _data(arguments: argparse.Namespace) -> int:
    from crmlab import datasets

    datasets.build(what_if=arguments.what_if)
    print("written: datasets/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
