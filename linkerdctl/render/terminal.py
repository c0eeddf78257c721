"""Where output goes: streams, width, colour, how talkative. Made once by the command line and handed down."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TextIO

from linkerdctl.errors import LinkerdctlError


@dataclass(frozen=True, slots=True)
class Terminal:
    """stdout is data, stderr is talk. `colour` and `live` hold for stdout, `progress` for stderr."""

    stdout: TextIO = field(default_factory=lambda: sys.stdout)
    stderr: TextIO = field(default_factory=lambda: sys.stderr)
    colour: bool = False
    live: bool = False
    """stdout is a terminal that can be refreshed in place."""
    progress: bool = False
    quiet: bool = False

    @classmethod
    def of_process(cls, *, quiet: bool = False, environ: Mapping[str, str] = os.environ) -> Terminal:
        """What this process is connected to, minding NO_COLOR, FORCE_COLOR and TERM=dumb."""
        live = sys.stdout.isatty() and environ.get("TERM") != "dumb"
        colour = (live or bool(environ.get("FORCE_COLOR"))) and not environ.get("NO_COLOR")
        progress = sys.stderr.isatty() and environ.get("TERM") != "dumb" and not quiet
        return cls(sys.stdout, sys.stderr, colour, live, progress, quiet)

    @property
    def width(self) -> int:
        """Columns there are right now; terminals are resized."""
        return shutil.get_terminal_size().columns

    def out(self, text: str) -> None:
        """Data, as it is."""
        self.stdout.write(text)
        self.stdout.flush()

    def note(self, text: str) -> None:
        """A line of talk; silent with --quiet."""
        if not self.quiet:
            self.stderr.write(f"{printable(text)}\n")
            self.stderr.flush()

    def error(self, error: LinkerdctlError) -> None:
        """What went wrong, in one line, and below it what to do."""
        self.stderr.write(f"error: {printable(error.message)}\n")
        for line in (error.next_step or "").splitlines():
            self.stderr.write(f"  {printable(line)}\n")
        self.stderr.flush()


def printable(text: str) -> str:
    """The text with control characters made visible (`\\x1b`): names and paths are other people's data."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
