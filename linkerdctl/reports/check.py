"""`check`: whether all is there that commands need. What was found out, and how it is judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.served import ApiState
from linkerdctl.kube.trust import Trust
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.reports.identity import Margin


class Result(Enum):
    """How a check ended; the value is what `linkerd check -o json` calls it, but for the last."""

    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"
    """It could not be told, or it does not matter here."""


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What is to be looked at."""

    namespace: str | None
    """None is everywhere."""
    margin: Margin | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `id` never changes, so that scripts can rely on it."""

    id: str
    description: str
    result: Result = Result.SUCCESS
    error: str = ""
    """What is wrong, or why it could not be told."""
    hint: str = ""
    """What to run next; may hold several lines."""


@dataclass(frozen=True, slots=True)
class Category:
    """Checks that belong together."""

    name: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """The API server: its version, or why there is none."""

    server: str
    version: str = ""
    error: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that one may do or not (None: the server does not say), and what it is for."""

    id: str
    what: str
    purpose: str
    allowed: bool | None = None
    essential: bool = True
    """Whether commands in general are of no use without it."""
    command: str = "stat"
    """A command whose role grants it."""


@dataclass(frozen=True, slots=True)
class PodFacts:
    """The pods there. `unmeshed` should be meshed and are not; `waiting` are meshed and do not run, with their status."""

    total: int
    meshed: int
    unmeshed: tuple[PodRef, ...] = ()
    waiting: tuple[tuple[PodRef, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Silent:
    """A proxy that did not answer, or that a Prometheus holds nothing of."""

    pod: PodRef
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What proxies said, and who said nothing."""

    scrapes: Mapping[PodRef, Scrape] = field(default_factory=dict)
    silent: tuple[Silent, ...] = ()

    @property
    def told(self) -> str:
        """`3 of 4`."""
        return f"{len(self.scrapes)} of {len(self.scrapes) + len(self.silent)}"


@dataclass(frozen=True, slots=True)
class PrometheusFacts:
    """The Prometheus that was chosen: what it says of itself, or why it is of no use. What it holds is in the answers."""

    notes: tuple[str, ...] = ()
    """What it says of itself: old data, a window that was made longer."""
    error: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found out. None is what could not be, or was not asked for."""

    namespace: str | None = None
    """Where was looked; None is everywhere."""
    narrowed: bool = False
    """Whether that is a single namespace because one may not look elsewhere."""
    api: ApiFacts | None = None
    grants: tuple[Grant, ...] = ()
    pods: PodFacts | None = None
    pods_error: str = ""
    pods_advice: str = ""
    targets: Sequence[Target] = ()
    answers: Answers | None = None
    trust: Trust | None = None
    tap: ApiState | None = None
    prometheus: PrometheusFacts | None = None
    now: float = 0.0
    """Epoch seconds."""
    own_clock: bool = False
    """Whether `now` is this machine's clock, just when the proxies were asked."""
    margin: Margin | None = None
    """How much certificates should have left, if not what is usual."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was checked."""

    categories: tuple[Category, ...]

    def failing(self, worst: Result = Result.ERROR) -> list[Check]:
        """Checks that are as bad as `worst`, which is `ERROR` or `WARNING`."""
        bad = (Result.ERROR,) if worst is Result.ERROR else (Result.ERROR, Result.WARNING)
        return [check for category in self.categories for check in category.checks if check.result in bad]


def named(items: Iterable[object], most: int = 5) -> str:
    """The first few of them, and how many more there are."""
    words = [str(each) for each in items]
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def counted(values: Iterable[str]) -> Mapping[str, int]:
    """How often each is there, the most frequent first."""
    from collections import Counter

    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))
