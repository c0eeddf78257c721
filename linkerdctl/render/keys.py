"""Keys of a terminal, one by one, without waiting for Enter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NAMED = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
    "\x1b[5~": "page-up", "\x1b[6~": "page-down", "\x1b[H": "home", "\x1b[F": "end", "\x1b[1~": "home", "\x1b[4~": "end",
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape",
}  # fmt: skip


def keys_of(data: bytes) -> Iterator[str]:
    """The keys behind what was read at once: characters as they are, others by name; unknown ones are left out."""
    text = data.decode(errors="ignore")
    at = 0
    while at < len(text):
        sequence = _sequence(text[at:])
        at += len(sequence)
        if sequence in _NAMED:
            yield _NAMED[sequence]
        elif sequence.isprintable():
            yield sequence


def _sequence(text: str) -> str:
    """The first character, or all of an escape sequence."""
    if text[0] != "\x1b" or len(text) == 1 or text[1] not in "[O":
        return text[0]
    end = next((index for index, char in enumerate(text[2:], 2) if "@" <= char <= "~"), len(text) - 1)
    return text[: end + 1]


@contextmanager
def keyboard() -> Iterator[int | None]:
    """A descriptor to read keys from, standard input or else the terminal itself; None where there is neither.

    Ctrl-C interrupts as ever. The terminal is as it was before, whatever happens.
    """
    try:
        import termios
        import tty

        descriptor = os.open("/dev/tty", os.O_RDONLY) if not sys.stdin.isatty() else os.dup(sys.stdin.fileno())
    except (ImportError, OSError, AttributeError, ValueError):
        yield None
        return
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        yield descriptor
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
        os.close(descriptor)
