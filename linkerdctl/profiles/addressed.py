"""Which of the requests that a proxy saw were for a service: what a profile of that service is to be made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from linkerdctl.profiles.names import ServiceName, is_label
from linkerdctl.profiles.observed import ObservedRequest

Service = tuple[str, str]
"""Name and namespace."""


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request as a proxy tells of it. `canonical` is the host that a mesh client resolved the authority to."""

    method: str
    path: str
    authority: str
    is_inbound: bool
    is_grpc: bool = False
    canonical: str = ""
    service: Service | None = None
    """The service that an outbound request went to, where the proxy knows it."""
    is_probe: bool = False


@dataclass(frozen=True, slots=True)
class Addressed:
    """The requests for one service, and how many there were for whom else."""

    requests: tuple[ObservedRequest, ...]
    others: Counter[str]


def addressed_to(name: ServiceName, seen: Mapping[SeenRequest, int]) -> Addressed:
    """Sort requests, each with its number, by where they went.

    The service's own proxies are believed first, so that no request counts at both of its ends; what proxies of clients
    sent there counts when they are all there is. What came in under a name that is no service's (an ingress' host, an
    address) is for the service, unless the tapped proxies turn out to be its clients'.
    """
    inbound: Counter[ObservedRequest] = Counter()
    outbound: Counter[ObservedRequest] = Counter()
    unnamed: Counter[ObservedRequest] = Counter()
    others: Counter[str] = Counter()
    for each, count in seen.items():
        request = ObservedRequest(each.method, each.path, each.is_grpc)
        service = None if each.is_probe else _service(each, name)
        if service == (name.service, name.namespace):
            (inbound if each.is_inbound else outbound)[request] += count
        elif service or not each.is_inbound or each.is_probe:
            others["probes" if each.is_probe else _called(service, each.authority)] += count
        else:
            unnamed[request] += count
    if inbound or not outbound:
        return Addressed(_counted(inbound + unnamed), others + _noted(outbound, "the same service, by its clients"))
    return Addressed(_counted(outbound), others + _noted(unnamed, "names that are no service's"))


def _service(request: SeenRequest, home: ServiceName) -> Service | None:
    if request.service:
        return request.service
    return service_of_host(request.canonical, home) or service_of_host(request.authority, home)


def service_of_host(authority: str, home: ServiceName) -> Service | None:
    """The service that a host and port name for a client in the namespace of `home`; None for any other host."""
    host = authority.rpartition(":")[0] if authority.rpartition(":")[2].isdigit() else authority
    parts = host.lower().rstrip(".").split(".")
    if not all(map(is_label, parts)) or parts[0].isdigit() or parts == ["localhost"]:
        return None
    if len(parts) == 1:
        return parts[0], home.namespace
    if parts[2:] in (["svc"], ["svc", *home.domain.split(".")]):
        return parts[0], parts[1]
    # example.com is as likely a host of the outside world; only one's own namespace is known to be one
    return (parts[0], parts[1]) if len(parts) == 2 and parts[1] == home.namespace else None


def _called(service: Service | None, authority: str) -> str:
    return f"{service[0]}.{service[1]}" if service else authority or "unknown hosts"


def _counted(requests: Counter[ObservedRequest]) -> tuple[ObservedRequest, ...]:
    return tuple(
        ObservedRequest(request.method, request.path, request.is_grpc, count) for request, count in requests.items()
    )


def _noted(requests: Counter[ObservedRequest], what: str) -> Counter[str]:
    return Counter({what: requests.total()}) if requests else Counter()
