"""What a report wants to know of the traffic, stated so that every source can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto


class Direction(Enum):
    """Which side of a proxy is meant; the value is the `direction` label."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Need(Flag):
    """The groups of metric families a query asks for. Nothing else is parsed or fetched."""

    REQUESTS = auto()
    """`response_total` by `classification`."""
    LATENCY = auto()
    """`response_latency_ms`, time to first byte."""
    TCP = auto()
    """`tcp_open_connections`, `tcp_read_bytes_total`, `tcp_write_bytes_total`."""
    GOLDEN = REQUESTS | LATENCY | TCP


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label: its value (empty when absent) is one of `values`, or none of them when `negate`."""

    label: str
    values: tuple[str, ...]
    negate: bool = False

    def accepts(self, labels: Mapping[str, str]) -> bool:
        """Whether a label set satisfies the condition."""
        return (labels.get(self.label, "") in self.values) is not self.negate


@dataclass(frozen=True, slots=True)
class TrafficQuery:
    """One question: which series, added up by which labels.

    Labels are those a Prometheus of the viz extension would hold: the proxy's own (`direction`, `dst_deployment`,
    `tls`, ...) and those of the pod that was scraped (`namespace`, `pod`, `deployment`, `k8s_job`, ...).
    `peer` picks the sockets TCP numbers are taken from: `src` counts a server's clients, `dst` a client's servers.
    """

    direction: Direction
    group_by: tuple[str, ...]
    pods: tuple[Matcher, ...] = ()
    """Conditions on the labels of the pod that is scraped; they alone decide which proxies are asked."""
    matchers: tuple[Matcher, ...] = ()
    """Conditions on the labels of the series."""
    needs: Need = Need.GOLDEN
    peer: str = "src"
    include_admin: bool = False
    """Count probes and scrapes of the proxy's own admin port too."""

    def concerns(self, pod_labels: Mapping[str, str]) -> bool:
        """Whether the proxy of a pod with these labels can hold part of the answer."""
        return all(matcher.accepts(pod_labels) for matcher in self.pods)
