"""What a pod's manifest says of taps: may it be tapped, where does its proxy listen, which ports does it not look into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.pods import (
    CONTROL_PLANE_LABEL,
    IDENTITY_VARIABLE,
    PROXY_CONTAINER,
    TAP_DISABLED,
    TAP_ENABLED,
    addresses,
    is_meshed,
    is_running,
    proxy_container,
)

TAP_PORT, TAP_PORT_NAME = 4190, "linkerd-tap"
_TAP_CLIENT = "LINKERD2_PROXY_TAP_SVC_NAME"
_LISTEN = "LINKERD2_PROXY_CONTROL_LISTEN_ADDR"
_OPAQUE = "LINKERD2_PROXY_INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION"
_SKIP_ANNOTATION, _OPAQUE_ANNOTATION = "config.linkerd.io/skip-inbound-ports", "config.linkerd.io/opaque-ports"
_SKIP_ARGUMENT = "--inbound-ports-to-ignore"

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TapPod:
    """A pod as taps see it. `skipped` and `opaque` are those of its applications' ports."""

    ref: PodRef
    ip: str = ""
    meshed: bool = True
    running: bool = True
    disabled: bool = False
    """By annotation."""
    enabled: bool = True
    """Its proxy was started with somebody who may tap it."""
    port: int = TAP_PORT
    identity: str = ""
    skipped: tuple[int, ...] = ()
    opaque: tuple[int, ...] = ()

    @property
    def tappable(self) -> bool:
        """Whether a tap of it can work at all."""
        return self.meshed and self.running and self.enabled and not self.disabled


def tap_pod(manifest: Manifest) -> TapPod:
    """Read a manifest."""
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations") or {}
    environment = _environment(manifest)
    listening = tuple(_application_ports(manifest))
    skip, opaque = _skipped(manifest, annotations), environment.get(_OPAQUE) or annotations.get(_OPAQUE_ANNOTATION, "")
    return TapPod(
        PodRef(metadata["namespace"], metadata["name"]),
        ip=next(addresses(manifest), ""),
        meshed=is_meshed(manifest),
        running=is_running(manifest),
        disabled=annotations.get(TAP_DISABLED) == "true",
        enabled=annotations.get(TAP_ENABLED) == "true" or bool(environment.get(_TAP_CLIENT)),
        port=_tap_port(manifest, environment),
        identity=_identity(manifest, environment),
        skipped=tuple(port for port in listening if _holds(skip, port)),
        opaque=tuple(port for port in listening if _holds(opaque, port)),
    )


def _environment(manifest: Manifest) -> dict[str, str]:
    container = proxy_container(manifest) or {}
    return {each["name"]: str(each.get("value") or "") for each in container.get("env") or ()}


def _application_ports(manifest: Manifest) -> Iterator[int]:
    for container in manifest.get("spec", {}).get("containers") or ():
        if container.get("name") != PROXY_CONTAINER:
            yield from (int(each["containerPort"]) for each in container.get("ports") or ())


def _tap_port(manifest: Manifest, environment: Mapping[str, str]) -> int:
    """The port of that name, the one the proxy is told to listen on, or the usual one."""
    container = proxy_container(manifest) or {}
    for port in container.get("ports") or ():
        if port.get("name") == TAP_PORT_NAME:
            return int(port["containerPort"])
    found = re.search(r":(\d+)$", environment.get(_LISTEN, ""))
    return int(found[1]) if found else TAP_PORT


def _identity(manifest: Manifest, environment: Mapping[str, str]) -> str:
    """The proxy's mesh identity. On a real pod the variable refers to others: `$(_pod_sa).$(_pod_ns).serviceaccount...`."""
    metadata, spec = manifest["metadata"], manifest.get("spec", {})
    own = f"{spec.get('serviceAccountName') or 'default'}.{metadata['namespace']}"
    told = environment.get(IDENTITY_VARIABLE, "")
    if told and "$(" not in told:
        return told
    _, found, domain = told.partition(".serviceaccount.identity.")
    if not found or "$(" in domain:
        control_plane = (metadata.get("labels") or {}).get(CONTROL_PLANE_LABEL, "linkerd")
        domain = f"{control_plane}.cluster.local"
    return f"{own}.serviceaccount.identity.{domain}"


def _skipped(manifest: Manifest, annotations: Mapping[str, str]) -> str:
    """The injector's annotation, or what the init container was really told."""
    arguments: list[str] = []
    for container in manifest.get("spec", {}).get("initContainers") or ():
        arguments += [str(each) for each in container.get("args") or ()]
    for argument, value in _pairs(arguments):
        if argument == _SKIP_ARGUMENT:
            return value
    return str(annotations.get(_SKIP_ANNOTATION, ""))


def _pairs(arguments: list[str]) -> Iterable[tuple[str, str]]:
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        yield name, value if equals else "".join(arguments[index + 1 : index + 2])


def _holds(ranges: str, port: int) -> bool:
    """Whether `25,8000-8010` has the port in it."""
    for each in ranges.split(","):
        first, _, last = each.strip().partition("-")
        if first.isdecimal() and int(first) <= port <= int(last if last.isdecimal() else first):
            return True
    return False
