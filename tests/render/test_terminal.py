"""Where output goes, and what of other people's text may reach a terminal."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows_for_tests import Screen, terminal

from linkerdctl.errors import LinkerdctlError
from linkerdctl.render.terminal import Terminal, printable

OfProcess = Callable[..., Terminal]


@pytest.fixture
def of_process(monkeypatch: pytest.MonkeyPatch) -> OfProcess:
    """A process's terminal, its streams both of one sort; only while it is made, since pytest has streams of its own."""

    def make(stream: Callable[[], io.StringIO] | None, environ: dict[str, str], **more: Any) -> Terminal:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream and stream())
            patch.setattr(sys, "stderr", stream and stream())
            return Terminal.of_process(environ=environ, **more)

    return make


@pytest.mark.parametrize(
    ("environ", "wanted", "colour"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": ""}, "auto", True),
        ({"TERM": "dumb"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
        ({}, "never", False),
    ],
)
def test_colour_on_a_terminal(of_process: OfProcess, environ: dict[str, str], wanted: str, colour: bool) -> None:
    assert of_process(Screen, environ, colour=wanted).colour is colour


@pytest.mark.parametrize(
    ("environ", "wanted", "colour"),
    [
        ({}, "auto", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "0"}, "auto", False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({}, "always", True),
    ],
)
def test_colour_in_a_pipe(of_process: OfProcess, environ: dict[str, str], wanted: str, colour: bool) -> None:
    assert of_process(io.StringIO, environ, colour=wanted).colour is colour


def test_progress_is_for_terminals_that_nothing_else_is_written_to(of_process: OfProcess) -> None:
    assert of_process(Screen, {}).progress
    assert not of_process(Screen, {}, quiet=True).progress
    assert not of_process(Screen, {}, verbose=True).progress
    assert not of_process(Screen, {"TERM": "dumb"}).progress


def test_pipes_have_no_width_and_no_live_view(of_process: OfProcess) -> None:
    piped = of_process(io.StringIO, {})
    assert piped.width is None
    assert not piped.live
    assert not piped.progress


def test_quiet_silences_notes_but_neither_warnings_nor_errors() -> None:
    to = terminal(quiet=True)
    to.note("a note")
    to.warn("a warning")
    to.error(LinkerdctlError("it failed", next_step="do this\nthen that"))
    assert to.stderr.getvalue() == "warning: a warning\nerror: it failed\n  do this\n  then that\n"


def test_data_and_talk_do_not_mix() -> None:
    to = terminal()
    to.out("data\n")
    to.note("talk")
    assert (to.stdout.getvalue(), to.stderr.getvalue()) == ("data\n", "talk\n")


def test_an_error_is_one_line_whatever_the_server_put_into_it() -> None:
    to = terminal()
    to.error(LinkerdctlError("the server said\nerror: \x1b[2Jgo away"))
    assert to.stderr.getvalue() == "error: the server said\\nerror: \\x1b[2Jgo away\n"


class Broken(io.StringIO):
    """Every write fails."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, text: str) -> int:
        raise OSError(self._number, "no")


def test_a_full_disk_is_told_as_such() -> None:
    with pytest.raises(LinkerdctlError, match="standard output cannot be written"):
        Terminal(stdout=Broken(errno.ENOSPC)).out("data")


def test_a_closed_pipe_is_left_to_the_one_who_ends_the_run() -> None:
    with pytest.raises(BrokenPipeError):
        Terminal(stdout=Broken(errno.EPIPE)).out("data")


def test_nobody_listening_on_stderr_does_no_harm() -> None:
    Terminal(stderr=Broken(errno.EPIPE)).error(LinkerdctlError("unheard"))


def test_closed_descriptors_are_no_reason_to_fail(of_process: OfProcess) -> None:
    closed = of_process(None, {})
    closed.out("data")
    closed.note("talk")


@given(st.text())
def test_printable_text_is_printable_and_harmless_text_is_left_alone(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


@pytest.mark.parametrize("harm", ["\x1b", "\x9b", "\r", "\n", "\x00", "\u202e", "\u2066", "\x7f"])
def test_characters_that_move_the_cursor_or_turn_text_round_are_shown_as_escapes(harm: str) -> None:
    assert printable(f"a{harm}b") == "a" + harm.encode("unicode_escape").decode() + "b"
