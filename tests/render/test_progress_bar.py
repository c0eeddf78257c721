"""The progress bar: on terminals, for what takes long, and gone afterwards."""

from __future__ import annotations

import io
import threading

import pytest
from rows_for_tests import Screen, terminal

from linkerdctl.progress import NoProgress
from linkerdctl.render.progress import BarProgress, progress_on
from linkerdctl.render.terminal import Terminal


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm")
    return Screen()


def bar_on(screen: Screen, patience: float) -> BarProgress:
    return BarProgress(Terminal(stdout=io.StringIO(), stderr=screen, progress=True), patience=patience)


def wait_for(bar: BarProgress) -> None:
    """Until the timer's thread has put the bar up."""
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def test_where_nobody_looks_nothing_is_told() -> None:
    assert isinstance(progress_on(terminal()), NoProgress)
    assert isinstance(progress_on(terminal(progress=True)), BarProgress)


def test_what_is_done_at_once_shows_no_bar(screen: Screen) -> None:
    bar = bar_on(screen, patience=3600)
    bar.start("asking proxies", 7)
    bar.advance()
    bar.stop()
    assert screen.getvalue() == ""


def test_what_takes_long_shows_how_far_it_is_and_leaves_nothing_behind(screen: Screen) -> None:
    bar = bar_on(screen, patience=0)
    bar.start("asking proxies", 7)
    wait_for(bar)
    bar.advance(3)
    bar.start("asking again", 9)
    bar.advance(4)
    bar.stop()
    assert "asking again" in screen.getvalue()
    assert "4/9" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K"), "its line is wiped"
    assert "\x1b[?25h" in screen.getvalue(), "the cursor is back"


def test_steps_before_the_bar_appears_count(screen: Screen) -> None:
    bar = bar_on(screen, patience=3600)
    bar.start("asking proxies", 7)
    bar.advance(5)
    bar._show()
    bar.stop()
    assert "5/7" in screen.getvalue()


def test_a_bar_that_was_stopped_does_not_appear_late(screen: Screen) -> None:
    bar = bar_on(screen, patience=3600)
    bar.start("asking proxies", 7)
    bar.stop()
    bar._show()
    assert screen.getvalue() == ""


def test_brackets_in_labels_are_text(screen: Screen) -> None:
    bar = bar_on(screen, patience=0)
    bar.start("asking [bold]web[/bold]", 1)
    wait_for(bar)
    bar.stop()
    assert "[bold]web[/bold]" in screen.getvalue()
