"""What a report wants to know of the traffic, stated so that every source can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, Flag, auto

from linkerdctl.metrics.verdict import CLASSIFICATION, Verdict


class Direction(Enum):
    """Which side of a proxy is meant; the value is the `direction` label."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Need(Flag):
    """The groups of metric families a query asks for. Nothing else is parsed or fetched."""

    REQUESTS = auto()
    """The query's `Families.responses`; by default `response_total` by `classification`."""
    LATENCY = auto()
    """Its `Families.latency`; by default `response_latency_ms`, time to first byte."""
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
class Families:
    """The families in which the requests and latencies of a query are counted; see `linkerdctl.metrics.families`.

    A source needs no more than this to read a family it never heard of: it adds up `responses` by the query's labels and
    `verdict.labels`, and asks `verdict` of each sum whether it succeeded.
    """

    responses: str
    """The counter's samples."""
    verdict: Verdict
    latency: str = ""
    """The histogram's samples (`..._bucket`); empty where there is none."""
    unit_ms: float = 1.0
    """Milliseconds in one unit of the histogram's bounds."""
    directed: bool = True
    """Whether its series have the label `direction`. What has not is of one direction by its name."""


RESPONSES = Families("response_total", CLASSIFICATION, "response_latency_ms_bucket")
"""What every proxy counts of every response."""


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
    families: Families = RESPONSES
    """Where requests and latencies are counted; sockets have but one place."""
    include_admin: bool = False
    """Count probes and scrapes of the proxy's own admin port too."""

    def concerns(self, pod_labels: Mapping[str, str]) -> bool:
        """Whether the proxy of a pod with these labels can hold part of the answer."""
        return all(matcher.accepts(pod_labels) for matcher in self.pods)
