"""Rows look after look for machines: JSON lines, YAML documents, CSV under one header. Each row begins with its `time`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from linkerdctl.render.formats import FORMATS, json_line
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import Column, Row, View

STREAMED = ("json", "yaml", "csv")


class Stream:
    """Writes one look after the other in a format of `STREAMED`; `time` is in epoch seconds."""

    def __init__(self, output: str, terminal: Terminal) -> None:
        self._output = output
        self._terminal = terminal
        self._headed = False

    def show(self, view: View[Row], rows: Sequence[Row], at: float) -> None:
        """The rows of one look: a line each, a YAML document for all of them, or CSV lines."""
        moment = round(at, 3)
        if self._output == "json":
            self._terminal.out("".join(json_line(row, view, time=moment) for row in rows))
            return
        text = FORMATS[self._output](rows, _timed(view, moment), self._terminal)
        self._terminal.out(f"---\n{text}" if self._output == "yaml" else self._below_one_header(text))

    def _below_one_header(self, text: str) -> str:
        header, line_end, lines = text.partition("\r\n")
        shown = lines if self._headed else header + line_end + lines
        self._headed = True
        return shown


def _timed(view: View[Row], moment: float) -> View[Row]:
    time: Column[Any] = Column(key="time", value=lambda row: moment)
    return replace(view, columns=[time, *view.columns])
