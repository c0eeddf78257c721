"""Who watches learns which pods came and which went, and goes on with what is known when that cannot be learnt."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.fire.cluster import NAMESPACE, Cluster, Exchange, healthy, listed, refusal
from tests.fire.conftest import Command, Ran
from tests.kube.manifests import owned_by, pod

WATCH = "stat po -n fire --watch 2s -t 2s -o json"
LOOKS = 30
"""More than it takes to list pods again, by far."""
Happening = Callable[[Cluster], None]


@pytest.fixture(autouse=True)
def always_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock is taken at every look."""
    monkeypatch.setattr("linkerdctl.cli.stock.LEAST", 0.0)
    monkeypatch.setattr("linkerdctl.cli.stock.SHARE", 0)
    monkeypatch.setattr("tests.fire.conftest.LOOKS", LOOKS)


def at_the_third_look(cluster: Cluster, happening: Happening) -> None:
    async def answer(exchange: Exchange) -> None:
        if exchange.time == 3:
            happening(cluster)
        await healthy(exchange)

    cluster.proxies["web-1"] = answer


def replace_web(cluster: Cluster) -> None:
    newer = pod("web-2", owned_by("ReplicaSet", "web-r"), namespace=NAMESPACE, labels={"app": "web"})
    kept = [each for each in cluster.objects if each["metadata"]["name"] != "web-1"]
    cluster.objects = [*kept, newer]


def remove_web(cluster: Cluster) -> None:
    cluster.objects = [each for each in cluster.objects if not each["metadata"]["name"].startswith("web")]


def looks(ran: Ran) -> list[list[str]]:
    """The names in each answer."""
    found: dict[float, list[str]] = {}
    for line in ran.out.splitlines():
        row = json.loads(line)
        found.setdefault(row["time"], []).append(row["name"])
    return list(found.values())


def test_a_new_pod_appears_and_the_one_it_replaces_goes(cluster: Cluster, linkerdctl: Command) -> None:
    at_the_third_look(cluster, replace_web)
    answers = looks(linkerdctl(WATCH))
    assert answers[0] == ["api-1", "bad-1", "web-1"]
    assert answers[-1] == ["api-1", "bad-1", "web-2"]
    assert "/api/v1/namespaces/fire/pods/web-2:4191/proxy/metrics" in cluster.requests
    assert cluster.requests[-1] != "/api/v1/namespaces/fire/pods/web-1:4191/proxy/metrics"


def test_a_deployment_keeps_its_numbers_when_its_pod_is_replaced(cluster: Cluster, linkerdctl: Command) -> None:
    at_the_third_look(cluster, replace_web)
    ran = linkerdctl("stat deploy/web -n fire --watch 2s -t 2s -o json")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert {(row["name"], row["meshed"]) for row in rows} == {("web", 1)}
    assert rows[-1]["rps"] is not None
    assert "/api/v1/namespaces/fire/pods/web-2:4191/proxy/metrics" in cluster.requests


def test_where_pods_may_not_be_listed_any_more_the_old_ones_stay_and_it_is_told_once(
    cluster: Cluster, linkerdctl: Command
) -> None:
    async def refused(exchange: Exchange) -> None:
        if exchange.time == 1:
            pods = [each for each in cluster.objects if each["kind"] == "Pod"]
            await exchange.answer(200, listed("Pod", pods))
        else:
            await exchange.answer(403, refusal(403, "pods is forbidden: no more", "Forbidden"))

    cluster.paths["/fire/pods"] = refused
    ran = linkerdctl(WATCH)
    assert looks(ran)[-1] == ["api-1", "bad-1", "web-1"]
    [told] = ran.lines_about("not noticed")
    assert told.startswith("pods that come or go are not noticed for now: ")
    assert cluster.requests.count("/api/v1/namespaces/fire/pods") > 2


def test_an_object_that_was_asked_for_by_name_stays_in_view_when_it_is_removed(
    cluster: Cluster, linkerdctl: Command
) -> None:
    at_the_third_look(cluster, remove_web)
    ran = linkerdctl("stat deploy/web -n fire --watch 2s -t 2s -o json")
    assert ran.code == 0
    assert looks(ran)[-1] == ["web"]
    [told] = ran.lines_about("not noticed")
    assert told.endswith("deployment/web is not there any more")
