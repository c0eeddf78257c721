"""When passes are made, and that they follow the pods that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from builders_for_sources import FakeAccess, target, text

from linkerdctl.kube.inventory import Target
from linkerdctl.sources import recorder
from linkerdctl.sources.recorder import Plan, record
from linkerdctl.sources.recording import Recording
from linkerdctl.sources.recording_writer import RecordingWriter


def plan(seconds: float, every: float) -> Plan:
    return Plan(seconds, every, deadline=1.0, concurrency=4)


@pytest.mark.parametrize(
    ("seconds", "every", "moments"),
    [
        (60, 10, (0, 10, 20, 30, 40, 50, 60)),
        (10, 10, (0, 10)),
        (25, 10, (0, 10, 20, 25)),
        (19, 10, (0, 10, 19)),
        (0.3, 0.1, (0, 0.1, 0.2, 0.3)),
    ],
)
def test_the_first_pass_is_at_once_and_the_last_at_the_end(
    seconds: float, every: float, moments: Sequence[float]
) -> None:
    assert plan(seconds, every).moments == pytest.approx(moments)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    async def sleep(seconds: float) -> None:
        if seconds != recorder.TICK:
            clock.now += seconds
        await asyncio.sleep(0)

    monkeypatch.setattr(recorder, "time", clock)
    monkeypatch.setattr(recorder, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    return clock


class Objects:
    """A cluster whose pods are others at each look."""

    def __init__(self, *pods: Sequence[str]) -> None:
        self._pods = list(pods)
        self.looks = 0

    def manifests(self) -> Iterable[Mapping[str, Any]]:
        return [{"metadata": {"name": pod}} for pod in self._pods[0]]

    def targets(self) -> Sequence[Target]:
        return [target(pod) for pod in self._pods[0]]

    async def look_again(self) -> bool:
        self.looks += 1
        if len(self._pods) == 1:
            return False
        self._pods.pop(0)
        return True


async def recorded(
    path: Path, objects: Objects, access: FakeAccess, chosen: Plan, **more: Any
) -> tuple[Recording, int]:
    writer = RecordingWriter(path)
    left_out = await record(writer, objects, access, chosen, **more)
    writer.close()
    return Recording.open(path), left_out


def answering(clock: Clock, *pods: str) -> FakeAccess:
    return FakeAccess({pod: [text(1)] * 20 for pod in pods}, lambda: clock.now)


async def test_passes_are_made_at_their_moments(tmp_path: Path, clock: Clock) -> None:
    recording, left_out = await recorded(tmp_path, Objects(["web-1"]), answering(clock, "web-1"), plan(25, 10))
    assert [set(each.at.values()) for each in recording.passes] == [{100.0}, {110.0}, {120.0}, {125.0}]
    assert left_out == 0


async def test_pods_that_come_are_recorded_and_those_that_go_are_not_waited_for(tmp_path: Path, clock: Clock) -> None:
    objects = Objects(["web-1"], ["web-1", "web-2"], ["web-2"])
    recording, _ = await recorded(tmp_path, objects, answering(clock, "web-1", "web-2"), plan(20, 10))
    assert [{pod.name for pod in each.at} for each in recording.passes] == [{"web-1"}, {"web-1", "web-2"}, {"web-2"}]
    assert [each["metadata"]["name"] for each in recording.manifests()] == ["web-2"]
    assert objects.looks == 2


class Slow(FakeAccess):
    """Takes its time."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        super().__init__({"web-1": [text(1)] * 20}, lambda: clock.now)
        self._time, self._seconds = clock, seconds

    async def fetch(self, target: Target, *, deadline: float) -> Any:
        fetched = await super().fetch(target, deadline=deadline)
        self._time.now += self._seconds
        return fetched


async def test_a_pass_that_takes_too_long_costs_others_but_not_the_last(tmp_path: Path, clock: Clock) -> None:
    recording, left_out = await recorded(tmp_path, Objects(["web-1"]), Slow(clock, 25.0), plan(60, 10))
    assert [each.at.popitem()[1] for each in recording.passes] == [100.0, 125.0, 150.0, 175.0]  # type: ignore[attr-defined]
    assert left_out == 3


class Told:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, float]] = []
        self.stopped = False

    def start(self, label: str, total: float) -> None:
        self.stages.append((label, total))

    def advance(self, steps: float = 1.0) -> None:
        """Nothing."""

    def stop(self) -> None:
        self.stopped = True


async def test_progress_tells_the_pass_and_moves_with_the_time(tmp_path: Path, clock: Clock) -> None:
    told = Told()
    await recorded(tmp_path, Objects(["web-1"]), answering(clock, "web-1"), plan(20, 10), progress=told)
    assert told.stages == [(f"recording, pass {number} of 3", 20) for number in (1, 2, 3)]
    assert told.stopped


async def test_an_object_list_that_hangs_delays_nothing(tmp_path: Path) -> None:
    class Hanging(Objects):
        async def look_again(self) -> bool:
            await asyncio.Event().wait()
            return True

    access = FakeAccess({"web-1": [text(1)] * 20})
    recording, _ = await recorded(tmp_path, Hanging(["web-1"]), access, plan(0.2, 0.1))
    assert len(recording.passes) == 3
