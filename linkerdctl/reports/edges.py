"""`edges`: who talks to whom, as what identity, encrypted or why not. Pure: objects and traffic in, rows out.

Clients count what they send to whom (outbound), servers only that somebody without an identity called (inbound): the
first gives the pairs, the second the calls that come from outside the mesh.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkerdctl.kube.inventory import Inventory, PodRef
from linkerdctl.kube.kinds import (
    CRONJOB,
    DAEMONSET,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    POD,
    REPLICASET,
    REPLICATIONCONTROLLER,
    STATEFULSET,
    WORKLOADS,
    Kind,
)
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.golden import Golden, golden
from linkerdctl.metrics.query import Direction, Matcher, TrafficQuery
from linkerdctl.metrics.traffic import Traffic

GroupKey = tuple[str, ...]
Identities = tuple[str, str]
UNMESHED = "(unmeshed)"
"""The client of a call that came without an identity; proxies do not count by address."""

_REASONS = {
    "disabled": "Disabled",
    "loopback": "Loopback",
    "no_authority_in_http_request": "No Authority In HTTP Request",
    "not_http": "Not HTTP",
    "not_provided_by_remote": "Not Provided By Remote",
    "no_tls_from_remote": "Not Provided By Remote",
    "not_provided_by_service_discovery": "Not Provided By Service Discovery",
    "ingress_without_override": "Ingress Without Override",
    "port_skipped": "Port Skipped",
}
_UPWARDS = (REPLICASET, JOB, REPLICATIONCONTROLLER, DAEMONSET, STATEFULSET, DEPLOYMENT, CRONJOB)
"""Owners, those first that have owners themselves."""
_DST_KINDS = tuple(f"dst_{kind.label}" for kind in _UPWARDS)
_OUTBOUND = ("namespace", "pod", "dst_namespace", "dst_pod", *_DST_KINDS)
_TLS = ("tls", "no_tls_reason")
_PLACE = ("server_id", "authority", "target_addr")

OUTBOUND = TrafficQuery(Direction.OUTBOUND, group_by=(*_OUTBOUND, *_PLACE, *_TLS), peer="dst")
INBOUND = TrafficQuery(
    Direction.INBOUND, group_by=("namespace", "pod", *_TLS), matchers=(Matcher("tls", ("true",), negate=True),)
)


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """One end of an edge: an object, or what is outside (`kind` is then `external` or `unmeshed`)."""

    namespace: str
    name: str
    kind: str

    @property
    def inside(self) -> bool:
        """Whether it is an object of this cluster."""
        return self.kind not in ("external", "unmeshed")


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """One pair of parties with open connections or traffic in the window; `reason` says why it is not secured."""

    client: Party
    server: Party
    reason: str
    golden: Golden
    client_ids: tuple[str, ...] = ()
    """`serviceaccount.namespace`; several where pods of one object differ."""
    server_ids: tuple[str, ...] = ()

    @property
    def secured(self) -> bool:
        """Whether both ends proved who they are, and the traffic was encrypted."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class EdgesRequest:
    """Edges of objects of these kinds (none: of whatever owns the pods), at either end."""

    selections: tuple[Selection, ...]
    namespace: str | None
    """Either end is there; None is anywhere."""

    def wants(self, party: Party) -> bool:
        """Whether a party is one of those asked for."""
        if not party.inside:
            return False
        if not self.selections:
            return self.namespace in (None, party.namespace)
        return any(self._means(each, party) for each in self.selections)

    def _means(self, each: Selection, party: Party) -> bool:
        """Namespaces that are named are wherever they are."""
        place = None if each.kind is NAMESPACE and each.name else self.namespace
        named = each.name in (None, party.name)
        return party.kind == each.kind.name and named and place in (None, party.namespace)


def queries() -> tuple[TrafficQuery, ...]:
    """What is asked of all proxies; `rows` reads the answers in this order."""
    return OUTBOUND, INBOUND


def rows(request: EdgesRequest, answers: Sequence[Mapping[GroupKey, Traffic]], inventory: Inventory) -> list[EdgeRow]:
    """Edges with an open connection or a request, ordered by namespaces and names; nothing depends on chance."""
    people = _Parties(inventory, [each.kind for each in request.selections])
    sums: defaultdict[tuple[Party, Party, str], Traffic] = defaultdict(Traffic)
    seen: defaultdict[tuple[Party, Party, str], set[Identities]] = defaultdict(set)
    for pair, identities, traffic in _pairs(people, *answers):
        if _alive(traffic):
            seen[pair].add(identities)
        sums[pair] += traffic
    found = (EdgeRow(*pair, golden(sums[pair]), *_names(identities)) for pair, identities in seen.items())
    chosen = (row for row in found if request.wants(row.client) or request.wants(row.server))
    return sorted(chosen, key=_order)


def _names(identities: Iterable[Identities]) -> Iterator[tuple[str, ...]]:
    """Those of clients, then those of servers."""
    return (tuple(sorted({each for each in some if each})) for some in zip(*identities, strict=True))


def _order(row: EdgeRow) -> tuple[str, ...]:
    client, server = row.client, row.server
    return client.namespace, server.namespace, client.name, server.name, client.kind, server.kind, row.reason


def _alive(traffic: Traffic) -> bool:
    return bool(traffic.tcp_open or traffic.successes or traffic.failures)


def _pairs(
    people: _Parties, outbound: Mapping[GroupKey, Traffic], inbound: Mapping[GroupKey, Traffic]
) -> Iterator[tuple[tuple[Party, Party, str], Identities, Traffic]]:
    for key, traffic in outbound.items():
        labels = dict(zip(OUTBOUND.group_by, key, strict=True))
        identities = people.identity(labels), ".".join(labels["server_id"].split(".")[:2])
        yield (people.client(labels), people.server(labels), reason_of(labels)), identities, traffic
    for key, traffic in inbound.items():
        labels = dict(zip(INBOUND.group_by, key, strict=True))
        if labels["no_tls_reason"] != "loopback":
            outside = Party("", UNMESHED, "unmeshed")
            yield (outside, people.client(labels), reason_of(labels)), ("", people.identity(labels)), traffic


def reason_of(labels: Mapping[str, str]) -> str:
    """Why traffic with these labels is not mutual TLS, in words; empty when it is."""
    tls, reason = labels.get("tls", ""), labels.get("no_tls_reason", "")
    if tls == "true":
        return ""
    if tls == "opaque":
        return "TLS Of The Application"
    return _REASONS.get(reason) or (reason or tls or "unknown").replace("_", " ").title()


class _Parties:
    """Tells which object a pod belongs to: one of the kinds asked for, else its topmost owner."""

    def __init__(self, inventory: Inventory, kinds: Sequence[Kind]) -> None:
        self._inventory = inventory
        self._kinds = kinds
        self._identities = {target.pod: target.identity for target in inventory.targets()}

    def client(self, labels: Mapping[str, str]) -> Party:
        """The object whose proxy counted this."""
        namespace, pod = labels["namespace"], labels["pod"]
        return self._party(self._known(namespace, pod) or {"namespace": namespace, "pod": pod})

    def identity(self, labels: Mapping[str, str]) -> str:
        """Whom that proxy can say it is."""
        return self._identities.get(PodRef(labels["namespace"], labels["pod"]), "")

    def server(self, labels: Mapping[str, str]) -> Party:
        """The object at the other end, as far as it is one."""
        namespace, pod = labels["dst_namespace"], labels["dst_pod"]
        known = self._known(namespace, pod) if pod else None
        told = known or {name.removeprefix("dst_"): labels[name] for name in _OUTBOUND if name.startswith("dst_")}
        if not any(value for name, value in told.items() if name != "namespace"):
            return Party("", labels["authority"] or labels["target_addr"], "external")
        return self._party(told)

    def _known(self, namespace: str, pod: str) -> Mapping[str, str] | None:
        return self._inventory.peer_labels(namespace, pod)

    def _party(self, labels: Mapping[str, str]) -> Party:
        namespace = labels.get("namespace", "")
        for kind in self._kinds:
            if kind is NAMESPACE:
                return Party(namespace, namespace, kind.name)
            if labels.get(kind.label):
                return Party(namespace, labels[kind.label], kind.name)
        label, name = _topmost(labels)
        return Party(namespace, name, label)


def _topmost(labels: Mapping[str, str]) -> tuple[str, str]:
    """Kind and name of the last owner of the walk; a pod that nobody owns stands for itself."""
    owners = [(label, value) for label, value in labels.items() if label not in ("namespace", "pod") and value]
    if not owners:
        return POD.name, labels.get("pod", "")
    label, name = owners[-1]
    return next((kind.name for kind in WORKLOADS if kind.label == label), label), name
