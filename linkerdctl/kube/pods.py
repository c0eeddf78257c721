"""Pods: alive or not, meshed or not, where their proxy listens, and the status kubectl would show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

CONTROL_PLANE_LABEL = "linkerd.io/control-plane-ns"
PROXY_CONTAINER = "linkerd-proxy"
ADMIN_PORT_NAME = "linkerd-admin"
ADMIN_PORT = 4191

Manifest = Mapping[str, Any]


def is_alive(pod: Manifest) -> bool:
    """Pending or running, and not on its way out: what counts as a pod of its owner."""
    phase = pod.get("status", {}).get("phase", "")
    return phase in ("Pending", "Running") and "deletionTimestamp" not in pod["metadata"]


def proxy_container(pod: Manifest) -> Manifest | None:
    """The proxy's container: a plain sidecar, or a native one, which is an init container that keeps running."""
    spec = pod.get("spec", {})
    containers = [*spec.get("initContainers", ()), *spec.get("containers", ())]
    return next((each for each in containers if each.get("name") == PROXY_CONTAINER), None)


def is_meshed(pod: Manifest) -> bool:
    """Whether the pod carries both a control plane's label and a proxy."""
    labels = pod["metadata"].get("labels") or {}
    return CONTROL_PLANE_LABEL in labels and proxy_container(pod) is not None


def admin_port(pod: Manifest) -> int:
    """The port named `linkerd-admin`; its number may have been remapped."""
    container = proxy_container(pod) or {}
    named = (port for port in container.get("ports", ()) if port.get("name") == ADMIN_PORT_NAME)
    return next((int(port["containerPort"]) for port in named), ADMIN_PORT)


def status_of(pod: Manifest) -> str:
    """kubectl's STATUS column: the phase, or the reason why it is not what it seems."""
    status = pod.get("status", {})
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    initialising = _init_status(pod)
    reason = initialising or _container_reason(status.get("containerStatuses", ()), reason, _is_ready(status))
    if "deletionTimestamp" in pod["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return reason


def _init_status(pod: Manifest) -> str | None:
    """`Init:0/1` and its likes while init containers are at work; native sidecars are done once they have started."""
    specs = pod.get("spec", {}).get("initContainers", ())
    sidecars = {each["name"] for each in specs if each.get("restartPolicy") == "Always"}
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses", ())):
        state = container.get("state", {})
        terminated = state.get("terminated")
        if terminated and terminated.get("exitCode") == 0:
            continue
        if container.get("name") in sidecars and container.get("started"):
            continue
        if terminated:
            return f"Init:{_termination(terminated)}"
        waiting = state.get("waiting", {}).get("reason", "")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{len(specs)}"
    return None


def _container_reason(containers: Iterable[Manifest], reason: str, ready: bool) -> str:
    running = False
    for container in reversed(list(containers)):
        state = container.get("state", {})
        if waiting := state.get("waiting", {}).get("reason"):
            reason = waiting
        elif terminated := state.get("terminated"):
            reason = _termination(terminated)
        elif container.get("ready") and "running" in state:
            running = True
    if reason == "Completed" and running:
        return "Running" if ready else "NotReady"
    return reason


def _termination(terminated: Manifest) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _is_ready(status: Manifest) -> bool:
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in status.get("conditions", ()))


def addresses(pod: Manifest) -> Iterator[str]:
    """The pod's IP addresses, the primary one first."""
    status = pod.get("status", {})
    seen = dict.fromkeys([status.get("podIP"), *(each.get("ip") for each in status.get("podIPs", ()))])
    return (address for address in seen if address)
