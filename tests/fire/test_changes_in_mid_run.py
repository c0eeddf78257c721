"""The cluster changes while a command looks at it: tokens rotate, the API server restarts, pods are replaced."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.fire.cluster import NAMESPACE, WORKLOADS, Cluster, Exchange, exposition, healthy
from tests.fire.conftest import Clock, Command
from tests.fire.views import OTHERS, VIEWS, View
from tests.kube.manifests import owned_by, pod

LOOKED_TWICE = [view for view in VIEWS if view.looks == 2 and not view.goes_on]
LOOKED_ONCE = [view for view in (*VIEWS, *OTHERS) if view.looks == 1]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_rotated_token_is_read_again_and_nothing_is_lost(
    view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    async def rotates(exchange: Exchange) -> None:
        if exchange.time == 1:
            cluster.token = "second-token"
            Path(os.environ["KUBECONFIG"]).with_name("token").write_text("second-token")
        look = min(exchange.time, 1) if view.looks == 1 else exchange.time
        await exchange.answer(200, exposition(look).encode())

    cluster.proxies = dict.fromkeys(("api-1", "bad-1", "web-1"), rotates)
    ran, numbers = view.run(linkerdctl, tmp_path)
    assert numbers == {name: pytest.approx(view.right(), rel=1e-5) for name in WORKLOADS}
    assert "credentials" not in ran.err


@pytest.mark.parametrize("view", LOOKED_TWICE, ids=str)
def test_a_token_that_is_not_accepted_any_more_costs_the_numbers_and_is_told_once_a_proxy(
    view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    async def expires(exchange: Exchange) -> None:
        await healthy(exchange)
        if exchange.pod == "web-1":
            cluster.token = "nobody-has-it"

    cluster.proxies["web-1"] = expires
    ran, numbers = view.run(linkerdctl, tmp_path)
    assert all(found == (None, None) for found in numbers.values())
    for name in WORKLOADS:
        [told] = ran.lines_about(f"fire/{name}-1")
        assert "does not accept your credentials" in told
    assert "nobody-has-it" not in ran.err
    assert "first-token" not in ran.err


@pytest.mark.parametrize("view", LOOKED_TWICE, ids=str)
def test_an_api_server_that_restarts_between_two_looks_costs_no_more_than_the_numbers(
    view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    async def answer(exchange: Exchange) -> None:
        if exchange.time == 1:
            await healthy(exchange)
        else:
            exchange.reset()

    cluster.proxies = dict.fromkeys(("api-1", "bad-1", "web-1"), answer)
    ran, numbers = view.run(linkerdctl, tmp_path)
    assert all(found == (None, None) for found in numbers.values())
    for name in WORKLOADS:
        [told] = ran.lines_about(f"fire/{name}-1")
        assert "cannot reach the API server" in told or "reset" in told


@pytest.mark.parametrize("view", LOOKED_ONCE, ids=str)
def test_one_that_is_away_when_the_only_look_is_taken_is_told_for_each_proxy(
    view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    async def away(exchange: Exchange) -> None:
        exchange.reset()

    cluster.proxies = dict.fromkeys(("api-1", "bad-1", "web-1"), away)
    ran = linkerdctl(view.line)
    assert ran.code == (view.code or 1)
    assert "bug in linkerdctl" not in ran.err
    [told] = view.tells(ran)
    assert "connection reset by peer" in told


def test_top_goes_on_when_the_api_server_is_back(cluster: Cluster, linkerdctl: Command, tmp_path: Path) -> None:
    async def away_for_a_while(exchange: Exchange) -> None:
        if exchange.time == 2:
            exchange.reset()
        else:
            await healthy(exchange)

    [top] = [view for view in VIEWS if view.goes_on]
    cluster.proxies = dict.fromkeys(("api-1", "bad-1", "web-1"), away_for_a_while)
    ran, numbers = top.run(linkerdctl, tmp_path)
    assert ran.code == 0
    assert set(numbers) == set(WORKLOADS)
    assert all(success == pytest.approx(5 / 6) for _, success in numbers.values())


def test_a_pod_that_comes_is_recorded_and_one_that_goes_is_not_waited_for(
    cluster: Cluster, linkerdctl: Command, tmp_path: Path, clock: Clock
) -> None:
    async def replaced(exchange: Exchange) -> None:
        if exchange.time == 1:
            cluster.objects[:] = [each for each in cluster.objects if each["metadata"]["name"] != "web-1"]
            owner = owned_by("ReplicaSet", "web-r")
            cluster.objects.append(pod("web-2", owner, namespace=NAMESPACE, labels={"app": "web"}))
            await healthy(exchange)
        else:
            await exchange.answer(404, b'{"kind":"Status","reason":"NotFound","message":"not found"}')

    async def new(exchange: Exchange) -> None:
        await exchange.answer(200, exposition(exchange.time, started=clock.now - 0.5).encode())

    cluster.proxies = {"web-1": replaced, "web-2": new}
    output = tmp_path / "recording"
    ran = linkerdctl(f"record -n fire --for 2s --every 1s -o {output}")
    assert ran.code == 0, ran.err
    first, second, third = json.loads((output / "recording.json").read_text())["scrapes"]
    assert set(first["at"]) == {"fire/api-1", "fire/bad-1", "fire/web-1"}
    assert set(second["at"]) == set(third["at"]) == {"fire/api-1", "fire/bad-1", "fire/web-2"}
    shown = linkerdctl(f"--recording {output} stat deploy -n fire -t 1s -o json")
    rows = {row["name"]: row for row in json.loads(shown.out)}
    assert rows["web"]["rps"] == pytest.approx(60)
    assert rows["web"]["proxies_answered"] == 1


@pytest.mark.parametrize("redact", ["", "--redact"])
@pytest.mark.parametrize("name", ["../../../../escaped", "..", "a/../../../escaped", "x" * 250, "a\0b"])
def test_a_pods_name_never_leads_out_of_a_recording(
    name: str, redact: str, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    cluster.objects.append(pod(name, namespace=NAMESPACE))
    cluster.objects.append(pod("evil-1", namespace=name))
    output = tmp_path / "a" / "b" / "recording"
    ran = linkerdctl(f"record -A --for 1s --every 1s {redact} -o {output}")
    assert ran.code == 0, ran.err
    assert "wrote 2 passes over 3 proxies" in ran.err
    assert len(ran.lines_about("its name cannot be that of a file")) == 2
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and output not in path.parents]
    assert {path.name for path in outside} == {"kubeconfig", "token"}
    written = {path.name for path in output.rglob("*.prom.gz")}
    assert len(written) == 3
