"""What a Prometheus answers is what the proxies' own scrapes say: random histories, with our arithmetic as the oracle."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkerdctl.demo.prometheus import PrometheusServer
from linkerdctl.errors import PrometheusError
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import Direction, Matcher, Need, TrafficQuery
from linkerdctl.metrics.reduce import reduce
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.sources.prometheus.address import Url
from linkerdctl.sources.prometheus.api import Prometheus, Vector
from linkerdctl.sources.prometheus.config import HttpConfig
from linkerdctl.sources.prometheus.doors import open_url
from linkerdctl.sources.prometheus.source import PrometheusSource
from linkerdctl.sources.protocol import Observation
from tests.sources.histories_for_prometheus import History, random_histories

SCENARIOS = range(40)
QUERIES = [
    TrafficQuery(Direction.INBOUND, ("namespace", "deployment"), needs=Need.REQUESTS | Need.LATENCY),
    TrafficQuery(Direction.INBOUND, ("pod",), pods=(Matcher("namespace", ("ns0",)),), include_admin=True),
]
WITHOUT_STARTS = 1000
Answer = dict[tuple[str, ...], Traffic]


class Store:
    """A Prometheus that holds every scenario's histories, which end at `end` (epoch seconds)."""

    def __init__(self, url: str, end: float, histories: dict[int, list[History]]) -> None:
        self.url, self.end, self.histories = url, end, histories
        self.notes: list[str] = []

    async def observe(self, scenario: int, window: float | None, *, later: float = 0.0) -> Observation:
        """As of `later` seconds after the histories' end."""
        async with open_url(Url(self.url), HttpConfig()) as prometheus:
            source = PrometheusSource(
                AsOf(prometheus, self.end + later),
                note=self.notes.append,
                window=window or 60.0,
                since_start=window is None,
                peer_labels=lambda namespace, pod: None,
                only=(Matcher("scenario", (str(scenario),)),),
            )
            return await source.observe(QUERIES, [history.target for history in self.histories[scenario]])


class AsOf(Prometheus):
    """Asks everything as of one moment in the past."""

    def __init__(self, prometheus: Prometheus, moment: float) -> None:
        self._inner, self._moment = prometheus, moment

    async def query(self, promql: str, at: float | None = None) -> Vector:
        return await self._inner.query(promql, self._moment)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    directory, end = tmp_path_factory.mktemp("store"), float(int(time.time()) - 3600)
    histories = {scenario: random_histories(scenario, end) for scenario in SCENARIOS}
    histories[WITHOUT_STARTS] = [without_start(steady(end))]
    fill(directory, histories)
    with PrometheusServer({}, data=directory / "data") as server:
        yield Store(server.url, end, histories)


def steady(end: float) -> History:
    """One proxy that only counts: a request a second of which every tenth fails, and since a minute another sort too."""
    history = History("ns0", "p0", "d0")
    for ago in range(1200, -1, -60):
        count = (1200 - ago) / 10
        series = {
            f'response_total{{direction="inbound",classification="{each}"}}': count for each in ("success", "failure")
        }
        late = (
            {'response_total{direction="inbound",classification="success",status_code="201"}': 7.0} if ago <= 60 else {}
        )
        history.scrapes[end - ago] = {"process_start_time_seconds": end - 9000, **series, **late}
    return history


def without_start(history: History) -> History:
    for samples in history.scrapes.values():
        del samples["process_start_time_seconds"]
    return history


def fill(directory: Path, histories: dict[int, list[History]]) -> None:
    families: defaultdict[str, list[str]] = defaultdict(list)
    for scenario, members in histories.items():
        for history in members:
            for name, line in history.exposition(scenario):
                families[name].append(line)
    text = "".join(f"# TYPE {name} unknown\n{''.join(lines)}" for name, lines in families.items()) + "# EOF\n"
    (directory / "history.om").write_text(text)
    promtool = shutil.which("promtool")
    assert promtool, "promtool comes with Prometheus; `make test` installs it"
    subprocess.run(
        [promtool, "tsdb", "create-blocks-from", "openmetrics", "history.om", "data"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip


def oracle(members: list[History], end: float, window: float | None) -> list[Answer]:
    answers: list[Answer] = [{} for _ in QUERIES]
    for history in members:
        looks, target = history.window(end, window, QUERIES), history.target
        if looks is None:
            add_open_sockets(answers, history, end)
            continue
        for answer, share in zip(
            answers, reduce(looks, QUERIES, pod_labels=target.labels, admin_port=4191), strict=True
        ):
            for key, traffic in share.items():
                answer[key] = answer.get(key, Traffic()) + traffic
    return answers


def add_open_sockets(answers: list[Answer], history: History, end: float) -> None:
    """They are known of a proxy even if nothing is from the window's beginning."""
    looks, target = history.window(end, None, QUERIES), history.target
    assert looks
    for answer, share in zip(answers, reduce(looks, QUERIES, pod_labels=target.labels, admin_port=4191), strict=True):
        for key, traffic in share.items():
            if traffic.tcp_open is not None:
                answer[key] = answer.get(key, Traffic()) + Traffic(tcp_open=traffic.tcp_open)


def assert_same(got: Traffic, wanted: Traffic) -> None:
    """Counts to the last one; rates but for rounding."""
    assert (got.successes, got.failures) == (wanted.successes, wanted.failures)
    assert got.latency == wanted.latency
    assert got.tcp_open == wanted.tcp_open
    assert got.request_rate == (wanted.request_rate and pytest.approx(wanted.request_rate, rel=1e-4))


@pytest.mark.parametrize("window", [150.0, 600.0, 1200.0, None])
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_counts_are_differences_of_scrapes(store: Store, scenario: int, window: float | None) -> None:
    members = store.histories[scenario]
    wanted = oracle(members, store.end, window)
    if not any(history.window(store.end, window, QUERIES) for history in members):
        with pytest.raises(PrometheusError, match="does not reach back"):
            await store.observe(scenario, window)
        return
    observation = await store.observe(scenario, window)
    for answer, right in zip(observation.answers, wanted, strict=True):
        assert answer.keys() == right.keys()
        for key, traffic in right.items():
            assert_same(answer[key], traffic)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_it_is_told_who_was_not_there_and_who_restarted(store: Store, scenario: int) -> None:
    members = store.histories[scenario]
    looks: dict[str, Window | None] = {each.pod: each.window(store.end, 600.0, QUERIES) for each in members}
    if not any(looks.values()):
        return
    coverage = (await store.observe(scenario, 600.0)).coverage
    assert {failure.pod.name for failure in coverage.failures} == {pod for pod, look in looks.items() if look is None}
    assert {pod.name for pod in coverage.restarted} == {pod for pod, look in looks.items() if look and look.restarted}


async def test_without_start_times_what_is_new_is_not_counted(store: Store) -> None:
    observation = await store.observe(WITHOUT_STARTS, 600.0)
    assert observation.answers[0]["ns0", "d0"].successes == 60
    assert observation.answers[0]["ns0", "d0"].request_rate == pytest.approx(0.2)
    assert not observation.coverage.failures
    with pytest.raises(PrometheusError, match="does not keep when proxies started"):
        await store.observe(WITHOUT_STARTS, None)


async def test_old_data_are_called_old(store: Store) -> None:
    store.notes.clear()
    await store.observe(WITHOUT_STARTS, 600.0)
    assert not store.notes
    await store.observe(WITHOUT_STARTS, 600.0, later=200.0)
    assert store.notes == ["the newest data in this Prometheus are 3m20s old"]
