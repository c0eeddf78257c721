"""The command that a demo runs: which program it is, its signals, its exit code."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from types import FrameType

from linkerdctl.errors import UsageError

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def child_of(words: Sequence[str], *, own: Container[str]) -> list[str]:
    """The words of a process: this same linkerdctl for one of its `own` commands, else a program on PATH.

    Raises `UsageError` when there is no such program.
    """
    first = words[0]
    if first == "linkerdctl":
        return [sys.executable, "-m", "linkerdctl", *words[1:]]
    if first in own or first.startswith("-"):
        return [sys.executable, "-m", "linkerdctl", *words]
    program = shutil.which(first)
    if program is None:
        raise UsageError(
            f"{first!r} is neither a command of linkerdctl nor a program on PATH",
            next_step="for example: linkerdctl demo -- stat deploy -n emojivoto",
        )
    return [program, *words[1:]]


def run_child(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run it on this process's streams, hand signals on to it, and return its exit code (128 + N for signal N)."""
    with _forwarding() as forward_to:
        try:
            child = subprocess.Popen(words, env=dict(environment))  # noqa: S603 - running it is what the user asks for
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"cannot run {words[0]!r}: {reason}") from error
        forward_to(child)
        code = child.wait()
    return 128 - code if code < 0 else code


@contextlib.contextmanager
def _forwarding() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Signals wait for the child that is given in the end: one that came while it was being started must not be lost."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and _has_terminal():
            return
        for child in children:
            child.send_signal(number)
        if not children:
            early.append(number)

    def forward_to(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            child.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield forward_to
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _has_terminal() -> bool:
    """Whether Ctrl-C reaches the child without us: a terminal sends it to all processes in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
