"""APIServices: who serves each group version, the API server itself or, for taps, the viz extension."""

from __future__ import annotations

from typing import Any

from linkerdctl.demo.cluster.store import Manifest

TAP_GROUP, TAP_VERSION = "tap.linkerd.io", "v1alpha1"
TAP_API_SERVICE = f"{TAP_VERSION}.{TAP_GROUP}"


def local_api_service(group: str, version: str) -> Manifest:
    """Of a group version that the API server serves itself."""
    reached = {"reason": "Local", "message": "Local APIServices are available"}
    return _api_service(group, version, {}, {}, reached)


def tap_api_service() -> Manifest:
    """Of the taps, which the viz extension's server serves behind the API server."""
    labels = {"linkerd.io/extension": "viz", "component": "tap"}
    served = {"service": {"name": "tap", "namespace": "linkerd-viz", "port": 443}}
    reached = {"reason": "Passed", "message": "all checks passed"}
    return _api_service(TAP_GROUP, TAP_VERSION, {"labels": labels}, served, reached)


def _api_service(
    group: str, version: str, metadata: dict[str, Any], spec: dict[str, Any], reached: dict[str, str]
) -> Manifest:
    terms = {"group": group, "version": version, "groupPriorityMinimum": 1000, "versionPriority": 100}
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"{version}.{group}", **metadata},
        "spec": {**terms, **spec},
        "status": {"conditions": [{"type": "Available", "status": "True", **reached}]},
    }
