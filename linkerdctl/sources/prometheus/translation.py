"""A traffic query in the words of one set-up: which of its labels the store has, which only the cluster knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.query import Matcher, TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels
from linkerdctl.sources.prometheus.promql import impossible
from linkerdctl.sources.prometheus.setup import LABELS, NEEDED, Setup

MOST_PODS = 200
"""Pods that are named one by one in a selector; above that their namespaces have to do."""

_DST = "dst_"
_BY_POD = tuple(f"{_DST}{name}" for name in NEEDED)

Labels = Mapping[str, str]


class Pods:
    """What the cluster knows of the scraped pods, and of those at the other end."""

    def __init__(self, targets: Iterable[Target], peers: PeerLabels) -> None:
        self._labels = {target.pod: target.labels for target in targets}
        self._peers = peers
        self.names = frozenset(NEEDED).union(*self._labels.values())
        """Labels that pods have, by our names."""

    def labels(self, namespace: str, pod: str) -> Labels | None:
        """Of a scraped pod; None when it is not one of ours."""
        return self._labels.get(PodRef(namespace, pod))

    def destination(self, namespace: str, pod: str) -> dict[str, str]:
        """Of a pod at the other end, with `dst_`."""
        return {f"{_DST}{name}": value for name, value in (self._peers(namespace, pod) or {}).items()}

    def concerned(self, query: TrafficQuery) -> Iterator[PodRef]:
        """The scraped pods that a query is about."""
        return (pod for pod, labels in self._labels.items() if query.concerns(labels))


@dataclass(frozen=True, slots=True)
class Translation:
    """One query made ready.

    `columns` maps the labels to add up by, in our names, onto the store's. `by_pod` and `by_destination` say that rows come
    for every pod and are put together here, because the store does not know the owner that is asked for.
    """

    query: TrafficQuery
    columns: Mapping[str, str]
    matchers: tuple[Matcher, ...]
    by_pod: bool = False
    by_destination: bool = False
    left: tuple[Matcher, ...] = ()
    """Conditions on the other end that only the cluster can judge."""

    @property
    def possible(self) -> bool:
        """Whether any series can match at all."""
        return not impossible((*self.query.pods, *self.query.matchers, *self.matchers))

    def key(self, row: Labels, pods: Pods) -> tuple[str, ...] | None:
        """The group a row belongs to; None when it is not one of those asked for after all."""
        labels = {ours: row.get(theirs, "") for ours, theirs in self.columns.items()}
        if self.by_destination:
            labels |= pods.destination(labels["dst_namespace"], labels["dst_pod"])
            if not all(each.accepts(labels) for each in self.left):
                return None
        if self.by_pod:
            known = pods.labels(labels["namespace"], labels["pod"])
            if known is None or not self.query.concerns(known):
                return None
            labels |= known
        return tuple(labels.get(name, "") for name in self.query.group_by)


def translate(query: TrafficQuery, setup: Setup, pods: Pods, admin_ports: Sequence[str]) -> Translation:
    """Say a query in the names of a set-up; what the store cannot tell is asked by pod."""
    foreign = [name for name in query.group_by if name in pods.names | LABELS.keys() and name not in setup.labels]
    foreign += [each.label for each in query.pods if each.label not in setup.labels]
    other_end = [
        name for name in (*query.group_by, *(each.label for each in query.matchers)) if _only_ours_there(name, pods)
    ]
    native = [name for name in query.group_by if name not in foreign and name not in other_end]
    columns = [*native, *(NEEDED if foreign else ()), *(_BY_POD if other_end else ())]
    return Translation(
        query=query,
        columns={name: setup.labels.get(name, name) for name in columns},
        matchers=(
            *_pod_matchers(query, setup, pods, foreign),
            *(each for each in query.matchers if each.label not in other_end),
            *(() if query.include_admin else _not_admin(admin_ports)),
            *setup.only,
        ),
        by_pod=bool(foreign),
        by_destination=bool(other_end),
        left=tuple(each for each in query.matchers if each.label in other_end),
    )


def _pod_matchers(query: TrafficQuery, setup: Setup, pods: Pods, foreign: Sequence[str]) -> Iterator[Matcher]:
    for each in query.pods:
        if each.label not in foreign:
            yield Matcher(setup.labels[each.label], each.values, each.negate)
    if foreign:
        names = sorted({pod.name for pod in pods.concerned(query)})
        if len(names) <= MOST_PODS:
            yield Matcher(setup.labels["pod"], tuple(names))


def _not_admin(ports: Sequence[str]) -> tuple[Matcher, ...]:
    """Probes and scrapes, Prometheus' own among them: they tell nothing of the workload."""
    return (Matcher("target_port", tuple(ports), negate=True), Matcher("route_name", ("probe",), negate=True))


def _only_ours_there(name: str, pods: Pods) -> bool:
    """Whether a label of the other end is known from the cluster alone: what proxies write there is the direct workload."""
    label = name.removeprefix(_DST)
    return label != name and label in pods.names | {"replicaset", "cronjob"} and label not in LABELS
