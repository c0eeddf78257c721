"""PromQL from traffic queries, for one set-up. Pure.

What a number means here is what it means when the proxies themselves are asked (`linkerdctl.metrics.deltas`):

- An increase is the difference between the newest sample of a series and the newest one a window earlier; where that is lower
  than before, or its proxy another process, the newest sample itself. It is a whole number. Nothing is extrapolated to the
  edges of the window, as `increase()` and `rate()` would do.
- A series that came meanwhile counts in full if its proxy was there before or has started since; of a proxy that started long
  ago but is new to this store nothing is counted, rather than its whole life.
- A rate divides by the seconds between the two scrapes of that proxy (since its start, if it started meanwhile).
- Percentiles come from bucket increases over the whole window, not from the last two scrapes.

Every expression of a command goes into few requests: those of one family, for all selections, stand in one, joined by `or`
and told apart by a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from linkerdctl.metrics.query import RESPONSES, Direction, Matcher, Need
from linkerdctl.sources.prometheus.promql import duration, selector, tagged
from linkerdctl.sources.prometheus.setup import START_TIME, Setup
from linkerdctl.sources.prometheus.translation import Translation

MOST_REQUESTS = 4
"""How many requests the expressions of one command are spread over, beside the one for the set-up and the one for looks."""

LONGEST = 12_000
"""Characters of one request above which expressions of a family are spread: VictoriaMetrics takes 16,384 bytes."""

OPEN_CONNECTIONS = "tcp_open_connections"
BYTES_READ = "tcp_read_bytes_total"
BYTES_WRITTEN = "tcp_write_bytes_total"


class Look:
    """Two looks at every proxy, `window` seconds apart; with None one look, at its whole life."""

    def __init__(self, setup: Setup, window: float | None) -> None:
        self._setup = setup
        self._starts = selector(START_TIME, setup.only)
        self._on = f"on ({setup.identity})"
        self._window = window
        self._ago = "" if window is None else f" offset {duration(window)}"

    def after(self, series: str, *, per_second: bool = False) -> str:
        """The newest samples of a counter's series, of proxies whose beginning is known.

        If they are to be divided by the seconds that were watched, those choose the same proxies.
        """
        if self._window is None or (per_second and self._setup.starts):
            return series
        known = (
            f"{self._on} ({self._starts}{self._ago} or {self._young})" if self._setup.starts else f"{series}{self._ago}"
        )
        return f"{series} and {known}"

    def before(self, series: str, whole: str = "") -> str:
        """What is to be taken off: the samples a window earlier of those series that have not begun anew since.

        A histogram begins anew as a whole. `whole` are those of its series that count everything; the others are only looked
        at one by one, as that is where the cost is.
        """
        earlier = f"{series}{self._ago}"
        if whole:
            earlier += f" unless ignoring (le) ({whole} < {whole}{self._ago})"
        if self._setup.starts:
            earlier += f" and {self._on} (abs({self._starts} - {self._starts}{self._ago}) <= 1)"
        return f"({earlier}) <= {series}"

    @property
    def looks_twice(self) -> bool:
        """Whether there is anything to be taken off."""
        return self._window is not None

    def per_second(self, expression: str, series: str) -> str:
        """A counter's samples divided by the seconds that were watched, each proxy by its own clock."""
        return f"({expression}) / {self._on} group_left () {self.seconds(series)}"

    def seconds(self, series: str = "") -> str:
        """How long was watched, by proxy. Without start times it is told from the samples of the `series` themselves."""
        starts = self._starts
        if self._window is None:
            between = f"timestamp({starts}) - {starts}"
        elif self._setup.starts:
            between = (
                f"(timestamp({starts}) - timestamp({starts}{self._ago})) or (timestamp({starts}) - ({self._young}))"
            )
        else:
            between = f"timestamp({series}) - timestamp({series}{self._ago})"
        return f"max by ({self._setup.identity}) (({between}) > 0)"

    def report(self, namespaces: Sequence[str]) -> str:
        """Which proxies were looked at and when, the usual window, who is not known from its beginning, who restarted."""
        labels, on = self._setup.labels, self._on
        where = (Matcher(labels["namespace"], tuple(namespaces)),) if namespaces else ()
        inbound = (Matcher("direction", (Direction.INBOUND.value,)), *where, *self._setup.only)
        series = selector(RESPONSES.responses, inbound)
        anchor = selector(START_TIME, (*where, *self._setup.only)) if self._setup.starts else series
        proxies, by_pod = f"and {on} {series}", f"by ({labels['namespace']}, {labels['pod']})"
        seconds = self.seconds(series)
        parts = [
            tagged(f"max {by_pod} (timestamp({anchor}) {proxies})", "seen"),
            tagged(f"quantile(0.5, {seconds} {proxies})", "seconds"),
            tagged(f"group {by_pod} ({anchor} {proxies} unless {on} {seconds})", "unknown"),
        ]
        if self._window is not None and self._setup.starts:
            parts.append(tagged(f"group {by_pod} ({anchor} - {anchor}{self._ago} > 1 {proxies})", "restarted"))
        return " or ".join(parts)

    @property
    def _young(self) -> str:
        return f"{self._starts} > time() - {self._window or 0:g}"


def data_queries(translations: Sequence[Translation], look: Look) -> list[str]:
    """What answers all of them, in at most `MOST_REQUESTS` texts."""
    by_family: dict[object, list[str]] = {}
    for index, translation in enumerate(translations):
        for part in _parts(translation, look) if translation.possible else ():
            by_family.setdefault(part.family, []).append(tagged(part.expression, f"{index}:{part.name}"))
    texts = _packed(list(by_family.values()), min(MOST_REQUESTS, len(by_family)))
    if any(len(text) > LONGEST for text in texts):
        texts = _packed([[each] for expressions in by_family.values() for each in expressions], MOST_REQUESTS)
    return texts


def _packed(groups: Sequence[Sequence[str]], requests: int) -> list[str]:
    """So many texts of about the same length, each group whole in one."""
    joined = sorted((" or ".join(each) for each in groups), key=len, reverse=True)
    texts: list[list[str]] = [[] for _ in range(requests)]
    for each in joined:
        min(texts, key=lambda text: sum(map(len, text))).append(each)
    return [" or ".join(each) for each in texts]


@dataclass(frozen=True, slots=True)
class _Part:
    """One expression: `family` decides which others it shares a request with, `name` what its rows are read as."""

    family: object
    name: str
    expression: str


def _parts(translation: Translation, look: Look) -> Iterator[_Part]:
    query = translation.query
    families = query.families
    if Need.REQUESTS in query.needs:
        series = selector(families.responses, _conditions(translation, directed=families.directed))
        outcome = families.verdict.labels
        yield from _counted(families.responses, "requests", translation, look, series, outcome)
        yield from _counted(families.responses, "rate", translation, look, series, outcome, per_second=True)
    if Need.LATENCY in query.needs and families.latency:
        conditions = tuple(_conditions(translation, directed=families.directed))
        series = selector(families.latency, conditions)
        whole = selector(families.latency, (*conditions, Matcher("le", ("+Inf",))))
        yield from _counted(families.latency, "latency", translation, look, series, ("le",), whole=whole)
    if Need.TCP in query.needs:
        sockets = (*_conditions(translation, directed=True), Matcher("peer", (query.peer,)))
        yield _Part(Need.TCP, "open", _sum(translation, selector(OPEN_CONNECTIONS, sockets)))
        for name, family in (("read", BYTES_READ), ("written", BYTES_WRITTEN)):
            yield from _counted(Need.TCP, name, translation, look, selector(family, sockets), per_second=True)


def _counted(
    family: object,
    name: str,
    translation: Translation,
    look: Look,
    series: str,
    more: Iterable[str] = (),
    *,
    whole: str = "",
    per_second: bool = False,
) -> Iterator[_Part]:
    """A counter's sum as it is, and (`-NAME`) what is to be taken off. Subtracting series by series costs far more."""
    looks = {name: look.after(series, per_second=per_second)}
    if look.looks_twice:
        looks[f"-{name}"] = look.before(series, whole)
    for each, expression in looks.items():
        yield _Part(
            family, each, _sum(translation, look.per_second(expression, series) if per_second else expression, more)
        )


def _conditions(translation: Translation, *, directed: bool) -> Iterator[Matcher]:
    if directed:
        yield Matcher("direction", (translation.query.direction.value,))
    yield from translation.matchers


def _sum(translation: Translation, expression: str, more: Iterable[str] = ()) -> str:
    labels = dict.fromkeys((*translation.columns.values(), *more))
    return f"sum by ({', '.join(labels)}) ({expression})"
