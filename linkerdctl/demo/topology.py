"""Who is in the demo mesh: emojivoto's four workloads, once or in many copies, and their manifests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from datetime import UTC, datetime
from typing import Any

ADMIN_PORT = 4191
CONTROL_PLANE = "linkerd"
TRUST_DOMAIN = "cluster.local"
PROXY_VERSION = "edge-26.8.3"
_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"
WORKLOADS = ("web", "emoji", "voting", "vote-bot")
Manifest = dict[str, Any]


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
    def authority(self) -> str:
        """As proxies label it: the port is left out where it is HTTP's own."""
        host = f"{self.name}.{self.namespace}.svc.{TRUST_DOMAIN}"
        return host if self.port == 80 else f"{host}:{self.port}"


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
        account = f"{self.service_account}.{self.namespace}"
        return f"{account}.serviceaccount.identity.{CONTROL_PLANE}.{TRUST_DOMAIN}"


@dataclass(frozen=True)
class Topology:
    """Pods and services; `started` (epoch seconds) is when all of it came up."""

    pods: tuple[DemoPod, ...]
    services: tuple[Service, ...]
    started: float

    @classmethod
    def emojivoto(cls, *, pods: int = 4, started: float) -> Topology:
        """Copies of emojivoto in `emojivoto`, `emojivoto-2`, ... until there are `pods`; the rest are more web pods."""
        copies, extra = max(pods // 4, 1), pods % 4 if pods > 4 else 0
        members: list[DemoPod] = []
        services: list[Service] = []
        for copy in range(copies):
            namespace = "emojivoto" if copy == 0 else f"emojivoto-{copy + 1}"
            for workload in WORKLOADS:
                replicas = 1 + (extra if copy == 0 and workload == "web" else 0)
                members.extend(_pod(namespace, workload, index, len(members) + index) for index in range(replicas))
            services.extend(_services(namespace, copy))
        return cls(tuple(members), tuple(services), started)

    def pod(self, namespace: str, name: str) -> DemoPod | None:
        """A pod by its name."""
        return self._pods_by_name.get((namespace, name))

    def of_workload(self, namespace: str, workload: str) -> list[DemoPod]:
        """The pods of one workload."""
        return self._pods_by_workload[namespace, workload]

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

    def manifests(self) -> Iterator[Manifest]:
        """Every object that a cluster with these pods would hold."""
        namespaces = dict.fromkeys([CONTROL_PLANE, *(pod.namespace for pod in self.pods)])
        yield from (self._namespaced("v1", "Namespace", None, name) for name in namespaces)
        yield self._node()
        for namespace, workload in dict.fromkeys((pod.namespace, pod.workload) for pod in self.pods):
            members = self.of_workload(namespace, workload)
            yield self._service_account(members[0])
            yield self._deployment(members)
            yield self._replica_set(members)
            yield from (self._pod_manifest(pod) for pod in members)
        yield from (self._service_manifest(service) for service in self.services)

    @property
    def _created(self) -> str:
        return datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _namespaced(self, version: str, kind: str, namespace: str | None, name: str, **metadata: Any) -> Manifest:
        where = {"namespace": namespace} if namespace else {}
        uid = hashlib.sha256(f"{kind}/{namespace}/{name}".encode()).hexdigest()
        own = {"name": name, **where, "uid": f"{uid[:8]}-{uid[8:12]}-4{uid[12:15]}-8{uid[15:18]}-{uid[18:30]}"}
        return {
            "apiVersion": version,
            "kind": kind,
            "metadata": {**own, "creationTimestamp": self._created, **metadata},
            **({"status": {"phase": "Active"}} if kind == "Namespace" else {}),
        }

    def _owner(self, version: str, kind: str, namespace: str, name: str) -> list[Manifest]:
        uid = self._namespaced(version, kind, namespace, name)["metadata"]["uid"]
        return [{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True}]

    def _node(self) -> Manifest:
        ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": self._created}
        status = {
            "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1.32.4", "osImage": "loopback", "kernelVersion": "-"},
        }
        return {**self._namespaced("v1", "Node", None, "demo-node"), "status": status}

    def _service_account(self, pod: DemoPod) -> Manifest:
        return self._namespaced("v1", "ServiceAccount", pod.namespace, pod.service_account)

    def _deployment(self, pods: list[DemoPod]) -> Manifest:
        pod, count = pods[0], len(pods)
        labels = {"app": _app(pod.workload)}
        return {
            **self._namespaced("apps/v1", "Deployment", pod.namespace, pod.workload, labels=labels),
            "spec": {
                "replicas": count,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [_app_container(pod.workload)]}},
            },
            "status": {"replicas": count, "readyReplicas": count, "updatedReplicas": count, "availableReplicas": count},
        }

    def _replica_set(self, pods: list[DemoPod]) -> Manifest:
        pod, count = pods[0], len(pods)
        labels = {"app": _app(pod.workload), "pod-template-hash": pod.template_hash}
        owner = self._owner("apps/v1", "Deployment", pod.namespace, pod.workload)
        name = f"{pod.workload}-{pod.template_hash}"
        return {
            **self._namespaced("apps/v1", "ReplicaSet", pod.namespace, name, labels=labels, ownerReferences=owner),
            "spec": {"replicas": count, "selector": {"matchLabels": labels}},
            "status": {"replicas": count, "readyReplicas": count, "availableReplicas": count},
        }

    def _pod_manifest(self, pod: DemoPod) -> Manifest:
        labels = {
            "app": _app(pod.workload),
            "pod-template-hash": pod.template_hash,
            "linkerd.io/control-plane-ns": CONTROL_PLANE,
            "linkerd.io/proxy-deployment": pod.workload,
            "linkerd.io/workload-ns": pod.namespace,
        }
        annotations = {"linkerd.io/proxy-version": PROXY_VERSION, "viz.linkerd.io/tap-enabled": "true"}
        owner = self._owner("apps/v1", "ReplicaSet", pod.namespace, f"{pod.workload}-{pod.template_hash}")
        running = {
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": self._created}},
        }
        application = _app_container(pod.workload)
        conditions = ("Initialized", "Ready", "ContainersReady", "PodScheduled")
        manifest = self._namespaced(
            "v1", "Pod", pod.namespace, pod.name, labels=labels, annotations=annotations, ownerReferences=owner
        )
        return {
            **manifest,
            "spec": {
                "serviceAccountName": pod.service_account,
                "nodeName": "demo-node",
                "initContainers": [_proxy_container(pod)],
                "containers": [application],
            },
            "status": {
                "phase": "Running",
                "podIP": pod.ip,
                "podIPs": [{"ip": pod.ip}],
                "hostIP": "127.0.0.1",
                "startTime": self._created,
                "conditions": [{"type": each, "status": "True"} for each in conditions],
                "initContainerStatuses": [
                    {"name": "linkerd-proxy", "image": _proxy_container(pod)["image"], **running}
                ],
                "containerStatuses": [{"name": application["name"], "image": application["image"], **running}],
            },
        }

    def _service_manifest(self, service: Service) -> Manifest:
        port = {
            "name": "http" if service.port == 80 else "grpc",
            "port": service.port,
            "targetPort": service.target_port,
            "protocol": "TCP",
        }
        spec = {
            "type": "ClusterIP",
            "clusterIP": service.ip,
            "selector": {"app": _app(service.workload)},
            "ports": [port],
        }
        return {**self._namespaced("v1", "Service", service.namespace, service.name), "spec": spec}


def with_new_suffix(pod: DemoPod, generation: int) -> DemoPod:
    """The pod that replaces `pod`: same template, another name."""
    return replace(pod, suffix=_word(f"{pod.namespace}/{pod.workload}/{generation}/new", 5))


def _pod(namespace: str, workload: str, replica: int, number: int) -> DemoPod:
    template_hash = _word(f"{namespace}/{workload}", 9)
    suffix = _word(f"{namespace}/{workload}/{replica}", 5)
    return DemoPod(namespace, workload, template_hash, suffix, f"127.66.{number // 250}.{number % 250 + 1}")


def _services(namespace: str, copy: int) -> Iterator[Service]:
    for index, (workload, port) in enumerate((("web", 80), ("emoji", 8080), ("voting", 8080))):
        ip = f"10.96.{copy // 80}.{copy % 80 * 3 + index + 1}"
        yield Service(namespace, f"{workload}-svc", workload, port, 8080, ip)


def _app(workload: str) -> str:
    return workload if workload == "vote-bot" else f"{workload}-svc"


def _app_container(workload: str) -> Manifest:
    ports = [] if workload == "vote-bot" else [{"name": "http" if workload == "web" else "grpc", "containerPort": 8080}]
    return {"name": _app(workload), "image": f"demo/emojivoto-{workload}:v12", "ports": ports}


def _proxy_container(pod: DemoPod) -> Manifest:
    local_name = f"{pod.service_account}.{pod.namespace}.serviceaccount.identity.{CONTROL_PLANE}.{TRUST_DOMAIN}"
    return {
        "name": "linkerd-proxy",
        "image": f"cr.l5d.io/linkerd/proxy:{PROXY_VERSION}",
        "restartPolicy": "Always",
        "ports": [
            {"name": "linkerd-proxy", "containerPort": 4143},
            {"name": "linkerd-admin", "containerPort": ADMIN_PORT},
        ],
        "env": [{"name": "LINKERD2_PROXY_IDENTITY_LOCAL_NAME", "value": local_name}],
    }


def _word(seed: str, length: int) -> str:
    digest = hashlib.sha256(seed.encode()).digest()
    return "".join(_SUFFIX[byte % len(_SUFFIX)] for byte in digest[:length])
