"""`list`: the meshed pods, whether they can be tapped, of which version their proxies are. Pure: manifests in, rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from linkerdctl.kube import pods
from linkerdctl.kube.selectors import LabelSelector
from linkerdctl.kube.shape import odd_object

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


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which pods are meant. None is any."""

    namespace: str | None
    labels: LabelSelector | None = None
    control_plane: str | None = None
    """The namespace of the control plane that they belong to."""


@dataclass(slots=True)
class MeshedPods:
    """Takes in all pods, one after the other, and keeps a row of each that is meant."""

    request: ListRequest
    _total: int = 0
    _labelled: int = 0
    _rows: list[MeshedPod] = field(default_factory=list)

    def add(self, manifest: Mapping[str, Any]) -> None:
        """Look at one; raises `ObjectError` for a pod that is none."""
        try:
            self._add(manifest)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise odd_object(manifest, error) from None

    def rows(self) -> list[MeshedPod]:
        """By namespace and name."""
        return sorted(self._rows, key=lambda row: (row.namespace, row.name))

    def why_none(self) -> str:
        """What kept every pod out, in a line."""
        asked = self.request
        place = f"in namespace {asked.namespace}" if asked.namespace else "in the cluster"
        if not self._total:
            return f"nothing to show: there is no pod {place}"
        if not self._labelled:
            return f"nothing to show: no pod {place} is labelled {asked.labels}"
        which = f" labelled {asked.labels}" if asked.labels else ""
        whose = f" by the control plane in namespace {asked.control_plane}" if asked.control_plane else ""
        return f"nothing to show: of {self._labelled} pods{which} {place} none is meshed{whose}"

    def _add(self, manifest: Mapping[str, Any]) -> None:
        asked, metadata = self.request, manifest["metadata"]
        labels = metadata.get("labels") or {}
        self._total += 1
        if asked.labels and not asked.labels.matches(labels):
            return
        self._labelled += 1
        control_plane = labels.get(pods.CONTROL_PLANE_LABEL)
        if control_plane and asked.control_plane in (None, control_plane):
            self._rows.append(_row(manifest, control_plane))


def _row(manifest: Mapping[str, Any], control_plane: str) -> MeshedPod:
    metadata = manifest["metadata"]
    return MeshedPod(
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
