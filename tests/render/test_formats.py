"""Rows for machines: JSON, YAML, CSV, once and look after look."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from rows_for_tests import Screen, busy_row, ms, quiet_row, terminal

from linkerdctl.errors import UsageError
from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render.formats import FORMATS, check_output, render
from linkerdctl.render.stat import stat_view
from linkerdctl.render.stream import Stream
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import Column, View

VIEW = stat_view(all_namespaces=False, prefixed=False, wide=False)
REAL_TOOLS_NAMES = [
    "namespace", "kind", "name", "success", "rps", "latency_ms_p50", "latency_ms_p95", "latency_ms_p99",
    "tcp_open_connections", "tcp_read_bytes_rate", "tcp_write_bytes_rate",
]  # fmt: skip


def rendered(output: str, rows: list[Any], view: View[Any] = VIEW) -> str:
    to = terminal()
    render(rows, view, output, to)
    return to.stdout.getvalue()


def test_json_has_the_real_tools_names_in_its_order() -> None:
    (row,) = json.loads(rendered("json", [busy_row()]))
    assert [name for name in row if name in REAL_TOOLS_NAMES] == REAL_TOOLS_NAMES


def test_json_holds_numbers_as_they_are() -> None:
    (row,) = json.loads(rendered("json", [busy_row(success_rate=59 / 60, p50=ms(3.14159))]))
    assert row["success"] == 59 / 60
    assert row["latency_ms_p50"] == 3.142
    assert row["tcp_open_connections"] == 4


def test_no_data_is_null_and_so_is_a_latency_beyond_the_buckets() -> None:
    quiet, slow = json.loads(
        rendered("json", [quiet_row(), busy_row(p99=Quantile(50_000, 50_000, math.inf, beyond=True))])
    )
    assert quiet["success"] is quiet["rps"] is quiet["latency_ms_p50"] is None
    assert slow["latency_ms_p99"] is None


def test_json_is_indented_by_two_and_ends_its_line() -> None:
    text = rendered("json", [busy_row()])
    assert text.startswith('[\n  {\n    "namespace": "emojivoto",\n')
    assert text.endswith("\n  }\n]\n")


@pytest.mark.parametrize(("output", "text"), [("json", "[]\n"), ("yaml", "[]\n"), ("table", ""), ("wide", "")])
def test_no_rows(output: str, text: str) -> None:
    assert rendered(output, []) == text


def test_csv_of_no_rows_still_has_its_header() -> None:
    assert rendered("csv", []).startswith("namespace,kind,name,")


def test_all_machine_formats_hold_the_same() -> None:
    rows = [busy_row(), quiet_row()]
    from_json = json.loads(rendered("json", rows))
    assert yaml.safe_load(rendered("yaml", rows)) == from_json
    from_csv = list(csv.DictReader(io.StringIO(rendered("csv", rows))))
    assert from_csv == [{name: "" if value is None else str(value) for name, value in row.items()} for row in from_json]


@dataclass(frozen=True)
class Odd:
    name: str
    number: float


NAMES: View[Odd] = View([Column(key="name", value=lambda row: row.name)])
ODD: View[Odd] = View([Column(key="name", value=lambda row: row.name), Column(key="n", value=lambda row: row.number)])


def test_what_is_no_number_is_null() -> None:
    rows = [Odd("a", math.nan), Odd("b", math.inf), Odd("c", 0.0)]
    assert [row["n"] for row in json.loads(rendered("json", rows, ODD))] == [None, None, 0.0]


def test_odd_names_survive_json_and_yaml() -> None:
    name = 'comma, "quote"\nline \x1b[31m ü \u202e'
    assert json.loads(rendered("json", [Odd(name, 1)], ODD))[0]["name"] == name
    assert yaml.safe_load(rendered("yaml", [Odd(name, 1)], ODD))[0]["name"] == name


def test_yaml_quotes_what_other_readers_take_for_numbers_and_truth() -> None:
    assert rendered("yaml", [Odd("1e3", 1)], ODD) == '- name: "1e3"\n  "n": 1\n'


@pytest.mark.parametrize("output", ["json", "yaml", "csv"])
def test_no_format_fails_for_half_a_surrogate_pair(output: str) -> None:
    assert rendered(output, [Odd("a\ud800", 1)], ODD).encode()


@pytest.mark.parametrize("output", ["json", "yaml", "csv"])
def test_no_format_lets_control_characters_through(output: str) -> None:
    text = rendered(output, [Odd("a\x1b[31m\x07\u202e\x9b", 1)], ODD)
    assert text.replace("\r\n", "").replace("\n", "").isprintable()


@pytest.mark.parametrize("formula", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_csv_has_no_cell_that_a_spreadsheet_reckons_with(formula: str) -> None:
    """Whoever may send requests may choose an authority, and so what stands in a cell."""
    assert rendered("csv", [Odd(formula, -1)], NAMES) == f"name\r\n'{formula}\r\n"


def test_csv_leaves_negative_numbers_alone() -> None:
    assert rendered("csv", [Odd("a", -1.5)], ODD) == "name,n\r\na,-1.5\r\n"


def test_csv_quotes_as_rfc_4180_has_it() -> None:
    assert rendered("csv", [Odd('a,"b"', 1.5)], ODD) == 'name,n\r\n"a,""b""",1.5\r\n'


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        check_output("xml")
    assert caught.value.next_step is not None
    assert all(name in caught.value.next_step for name in FORMATS)


def streamed(output: str, *looks: tuple[float, list[Odd]]) -> str:
    to = terminal()
    stream = Stream(output, to)
    for at, rows in looks:
        stream.show(ODD, rows, at)
    return to.stdout.getvalue()


def test_a_stream_of_json_is_one_row_a_line_with_its_time_first() -> None:
    lines = streamed("json", (10.00049, [Odd("a", 1), Odd("b", 2)]), (12.0, [Odd("a", 3)])).splitlines()
    assert [list(json.loads(line).items()) for line in lines] == [
        [("time", 10.0), ("name", "a"), ("n", 1)],
        [("time", 10.0), ("name", "b"), ("n", 2)],
        [("time", 12.0), ("name", "a"), ("n", 3)],
    ]


def test_a_stream_of_csv_has_one_header() -> None:
    assert streamed("csv", (1, [Odd("a", 1)]), (2, [Odd("a", 2)])) == "time,name,n\r\n1,a,1\r\n2,a,2\r\n"


def test_a_stream_of_yaml_is_documents() -> None:
    documents = list(yaml.safe_load_all(streamed("yaml", (1, [Odd("a", 1)]), (2, []))))
    assert documents == [[{"time": 1, "name": "a", "n": 1}], []]


def test_tables_are_packed_for_the_terminal_they_go_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    screen = Screen()
    render([busy_row()], VIEW, "table", Terminal(stdout=screen))
    assert "P50" in screen.getvalue()
    assert "LATENCY_P50" not in screen.getvalue()
