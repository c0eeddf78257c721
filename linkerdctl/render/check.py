"""The report of `check`: as linkerd prints it (table, short), or one JSON document."""

from __future__ import annotations

import json
from collections.abc import Iterator

from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.reports.check import Category, Check, Report, Result

OUTPUTS = ("table", "short", "json")
SCHEMA = 1
"""Of the JSON document; it grows with every change that is more than an addition."""
_MARKS = {Result.SUCCESS: "√", Result.WARNING: "‼", Result.ERROR: "×", Result.SKIPPED: "-"}
_COLOURS = {Result.SUCCESS: "32", Result.WARNING: "33", Result.ERROR: "31", Result.SKIPPED: "2"}


def show_report(report: Report, output: str, terminal: Terminal, *, met: bool) -> None:
    """Write it to standard output. `met` is whether it is good enough for who asked."""
    terminal.out(_json(report, met) if output == "json" else _text(report, output, terminal, met))


def _json(report: Report, met: bool) -> str:
    """The fields of `linkerd check -o json`, which takes it as an extension's, and ours."""
    categories = [
        {"categoryName": category.name, "checks": [_record(check) for check in category.checks]}
        for category in report.categories
    ]
    return json.dumps({"schema": SCHEMA, "success": met, "categories": categories}, indent=2) + "\n"


def _record(check: Check) -> dict[str, str]:
    """Why something was skipped is no `error`: linkerd takes whatever has one for failed."""
    why = "note" if check.result is Result.SKIPPED else "error"
    record = {"id": check.id, "description": check.description, "hint": check.hint, why: check.error}
    return {**{key: value for key, value in record.items() if value}, "result": check.result.value}


def _text(report: Report, output: str, terminal: Terminal, met: bool) -> str:
    shown = report.categories
    if output == "short":
        shown = tuple(_only_bad(shown))
    blocks = ["".join(_lines(category, terminal)) for category in shown]
    mark = _mark(Result.SUCCESS if met else Result.ERROR, terminal)
    return "\n".join([*blocks, f"Status check results are {mark}\n"])


def _only_bad(categories: tuple[Category, ...]) -> Iterator[Category]:
    for category in categories:
        bad = tuple(check for check in category.checks if check.result in (Result.WARNING, Result.ERROR))
        if bad:
            yield Category(category.name, bad)


def _lines(category: Category, terminal: Terminal) -> Iterator[str]:
    yield f"{category.name}\n{'-' * len(category.name)}\n"
    for check in category.checks:
        yield f"{_mark(check.result, terminal)} {printable(check.description)}\n"
        if check.error:
            yield f"    {printable(check.error)}\n"
        for number, line in enumerate(check.hint.splitlines()):
            yield f"    {'try: ' if number == 0 else '     '}{printable(line)}\n"


def _mark(result: Result, terminal: Terminal) -> str:
    mark = _MARKS[result]
    return f"\x1b[{_COLOURS[result]}m{mark}\x1b[0m" if terminal.colour else mark
