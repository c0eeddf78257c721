"""What the rows of `stat` are: objects joined with their traffic, in an order that never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from cluster_for_tests import asked, cluster, request

from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.kinds import AUTHORITY
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.empty import why_empty
from linkerdctl.reports.stat import Answered, StatRequest, StatRow, plan, rows

INVENTORY = cluster()
SEEN = Traffic(successes=9, failures=1, request_rate=1.0, tcp_open=3, seconds=10.0)
Seen = Mapping[tuple[str, ...], Traffic]


def found(asking: StatRequest, *answers: Seen, answered: Answered | None = None) -> list[StatRow]:
    """The rows of a request; without answers nobody saw anything."""
    plans = plan(asking, INVENTORY)
    return rows(asking, plans, answers or [{}] * len(plans), INVENTORY, answered)


def names(found_rows: Iterable[StatRow]) -> list[str]:
    return [f"{row.kind.short}/{row.name}" for row in found_rows]


def test_every_meshed_object_has_a_row_with_or_without_traffic() -> None:
    emoji, voting, web = found(request("deploy"), {("emojivoto", "web"): SEEN})
    assert [emoji.name, voting.name, web.name] == ["emoji", "voting", "web"]
    assert (web.golden.requests, web.golden.failures, web.golden.success_rate) == (10, 1, 0.9)
    assert emoji.golden.success_rate is emoji.golden.rps is emoji.golden.tcp_open is None
    assert (web.meshed, web.total) == (1, 1)


def test_unmeshed_objects_are_shown_if_wanted() -> None:
    assert names(found(request("deploy", keep_unmeshed=True)))[1] == "deploy/legacy"
    assert found(request("deploy", keep_unmeshed=True))[1].meshed == 0


def test_with_to_only_those_that_sent_something_have_a_row() -> None:
    sent: Seen = {("emojivoto", "web"): SEEN}
    assert names(found(request("deploy", to="deploy/emoji"), sent)) == ["deploy/web"]


def test_with_from_even_unmeshed_servers_have_a_row() -> None:
    sent: Seen = {("emojivoto", "legacy"): SEEN, ("emojivoto", "emoji"): SEEN}
    assert names(found(request("deploy", from_="deploy/web"), sent)) == ["deploy/emoji", "deploy/legacy"]


def test_traffic_of_objects_that_were_not_asked_for_makes_no_row() -> None:
    elsewhere: Seen = {("books", "web"): SEEN, ("emojivoto", "gone"): SEEN}
    assert all(row.golden.success_rate is None for row in found(request("deploy"), elsewhere))
    assert names(found(request("deploy", from_="deploy/web"), elsewhere)) == []


def test_labels_choose_rows() -> None:
    assert names(found(request("deploy", labels="app=web"))) == ["deploy/web"]


def test_services_have_a_row_each_and_no_pods_of_their_own() -> None:
    listed = found(request("svc"), {("emojivoto", "web-svc"): SEEN})
    assert names(listed) == ["svc/emoji-svc", "svc/legacy-svc", "svc/voting-svc", "svc/web-svc"]
    assert listed[-1].golden.requests == 10
    assert listed[-1].meshed is listed[-1].total is None


def test_authorities_are_those_that_were_called() -> None:
    listed = found(request("au"), {("web.example:80",): SEEN, ("a.example",): SEEN})
    assert [(row.kind, row.namespace, row.name) for row in listed] == [
        (AUTHORITY, "emojivoto", "a.example"),
        (AUTHORITY, "emojivoto", "web.example:80"),
    ]


def test_a_namespace_is_named_and_in_none() -> None:
    [books, emojivoto] = found(request("ns"), {("emojivoto",): SEEN})
    assert (emojivoto.namespace, emojivoto.name, emojivoto.golden.requests) == ("", "emojivoto", 10)
    assert (emojivoto.meshed, emojivoto.total) == (3, 4)
    assert (books.meshed, books.total) == (1, 2)


def test_pods_have_a_status() -> None:
    listed = found(request("po"))
    assert [row.status for row in listed] == ["Running"] * 3
    assert found(request("deploy"))[0].status is None


def test_kinds_come_by_name_and_rows_by_namespace_and_name() -> None:
    listed = found(request("svc,deploy,po", namespace=None))
    assert [(row.kind.name, row.namespace, row.name) for row in listed] == sorted(
        (row.kind.name, row.namespace, row.name) for row in listed
    )
    assert {row.kind.name for row in listed} == {"deployment", "pod", "service"}


def test_an_object_that_is_meant_twice_appears_once() -> None:
    assert names(found(request("deploy/web deploy"))) == ["deploy/emoji", "deploy/voting", "deploy/web"]


def all_but(*silent: str) -> Answered:
    """Everybody asked, and these did not answer."""
    proxies = asked(INVENTORY)
    return Answered(proxies, frozenset(pod for pod in proxies if pod.name not in silent))


def proxies(listed: list[StatRow]) -> dict[str, tuple[int | None, int | None]]:
    return {row.name: (row.proxies_asked, row.proxies_answered) for row in listed}


def test_a_workload_rests_on_its_own_proxies() -> None:
    counted = proxies(found(request("deploy", keep_unmeshed=True), answered=all_but("web-5d9-x7k")))
    assert counted == {"emoji": (1, 1), "legacy": (0, 0), "voting": (1, 1), "web": (1, 0)}
    assert proxies(found(request("ns"), answered=all_but("web-5d9-x7k")))["emojivoto"] == (3, 2)


def test_a_service_rests_on_everybody_who_could_call_it() -> None:
    assert proxies(found(request("svc/web-svc"), answered=all_but("web-5d9-x7k"))) == {"web-svc": (4, 3)}


def test_with_from_a_row_rests_on_the_client() -> None:
    sent: Seen = {("emojivoto", "emoji"): SEEN}
    counted = proxies(found(request("deploy", from_="deploy/web"), sent, answered=all_but("web-5d9-x7k")))
    assert counted == {"emoji": (1, 0)}


def test_a_source_that_cannot_tell_says_nothing_of_proxies() -> None:
    assert proxies(found(request("deploy/web"))) == {"web": (None, None)}


@pytest.mark.parametrize(
    ("words", "more", "answered", "why"),
    [
        ("sts", {}, 4, "there is no statefulset in namespace emojivoto"),
        ("sts,ds", {"namespace": None}, 4, "there is no statefulset daemonset in any namespace"),
        ("deploy", {"labels": "app=x"}, 4, "there is no deployment with app=x in namespace emojivoto"),
        ("deploy", {"namespace": "books"}, 4, "no deployment in namespace books is meshed (--unmeshed shows them all "),
        ("deploy/legacy", {"to": "deploy/web"}, 4, "no deployment/legacy in namespace emojivoto is meshed"),
        ("deploy", {"from_": "deploy/legacy"}, 4, "deployment/legacy is not meshed, so nobody knows what it sends"),
        ("deploy", {}, 0, "no proxy that could tell of deployment in namespace emojivoto answered"),
        (
            "deploy",
            {"to": "ns/books"},
            4,
            "deployment in namespace emojivoto had no traffic to namespace/books in the ",
        ),
        ("deploy", {"from_": "deploy/web"}, 4, "had no traffic from deployment/web in the window"),
        ("au", {}, 4, "authority in namespace emojivoto had no traffic in the window"),
        ("ns", {"labels": "app=x"}, 4, "there is no namespace with app=x in this cluster"),
    ],
)
def test_an_empty_table_says_why(words: str, more: dict[str, Any], answered: int, why: str) -> None:
    told = why_empty(request(words, **more), INVENTORY, answered)
    assert told.startswith("nothing to show: ")
    assert why in told
    assert "\n" not in told


def test_an_answer_is_counted_among_those_asked_only() -> None:
    counted = Answered({PodRef("a", "1"): {}}, frozenset({PodRef("a", "1"), PodRef("a", "2")}))
    assert counted.among([PodRef("a", "1"), PodRef("a", "2")]) == (1, 1)
