"""Rows to text: table, wide, json, yaml, csv. To add a format, write a function and name it in `FORMATS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from linkerdctl.errors import UsageError
from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.render.view import Row, Value, View


def render(rows: Sequence[Row], view: View[Row], output: str, terminal: Terminal) -> None:
    """Write rows to standard output in a format of `FORMATS`."""
    terminal.out(FORMATS[output](rows, view, terminal))


def check_output(output: str, *more: str) -> None:
    """Raise `UsageError` for a format that does not exist, before any work is done; `more` are a command's own."""
    choices = (*FORMATS, *more)
    if output not in choices:
        raise UsageError(f"unknown output format {output!r}", next_step=f"-o takes {', '.join(choices)}")


def _table(rows: Sequence[Row], view: View[Row], terminal: Terminal, *, wide: bool = False) -> str:
    from linkerdctl.render.table import table_text

    return table_text(rows, view, wide=wide, colour=terminal.colour, width=terminal.width)


def _wide(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    return _table(rows, view, terminal, wide=True)


def _json(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    # Nothing but ASCII: safe in any encoding, and for any terminal, whatever a name holds
    return json.dumps([view.record(row) for row in rows], indent=2) + "\n"


def json_line(row: Row, view: View[Row], **more: Value) -> str:
    """One row on one line, for streams; `more` (a time) comes first."""
    return json.dumps({**more, **view.record(row)}) + "\n"


def _yaml(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    import yaml

    from linkerdctl.yaml_text import dumper

    return str(yaml.dump([view.record(row) for row in rows], Dumper=dumper(), sort_keys=False))


def _csv(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    import csv
    import io

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(view.keys)
    writer.writerows([_csv_field(value) for value in view.record(row).values()] for row in rows)
    return buffer.getvalue()


def _csv_field(value: Value) -> Value:
    """With an apostrophe before what a spreadsheet would take for a formula: authorities are what strangers sent."""
    if not isinstance(value, str):
        return value
    return f"'{printable(value)}" if value.startswith(("=", "+", "-", "@")) else printable(value)


Format = Callable[[Sequence[Any], View[Any], Terminal], str]
FORMATS: dict[str, Format] = {"table": _table, "wide": _wide, "json": _json, "yaml": _yaml, "csv": _csv}
