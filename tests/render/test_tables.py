"""Tables: the real tool's layout in pipes, colours and closer packing on terminals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_for_tests import busy_row, ms, quiet_row
from syrupy.assertion import SnapshotAssertion

from linkerdctl.kube.kinds import DEPLOYMENT, POD, SERVICE, STATEFULSET
from linkerdctl.metrics.golden import Golden
from linkerdctl.render.graph import tree_text
from linkerdctl.render.layout import cells_wide, laid_out, shortened
from linkerdctl.render.stat import stat_trends, stat_view
from linkerdctl.render.table import table_text, tables
from linkerdctl.render.trends import with_trends
from linkerdctl.render.view import Column, View
from linkerdctl.reports.edges import EdgeRow, Party

SAMPLE = """\
NAME          MESHED   SUCCESS      RPS   LATENCY_P50   LATENCY_P95   LATENCY_P99   TCP_CONN
deploy/idle      1/1         -        -             -             -             -          -
deploy/web       1/2    98.33%   1.0rps         3.2ms          40ms          99ms          4
"""
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def stat_text(
    rows: list[Any], *, wide: bool = False, prefixed: bool = False, everywhere: bool = False, **more: Any
) -> str:
    return table_text(rows, stat_view(all_namespaces=everywhere, prefixed=prefixed, wide=wide), wide=wide, **more)


def test_the_layout_is_the_real_tools() -> None:
    assert stat_text([quiet_row(), busy_row()], prefixed=True) == SAMPLE


def test_each_kind_has_a_table_with_its_own_widths_but_names_align(snapshot: SnapshotAssertion) -> None:
    rows = [
        busy_row("web", DEPLOYMENT),
        busy_row("a-name-longer-than-the-others", STATEFULSET, rps=12345.6),
        busy_row("web-svc", SERVICE),
        quiet_row("web-5f86686c4d-58p7k", POD, status="CrashLoopBackOff"),
    ]
    assert stat_text(rows, prefixed=True) == snapshot
    assert stat_text(rows, prefixed=True, wide=True, everywhere=True) == snapshot


def test_no_rows_make_no_table() -> None:
    assert stat_text([]) == ""


def test_a_service_has_no_meshed_column() -> None:
    from dataclasses import replace

    row = replace(busy_row("web-svc", SERVICE), meshed=None, total=None)
    assert "MESHED" not in stat_text([row])


def test_a_table_in_colour_says_the_same() -> None:
    rows = [quiet_row(), busy_row()]
    assert ESCAPES.sub("", stat_text(rows, prefixed=True, colour=True)) == SAMPLE


@pytest.mark.parametrize(("rate", "colour"), [(1.0, 32), (0.99, 32), (0.98, 33), (0.95, 33), (0.94, 31)])
def test_success_is_green_yellow_or_red(rate: float, colour: int) -> None:
    painted = stat_text([busy_row(success_rate=rate)], colour=True)
    assert f"\x1b[{colour}m" in painted


def test_what_is_unknown_is_dim() -> None:
    assert "\x1b[2m" in stat_text([quiet_row()], colour=True)


def test_pipes_get_whole_lines_whatever_their_length() -> None:
    name = "n" * 253
    assert name in stat_text([busy_row(name)], wide=True, everywhere=True)


def test_a_narrow_terminal_first_gets_short_titles() -> None:
    lines = stat_text([quiet_row(), busy_row()], width=80).splitlines()
    assert lines[0] == "NAME  MESHED  SUCCESS     RPS    P50   P95   P99  TCP"
    assert max(map(len, lines)) <= 80


def test_then_trends_are_left_out() -> None:
    rows = [busy_row("a-deployment-of-some-length")]
    view = with_trends(stat_view(all_namespaces=True, prefixed=False, wide=False), rows, stat_trends())
    assert "RPS_TREND" in table_text(rows, view, width=200)
    assert "TREND" not in table_text(rows, view, width=90)
    assert "a-deployment-of-some-length" in table_text(rows, view, width=90)


def test_then_names_lose_just_enough_of_their_middle() -> None:
    rows = [busy_row("linkerd-destination-d6b98458d-q7w9z", POD), quiet_row("web", POD, status="Running")]
    text = stat_text(rows, width=64)
    assert max(map(len, text.splitlines())) == 64
    assert re.search(r"^linkerd\S*…\S*q7w9z ", text, re.MULTILINE)
    assert "web " in text


def test_numbers_are_never_cut() -> None:
    text = stat_text([busy_row("linkerd-destination-d6b98458d-q7w9z", rps=123456.7)], width=20)
    for number in ("98.33%", "123456.7rps", "3.2ms", "40ms", "99ms", "1/2"):
        assert number in text


@given(st.text("ab-", min_size=1, max_size=60), st.integers(min_value=3, max_value=80))
def test_a_shortened_name_keeps_both_its_ends(name: str, longest: int) -> None:
    short = shortened(name, longest)
    assert len(short) == min(len(name), longest)
    assert (short[0], short[-1]) == (name[0], name[-1])


@given(st.text(min_size=1, max_size=40), st.integers(min_value=1, max_value=40))
def test_no_name_is_wider_than_it_may_be_however_wide_its_characters(name: str, longest: int) -> None:
    short = shortened(name, longest)
    assert cells_wide(short) <= longest
    assert short == name or "…" in short


@dataclass(frozen=True)
class Fact:
    name: str
    number: float


FACTS: View[Fact] = View(
    [Column("NAME", "name", lambda row: row.name, left=True), Column("N", "n", lambda row: row.number)]
)


@given(st.lists(st.builds(Fact, st.text(min_size=1), st.floats(allow_nan=False)), min_size=1))
def test_plain_and_painted_agree_whatever_the_names(rows: list[Fact]) -> None:
    assert ESCAPES.sub("", table_text(rows, FACTS, colour=True)) == table_text(rows, FACTS)


@given(st.lists(st.builds(Fact, st.text(min_size=1), st.floats(allow_nan=False)), min_size=1))
def test_columns_end_at_the_same_cell_in_every_line(rows: list[Fact]) -> None:
    lines = table_text(rows, FACTS).splitlines()
    assert len(lines) == len(rows) + 1
    assert len({cells_wide(line) for line in lines}) == 1


def test_escape_sequences_in_names_are_made_visible() -> None:
    text = stat_text([busy_row("web\x1b[31m\x07\u202e")])
    assert "\x1b" not in text
    assert r"web\x1b[31m\x07\u202e" in text


def test_markup_in_names_is_text() -> None:
    assert "[red]web[/red]" in ESCAPES.sub("", stat_text([busy_row("[red]web[/red]")], colour=True))


def test_live_tables_are_rich_tables_of_the_same_cells() -> None:
    from rich.console import Console

    rows = [quiet_row(), busy_row()]
    console = Console(width=120, color_system=None)
    view = stat_view(all_namespaces=False, prefixed=True, wide=False)
    with console.capture() as capture:
        for table in tables(rows, view, width=120):
            console.print(table)
    assert "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n" == SAMPLE


def test_all_parts_are_packed_alike() -> None:
    rows = [busy_row("web", POD), busy_row("web-svc", SERVICE, p50=ms(1))]
    grids = laid_out(rows, stat_view(all_namespaces=False, prefixed=True, wide=False), width=80)
    assert len({grid.gap for grid in grids}) == 1


def test_trees_are_straight_however_wide_a_name_is() -> None:
    web = Party("", "web", DEPLOYMENT.name)
    rows = [EdgeRow(web, Party("", name, "external"), "", Golden()) for name in ("名前.example.com", "a.example")]
    _, *branches = tree_text(rows).splitlines()
    assert len({cells_wide(line.partition("√")[0]) for line in branches}) == 1
