"""Views that refresh."""

from __future__ import annotations

import io

import pytest
from rows_for_tests import Screen, busy_row, quiet_row, terminal

from linkerdctl.render.live import live_on
from linkerdctl.render.stat import stat_view
from linkerdctl.render.terminal import Terminal

VIEW = stat_view(all_namespaces=False, prefixed=False, wide=False)
CLEAR = "\x1b[2J"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LINES", "40")
    monkeypatch.setenv("TERM", "xterm")
    return Screen()


def live_terminal(screen: Screen) -> Terminal:
    return Terminal(stdout=screen, stderr=io.StringIO(), live=True)


def test_in_a_pipe_one_table_follows_the_other_below_its_time() -> None:
    to = terminal()
    with live_on(to) as live:
        assert not live.in_place
        live.show(VIEW, [busy_row()], 0.0)
        live.show(VIEW, [busy_row()], 2.0)
    lines = to.stdout.getvalue().splitlines()
    assert [line[:4] for line in lines] == ["--- ", "NAME", "web ", "--- ", "NAME", "web "]


def test_on_a_terminal_one_view_replaces_the_other(screen: Screen) -> None:
    with live_on(live_terminal(screen)) as live:
        assert live.in_place
        live.show(VIEW, [busy_row(), quiet_row()], 0.0, footer="6 of 7 proxies answered")
        before = len(screen.getvalue())
        live.show(VIEW, [busy_row(), quiet_row()], 2.0)
        second = screen.getvalue()[before:]
    assert "6 of 7 proxies answered   Ctrl-C ends" in screen.getvalue()[:before]
    assert second.count("\x1b[1A") == 3, "header, two rows and the footer are gone back over"
    assert CLEAR not in screen.getvalue()


def test_a_resized_terminal_is_cleared_and_filled_anew(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    with live_on(live_terminal(screen)) as live:
        live.show(VIEW, [busy_row()], 0.0)
        monkeypatch.setenv("COLUMNS", "70")
        before = len(screen.getvalue())
        live.show(VIEW, [busy_row()], 2.0)
        second = screen.getvalue()[before:]
    assert CLEAR in second
    assert "LATENCY_P50" not in second


def test_what_was_shown_last_stays_without_the_way_to_end_it(screen: Screen) -> None:
    with pytest.raises(KeyboardInterrupt), live_on(live_terminal(screen)) as live:
        live.show(VIEW, [busy_row()], 0.0)
        before = len(screen.getvalue())
        raise KeyboardInterrupt
    end = screen.getvalue()[before:]
    assert "web" in end
    assert "Ctrl-C" not in end
    assert "\x1b[?25h" in end, "the cursor is back"


def test_rows_for_machines_are_never_shown_in_place(screen: Screen) -> None:
    with live_on(live_terminal(screen), streamed=True) as live:
        assert not live.in_place
    assert screen.getvalue() == ""
