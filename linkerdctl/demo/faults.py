"""Faults on demand: what a scrape or a tap of a pod runs into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from linkerdctl.demo.topology import DemoPod, Topology
from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError

KINDS = {
    "slow": "answers after 30s, or as long as slow:8s=POD says",
    "dead": "refuses connections",
    "restarting": "starts anew every 5s, or as often as restarting:3s=POD says",
    "garbage": "answers with bytes that are no metrics",
    "truncated": "ends its answer in the middle",
    "403": "forbids reading, as under a default-deny policy; also called forbidden",
    "tap-ends": "ends taps after 3s, or when tap-ends:10s=POD says",
    "tap-cut": "breaks taps off in the middle of a message",
    "tap-garbage": "puts a message among a tap's that is none",
    "tap-403": "refuses taps, as the tap server and proxies do without permission",
}
_ALIASES = {"forbidden": "403"}
_DEFAULT_SECONDS = {"slow": 30.0, "restarting": 5.0, "tap-ends": 3.0}
_SHORTEST = 0.1


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, and its seconds where it has some: how long it takes, or how often it comes."""

    kind: str
    seconds: float = 0.0


def parse_fault(text: str) -> tuple[Fault, str]:
    """`KIND=POD` or `KIND:DURATION=POD`: the fault, and what is written of the pod. Raises `UsageError`."""
    head, equals, wanted = text.partition("=")
    word, colon, duration = head.partition(":")
    kind = _ALIASES.get(word, word)
    if not equals or not wanted or kind not in KINDS:
        kinds = "\n".join(f"{name}: {meaning}" for name, meaning in KINDS.items())
        raise UsageError(f"--fault {text!r} is not KIND=POD", next_step=kinds)
    if not colon:
        return Fault(kind, _DEFAULT_SECONDS.get(kind, 0.0)), wanted
    if kind not in _DEFAULT_SECONDS:
        raise UsageError(f"--fault {text!r}: {word} takes no duration", next_step=f"write {word}={wanted}")
    return Fault(kind, _seconds(text, duration)), wanted


def parse_faults(texts: Iterable[str], topology: Topology) -> dict[tuple[str, str], Fault]:
    """Faults by pod; POD is a pod, the start of its name, a workload, or one of these behind NAMESPACE/.

    Raises `UsageError` for what cannot be read and for pods that are not there.
    """
    faults: dict[tuple[str, str], Fault] = {}
    for text in texts:
        fault, wanted = parse_fault(text)
        hit = _meant(wanted, topology)
        if not hit:
            raise UsageError(f"--fault {text!r}: no pod is called {wanted!r}", next_step=_there_are(topology))
        faults |= dict.fromkeys((pod.key for pod in hit), fault)
    return faults


def _seconds(text: str, duration: str) -> float:
    seconds = parse_duration(duration)
    if seconds < _SHORTEST:
        raise UsageError(f"--fault {text!r}: {duration} is too short", next_step="100ms is the shortest")
    return seconds


def _meant(wanted: str, topology: Topology) -> list[DemoPod]:
    """A workload's name means that workload alone, not others whose names begin so. Without a namespace: `emojivoto`."""
    namespace, _, name = wanted.rpartition("/")
    there = [pod for pod in topology.pods if pod.namespace == (namespace or "emojivoto")]
    exact = [pod for pod in there if name in (pod.workload, pod.name)]
    return exact or [pod for pod in there if name and pod.name.startswith(name)]


def _there_are(topology: Topology) -> str:
    names = [name if namespace == "emojivoto" else f"{namespace}/{name}" for namespace, name in topology.workloads()]
    more = ", ..." if len(names) > 8 else ""
    return f"there are {', '.join(names[:8])}{more}"
