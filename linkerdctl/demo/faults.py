"""Faults on demand: what a scrape of a pod runs into."""

from __future__ import annotations

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
    "403": "forbids reading, as under a default-deny policy",
}
_DEFAULT_SECONDS = {"slow": 30.0, "restarting": 5.0}


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, and its seconds where it has some."""

    kind: str
    seconds: float = 0.0


def parse_faults(texts: list[str], topology: Topology) -> dict[tuple[str, str], Fault]:
    """`KIND=POD` or `KIND:SECONDS=POD`, where POD is a pod, the start of its name, or NAMESPACE/NAME. By pod."""
    faults: dict[tuple[str, str], Fault] = {}
    for text in texts:
        head, equals, wanted = text.partition("=")
        kind, _, duration = head.partition(":")
        if not equals or kind not in KINDS:
            kinds = "\n".join(f"{name}: {meaning}" for name, meaning in KINDS.items())
            raise UsageError(f"--fault {text!r} is not KIND=POD", next_step=kinds)
        seconds = parse_duration(duration) if duration else _DEFAULT_SECONDS.get(kind, 0.0)
        hit = [pod for pod in topology.pods if _means(wanted, pod)]
        if not hit:
            raise UsageError(
                f"--fault {text!r}: no pod is called {wanted!r}", next_step="web, emoji, voting, vote-bot are"
            )
        faults |= {pod.key: Fault(kind, seconds) for pod in hit}
    return faults


def _means(wanted: str, pod: DemoPod) -> bool:
    """A bare name means pods of the first copy, `emojivoto`."""
    namespace, _, name = wanted.rpartition("/")
    return (
        pod.namespace == (namespace or "emojivoto")
        and name != ""
        and (pod.workload == name or pod.name.startswith(name))
    )
