"""The command line: ``crmlab report orders.csv``, ``report --survey answers.csv``, ``course grade 01``, ``data``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from crmlab import __version__
from crmlab.errors import ColumnError, CrmlabError, DataError

#: What a message to a programmer says -> how the command line spells it.
_ARGUMENTS = ("rename", "until", "out", "sheet", "encoding", "decimal", "mapping", "scale", "by")
_SPELLED = {
    "day_first=True": "--day-first",
    "day_first=False": "--month-first",
    'decimal="."': "--decimal .",
    'decimal=","': "--decimal ,",
    "keyed=True": "--keyed",
    "keyed=False": "without --keyed",
} | {f"`{name}`": f"--{name}" for name in _ARGUMENTS}


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
        told = re.sub(r"(mapping|scale)=\{([^}]*)\}", _as_option, told)
        for ours, theirs in _SPELLED.items():
            told = told.replace(ours, theirs)
        print(f"crmlab {arguments.command}: {told}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _as_option(found: re.Match) -> str:
    """``scale={"expected": (1, 5)}`` as ``--scale "expected=1-5"``."""
    pairs = re.sub(r"\((\S+), (\S+)\)", r"\1-\2", found[2]).replace('": ', "=").replace('"', "").replace(", ", ",")
    return f'--{found[1]} "{pairs}"'


class _Gathered(argparse.Action):
    """Pairs of an option that is given more than once, together."""

    def __call__(
        self, parser: argparse.ArgumentParser, space: argparse.Namespace, values: dict, option: str | None = None
    ) -> None:
        setattr(space, self.dest, (getattr(space, self.dest) or {}) | values)


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
        help="one HTML page about your own orders, or about answers to a survey",
        description="One self-contained HTML page about your own orders, or answers to a survey (CSV, Excel or Parquet).",
        epilog="examples: crmlab report orders.csv --rename CustomerID=customer_id,Date=order_date,Total=amount; "
        "crmlab report --survey answers.csv",
    )
    what = report.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", help="your orders: customer_id, order_date, amount, and if you have it order_id")
    what.add_argument("--survey", metavar="FILE", help="answers to the RATER questionnaire, as your form tool exports them")
    report.add_argument(
        "--rename", type=_pairs, action=_Gathered, metavar="THEIRS=OURS,...", help="which of your columns is which of ours"
    )
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
    survey = report.add_argument_group("only with --survey")
    survey.add_argument(
        "--mapping", type=_worth, action=_Gathered, metavar="WORDS=NUMBER,...", help='answers in words: "very good=7,good=6"'
    )
    survey.add_argument(
        "--scale", type=_scales, action=_Gathered, metavar="WHAT=LOW-HIGH,...", help='another scale: "1-5", "expected=1-5"'
    )
    survey.add_argument("--keyed", action="store_true", help="negatively worded statements are turned round already")
    survey.add_argument("--by", metavar="COLUMN", help="compare the groups of this column (default: waves)")
    survey.add_argument("--items", metavar="FILE", help="an instrument of your own: item, dimension, direction, scale, wording")
    survey.add_argument("--perceptions-only", action="store_true", help="its statements were asked of this firm alone")
    report.set_defaults(run=_report)

    sheet = commands.add_parser(
        "questionnaire",
        help="the RATER questionnaire to print, in English and Chinese",
        description="The RATER questionnaire as one HTML page, to print or to copy into a form tool.",
    )
    sheet.add_argument("--short", action="store_true", help="ten statements instead of 22")
    sheet.add_argument("--language", default="both", choices=["en", "zh", "both"], help="default: both")
    sheet.add_argument("--firm", default="", help="what stands in the heading")
    sheet.add_argument("--out", default="questionnaire.html", metavar="FILE", help="default: questionnaire.html")
    sheet.set_defaults(run=_questionnaire)

    data = commands.add_parser("data", help="write the kit's own tables anew")
    data.add_argument("--what-if", action="store_true", help="also the grid behind the what-if widget (some minutes)")
    data.set_defaults(run=_data)
    _course_parser(commands)
    return parser


def _course_parser(commands: argparse._SubParsersAction) -> None:
    course = commands.add_parser(
        "course",
        help="exercises for a class: individual data, marks that can be trusted",
        description="Exercises for a class: new, release, collect, grade, mark, feedback, export; status, verify at any time.",
        epilog="step by step: exercises/README.md",
    )
    steps = course.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, told: str, *, assignment: bool = True, folder: bool = True) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=told, description=f"{told[0].upper()}{told[1:]}.")
        if assignment:
            made.add_argument("assignment", help='beginning of its name, such as "01"')
        if folder:
            made.add_argument("--dir", default=".", metavar="DIR", help="the course's folder (default: this one)")
        return made

    new = step("new", "make the folder of a course, with a secret and an empty roster", assignment=False, folder=False)
    new.add_argument("dir", help="a folder that does not exist yet")
    new.add_argument("--title", default="", help="what stands above the pages")
    release = step("release", "make what students get: a folder and a zip for each")
    kind = release.add_mutually_exclusive_group()
    kind.add_argument("--individual", action="store_true", default=None, help="data of their own for each student")
    kind.add_argument("--everyone", action="store_false", dest="individual", default=None, help="one set for all")
    release.add_argument("--again", action="store_true", help="make everything again, after a master was changed")
    release.add_argument("--discard", action="store_true", help="throw away what was released the other way")
    release.add_argument("--workers", type=int, default=2, metavar="N", help="processes to use (default: 2)")
    collect = step("collect", "take in submissions from a folder, a platform's zip or home folders")
    collect.add_argument("source", help='folder, zip, or a pattern such as "/home/{student}/crm/01*.ipynb"')
    withdraw = step("withdraw", "take back a submission, as if it had not been handed in")
    withdraw.add_argument("student", help="the student_id")
    grade = step("grade", "run submissions in a sandbox and compare their answers with the keys")
    grade.add_argument("--workers", type=int, default=2, metavar="N", help="submissions to run at a time (default: 2)")
    grade.add_argument("--again", action="store_true", help="also those that are graded already")
    grade.add_argument("--no-sandbox", action="store_true", help="run student code with your own rights: dangerous, and noted")
    mark = step("mark", "mark free texts on a page in your browser")
    mark.add_argument("--port", type=int, default=0, metavar="N", help="of the page (default: a free one)")
    table = mark.add_mutually_exclusive_group()
    table.add_argument("--write", metavar="CSV", help="no page: write the texts to a table, to fill in points")
    table.add_argument("--read", metavar="CSV", help="read the points from that table")
    step("feedback", "write one page for each student")
    export = step("export", "write the marks as a table")
    export.add_argument("--format", default="csv", choices=["csv", "canvas", "moodle"], help="default: csv, with everything")
    export.add_argument("--out", metavar="FILE", help="where to (default: grades..., in the course's folder)")
    step("status", "say how things stand", assignment=False)
    step("verify", "check that files, answers and marks fit together", assignment=False)
    practice = step("practice", "write the practice copy of a master (for authors)", assignment=False, folder=False)
    practice.add_argument("master", help="the master notebook")
    practice.add_argument("--to", metavar="DIR", help="where to (default: the kit's exercises)")
    course.set_defaults(run=_course)


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.rpartition("=") for pair in text.split(",")]
    if not all(theirs and ours for theirs, _, ours in pairs):
        raise argparse.ArgumentTypeError(
            'write it as "CustomerID=customer_id,Order Date=order_date", in quotes if a name has a space'
        )
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def _worth(text: str) -> dict[str, float]:
    try:
        return {words: float(number) for words, number in _pairs(text).items()}
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError('write it as "very good=7,good=6", a number behind each') from None


def _scales(text: str) -> dict[str, tuple[float, float]]:
    try:
        ends = {what: span.split("-") for what, span in _pairs(text if "=" in text else f"all={text}").items()}
        return {what: (float(low), float(high)) for what, (low, high) in ends.items()}
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            'write it as "1-5" (all statements), or "expected=1-5,overall_satisfaction=1-5"'
        ) from None


def _survey_report(arguments: argparse.Namespace) -> int:
    from crmlab import report, satisfaction

    instrument = None
    if arguments.items:
        instrument = satisfaction.custom_instrument(arguments.items, expected=not arguments.perceptions_only)
    page = report.survey_report(
        arguments.survey, arguments.out, instrument=instrument, rename=arguments.rename, mapping=arguments.mapping,
        scale=arguments.scale, keyed=arguments.keyed, by=arguments.by, encoding=arguments.encoding, sheet=_sheet(arguments),
    )  # fmt: skip
    return _written(page)


def _sheet(arguments: argparse.Namespace) -> str | int:
    return int(arguments.sheet) if arguments.sheet.isdigit() else arguments.sheet


def _written(page: Path) -> int:
    print(f"written: {Path(page).resolve()} (open it in a browser)")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    if arguments.survey:
        return _survey_report(arguments)
    from crmlab import report

    page = report.orders_report(
        arguments.file,
        arguments.out,
        rename=arguments.rename,
        until=arguments.until,
        day_first=arguments.day_first,
        decimal=arguments.decimal,
        encoding=arguments.encoding,
        sheet=_sheet(arguments),
    )
    return _written(page)


def _questionnaire(arguments: argparse.Namespace) -> int:
    from crmlab import satisfaction

    page = satisfaction.questionnaire(
        satisfaction.rater(short=arguments.short), language=arguments.language, firm=arguments.firm
    )
    out = Path(arguments.out)
    if out.exists():
        raise DataError(f"{arguments.out!r} exists and was left alone. Choose another `out`.")
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise DataError(f"{arguments.out!r} could not be written ({error.strerror}). Choose another `out`.") from None
    return _written(out)


def _data(arguments: argparse.Namespace) -> int:
    from crmlab import datasets

    datasets.build(what_if=arguments.what_if)
    print("written: datasets/")
    return 0


def _course(arguments: argparse.Namespace) -> int:
    from crmlab import course

    here, told = arguments, ""
    match here.step:
        case "new":
            told = course.new(here.dir, title=here.title)
        case "release":
            told = course.release(
                here.dir, here.assignment, individual=here.individual, again=here.again, discard=here.discard,
                workers=here.workers,
            )  # fmt: skip
        case "collect":
            told = course.collect(here.dir, here.assignment, here.source)
        case "withdraw":
            told = course.withdraw(here.dir, here.assignment, here.student)
        case "grade":
            told = course.grade(
                here.dir, here.assignment, workers=here.workers, again=here.again, sandboxed=not here.no_sandbox, warn=_warn
            )
        case "mark" if here.write or here.read:
            told = course.mark_csv(here.dir, here.assignment, here.write or here.read, read=bool(here.read))
        case "mark":
            told = course.mark_page(here.dir, here.assignment, port=here.port, started=_opened)
        case "feedback":
            told = course.feedback(here.dir, here.assignment)
        case "export":
            told = course.export(here.dir, here.assignment, format=here.format, file=here.out)
        case "status":
            told = course.status(here.dir)
        case "verify":
            told = course.verify(here.dir)
        case "practice":
            told = course.practice(here.master, **({"folder": here.to} if here.to else {}))
    print(told)
    return int(here.step == "verify" and bool(len(told.table)))


def _warn(told: str) -> None:
    frame = "!" * 78
    print(frame, told, frame, sep="\n", file=sys.stderr, flush=True)


def _opened(address: str) -> None:
    import webbrowser

    print(f"Your page to mark: {address}\nPress Done on it, or Ctrl-C here, to end.", flush=True)
    webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main())
