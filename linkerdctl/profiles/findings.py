"""What a linter says: how bad, where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from linkerdctl.profiles.documents import Path


class Severity(Enum):
    """An error is refused by the cluster or never works; a warning works, but hardly as it was meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding before it is known in which file: `path` leads to it inside the manifest."""

    severity: Severity
    path: Path
    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one profile. `line` and `column` count from 1; 0 when there is no text."""

    severity: Severity
    source: str
    line: int
    column: int
    profile: str
    route: str
    what: str
    advice: str

    @property
    def where(self) -> str:
        """`FILE:line:column`."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


def error(path: Path, what: str, advice: str) -> Problem:
    """A problem that keeps the profile, or a part of it, from working."""
    return Problem(Severity.ERROR, path, what, advice)


def warning(path: Path, what: str, advice: str) -> Problem:
    """A problem that makes it do something else than was meant."""
    return Problem(Severity.WARNING, path, what, advice)
