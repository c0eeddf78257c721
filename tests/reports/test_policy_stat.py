"""`stat` of Servers, authorizations and routes: objects joined with what series tell of them."""

from __future__ import annotations

import pytest

from linkerdctl.errors import NotFoundError, UsageError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.metrics.query import Need
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.stat import StatRow, plan, rows
from tests.reports.cluster_for_tests import cluster, request
from tests.reports.policies_for_tests import answer, counted, route, server

WEB = {"namespace": "emojivoto", "srv_name": "web-http"}
OLD = {"namespace": "emojivoto", "srv_name": "old"}
API = {"namespace": "emojivoto", "route_name": "api"}
Counted = list[tuple[dict[str, str], Traffic]]


def stat(words: str, *told: Counted, inventory: Inventory | None = None, labels: str = "") -> list[StatRow]:
    """`told` are traffic, then what was let in and what was not."""
    there, wanted = inventory or policies(), request(words, labels=labels)
    plans = plan(wanted, there)
    padded = [*told, *[[]] * (len(plans) - len(told))]
    return rows(wanted, plans, [answer(each.query, groups) for each, groups in zip(plans, padded, strict=True)], there)


def policies() -> Inventory:
    found = cluster()
    for manifest in (server("web-http", labels={"tier": "front"}), server("idle"), route("api", "web-http")):
        found.add(manifest)
    return found


def test_every_server_is_a_row_with_what_it_let_in_and_turned_away() -> None:
    idle, web = stat("server", [(WEB, counted(6, 3, tcp_open=2.0))], [(WEB, counted(6))], [(WEB, counted(2))])
    assert (idle.name, idle.golden.rps, idle.access and idle.access.denied_rps) == ("idle", None, None)
    assert (web.golden.success_rate, web.golden.tcp_open, web.meshed) == (0.5, 2.0, None)
    assert web.access
    assert (web.access.allowed_rps, web.access.denied_rps, web.access.denied_share) == (0.6, 0.2, 0.25)


def test_what_was_let_in_over_nobody_knows_how_long_has_no_rate() -> None:
    """As of a proxy that does not say when it started, with --since-start."""
    ageless = Traffic(successes=6.0, failures=0.0)
    _, web = stat("server", [(WEB, ageless)], [(WEB, ageless)], [(WEB, counted(0))])
    assert web.access
    assert (web.access.allowed_rps, web.access.denied_rps, web.access.denied_share) == (None, 0.0, 0.0)


def test_series_of_what_was_deleted_count_while_they_move() -> None:
    assert [row.name for row in stat("server", [(OLD, counted(0))])] == ["idle", "web-http"]
    assert [row.name for row in stat("server", [(OLD, counted(1))])] == ["idle", "old", "web-http"]


def test_without_any_object_series_tell() -> None:
    found = stat("server", [(OLD, counted(0)), (WEB, counted(1))], inventory=cluster())
    assert [row.name for row in found] == ["old", "web-http"]


def test_a_route_tells_the_servers_its_requests_came_to() -> None:
    groups = [({**API, "srv_name": name}, counted(1)) for name in ("b", "a")]
    [row] = stat("httproute", groups)
    assert (row.servers, row.golden.requests) == (("a", "b"), 2)


def test_a_name_that_neither_objects_nor_series_have_is_an_error() -> None:
    with pytest.raises(NotFoundError) as known:
        stat("server/web-htp")
    assert "web-http" in (known.value.next_step or "")
    with pytest.raises(NotFoundError) as unknown:
        stat("server/web", inventory=cluster())
    assert unknown.value.next_step == "what proxies tell of: linkerdctl stat server"
    assert [row.name for row in stat("server/old", [(OLD, counted(1))])] == ["old"]


def test_labels_select_objects() -> None:
    assert [row.name for row in stat("server", labels="tier=front")] == ["web-http"]


@pytest.mark.parametrize(
    ("words", "queries", "sockets"), [("server", 3, True), ("httproute", 3, False), ("ap", 1, False), ("saz", 1, False)]
)
def test_only_what_can_be_told_is_asked(words: str, queries: int, sockets: bool) -> None:
    plans = plan(request(words), policies())
    assert len(plans) == queries
    assert (Need.TCP in plans[0].query.needs) is sockets
    assert {Need.TCP in each.query.needs for each in plans[1:]} <= {False}


@pytest.mark.parametrize(
    ("words", "other"),
    [("server", {"to": "deploy/web"}), ("deploy", {"from_": "server/web-http"}), ("deploy", {"to": "httproute/api"}),
     ("netauthn", {}), ("meshtlsauthn/x", {})],
)  # fmt: skip
def test_what_no_proxy_counts_is_refused_with_what_to_do_instead(words: str, other: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        request(words, **other)  # type: ignore[arg-type]
    assert "linkerdctl authz" in (caught.value.next_step or "")
