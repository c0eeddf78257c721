"""Why a tap shows nothing, judged from what could be found out. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from linkerdctl.kube.kinds import NAMESPACE, POD
from linkerdctl.kube.pods import TAP_DISABLED
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.served import Served as Api
from linkerdctl.tap.pods import TapPod

NAMED = 5
"""Pods named each; above that they are counted."""
INSTALL = "install it (linkerd viz install | kubectl apply -f -); without it: linkerdctl stat, which needs nothing"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out; None is what could not be."""

    target: Selection
    api: Api = Api.UNKNOWN
    api_detail: str = ""
    allowed: bool | None = None
    rule: str = ""
    """What grants the permission, as YAML."""
    pods: Sequence[TapPod] | None = None
    matches: str = ""
    """What is asked of the requests, as options."""
    seconds: float = 0.0
    """How long was watched."""
    passed: int | None = None
    """Requests that the proxies counted in that time."""
    tapped: int | None = None
    """Requests that a tap told of in that time."""
    tap_error: str = ""
    tap_advice: str = ""
    direct: bool = False
    """Whether the proxies are asked themselves, without the API."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `good` None could not be told. `advice` may hold several lines."""

    good: bool | None
    text: str
    advice: str = ""


def findings(facts: Facts) -> list[Finding]:
    """In the order in which things must be right; what comes after a bad one may follow from it."""
    return [
        *([] if facts.direct else [*_api(facts), *_permission(facts)]),
        *_pods(facts),
        *_ports(facts),
        *_traffic(facts),
    ]


def _api(facts: Facts) -> Iterator[Finding]:
    if facts.api is Api.AVAILABLE:
        yield Finding(True, "the tap API (APIService v1alpha1.tap.linkerd.io) is available")
    elif facts.api is Api.ABSENT:
        yield Finding(
            False, "no viz APIService: the viz extension, whose tap server it needs, is not installed", INSTALL
        )
    elif facts.api is Api.UNAVAILABLE:
        yield Finding(
            False,
            f"the APIService v1alpha1.tap.linkerd.io is not available{facts.api_detail and f': {facts.api_detail}'}",
            "look at the tap server: kubectl get pods -n linkerd-viz -l component=tap",
        )
    else:
        yield Finding(
            None, f"whether there is a tap API could not be told{facts.api_detail and f': {facts.api_detail}'}"
        )


def _permission(facts: Facts) -> Iterator[Finding]:
    if facts.api is Api.ABSENT:
        return
    if facts.allowed is None:
        yield Finding(None, "whether you may tap could not be told")
    elif facts.allowed:
        yield Finding(True, "you may tap it")
    else:
        yield Finding(False, "no permission to tap it", facts.rule)


def _pods(facts: Facts) -> Iterator[Finding]:
    pods = facts.pods
    if pods is None:
        yield Finding(None, "its pods could not be looked at")
        return
    if not pods:
        yield _no_pods(facts.target)
        return
    unmeshed = [pod for pod in pods if not pod.meshed]
    disabled = [pod for pod in pods if pod.meshed and pod.disabled]
    lacking = [pod for pod in pods if pod.meshed and not pod.enabled and not pod.disabled]
    waiting = [pod for pod in pods if pod.meshed and not pod.running]
    good = [pod for pod in pods if pod.tappable]
    if good:
        yield Finding(True, f"{len(good)} of {len(pods)} pods can be tapped")
    bad = None if good else False
    if unmeshed:
        inject = "add the annotation linkerd.io/inject: enabled to them or their namespace, and restart them"
        yield Finding(bad, f"not meshed: {_names(unmeshed)}", inject)
    if disabled:
        yield Finding(
            bad, f"tap is disabled by the annotation {TAP_DISABLED}: {_names(disabled)}", "remove it, and restart them"
        )
    if lacking:
        restart = "they are older than the viz extension: restart them (kubectl rollout restart)"
        yield Finding(bad, f"tap is not enabled: {_names(lacking)}", restart)
    if waiting:
        yield Finding(bad, f"not running yet: {_names(waiting)}", "kubectl describe tells what they wait for")


def _no_pods(target: Selection) -> Finding:
    if target.kind is NAMESPACE:
        return Finding(False, f"{target} has no pods", f"is it the right one? kubectl get pods -n {target.name}")
    there = f" -n {target.namespace}" if target.namespace else ""
    if target.name:
        return Finding(False, f"{target} has no pods", f"is it scaled to zero? kubectl get {target}{there}")
    chosen = f" with {target.labels}" if target.labels else ""
    where = f" in namespace {target.namespace}" if target.namespace else ""
    selected = f" -l {shlex.quote(str(target.labels))}" if target.labels else ""
    what = f"there is no {target.kind.name}{chosen}{where}"
    return Finding(
        False,
        what if target.kind is POD else f"{what} that has pods",
        f"is it the right namespace? kubectl get {target.kind.plural}{there}{selected}",
    )


def _ports(facts: Facts) -> Iterator[Finding]:
    tappable = [pod for pod in facts.pods or () if pod.tappable]
    skipped = sorted({port for pod in tappable for port in pod.skipped})
    opaque = sorted({port for pod in tappable for port in pod.opaque})
    for what, ports, reason in (
        ("skipped", skipped, "do not go through the proxy (config.linkerd.io/skip-inbound-ports)"),
        ("opaque", opaque, "are plain bytes to the proxy (config.linkerd.io/opaque-ports)"),
    ):
        if ports:
            listed = ", ".join(map(str, ports))
            told = f"{what} ports {listed}: requests to them {reason} and cannot be tapped"
            yield Finding(None if facts.tapped else False, told)


def _traffic(facts: Facts) -> Iterator[Finding]:
    if facts.tapped:
        yield Finding(True, f"a tap works: {_requests(facts.tapped)} in {facts.seconds:g} s{_matching(facts)}")
        return
    if facts.tap_error:
        yield Finding(False, f"a tap fails: {facts.tap_error}", facts.tap_advice)
    elif facts.tapped is not None:
        yield _why_nothing(facts)


def _why_nothing(facts: Facts) -> Finding:
    if facts.passed is None:
        return Finding(
            False,
            "its proxies do not answer, neither with metrics nor with requests",
            "look at their pods: kubectl describe pods, kubectl logs -c linkerd-proxy",
        )
    if not facts.passed:
        return Finding(
            False,
            f"no traffic at all: its proxies counted no request in {facts.seconds:g} s",
            "nobody calls it, or those who do go past the proxies",
        )
    if facts.matches:
        return Finding(
            False,
            f"nothing matched: {_requests(facts.passed)} passed in {facts.seconds:g} s, none with {facts.matches}",
            "--path is a prefix, --authority must be equal, port included; --to only sees requests on their way out",
        )
    return Finding(
        False,
        f"{_requests(facts.passed)} passed in {facts.seconds:g} s, and no tap told of them",
        "the tap server does not reach the proxies: kubectl logs -n linkerd-viz deploy/tap -c tap",
    )


def _matching(facts: Facts) -> str:
    return f" with {facts.matches}" if facts.matches else ""


def _requests(number: int) -> str:
    return "1 request" if number == 1 else f"{number} requests"


def _names(pods: Sequence[TapPod]) -> str:
    names = ", ".join(str(pod.ref) for pod in pods[:NAMED])
    return f"{names} and {len(pods) - NAMED} more" if len(pods) > NAMED else names
