"""Rows to text: table, wide, json, yaml, csv. To add a format, write a function and name it in `FORMATS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from linkerdctl.errors import UsageError
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import Row, Value, View


def render(rows: Sequence[Row], view: View[Row], output: str, terminal: Terminal) -> None:
    """Write rows to standard output in a format of `FORMATS`."""
    terminal.out(FORMATS[output](rows, view, terminal))


def check_output(output: str) -> None:
    """Raise `UsageError` for a format that does not exist, before any work is done."""
    if output not in FORMATS:
        raise UsageError(f"unknown output format {output!r}", next_step=f"-o takes {', '.join(FORMATS)}")


def _table(rows: Sequence[Row], view: View[Row], terminal: Terminal, *, wide: bool = False) -> str:
    from linkerdctl.render.table import table_text

    return table_text(rows, view, wide=wide, colour=terminal.colour) if rows else ""


def _wide(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    return _table(rows, view, terminal, wide=True)


def _json(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    return json.dumps([view.record(row) for row in rows], indent=2, ensure_ascii=False) + "\n"


def json_line(row: Row, view: View[Row], **more: Value) -> str:
    """One row on one line, for streams."""
    return json.dumps({**more, **view.record(row)}, ensure_ascii=False) + "\n"


def _yaml(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    import yaml

    return str(yaml.safe_dump([view.record(row) for row in rows], sort_keys=False, allow_unicode=True))


def _csv(rows: Sequence[Row], view: View[Row], terminal: Terminal) -> str:
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [column.key for column in view.columns if column.key], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(view.record(row) for row in rows)
    return buffer.getvalue()


Format = Callable[[Sequence[Any], View[Any], Terminal], str]
FORMATS: dict[str, Format] = {"table": _table, "wide": _wide, "json": _json, "yaml": _yaml, "csv": _csv}
