"""Who is in the demo mesh: emojivoto's four workloads, once or in many copies, and a control plane. Facts, no manifests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from linkerdctl.errors import UsageError

ADMIN_PORT = 4191
TAP_PORT = 4190
CONTROL_PLANE = "linkerd"
TRUST_DOMAIN = "cluster.local"
PROXY_VERSION = "edge-26.8.3"
WORKLOADS = ("web", "emoji", "voting", "vote-bot")
CONTROL_PLANE_WORKLOADS = ("linkerd-destination", "linkerd-identity")
MOST_PODS = 60_000
"""As many as have an address of their own in one 127.x network."""
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
_PODS_PER_OCTET = 250


@dataclass(frozen=True, slots=True)
class Service:
    """A ClusterIP service in front of a workload."""

    namespace: str
    name: str
    workload: str
    port: int
    target_port: int
    ip: str

    @property
    def host(self) -> str:
        """What its clients call it: `web-svc.emojivoto:80`."""
        return f"{self.name}.{self.namespace}:{self.port}"

    @property
    def authority(self) -> str:
        """As proxies label it: the port is left out where it is HTTP's own."""
        name = f"{self.name}.{self.namespace}.svc.{TRUST_DOMAIN}"
        return name if self.port == 80 else f"{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class DemoPod:
    """A meshed pod with an address of its own on loopback."""

    namespace: str
    workload: str
    template_hash: str
    suffix: str
    ip: str

    @property
    def name(self) -> str:
        """As a ReplicaSet would name it."""
        return f"{self.workload}-{self.template_hash}-{self.suffix}"

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    @property
    def service_account(self) -> str:
        """vote-bot runs under the default one, as in the real emojivoto."""
        return "default" if self.workload == "vote-bot" else self.workload

    @property
    def identity(self) -> str:
        """Its mesh identity."""
        return identity_of(self.service_account, self.namespace)


@dataclass(frozen=True)
class Topology:
    """Pods and services; `started` (epoch seconds) is when all of it came up."""

    pods: tuple[DemoPod, ...]
    services: tuple[Service, ...]
    started: float

    @classmethod
    def emojivoto(cls, *, pods: int = 4, started: float) -> Topology:
        """Copies of emojivoto in `emojivoto`, `emojivoto-2`, ... until there are `pods`; the rest are more web pods.

        The control plane's pods come on top, last. Raises `UsageError` for fewer pods than one copy has, or too many.
        """
        if not len(WORKLOADS) <= pods <= MOST_PODS:
            raise UsageError(
                f"--pods {pods}: between {len(WORKLOADS)} (one copy of emojivoto) and {MOST_PODS} it can be"
            )
        namespaces = ["emojivoto", *(f"emojivoto-{copy}" for copy in range(2, pods // len(WORKLOADS) + 1))]
        places = [(namespace, workload, 0) for namespace in namespaces for workload in WORKLOADS]
        places[1:1] = (("emojivoto", "web", replica) for replica in range(1, 1 + pods % len(WORKLOADS)))
        places += ((CONTROL_PLANE, workload, 0) for workload in CONTROL_PLANE_WORKLOADS)
        services = (each for copy, namespace in enumerate(namespaces) for each in _services(namespace, copy))
        return cls(tuple(_pods(places)), tuple(services), started)

    def pod(self, namespace: str, name: str) -> DemoPod | None:
        """A pod by its name."""
        return self._pods_by_name.get((namespace, name))

    def of_workload(self, namespace: str, workload: str) -> list[DemoPod]:
        """The pods of one workload."""
        return self._pods_by_workload[namespace, workload]

    def workloads(self) -> Iterable[tuple[str, str]]:
        """Every workload, as namespace and name."""
        return self._pods_by_workload.keys()

    def service(self, namespace: str, name: str) -> Service:
        """A service by its name; it must be there."""
        return self._services_by_name[namespace, name]

    @cached_property
    def _pods_by_name(self) -> dict[tuple[str, str], DemoPod]:
        return {pod.key: pod for pod in self.pods}

    @cached_property
    def _pods_by_workload(self) -> dict[tuple[str, str], list[DemoPod]]:
        found: dict[tuple[str, str], list[DemoPod]] = {}
        for pod in self.pods:
            found.setdefault((pod.namespace, pod.workload), []).append(pod)
        return found

    @cached_property
    def _services_by_name(self) -> dict[tuple[str, str], Service]:
        return {(service.namespace, service.name): service for service in self.services}


def identity_of(service_account: str, namespace: str) -> str:
    """The mesh identity of pods that run under a service account."""
    return f"{service_account}.{namespace}.serviceaccount.identity.{CONTROL_PLANE}.{TRUST_DOMAIN}"


def stable_word(seed: str, length: int) -> str:
    """Letters as Kubernetes appends them to names; the same ones for the same seed."""
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_SUFFIX[byte % len(_SUFFIX)] for byte in digest[:length])


def _pods(places: Iterable[tuple[str, str, int]]) -> Iterator[DemoPod]:
    for number, (namespace, workload, replica) in enumerate(places):
        template_hash = stable_word(f"{namespace}/{workload}", 9)
        suffix = stable_word(f"{namespace}/{workload}/{replica}", 5)
        ip = f"127.66.{number // _PODS_PER_OCTET}.{number % _PODS_PER_OCTET + 1}"
        yield DemoPod(namespace, workload, template_hash, suffix, ip)


def _services(namespace: str, copy: int) -> Iterator[Service]:
    for index, (workload, port) in enumerate((("web", 80), ("emoji", 8080), ("voting", 8080))):
        ip = f"10.96.{copy // 80}.{copy % 80 * 3 + index + 1}"
        yield Service(namespace, f"{workload}-svc", workload, port, 8080, ip)
