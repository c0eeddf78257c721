"""A small cluster: web calls emoji and voting; legacy is not meshed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkerdctl.kube.inventory import Inventory, PodRef
from linkerdctl.kube.selection import parse_selections, parse_target
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.reports.stat import StatRequest

NAMESPACES = ("emojivoto", "books")
MESHED = ("web", "emoji", "voting")


def manifest(
    kind: str, name: str, namespace: str = "", owner: tuple[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "labels": more.pop("labels", {})}
    if namespace:
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    return {"kind": kind, "metadata": metadata, **more}


def pod(name: str, namespace: str, owner: tuple[str, str], *, meshed: bool = True, app: str = "") -> dict[str, Any]:
    labels = {"app": app, **({"linkerd.io/control-plane-ns": "linkerd"} if meshed else {})}
    proxy = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}
    return manifest(
        "Pod", name, namespace, owner, labels=labels, spec={"containers": [proxy] if meshed else []},
        status={"phase": "Running", "podIP": "10.0.0.1"},
    )  # fmt: skip


def workload(name: str, namespace: str, *, meshed: bool = True) -> list[dict[str, Any]]:
    """A deployment, its replica set, its one pod and its service."""
    return [
        manifest("Deployment", name, namespace, labels={"app": name}),
        manifest("ReplicaSet", f"{name}-5d9", namespace, ("Deployment", name)),
        pod(f"{name}-5d9-x7k", namespace, ("ReplicaSet", f"{name}-5d9"), meshed=meshed, app=name),
        manifest("Service", f"{name}-svc", namespace, spec={"selector": {"app": name}}),
    ]


def cluster() -> Inventory:
    """Every namespace with a legacy deployment, and all else in emojivoto; a job of books' is meshed."""
    return Inventory.from_objects(
        [
            *(manifest("Namespace", name) for name in NAMESPACES),
            *(each for namespace in NAMESPACES for each in workload("legacy", namespace, meshed=False)),
            *(each for name in MESHED for each in workload(name, "emojivoto")),
            manifest("Job", "report", "books"),
            pod("report-1", "books", ("Job", "report"), app="report"),
        ]
    )


def asked(inventory: Inventory) -> Mapping[PodRef, Mapping[str, str]]:
    """Every proxy, by its labels."""
    return {target.pod: target.labels for target in inventory.targets()}


def request(
    words: str, *, to: str = "", from_: str = "", namespace: str | None = "emojivoto", labels: str = "", **more: Any
) -> StatRequest:
    """What a command line asks; the other side is in the same namespace."""
    return StatRequest(
        parse_selections(words.split(), namespace=namespace, labels=parse_selector(labels)),
        to=parse_target(to, namespace=namespace) if to else None,
        from_=parse_target(from_, namespace=namespace) if from_ else None,
        **more,
    )
