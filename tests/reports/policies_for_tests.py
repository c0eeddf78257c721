"""Manifests of policies, and answers of proxies as a source would give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.traffic import Traffic

POLICY = "policy.linkerd.io"
Manifest = dict[str, Any]


def _made(kind: str, version: str, name: str, spec: Manifest, **metadata: Any) -> Manifest:
    where = {"namespace": "emojivoto", "name": name, **metadata}
    return {"apiVersion": version, "kind": kind, "metadata": where, "spec": spec}


def server(name: str, app: str = "web", **more: Any) -> Manifest:
    labels = more.pop("labels", {})
    return _made(
        "Server", f"{POLICY}/v1beta3", name, {"podSelector": {"matchLabels": {"app": app}}, "port": 80, **more},
        labels=labels,
    )  # fmt: skip


def policy(name: str, kind: str, target: str, *refs: str, **metadata: Any) -> Manifest:
    """An AuthorizationPolicy; each of `refs` is `Kind/name`."""
    required = [dict(zip(("kind", "name"), ref.split("/"), strict=True)) for ref in refs]
    spec = {"targetRef": {"group": POLICY, "kind": kind, "name": target}, "requiredAuthenticationRefs": required}
    return _made("AuthorizationPolicy", f"{POLICY}/v1alpha1", name, spec, **metadata)


def server_authorization(called: str, **server: Any) -> Manifest:
    return _made("ServerAuthorization", f"{POLICY}/v1beta1", called, {"server": server, "client": {}})


def route(
    name: str, server: str, kind: str = "HTTPRoute", version: str = f"{POLICY}/v1beta3", **metadata: Any
) -> Manifest:
    return _made(kind, version, name, {"parentRefs": [{"group": POLICY, "kind": "Server", "name": server}]}, **metadata)


def counted(requests: float = 10.0, failures: float = 0.0, **more: Any) -> Traffic:
    """Requests in ten seconds."""
    return Traffic(requests - failures, failures, requests / 10, seconds=10.0, **more)


def answer(query: TrafficQuery, groups: Iterable[tuple[dict[str, str], Traffic]]) -> dict[tuple[str, ...], Traffic]:
    """Groups by their labels; those not given are absent."""
    return {tuple(labels.get(name, "") for name in query.group_by): traffic for labels, traffic in groups}
