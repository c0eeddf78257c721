"""`list`: the meshed pods, whether they can be tapped, of which version their proxies are. Pure: manifests in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube import pods
from linkerdctl.kube.inventory import odd_object
from linkerdctl.kube.selectors import LabelSelector

ENABLED, DISABLED, MISSING = "enabled", "disabled", "missing"
"""Of taps. `missing`: the pod says neither, because it started before the viz extension, or without it."""
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})

UNREACHABLE = "no port linkerd-admin: it gives no metrics"


@dataclass(frozen=True, slots=True)
class MeshedPod:
    """A pod that a control plane counts as its own, in whatever phase it is."""

    namespace: str
    name: str
    tap: str
    version: str
    """Of its proxy; empty where nothing tells."""
    status: str
    """As kubectl shows it."""
    control_plane: str
    """Its namespace."""
    identity: str
    remark: str = ""


def meshed_pods(manifests: Iterable[Mapping[str, Any]], labels: LabelSelector | None = None) -> list[MeshedPod]:
    """Rows by namespace and name; raises `ObjectError` for a pod that is none."""
    rows: list[MeshedPod] = []
    for manifest in manifests:
        try:
            rows.extend(_row(manifest, labels))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise odd_object(manifest, error) from None
    return sorted(rows, key=lambda row: (row.namespace, row.name))


def _row(manifest: Mapping[str, Any], wanted: LabelSelector | None) -> Iterable[MeshedPod]:
    metadata = manifest["metadata"]
    labels = metadata.get("labels") or {}
    control_plane = labels.get(pods.CONTROL_PLANE_LABEL)
    if not control_plane or (wanted and not wanted.matches(labels)):
        return
    yield MeshedPod(
        metadata["namespace"],
        metadata["name"],
        _tap(metadata.get("annotations") or {}),
        pods.proxy_version(manifest),
        pods.status_of(manifest),
        control_plane,
        pods.identity(manifest),
        "" if pods.is_meshed(manifest) else UNREACHABLE,
    )


def _tap(annotations: Mapping[str, str]) -> str:
    if annotations.get(pods.TAP_DISABLED) in _TRUE:
        return DISABLED
    return ENABLED if annotations.get(pods.TAP_ENABLED) in _TRUE else MISSING
