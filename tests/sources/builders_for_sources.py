"""Small builders of proxies' texts, of targets, and ways to them that need no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from linkerdctl.errors import ProxyError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.metrics.query import Direction, TrafficQuery
from linkerdctl.sources.protocol import Observation

STARTED = 1_000.0
"""When proxies started, in epoch seconds, if nothing else is said."""
INBOUND = TrafficQuery(Direction.INBOUND, group_by=("deployment",))


def target(name: str = "web-1", namespace: str = "emojivoto", **labels: str) -> Target:
    """A pod's proxy; its deployment is what stands before the first dash."""
    its = {"namespace": namespace, "pod": name, "deployment": name.partition("-")[0], **labels}
    return Target(PodRef(namespace, name), its, "10.0.0.1", 4191)


def text(
    successes: float = 0, failures: float = 0, *, started: float | None = STARTED, fast: float | None = None
) -> bytes:
    """What a proxy says that answered so many requests, all in one millisecond unless only `fast` of them were."""
    total = successes + failures
    lines = [
        f'response_total{{direction="inbound",target_port="8080",classification="success"}} {successes}',
        f'response_total{{direction="inbound",target_port="8080",classification="failure"}} {failures}',
        f'response_latency_ms_bucket{{direction="inbound",target_port="8080",le="1"}} {total if fast is None else fast}',
        f'response_latency_ms_bucket{{direction="inbound",target_port="8080",le="10"}} {total}',
        f'response_latency_ms_bucket{{direction="inbound",target_port="8080",le="+Inf"}} {total}',
        *([f"process_start_time_seconds {started}"] if started is not None else []),
    ]
    return ("\n".join(lines) + "\n").encode()


Answer = Fetched | ProxyError
Script = Sequence[Answer | bytes]


class FakeAccess:
    """Answers each pod from its script, one after the other; bytes are answered at the clock's time."""

    def __init__(self, scripts: Mapping[str, Script], clock: Callable[[], float] = lambda: 0.0) -> None:
        self._scripts = {pod: list(script) for pod, script in scripts.items()}
        self._clock = clock
        self.asked: list[str] = []
        self.deadlines: set[float] = set()
        self.at_once = self.most_at_once = 0

    async def fetch(self, target: Target, *, deadline: float) -> Fetched:
        self.asked.append(target.pod.name)
        self.deadlines.add(deadline)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            answer = self._scripts[target.pod.name].pop(0)
        finally:
            self.at_once -= 1
        if isinstance(answer, ProxyError):
            raise answer
        return answer if isinstance(answer, Fetched) else Fetched(answer, self._clock())


def reasons(observation: Observation) -> dict[str, str]:
    """Why proxies failed, by the pod's name."""
    return {failure.pod.name: failure.reason for failure in observation.coverage.failures}


def no_peer(namespace: str, pod: str) -> None:
    """Nothing is known of other pods."""


def names(pods: Iterable[PodRef]) -> set[str]:
    """Of pods, without their namespaces."""
    return {pod.name for pod in pods}
