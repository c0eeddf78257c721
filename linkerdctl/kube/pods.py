"""Pods: alive or not, meshed or not, where their proxy listens, and the status kubectl would show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

CONTROL_PLANE_LABEL = "linkerd.io/control-plane-ns"
PROXY_CONTAINER = "linkerd-proxy"
ADMIN_PORT_NAME = "linkerd-admin"
TAP_ENABLED, TAP_DISABLED = "viz.linkerd.io/tap-enabled", "viz.linkerd.io/disable-tap"
"""Annotations: the first is set by viz's injector, the second by those who want none."""
PROXY_VERSION = "linkerd.io/proxy-version"
"""Annotation of the injector."""
IDENTITY_VARIABLE = "LINKERD2_PROXY_IDENTITY_LOCAL_NAME"
"""Usually `$(_pod_sa).$(_pod_ns).serviceaccount.identity...`, which the kubelet fills in."""

Manifest = Mapping[str, Any]


def is_alive(pod: Manifest) -> bool:
    """Pending or running, and not on its way out: what counts as a pod of its owner."""
    phase = pod.get("status", {}).get("phase", "")
    return phase in ("Pending", "Running") and not pod["metadata"].get("deletionTimestamp")


def is_running(pod: Manifest) -> bool:
    """Whether its proxy can have anything to tell: scheduled, with an address, past its init containers."""
    return bool(pod.get("status", {}).get("phase") == "Running")


def proxy_container(pod: Manifest) -> Manifest | None:
    """The proxy's container: a plain sidecar, or a native one, which is an init container that keeps running."""
    spec = pod.get("spec", {})
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return next((each for each in containers if each.get("name") == PROXY_CONTAINER), None)


def is_meshed(pod: Manifest) -> bool:
    """What Prometheus' scrape rule for Linkerd asks: a control plane's label, a proxy, its admin port by name.

    The label alone is what viz looks at; but no numbers can be had from a pod without the other two.
    """
    labels = pod["metadata"].get("labels") or {}
    return bool(labels.get(CONTROL_PLANE_LABEL)) and admin_port(pod) is not None


def admin_port(pod: Manifest) -> int | None:
    """The proxy's port named `linkerd-admin`, whatever its number; None without such a port."""
    container = proxy_container(pod) or {}
    named = (port for port in container.get("ports") or () if port.get("name") == ADMIN_PORT_NAME)
    return next((int(port["containerPort"]) for port in named), None)


def proxy_version(pod: Manifest) -> str:
    """As the injector noted it, else the tag of the proxy's image; empty where neither tells."""
    if noted := str((pod["metadata"].get("annotations") or {}).get(PROXY_VERSION) or ""):
        return noted
    image = str((proxy_container(pod) or {}).get("image") or "").partition("@")[0]
    return image.rpartition("/")[2].partition(":")[2]


def identity(pod: Manifest) -> str:
    """Whom its proxy can say it is, as `serviceaccount.namespace`; empty for a pod without a proxy."""
    container = proxy_container(pod)
    if container is None:
        return ""
    namespace, account = pod["metadata"]["namespace"], pod.get("spec", {}).get("serviceAccountName") or "default"
    named = (each for each in container.get("env") or () if each.get("name") == IDENTITY_VARIABLE)
    value = next((str(each.get("value") or "") for each in named), "")
    if not value or value.startswith("$("):
        return f"{account}.{namespace}"
    return ".".join(value.split(".")[:2])


def status_of(pod: Manifest) -> str:
    """kubectl's STATUS column: the phase, or the reason why it is not what it seems."""
    status = pod.get("status", {})
    phase = str(status.get("phase") or "Unknown")
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if phase not in ("Failed", "Succeeded"):
            return "Terminating"
    gated = _condition(status, "PodScheduled").get("reason") == "SchedulingGated"
    reason = "SchedulingGated" if gated else str(status.get("reason") or phase)
    initialising = _init_status(pod)
    if initialising and not _holds(status, "Initialized"):
        return initialising
    return _container_reason(status.get("containerStatuses") or (), initialising or reason, _holds(status, "Ready"))


def _init_status(pod: Manifest) -> str | None:
    """`Init:0/1` and its likes while init containers are at work; native sidecars are done once they have started."""
    specs = pod.get("spec", {}).get("initContainers") or ()
    sidecars = {each["name"] for each in specs if each.get("restartPolicy") == "Always"}
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses") or ()):
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


def _condition(status: Manifest, name: str) -> Manifest:
    return next((each for each in status.get("conditions") or () if each.get("type") == name), {})


def _holds(status: Manifest, name: str) -> bool:
    return bool(_condition(status, name).get("status") == "True")


def addresses(pod: Manifest) -> Iterator[str]:
    """The pod's IP addresses, the primary one first."""
    status = pod.get("status", {})
    seen = dict.fromkeys([status.get("podIP"), *(each.get("ip") for each in status.get("podIPs") or ())])
    return (address for address in seen if address)
