"""Where output goes: streams, width, colour, how talkative. Made once by the command line and handed down."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
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
    """stderr is a terminal, and nothing else is written there meanwhile."""
    quiet: bool = False

    @classmethod
    def of_process(
        cls,
        *,
        colour: str = "auto",
        quiet: bool = False,
        verbose: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> Terminal:
        """What this process is connected to. `colour` is auto, always or never; auto minds NO_COLOR, FORCE_COLOR, TERM."""
        stdout, stderr = _stream(sys.stdout), _stream(sys.stderr)
        capable = environ.get("TERM") != "dumb"
        return cls(
            stdout,
            stderr,
            colour=_coloured(colour, stdout.isatty() and capable, environ),
            live=stdout.isatty() and capable,
            progress=stderr.isatty() and capable and not quiet and not verbose,
            quiet=quiet,
        )

    @property
    def width(self) -> int | None:
        """Columns there are right now (terminals are resized); None where standard output is no terminal."""
        return shutil.get_terminal_size().columns if self.stdout.isatty() else None

    def out(self, text: str) -> None:
        """Data, as it is. A closed pipe raises `BrokenPipeError`, which ends the run quietly."""
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise LinkerdctlError(f"standard output cannot be written: {error.strerror or error}") from error

    def note(self, text: str) -> None:
        """A line of talk; silent with --quiet."""
        if not self.quiet:
            self._tell(printable(text))

    def warn(self, text: str) -> None:
        """A line about something that is not as it should be, though the answer stands; not silenced."""
        self._tell(f"warning: {printable(text)}")

    def error(self, error: LinkerdctlError) -> None:
        """What went wrong, in one line, and below it what to do."""
        self._tell(f"error: {printable(error.message)}")
        for line in (error.next_step or "").splitlines():
            self._tell(f"  {printable(line)}")

    def _tell(self, line: str) -> None:
        """Nobody may be listening on stderr; that is no reason to fail."""
        try:
            self.stderr.write(f"{line}\n")
            self.stderr.flush()
        except OSError:
            return


def _stream(stream: TextIO | None) -> TextIO:
    """Python has None where the process was started with the descriptor closed."""
    return stream if stream is not None else Path(os.devnull).open("w")


def _coloured(wanted: str, terminal: bool, environ: Mapping[str, str]) -> bool:
    if wanted != "auto":
        return wanted == "always"
    if environ.get("NO_COLOR"):
        return False
    return terminal or environ.get("FORCE_COLOR", "0") not in ("", "0")


def printable(text: str) -> str:
    """The text with control characters made visible (`\\x1b`): names and paths are other people's data."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
