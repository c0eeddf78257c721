"""From two scrapes of one proxy to its share in the answers: labels completed, series chosen, groups added up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from linkerdctl.metrics.deltas import Window, counter_deltas, gauge_values, histogram_deltas
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.query import Families, Need, TrafficQuery
from linkerdctl.metrics.traffic import Traffic

Labels = Mapping[str, str]
GroupKey = tuple[str, ...]
PeerLabels = Callable[[str, str], Labels | None]
"""What is known of the pod (namespace, name) at the other end, as labels without `dst_`."""

OPEN_CONNECTIONS = "tcp_open_connections"
BYTES_READ = "tcp_read_bytes_total"
BYTES_WRITTEN = "tcp_write_bytes_total"

_TCP = (OPEN_CONNECTIONS, BYTES_READ, BYTES_WRITTEN)


def sample_names(queries: Iterable[TrafficQuery]) -> frozenset[str]:
    """The samples that must be read to answer these queries."""
    return frozenset(name for query in queries for name in _names(query))


def _names(query: TrafficQuery) -> Iterator[str]:
    if Need.REQUESTS in query.needs:
        yield query.families.responses
    if Need.LATENCY in query.needs and query.families.latency:
        yield query.families.latency
    if Need.TCP in query.needs:
        yield from _TCP


def reduce(
    window: Window,
    queries: Sequence[TrafficQuery],
    *,
    pod_labels: Labels,
    admin_port: int,
    peer_labels: PeerLabels = lambda namespace, pod: None,
) -> list[dict[GroupKey, Traffic]]:
    """What this proxy adds to each query's groups, in the order of the queries.

    `pod_labels` are those of the scraped pod. A group appears as soon as the proxy holds a series of it, moved or not.
    """
    concerned = [query for query in queries if query.concerns(pod_labels)]
    if not concerned:
        return [{} for _ in queries]
    series = _SeriesByFamily(window, concerned, _Completion(pod_labels, peer_labels))
    return [_groups(query, series, str(admin_port)) if query in concerned else {} for query in queries]


class _Completion:
    """Adds to a series' own labels those of the scraped pod and of the pod at the other end."""

    def __init__(self, pod_labels: Labels, peer_labels: PeerLabels) -> None:
        self._pod_labels = pod_labels
        self._peer_labels = peer_labels
        self._destinations: dict[tuple[str, str], dict[str, str]] = {}

    def __call__(self, raw: bytes) -> Labels:
        own = parse_labels(raw)
        if "dst_pod" not in own:
            return {**own, **self._pod_labels}
        return {**own, **self._destination(own.get("dst_namespace", ""), own["dst_pod"]), **self._pod_labels}

    def _destination(self, namespace: str, pod: str) -> dict[str, str]:
        """Completed because the proxy names only the direct owner: with it, `--to rollout/web` finds its pods."""
        if (namespace, pod) not in self._destinations:
            known = self._peer_labels(namespace, pod) or {}
            self._destinations[namespace, pod] = {f"dst_{label}": value for label, value in known.items()}
        return self._destinations[namespace, pod]


Series = tuple[Need, Labels, Traffic]


class _SeriesByFamily:
    """Every series of the wanted families as the traffic it alone stands for; each family is looked at once."""

    def __init__(self, window: Window, queries: Iterable[TrafficQuery], complete: _Completion) -> None:
        self._window = window
        self._complete = complete
        self._requests = {
            families: list(self._responses(families))
            for families in {query.families for query in queries if Need.REQUESTS in query.needs}
        }
        self._latencies = {
            families: list(self._histograms(families))
            for families in {
                query.families for query in queries if Need.LATENCY in query.needs and query.families.latency
            }
        }
        self._sockets = list(self._tcp()) if any(Need.TCP in query.needs for query in queries) else []

    def of(self, query: TrafficQuery) -> Iterator[Series]:
        """What a query asks for."""
        if Need.REQUESTS in query.needs:
            yield from self._requests[query.families]
        if Need.LATENCY in query.needs:
            yield from self._latencies.get(query.families, ())
        if Need.TCP in query.needs:
            yield from self._sockets

    def _responses(self, families: Families) -> Iterator[Series]:
        seconds = self._window.seconds
        for raw, count in counter_deltas(self._window, families.responses).items():
            labels = self._complete(raw)
            yield Need.REQUESTS, labels, _responses(families.verdict(labels), count, seconds)

    def _histograms(self, families: Families) -> Iterator[Series]:
        for raw, histogram in histogram_deltas(self._window, families.latency).items():
            latency = histogram.scaled(families.unit_ms)
            yield Need.LATENCY, self._complete(raw), Traffic(latency=latency, seconds=self._window.seconds)

    def _tcp(self) -> Iterator[Series]:
        window, seconds, complete = self._window, self._window.seconds, self._complete
        for raw, value in gauge_values(window, OPEN_CONNECTIONS).items():
            yield Need.TCP, complete(raw), Traffic(tcp_open=value, seconds=seconds)
        for raw, count in counter_deltas(window, BYTES_READ).items():
            yield Need.TCP, complete(raw), Traffic(read_bytes_rate=_rate(count, seconds), seconds=seconds)
        for raw, count in counter_deltas(window, BYTES_WRITTEN).items():
            yield Need.TCP, complete(raw), Traffic(write_bytes_rate=_rate(count, seconds), seconds=seconds)


def _responses(succeeded: bool | None, count: float, seconds: float) -> Traffic:
    if succeeded is None:
        return Traffic()
    successes, failures = (count, 0.0) if succeeded else (0.0, count)
    return Traffic(successes=successes, failures=failures, request_rate=_rate(count, seconds), seconds=seconds)


def _rate(count: float, seconds: float) -> float | None:
    """Per second; None where nobody knows how long it took."""
    return count / seconds if seconds > 0 else None


def _groups(query: TrafficQuery, series: _SeriesByFamily, admin_port: str) -> dict[GroupKey, Traffic]:
    groups: dict[GroupKey, Traffic] = {}
    for need, labels, traffic in series.of(query):
        if _chosen(query, need, labels, admin_port):
            key = tuple(labels.get(label, "") for label in query.group_by)
            groups[key] = groups[key] + traffic if key in groups else traffic
    return groups


def _chosen(query: TrafficQuery, need: Need, labels: Labels, admin_port: str) -> bool:
    directed = need is Need.TCP or query.families.directed
    if directed and labels.get("direction") != query.direction.value:
        return False
    if need is Need.TCP and labels.get("peer") != query.peer:
        return False
    if not query.include_admin and _is_admin(labels, admin_port):
        return False
    return all(matcher.accepts(labels) for matcher in query.matchers)


def _is_admin(labels: Labels, admin_port: str) -> bool:
    """Probes and scrapes, ours among them: they tell nothing of the workload."""
    return labels.get("target_port") == admin_port or labels.get("route_name") == "probe"
