"""What kubectl shows of each built-in kind, cell by cell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from linkerdctl.kube.pods import status_of

Manifest = Mapping[str, Any]
_NONE = "<none>"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Cell(NamedTuple):
    """A column's name and how its value is found; priority 1 is for `-o wide`."""

    name: str
    find: Callable[..., Any]
    type: str = "string"
    priority: int = 0


def age(manifest: Manifest, now: datetime | None = None) -> str:
    """How long ago an object was made."""
    created = manifest["metadata"].get("creationTimestamp")
    return human_duration(created, now or datetime.now(UTC)) if created else "<unknown>"


def human_duration(since: str, now: datetime) -> str:
    """The time since then as kubectl shortens it: `45s`, `3m20s`, `5h10m`, `3d4h`, `12d`."""
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 10 * _MINUTE:
        return _two(seconds, _MINUTE, "m", 1, "s")
    if seconds < 3 * _HOUR:
        return f"{seconds // _MINUTE}m"
    if seconds < 8 * _HOUR:
        return _two(seconds, _HOUR, "h", _MINUTE, "m")
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR}h"
    return _two(seconds, _DAY, "d", _HOUR, "h") if seconds < 8 * _DAY else f"{seconds // _DAY}d"


def _two(seconds: int, big: int, big_unit: str, small: int, small_unit: str) -> str:
    rest = seconds % big // small
    return f"{seconds // big}{big_unit}{rest}{small_unit}" if rest else f"{seconds // big}{big_unit}"


def at_path(manifest: Manifest, path: str) -> Any:
    """A simple JSON path (`.spec.port`); lists come as JSON would write them."""
    at: Any = manifest
    for key in path.strip(".").split("."):
        at = at.get(key) if isinstance(at, Mapping) else None
    if isinstance(at, list):
        return "[" + ",".join(f'"{item}"' for item in at) + "]"
    return at


def _field(path: str, default: Any = _NONE) -> Callable[[Manifest], Any]:
    def find(manifest: Manifest) -> Any:
        found = at_path(manifest, path)
        return default if found is None else found

    return find


def _count(path: str) -> Callable[[Manifest], int]:
    def find(manifest: Manifest) -> int:
        at: Any = manifest
        for key in path.split("."):
            at = (at or {}).get(key)
        return len(at or ())

    return find


def _of(done: str, wanted: str) -> Callable[[Manifest], str]:
    return lambda manifest: f"{at_path(manifest, done) or 0}/{_or_one(at_path(manifest, wanted))}"


def _or_one(value: Any) -> Any:
    return 1 if value is None else value


def _statuses(pod: Manifest) -> list[Manifest]:
    """Container statuses that count: native sidecars among them."""
    status, spec = pod.get("status", {}), pod.get("spec", {})
    sidecars = {each["name"] for each in spec.get("initContainers", ()) if each.get("restartPolicy") == "Always"}
    inits = [each for each in status.get("initContainerStatuses", ()) if each.get("name") in sidecars]
    return [*inits, *status.get("containerStatuses", ())]


def _ready(pod: Manifest) -> str:
    spec = pod.get("spec", {})
    sidecars = [each for each in spec.get("initContainers", ()) if each.get("restartPolicy") == "Always"]
    ready = sum(bool(each.get("ready")) for each in _statuses(pod))
    return f"{ready}/{len(sidecars) + len(spec.get('containers', ()))}"


def _restarts(pod: Manifest) -> int:
    return sum(int(each.get("restartCount", 0)) for each in _statuses(pod))


def _pairs(path: str) -> Callable[[Manifest], str]:
    def find(manifest: Manifest) -> str:
        found = at_path(manifest, path) or {}
        return ",".join(f"{key}={value}" for key, value in found.items()) or _NONE

    return find


def _containers(key: str) -> Callable[[Manifest], str]:
    def find(manifest: Manifest) -> str:
        spec = manifest.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
        return ",".join(each.get(key, "") for each in template.get("spec", {}).get("containers", ())) or _NONE

    return find


def _ports(service: Manifest) -> str:
    return ",".join(_port(each) for each in service.get("spec", {}).get("ports", ())) or _NONE


def _port(port: Manifest) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node}/{port.get('protocol', 'TCP')}"


def _addresses(subsets: Iterable[Manifest]) -> str:
    pairs = [
        f"{address['ip']}:{port['port']}"
        for subset in subsets
        for port in subset.get("ports", ())
        for address in subset.get("addresses", ())
    ]
    return ",".join(pairs[:3]) + (f" + {len(pairs) - 3} more..." if len(pairs) > 3 else "") or _NONE


def _node_status(node: Manifest) -> str:
    ready = any(
        each.get("type") == "Ready" and each.get("status") == "True"
        for each in node.get("status", {}).get("conditions", ())
    )
    return "Ready" if ready else "NotReady"


def _last_seen(event: Manifest) -> str:
    seen = event.get("lastTimestamp")
    return human_duration(seen, datetime.now(UTC)) if seen else "<unknown>"


def _api_service_backend(api_service: Manifest) -> str:
    service = at_path(api_service, "spec.service")
    return f"{service['namespace']}/{service['name']}" if service else "Local"


def _api_service_available(api_service: Manifest) -> str:
    """`True`, or `False (WHY)`."""
    conditions = (api_service.get("status") or {}).get("conditions") or ()
    found = next((each for each in conditions if each["type"] == "Available"), {"status": "Unknown"})
    return str(found["status"]) if found["status"] == "True" else f"{found['status']} ({found.get('reason', '')})"


def _involved(event: Manifest) -> str:
    involved = event.get("involvedObject", {})
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


_WIDE = 1
_AGE = Cell("Age", age)
_TEMPLATE = (
    Cell("Containers", _containers("name"), priority=_WIDE),
    Cell("Images", _containers("image"), priority=_WIDE),
)
_SELECTOR = Cell("Selector", _pairs("spec.selector.matchLabels"), priority=_WIDE)
_REPLICAS = (
    Cell("Desired", _field("spec.replicas", 1), "integer"),
    Cell("Current", _field("status.replicas", 0), "integer"),
    Cell("Ready", _field("status.readyReplicas", 0), "integer"),
)

CELLS: dict[str, tuple[Cell, ...]] = {
    "Pod": (
        Cell("Ready", _ready),
        Cell("Status", status_of),
        Cell("Restarts", _restarts, "integer"),
        _AGE,
        Cell("IP", _field("status.podIP"), priority=_WIDE),
        Cell("Node", _field("spec.nodeName"), priority=_WIDE),
        Cell("Nominated Node", _field("status.nominatedNodeName"), priority=_WIDE),
        Cell("Readiness Gates", lambda _pod: _NONE, priority=_WIDE),
    ),
    "Deployment": (
        Cell("Ready", _of("status.readyReplicas", "spec.replicas")),
        Cell("Up-to-date", _field("status.updatedReplicas", 0), "integer"),
        Cell("Available", _field("status.availableReplicas", 0), "integer"),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "ReplicaSet": (*_REPLICAS, _AGE, *_TEMPLATE, _SELECTOR),
    "ReplicationController": (*_REPLICAS, _AGE, *_TEMPLATE, Cell("Selector", _pairs("spec.selector"), priority=_WIDE)),
    "StatefulSet": (Cell("Ready", _of("status.readyReplicas", "spec.replicas")), _AGE, *_TEMPLATE),
    "DaemonSet": (
        Cell("Desired", _field("status.desiredNumberScheduled", 0), "integer"),
        Cell("Current", _field("status.currentNumberScheduled", 0), "integer"),
        Cell("Ready", _field("status.numberReady", 0), "integer"),
        Cell("Up-to-date", _field("status.updatedNumberScheduled", 0), "integer"),
        Cell("Available", _field("status.numberAvailable", 0), "integer"),
        Cell("Node Selector", _pairs("spec.template.spec.nodeSelector")),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "Job": (
        Cell("Status", lambda job: "Complete" if at_path(job, "status.completionTime") else "Running"),
        Cell("Completions", _of("status.succeeded", "spec.completions")),
        Cell("Duration", lambda _job: ""),
        _AGE,
        *_TEMPLATE,
        _SELECTOR,
    ),
    "CronJob": (
        Cell("Schedule", _field("spec.schedule")),
        Cell("Timezone", _field("spec.timeZone")),
        Cell("Suspend", lambda job: str(bool(at_path(job, "spec.suspend")))),
        Cell("Active", _count("status.active"), "integer"),
        Cell("Last Schedule", _field("status.lastScheduleTime")),
        _AGE,
        *_TEMPLATE,
    ),
    "Service": (
        Cell("Type", _field("spec.type", "ClusterIP")),
        Cell("Cluster-IP", _field("spec.clusterIP")),
        Cell("External-IP", _field("spec.externalName")),
        Cell("Port(s)", _ports),
        _AGE,
        Cell("Selector", _pairs("spec.selector"), priority=_WIDE),
    ),
    "Endpoints": (Cell("Endpoints", lambda each: _addresses(each.get("subsets", ()))), _AGE),
    "Namespace": (Cell("Status", _field("status.phase", "Active")), _AGE),
    "Node": (
        Cell("Status", _node_status),
        Cell("Roles", lambda _node: _NONE),
        _AGE,
        Cell("Version", _field("status.nodeInfo.kubeletVersion")),
    ),
    "ConfigMap": (Cell("Data", _count("data"), "integer"), _AGE),
    "Secret": (Cell("Type", _field("type", "Opaque")), Cell("Data", _count("data"), "integer"), _AGE),
    "ServiceAccount": (Cell("Secrets", _count("secrets"), "integer"), _AGE),
    "Event": (
        Cell("Last Seen", _last_seen),
        Cell("Type", _field("type")),
        Cell("Reason", _field("reason")),
        Cell("Object", _involved),
        Cell("Message", _field("message", "")),
    ),
    "CustomResourceDefinition": (Cell("Created At", lambda each: each["metadata"].get("creationTimestamp", "")),),
    "APIService": (
        Cell("Service", _api_service_backend),
        Cell("Available", _api_service_available),
        _AGE,
    ),
}
