"""The demo's pods as Prometheus' HTTP service discovery wants them, with the meta labels that its Kubernetes one gives.

So the relabelling rules of real clusters hold here unchanged, even with a Prometheus built without Kubernetes discovery.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PATH = "/demo/http_sd"

Manifest = Mapping[str, Any]
_PREFIX = "__meta_kubernetes_"
_INVALID = re.compile(r"[^a-zA-Z0-9_]")


def target_groups(pods: Iterable[Manifest]) -> list[dict[str, Any]]:
    """One group for each port of each container of each pod that has an address."""
    return [group for pod in pods if pod.get("status", {}).get("podIP") for group in _groups(pod)]


def _groups(pod: Manifest) -> Iterator[dict[str, Any]]:
    shared = _pod_labels(pod)
    for field in ("containers", "initContainers"):
        for container in pod["spec"].get(field, ()):
            for port in container.get("ports") or ():
                address = f"{pod['status']['podIP']}:{port['containerPort']}"
                own = _container_labels(container, port, init=field == "initContainers")
                yield {"targets": [address], "labels": {**shared, **own}}


def _pod_labels(pod: Manifest) -> dict[str, str]:
    metadata, status = pod["metadata"], pod["status"]
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))
    labels = {
        "namespace": metadata["namespace"],
        "pod_name": metadata["name"],
        "pod_uid": metadata.get("uid", ""),
        "pod_ip": status["podIP"],
        "pod_host_ip": status.get("hostIP", ""),
        "pod_node_name": pod["spec"].get("nodeName", ""),
        "pod_phase": status.get("phase", ""),
        "pod_ready": str(ready).lower(),
        **_mapped("pod_label", metadata.get("labels") or {}),
        **_mapped("pod_annotation", metadata.get("annotations") or {}),
        **_controller(metadata.get("ownerReferences") or ()),
    }
    return {f"{_PREFIX}{name}": value for name, value in labels.items()}


def _mapped(name: str, texts: Mapping[str, str]) -> dict[str, str]:
    mangled = {_INVALID.sub("_", key): value for key, value in texts.items()}
    present = {f"{name}present_{key}": "true" for key in mangled}
    return {**{f"{name}_{key}": value for key, value in mangled.items()}, **present}


def _controller(owners: Iterable[Manifest]) -> dict[str, str]:
    owner = next((each for each in owners if each.get("controller")), None)
    return {"pod_controller_kind": owner["kind"], "pod_controller_name": owner["name"]} if owner else {}


def _container_labels(container: Manifest, port: Manifest, *, init: bool) -> dict[str, str]:
    labels = {
        "container_name": container["name"],
        "container_image": container.get("image", ""),
        "container_init": str(init).lower(),
        "container_port_name": port.get("name", ""),
        "container_port_number": str(port["containerPort"]),
        "container_port_protocol": port.get("protocol", "TCP"),
    }
    return {f"{_PREFIX}pod_{name}": value for name, value in labels.items()}
