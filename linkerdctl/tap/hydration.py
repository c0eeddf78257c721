"""Labels of the pods behind addresses, added to events as the viz extension's tap server adds them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from linkerdctl.kube import pods
from linkerdctl.tap.events import Direction, Endpoint, Labels, TapEvent

MOST_JOINED = 8192
"""Labels with a pod's own added that are remembered before all are forgotten."""

Manifest = Mapping[str, Any]
OwnerLabels = Mapping[str, str]
"""Of a pod's owners, as `TapEvent`s have them: `deployment`, not `replicaset`."""


class Hydration:
    """Knows pods by address. An address that several have, and pods in their host's network, tell nothing."""

    def __init__(self, found: Iterable[tuple[Manifest, OwnerLabels]]) -> None:
        by_ip: defaultdict[str, list[tuple[bool, Labels]]] = defaultdict(list)
        for manifest, owners in found:
            if not manifest.get("spec", {}).get("hostNetwork"):
                labels = _pod_labels(manifest, owners)
                for ip in pods.addresses(manifest):
                    by_ip[ip].append((pods.is_running(manifest), labels))
        self._labels: dict[str, Labels] = {
            ip: only for ip, those in by_ip.items() if (only := _only(those)) is not None
        }
        self._joined: dict[tuple[int, str], tuple[Labels, Labels]] = {}
        """What labels became, by their identity, which they keep for as long as they are held here, and address."""

    def hydrated(self, event: TapEvent) -> TapEvent:
        """The event, its source labelled always, its destination where the proxy cannot know it: at its own side."""
        source = self._endpoint(event.source)
        inbound = event.direction is Direction.INBOUND
        destination = self._endpoint(event.destination) if inbound else event.destination
        if source is event.source and destination is event.destination:
            return event
        return replace(event, source=source, destination=destination)

    def _endpoint(self, endpoint: Endpoint) -> Endpoint:
        more = self._labels.get(endpoint.ip)
        if more is None:
            return endpoint
        key = id(endpoint.labels), endpoint.ip
        known = self._joined.get(key)
        if known is None:
            if len(self._joined) >= MOST_JOINED:
                self._joined.clear()
            joined = MappingProxyType({**endpoint.labels, **more})
            known = self._joined[key] = endpoint.labels, joined
        return replace(endpoint, labels=known[1])


def _only(found: list[tuple[bool, Labels]]) -> Labels | None:
    """The one pod's labels, or the one running pod's."""
    if len(found) > 1:
        found = [each for each in found if each[0]]
    return found[0][1] if len(found) == 1 else None


def _pod_labels(manifest: Manifest, owners: OwnerLabels) -> Labels:
    metadata, spec = manifest["metadata"], manifest.get("spec", {})
    own = metadata.get("labels") or {}
    labels = {
        **owners,
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "serviceaccount": spec.get("serviceAccountName") or "default",
    }
    for label, name in ((pods.CONTROL_PLANE_LABEL, "control_plane_ns"), ("pod-template-hash", "pod_template_hash")):
        if value := own.get(label):
            labels[name] = value
    return labels
