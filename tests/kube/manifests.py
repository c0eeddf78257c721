"""Builders of manifests, and a cluster in memory that holds them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from linkerdctl.kube.answers import refused
from linkerdctl.kube.kinds import group_of
from linkerdctl.kube.rbac import About
from tests.kube.fakes import config_for

Manifest = dict[str, Any]

API_VERSIONS = {
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Rollout": "argoproj.io/v1alpha1",
}


def owned_by(kind: str, name: str, version: str | None = None, **more: Any) -> dict[str, Any]:
    """An owner reference."""
    return {
        "apiVersion": version or API_VERSIONS.get(kind, "v1"),
        "kind": kind,
        "name": name,
        "controller": True,
        **more,
    }


def made(kind: str, name: str, *owners: dict[str, Any], version: str | None = None, **fields: Any) -> Manifest:
    """Any object in namespace ns, unless `namespace` says otherwise."""
    metadata = {"name": name, "namespace": fields.pop("namespace", "ns"), "labels": fields.pop("labels", {})}
    if kind == "Namespace":
        del metadata["namespace"]
    if owners:
        metadata["ownerReferences"] = list(owners)
    return {"apiVersion": version or API_VERSIONS.get(kind, "v1"), "kind": kind, "metadata": metadata, **fields}


ADMIN = {"name": "linkerd-admin", "containerPort": 4191}
PROXY = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-proxy", "containerPort": 4143}, ADMIN]}


def pod(name: str, *owners: dict[str, Any], meshed: bool = True, phase: str = "Running", **fields: Any) -> Manifest:
    """A pod with a proxy beside its application, or without one."""
    labels = {**({"linkerd.io/control-plane-ns": "linkerd"} if meshed else {}), **fields.pop("labels", {})}
    containers = [{"name": "app"}, *([PROXY] if meshed else [])]
    spec = fields.pop("spec", {"containers": containers})
    state = {"phase": phase, "podIP": "10.0.0.1", **fields.pop("status", {})}
    return made("Pod", name, *owners, labels=labels, spec=spec, status=state, **fields)


def leaving(manifest: Manifest) -> Manifest:
    """The same on its way out."""
    return {**manifest, "metadata": {**manifest["metadata"], "deletionTimestamp": "2024-01-01T00:00:00Z"}}


@dataclass
class Cluster:
    """An `Api` that holds objects; `denied` plurals may not be listed, neither at all (None) nor in a namespace."""

    objects_there: list[Manifest] = field(default_factory=list)
    denied: dict[tuple[str, str | None], int] = field(default_factory=dict)
    """HTTP status by plural and namespace."""
    kinds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What is served, by group and version, as discovery tells it."""
    listed: list[tuple[str, str | None]] = field(default_factory=list)

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None
    ) -> AsyncIterator[Manifest]:
        """Those of a kind, in one namespace or all."""
        self.listed.append((plural, namespace))
        if code := self.denied.get((plural, namespace)):
            about = About("list", plural, group_of(group_version), namespace)
            raise refused(code, {}, b'{"kind":"Status","reason":"Denied"}', about, config_for("https://x"))
        for each in self.objects_there:
            theirs = f"{each['kind'].lower()}s"
            if (each["apiVersion"], theirs) == (group_version, plural) and namespace in (None, _namespace(each)):
                yield each

    async def get(self, path: str, about: About, *, patient: bool = True) -> dict[str, Any]:
        """Discovery."""
        if path == "/apis":
            groups = [version for version in self.kinds if "/" in version]
            return {"groups": [{"preferredVersion": {"groupVersion": version}} for version in groups]}
        group_version = path.removeprefix("/apis/").removeprefix("/api/")
        code = self.denied.get((group_version, None), 0 if group_version in self.kinds else 404)
        if code:
            raise refused(code, {}, b"", about, config_for("https://x"))
        return {"resources": self.kinds[group_version]}


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def served(plural: str, kind: str, *short: str, singular: str = "", namespaced: bool = True) -> dict[str, Any]:
    """A resource as discovery tells of it."""
    return {"name": plural, "singularName": singular, "kind": kind, "namespaced": namespaced, "shortNames": list(short)}
