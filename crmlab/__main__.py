"""The command line: ``crmlab report orders.csv``, ``report --deals deals.csv``, ``course grade 01``, ``data``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from crmlab import __version__
from crmlab._lab.terminal import accept_any_text
from crmlab.errors import CrmlabError, DataError

if TYPE_CHECKING:
    from crmlab._result import Summary


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the status is 0 if it did what was asked, 1 if it refused, 2 if the words were off."""
    accept_any_text()
    arguments = _parser().parse_args(argv)
    try:
        return arguments.run(arguments)
    except CrmlabError as error:
        print(f"crmlab {arguments.command}: {_as_options(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


def _as_options(message: str) -> str:
    """Write the Python arguments that a message names as options: `` `until` `` as --until, ``decimal=","`` as --decimal ,."""
    return _ARGUMENT.sub(lambda match: _as_option(match["name"] or match["argument"], match["value"]), message)


def _as_option(name: str, value: str | None) -> str:
    if value is None:
        return f"--{name.replace('_', '-')}"
    if name in _FLAGS:
        return _FLAGS[name][value == "True"]
    if not value.startswith("{"):
        return f"--{name} {value.strip(chr(34))}"
    pairs = re.sub(r"\((\S+), (\S+)\)", r"\1-\2", value[1:-1])  # (1, 5) is 1-5
    pairs = pairs.replace('": ', "=").replace('"', "").replace(", ", ",")
    unknown = " (put the name of your column in place of each ?)" if name == "rename" and "?=" in pairs else ""
    return f'--{name} "{pairs}"{unknown}'


#: How flags are spelled, false and true.
_FLAGS = {"day_first": ("--month-first", "--day-first"), "keyed": ("without --keyed", "--keyed")}
_NAMES = "rename|stages|until|out|sheet|encoding|decimal|mapping|scale|by|day_first|keyed|workers|port"
#: An argument in a message: its name in backticks, or with its value.
_ARGUMENT = re.compile(
    rf"""`(?P<name>{_NAMES})`|\b(?P<argument>{_NAMES})=(?P<value>True|False|"[^"]*"|\{{(?:"[^"]*"|[^{{}}"])*\}})"""
)


class _MergePairs(argparse.Action):
    """Merge the pairs of an option that is given more than once."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: object, option: str | None = None
    ) -> None:
        earlier = getattr(namespace, self.dest) or {}
        setattr(namespace, self.dest, earlier | values if isinstance(values, dict) else values)


class _Parser(argparse.ArgumentParser):
    """One sentence instead of a block of usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. For help: {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="crmlab", description="A research and teaching kit for customer relationship management.")
    parser.add_argument("--version", action="version", version=f"crmlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _report_parser(commands)
    _questionnaire_parser(commands)
    _site_parser(commands)
    data = commands.add_parser("data", help="write the kit's own tables again")
    data.add_argument("--what-if", action="store_true", help="also the grid behind the what-if widget (some minutes)")
    data.add_argument(
        "--claims", action="store_true", help="also the firms in which the sources' claims are tried (some minutes)"
    )
    data.set_defaults(run=_data)
    restore = commands.add_parser(
        "restore",
        help="bring back a lesson or an exercise as it came",
        description="Bring back a lesson or an exercise as it came; what you made of it is kept beside it.",
        epilog="examples: crmlab restore 01; crmlab restore exercise 01",
    )
    restore.add_argument("name", nargs="*", help='beginning of its name, such as "01", or "exercise 01"')
    restore.set_defaults(run=_restore)
    _course_parser(commands)
    return parser


def _report_parser(commands: argparse._SubParsersAction) -> None:
    report = commands.add_parser(
        "report",
        help="one HTML page about your own orders, your deals, or answers to a survey",
        description="One self-contained HTML page about your own orders, deals, or answers to a survey (CSV, Excel, Parquet).",
        epilog="examples: crmlab report orders.csv --rename CustomerID=customer_id,Date=order_date,Total=amount; "
        "crmlab report --survey answers.csv; crmlab report --deals deals.csv",
    )
    source = report.add_mutually_exclusive_group(required=True)
    source.add_argument("file", nargs="?", help="your orders: customer_id, order_date, amount, and if you have it order_id")
    source.add_argument("--deals", metavar="FILE", help="deals as HubSpot, Salesforce, Pipedrive or Odoo export them")
    source.add_argument("--survey", metavar="FILE", help="answers to the RATER questionnaire, as your form tool exports them")
    report.add_argument(
        "--rename",
        type=_text_pairs,
        action=_MergePairs,
        metavar="THEIRS=OURS,...",
        help="which of your columns is which of ours",
    )
    report.add_argument("--out", default="report.html", metavar="FILE", help="where to write the page (default: report.html)")
    report.add_argument("--encoding", help='of a text file, such as "gb18030" (default: found out)')
    report.add_argument("--sheet", default="0", help="name or number (from 0) of the Excel sheet")
    report.add_argument(
        "--until", metavar="YYYY-MM-DD", help="only with orders: the last day that counts (default: of the last)"
    )
    report.add_argument(
        "--stages", metavar="FILE", help="only with --deals: your stages, as stage,order (1, 2, ..., won or lost)"
    )
    orders = report.add_argument_group("only with orders or --deals")
    order = orders.add_mutually_exclusive_group()
    order.add_argument("--day-first", dest="day_first", action="store_true", default=None, help="12/03/2024 is 12 March")
    order.add_argument("--month-first", dest="day_first", action="store_false", help="12/03/2024 is December 3")
    orders.add_argument(
        "--decimal", choices=[".", ","], metavar="MARK", help="the decimal mark, where 1,234 could be read in two ways"
    )
    survey = report.add_argument_group("only with --survey")
    survey.add_argument(
        "--mapping",
        type=_number_pairs,
        action=_MergePairs,
        metavar="WORDS=NUMBER,...",
        help='answers in words: "very good=7,good=6"',
    )
    survey.add_argument(
        "--scale", type=_ranges, action=_MergePairs, metavar="WHAT=LOW-HIGH,...", help='another scale: "1-5", "expected=1-5"'
    )
    survey.add_argument(
        "--keyed", action="store_true", default=None, help="negatively worded statements are turned round already"
    )
    survey.add_argument("--by", metavar="COLUMN", help="compare the groups of this column (default: waves)")
    survey.add_argument("--items", metavar="FILE", help="an instrument of your own: item, dimension, direction, scale, wording")
    survey.add_argument(
        "--perceptions-only", action="store_true", default=None, help="its statements were asked of this firm alone"
    )
    report.set_defaults(run=_report, refuse=report.error)


def _site_parser(commands: argparse._SubParsersAction) -> None:
    pages = commands.add_parser(
        "site",
        help="the lessons as pages for any browser or telephone, without Python",
        description="The lessons as HTML pages whose widgets live without Python and without a network.",
    )
    pages.add_argument("--out", default="site", metavar="FOLDER", help="default: site")
    pages.set_defaults(run=_site)


def _questionnaire_parser(commands: argparse._SubParsersAction) -> None:
    questionnaire = commands.add_parser(
        "questionnaire",
        help="the RATER questionnaire to print, in English and Chinese",
        description="The RATER questionnaire as one HTML page, to print or to copy into a form tool.",
    )
    questionnaire.add_argument("--short", action="store_true", help="ten statements instead of 22")
    questionnaire.add_argument("--language", default="both", choices=["en", "zh", "both"], help="default: both")
    questionnaire.add_argument("--firm", default="", help="what stands in the heading")
    questionnaire.add_argument("--out", default="questionnaire.html", metavar="FILE", help="default: questionnaire.html")
    questionnaire.set_defaults(run=_questionnaire)


def _course_parser(commands: argparse._SubParsersAction) -> None:
    course = commands.add_parser(
        "course",
        help="exercises for a class: individual data, marks that can be trusted",
        description="Exercises for a class: new, release, collect, grade, mark, feedback, export; status, verify at any time.",
        epilog="step by step: exercises/README.md",
    )
    steps = course.add_subparsers(dest="step", required=True, metavar="STEP")

    def step(name: str, text: str, *, assignment: bool = True, folder: bool = True) -> argparse.ArgumentParser:
        parser = steps.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        if assignment:
            parser.add_argument("assignment", help='beginning of its name, such as "01"')
        if folder:
            parser.add_argument("--dir", default=".", metavar="DIR", help="the course's folder (default: this one)")
        return parser

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


def _text_pairs(text: str) -> dict[str, str]:
    pairs = [pair.rpartition("=") for pair in text.split(",")]
    if not all(theirs and ours for theirs, _, ours in pairs):
        raise argparse.ArgumentTypeError(
            'write it as "CustomerID=customer_id,Order Date=order_date", in quotes if a name has a space'
        )
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def _number_pairs(text: str) -> dict[str, float]:
    try:
        return {words: float(number) for words, number in _text_pairs(text).items()}
    except (ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError('write it as "very good=7,good=6", a number behind each') from None


def _ranges(text: str) -> dict[str, tuple[float, float]]:
    try:
        limits = {what: span.split("-") for what, span in _text_pairs(text if "=" in text else f"all={text}").items()}
        return {what: (float(low), float(high)) for what, (low, high) in limits.items()}
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
        scale=arguments.scale, keyed=bool(arguments.keyed), by=arguments.by, encoding=arguments.encoding,
        sheet=_sheet(arguments),
    )  # fmt: skip
    return _page_written(page)


def _sheet(arguments: argparse.Namespace) -> str | int:
    return int(arguments.sheet) if arguments.sheet.isdigit() else arguments.sheet


def _page_written(page: Path) -> int:
    print(f"written: {Path(page).resolve()} (open it in a browser)")
    return 0


#: Options of some kinds of report only: the others would ignore them.
_OPTIONS = {
    "orders": ("until", "day_first", "decimal"),
    "deals": ("stages", "day_first", "decimal"),
    "answers to a survey": ("mapping", "scale", "keyed", "by", "items", "perceptions_only"),
}
_WAYS = {"orders": "without --survey or --deals", "deals": "with --deals", "answers to a survey": "with --survey"}


def _refuse_idle_options(arguments: argparse.Namespace) -> None:
    """Refuse an option that would change nothing."""
    own = "answers to a survey" if arguments.survey else "deals" if arguments.deals else "orders"
    for kind, options in _OPTIONS.items():
        for name in options:
            if name in _OPTIONS[own] or getattr(arguments, name) is None:
                continue
            option = _as_option(name, str(getattr(arguments, name)) if name in _FLAGS else None)
            arguments.refuse(f"{option} is for {kind} only; leave it out, or give the file {_WAYS[kind]}")
    if arguments.perceptions_only and not arguments.items:
        arguments.refuse("--perceptions-only is for an instrument of your own; leave it out, or give its --items")


def _report(arguments: argparse.Namespace) -> int:
    _refuse_idle_options(arguments)
    if arguments.survey:
        return _survey_report(arguments)
    from crmlab import report

    if arguments.deals:
        page = report.deals_report(
            arguments.deals, arguments.out, rename=arguments.rename, stages=arguments.stages, day_first=arguments.day_first,
            decimal=arguments.decimal, encoding=arguments.encoding, sheet=_sheet(arguments),
        )  # fmt: skip
        return _page_written(page)

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
    return _page_written(page)


def _site(arguments: argparse.Namespace) -> int:
    from crmlab import site

    print(f"The lessons are ready; open {site.build(arguments.out)} in a browser.")
    return 0


def _questionnaire(arguments: argparse.Namespace) -> int:
    from crmlab import _page, satisfaction

    out = _page.target(arguments.out)
    page = satisfaction.questionnaire(
        satisfaction.rater(short=arguments.short), language=arguments.language, firm=arguments.firm
    )
    return _page_written(_page.write(out, page))


def _data(arguments: argparse.Namespace) -> int:
    from crmlab import claims, datasets

    grid = claims.make_grid(workers=None) if arguments.claims else None
    datasets.build(what_if=arguments.what_if, claim_trials=grid)
    print("written: datasets/")
    return 0


def _restore(arguments: argparse.Namespace) -> int:
    from crmlab._lab import copies, failures, places

    kit = places.Kit(Path(__file__).resolve().parents[1])
    try:
        print(copies.restore(kit, " ".join(arguments.name)))
    except OSError as error:
        raise DataError(failures.sentence_for_oserror(error, kit.root)) from None
    return 0


def _course(arguments: argparse.Namespace) -> int:
    summary = _course_step(arguments)
    print(summary)
    return int(arguments.step == "verify" and summary.table is not None and len(summary.table) > 0)


def _course_step(a: argparse.Namespace) -> Summary:
    from crmlab import course

    match a.step:
        case "new":
            return course.new(a.dir, title=a.title)
        case "release":
            return course.release(
                a.dir, a.assignment, individual=a.individual, again=a.again, discard=a.discard, workers=a.workers
            )
        case "collect":
            return course.collect(a.dir, a.assignment, a.source)
        case "withdraw":
            return course.withdraw(a.dir, a.assignment, a.student)
        case "grade":
            return course.grade(a.dir, a.assignment, workers=a.workers, again=a.again, sandboxed=not a.no_sandbox, warn=_warn)
        case "mark" if a.write or a.read:
            return course.mark_csv(a.dir, a.assignment, a.write or a.read, read=bool(a.read))
        case "mark":
            return course.mark_page(a.dir, a.assignment, port=a.port, started=_open_marking_page)
        case "feedback":
            return course.feedback(a.dir, a.assignment)
        case "export":
            return course.export(a.dir, a.assignment, format=a.format, file=a.out)
        case "status":
            return course.status(a.dir)
        case "verify":
            return course.verify(a.dir)
        case _:
            return course.practice(a.master, **({"folder": a.to} if a.to else {}))


def _warn(message: str) -> None:
    line = "!" * 78
    print(line, message, line, sep="\n", file=sys.stderr, flush=True)


def _open_marking_page(address: str) -> None:
    import webbrowser

    print(f"Your page to mark: {address}\nPress Done on it, or Ctrl-C here, to end.", flush=True)
    webbrowser.open(address)


if __name__ == "__main__":
    sys.exit(main())
