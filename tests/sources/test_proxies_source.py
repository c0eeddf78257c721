"""Two looks at each proxy: each on its own clock, at most so many at once, and none failing but for itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from types import SimpleNamespace

import pytest
from builders_for_sources import INBOUND, FakeAccess, Script, names, no_peer, reasons, target, text

from linkerdctl.errors import ProxyError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.metrics.query import Matcher, TrafficQuery
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.sources import proxies
from linkerdctl.sources.protocol import Observation
from linkerdctl.sources.proxies import ProxySource

OUTBOUND_ONLY_OF_VOTING = TrafficQuery(INBOUND.direction, ("deployment",), pods=(Matcher("deployment", ("voting",)),))
DEAD = ProxyError("connection refused")


def source(access: FakeAccess, *, window: float = 10.0, **more: object) -> ProxySource:
    return ProxySource(access, window=window, peer_labels=no_peer, **more)  # type: ignore[arg-type]


async def observed(scripts: dict[str, Script], **more: object) -> Observation:
    """One answer about the pods of the scripts."""
    return await source(FakeAccess(scripts), **more).observe([INBOUND], [target(pod) for pod in scripts])


def traffic(observation: Observation, deployment: str = "web") -> Traffic:
    return observation.answers[0][(deployment,)]


def looks(*counts: float, started: float = 1_000.0, every: float = 10.0) -> list[Fetched]:
    """Answers `every` seconds apart with so many successes each."""
    return [Fetched(text(count, started=started), 2_000.0 + number * every) for number, count in enumerate(counts)]


async def test_the_difference_of_two_looks_counts() -> None:
    observation = await observed({"web-1": looks(100, 150)})
    assert traffic(observation).successes == 50
    assert traffic(observation).request_rate == 5.0
    assert observation.coverage.asked == observation.coverage.answered == {PodRef("emojivoto", "web-1")}


async def test_each_proxy_s_rate_is_by_its_own_seconds() -> None:
    slow = [Fetched(text(100), 2_000.0), Fetched(text(150), 2_025.0)]
    observation = await observed({"web-1": looks(100, 150), "web-2": slow})
    assert traffic(observation).successes == 100
    assert traffic(observation).request_rate == 50 / 10 + 50 / 25
    assert traffic(observation).seconds == 25
    assert observation.seconds == 17.5
    assert observation.ended == 2_025.0


async def test_a_counter_that_fell_has_begun_anew() -> None:
    observation = await observed({"web-1": looks(100, 30)})
    assert traffic(observation).successes == 30
    assert observation.coverage.restarted == ()


async def test_another_process_counts_from_zero_and_is_told() -> None:
    before, after = Fetched(text(100, started=1_000.0), 2_000.0), Fetched(text(130, started=2_004.0), 2_010.0)
    observation = await observed({"web-1": [before, after]})
    assert traffic(observation).successes == 130
    assert observation.coverage.restarted == (PodRef("emojivoto", "web-1"),)


async def test_a_proxy_that_began_after_the_first_look_counts_from_its_start() -> None:
    began = time.time() + 3.0
    observation = await observed({"web-1": [DEAD, Fetched(text(30, started=began), began + 6.0)]}, window=0.0)
    assert traffic(observation).request_rate == pytest.approx(5.0)
    assert traffic(observation).seconds == pytest.approx(6.0)
    assert observation.coverage.failures == ()


async def test_an_old_proxy_that_missed_the_first_look_does_not_count_its_life() -> None:
    observation = await observed({"web-1": [DEAD, *looks(1_000_000)]}, window=0.0)
    assert observation.answers == ({},)
    assert reasons(observation) == {"web-1": "connection refused"}


async def test_one_that_does_not_say_when_it_began_is_old() -> None:
    late = Fetched(text(1_000_000, started=None), 2_000.0)
    observation = await observed({"web-1": [DEAD, late]}, window=0.0)
    assert reasons(observation) == {"web-1": "connection refused"}


@pytest.mark.parametrize("second", [1_990.0, 2_000.0])
async def test_a_clock_that_was_set_back_gives_no_rates(second: float) -> None:
    observation = await observed({"web-1": [Fetched(text(100), 2_000.0), Fetched(text(150), second)]})
    assert observation.answers == ({},)
    assert reasons(observation) == {"web-1": "no time passed between the two looks at it: the clock was set back"}
    assert observation.coverage.answered == frozenset()


async def test_a_lifetime_of_which_nobody_knows_the_beginning_has_counts_and_no_rate() -> None:
    observation = await observed({"web-1": [Fetched(text(500, started=None), 2_000.0)]}, since_start=True)
    assert traffic(observation).successes == 500
    assert traffic(observation).request_rate is None


async def test_one_look_is_enough_for_a_lifetime() -> None:
    observation = await observed({"web-1": looks(500)}, since_start=True)
    assert traffic(observation).request_rate == 0.5
    assert observation.seconds == 1_000


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ([DEAD, DEAD], "connection refused"),
        ([*looks(1), ProxyError("timed out after 5s")], "timed out after 5s"),
        ([Fetched(b"<html>\n", 2_000.0)] * 2, "malformed metrics at line 1, column 1: "),
        ([*looks(1), Fetched(text(1)[:-30], 2_010.0)], "malformed metrics at line 6, column 5: "),
        (
            [*looks(1), Fetched(text(1).replace(b"} 1\n", b"} one\n", 1), 2_010.0)],
            "malformed metrics at line 1, column 81: ",
        ),
    ],
)
async def test_a_bad_proxy_costs_itself_alone(script: Script, reason: str) -> None:
    observation = await observed({"bad-1": script, "web-1": looks(100, 150)}, window=0.0)
    assert traffic(observation).successes == 50
    assert ("bad",) not in observation.answers[0]
    assert names(observation.coverage.answered) == {"web-1"}
    assert names(observation.coverage.asked) == {"web-1", "bad-1"}
    assert reasons(observation)["bad-1"].startswith(reason)


async def test_failures_keep_what_to_do_about_them_and_come_by_name() -> None:
    refused = ProxyError("you may not read it", next_step="kind: Role")
    observation = await observed({"web-2": [refused] * 2, "web-10": [DEAD] * 2}, window=0.0)
    assert [(each.pod.name, each.advice) for each in observation.coverage.failures] == [
        ("web-10", None),
        ("web-2", "kind: Role"),
    ]


async def test_no_more_than_so_many_are_asked_at_once() -> None:
    access = FakeAccess({f"web-{number}": looks(1, 2) for number in range(20)})
    await source(access, concurrency=3).observe([INBOUND], [target(f"web-{number}") for number in range(20)])
    assert access.most_at_once == 3
    assert len(access.asked) == 40


async def test_every_proxy_has_the_deadline_that_was_given() -> None:
    access = FakeAccess({"web-1": looks(1, 2)})
    await source(access, deadline=1.5).observe([INBOUND], [target()])
    assert access.deadlines == {1.5}


async def test_who_has_nothing_to_tell_is_not_asked() -> None:
    access = FakeAccess({"voting-1": looks(1, 2)})
    observation = await source(access).observe([OUTBOUND_ONLY_OF_VOTING], [target("web-1"), target("voting-1")])
    assert set(access.asked) == {"voting-1"}
    assert names(observation.coverage.asked) == {"voting-1"}


async def test_several_questions_need_no_more_looks() -> None:
    access = FakeAccess({"web-1": looks(1, 2)})
    observation = await source(access).observe([INBOUND, OUTBOUND_ONLY_OF_VOTING], [target()])
    assert len(access.asked) == 2
    assert [len(answer) for answer in observation.answers] == [1, 0]


async def test_nobody_to_ask_gives_nothing() -> None:
    observation = await observed({})
    assert observation.answers == ({},)
    assert observation.seconds == 0.0


class Told:
    """A progress that remembers its stages."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.stopped = False

    def start(self, label: str, total: float) -> None:
        self.stages.append(label)

    def advance(self, steps: float = 1.0) -> None:
        assert self.stages

    def stop(self) -> None:
        self.stopped = True


async def test_progress_is_told_stage_by_stage_and_ends() -> None:
    told = Told()
    await observed({"web-1": looks(1, 2), "bad-1": [DEAD, DEAD]}, window=0.05, progress=told)
    assert told.stages[0] == "asking proxies"
    assert told.stages[-1] == "asking again"
    assert told.stopped


async def watched(
    scripts: dict[str, Script], looks: int, *, window: float = 4.0, targets: Sequence[Sequence[Target]] | None = None
) -> list[Observation]:
    """The answers that so many looks give."""
    everybody = [target(pod) for pod in scripts]
    asked = iter(targets or [everybody] * looks)

    async def now() -> Sequence[Target]:
        return next(asked)

    answers: list[Observation] = []
    async for observation in source(FakeAccess(scripts), window=window).watch([INBOUND], now, every=0.001):
        answers.append(observation)
        if len(answers) == looks - 1:
            break
    return answers


def successes(observations: Sequence[Observation]) -> list[float | None]:
    return [each.answers[0].get(("web",), Traffic()).successes for each in observations]


async def test_each_look_is_compared_with_the_one_nearest_to_the_window_before() -> None:
    answers = await watched({"web-1": looks(0, 1, 11, 111, 1111, every=2.0)}, 5)
    assert successes(answers) == [1, 11, 110, 1100]
    assert [each.seconds for each in answers] == [2.0, 4.0, 4.0, 4.0]


async def test_looks_that_come_a_little_early_do_not_widen_the_window() -> None:
    at = [2_000.0, 2_002.0, 2_003.999, 2_006.0, 2_007.998]
    script = [Fetched(text(number), moment) for number, moment in enumerate(at)]
    answers = await watched({"web-1": script}, 5)
    assert [each.seconds for each in answers] == pytest.approx([2.0, 3.999, 4.0, 3.999])


async def test_windows_that_follow_each_other_leave_no_second_out_and_count_none_twice() -> None:
    """The second look was late, so that the first is nearer to a window before the third than the second is."""
    at = [2_000.0005, 2_000.0017, 2_000.0020, 2_000.0030]
    script = [Fetched(text(10 * number), moment) for number, moment in enumerate(at)]
    answers = await watched({"web-1": script}, 4, window=0.001)
    assert successes(answers) == [10, 10, 10]
    assert [each.seconds for each in answers] == pytest.approx([0.0012, 0.0003, 0.001])


async def test_watching_goes_on_when_the_clock_was_set_back() -> None:
    at = [2_000.0, 2_002.0, 2_004.0, 1_000.0, 1_002.0, 1_004.0]
    script = [Fetched(text(number), moment) for number, moment in enumerate(at)]
    answers = await watched({"web-1": script}, 6)
    assert successes(answers) == [1, 2, None, 1, 2]


async def test_a_proxy_that_missed_all_looks_so_far_does_not_count_its_life() -> None:
    late = [DEAD, DEAD, *looks(1_000_000, 1_000_003)]
    answers = await watched({"web-1": looks(0, 1, 2, 3), "web-2": late}, 4)
    assert successes(answers) == [1, 1, 1 + 3]
    assert [reasons(each) for each in answers] == [
        {"web-2": "connection refused"},
        {"web-2": "it did not answer the look before"},
        {},
    ]


async def test_a_pod_that_is_old_but_seen_for_the_first_time_does_not_count_its_life() -> None:
    old = [target("web-1")]
    answers = await watched(
        {"web-1": looks(0, 1, 2), "web-2": looks(1_000_000, 1_000_003)}, 3, targets=[old, [*old, target("web-2")], old]
    )
    assert successes(answers) == [1, 1]


async def test_a_new_pod_counts_from_its_start() -> None:
    began = time.time() + 1_000.0
    new = [Fetched(text(30, started=began), began + 5.0), Fetched(text(50, started=began), began + 9.0)]
    first = [target("web-1")]
    both = [*first, target("web-2")]
    answers = await watched({"web-1": looks(0, 1, 1), "web-2": new}, 3, targets=[first, both, both])
    assert successes(answers) == [31, 20]


async def test_a_new_pod_that_is_heard_of_late_counts_from_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = count(1_000, 10)
    monkeypatch.setattr(proxies, "time", SimpleNamespace(time=lambda: float(next(clock)), monotonic=time.monotonic))
    began_before_the_second_look = [
        Fetched(text(30, started=1_005.0), 1_020.0),
        Fetched(text(50, started=1_005.0), 1_030.0),
    ]
    first = [target("web-1")]
    both = [*first, target("web-2")]
    scripts = {"web-1": looks(0, 1, 2, 3), "web-2": began_before_the_second_look}
    answers = await watched(scripts, 4, window=10.0, targets=[first, first, both, both])
    assert [each.coverage.failures for each in answers] == [(), (), ()]
    assert successes(answers)[1:] == [30 + 1, 20 + 1]


async def test_a_proxy_that_misses_a_look_is_compared_with_the_one_before() -> None:
    at = looks(0, 10, 20, every=4.0)
    answers = await watched({"web-1": [at[0], DEAD, at[2]]}, 3)
    assert successes(answers) == [None, 20]
    assert answers[1].seconds == 8.0


async def test_what_was_long_ago_tells_nothing_of_now() -> None:
    back = [Fetched(text(0), 2_000.0), DEAD, Fetched(text(9_000), 5_000.0), Fetched(text(9_004), 5_004.0)]
    answers = await watched({"web-1": back}, 4)
    assert successes(answers) == [None, None, 4]
    assert reasons(answers[1]) == {"web-1": "it did not answer the look before"}


async def test_a_pod_that_is_gone_is_no_longer_asked() -> None:
    both, one = [target("web-1"), target("web-2")], [target("web-1")]
    answers = await watched({"web-1": looks(0, 1, 2), "web-2": looks(0)}, 3, targets=[both, one, one])
    assert names(answers[0].coverage.asked) == {"web-1"}
    assert answers[0].coverage.failures == ()
