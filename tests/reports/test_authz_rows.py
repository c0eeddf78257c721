"""Rows of `authz`: who is let in by what, what audit mode let in, what was denied, what nobody used."""

from __future__ import annotations

import pytest

from linkerdctl.errors import NotFoundError, UsageError
from linkerdctl.kube.selection import parse_selections
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.authz import AuthzRequest, AuthzRow
from linkerdctl.reports.authz_objects import PolicyObjects
from linkerdctl.reports.authz_plan import Part, plan
from linkerdctl.reports.authz_rows import authz_rows
from linkerdctl.reports.stat import Answered
from tests.reports.cluster_for_tests import asked, cluster
from tests.reports.policies_for_tests import answer, counted, policy, route, server

WEB = {"namespace": "emojivoto", "deployment": "web", "srv_kind": "server", "srv_name": "web-http"}
API = {**WEB, "route_kind": "HTTPRoute", "route_name": "api"}
LET_IN = {**API, "authz_kind": "authorizationpolicy", "authz_name": "for-api"}
BOT = {"client_id": "bot.emojivoto.serviceaccount.identity.linkerd.cluster.local"}
Counted = list[tuple[dict[str, str], Traffic]]


def rows(words: str, objects: PolicyObjects | None = None, **told: Counted) -> list[AuthzRow]:
    """Answers by the names of `Part`."""
    request = AuthzRequest(parse_selections(words.split(), namespace="emojivoto"))
    inventory, found = cluster(), objects or PolicyObjects()
    plans = plan(request, inventory, found)
    answers = [answer(each.query, told.get(each.part.name.lower(), [])) for each in plans]
    everyone = Answered(asked(inventory), frozenset(asked(inventory)))
    return authz_rows(request, plans, answers, inventory, found, everyone)


def test_requests_and_clients_of_one_rule_are_one_row() -> None:
    [row] = rows("deploy/web", responses=[(LET_IN, counted(8, 2))], allowed=[({**LET_IN, **BOT}, counted(10))])
    assert (row.owner.name, row.rule.server, row.rule.route, row.rule.name) == ("web", "web-http", "api", "for-api")
    assert (row.golden.rps, row.golden.success_rate, row.allowed, row.denied) == (0.8, 0.75, 1.0, 0.0)
    assert (row.verdict, row.clients) == ("allowed", ("bot.emojivoto",))
    assert (row.proxies_asked, row.proxies_answered) == (1, 1)


def test_denied_requests_stand_beside_not_among_the_others() -> None:
    nobody = {"client_id": ""}
    denied, allowed = rows(
        "deploy",
        responses=[(LET_IN, counted(5))],
        denied=[({**API, **BOT}, counted(4)), ({**API, **nobody}, counted(1))],
    )
    assert (denied.verdict, denied.denied, denied.golden.requests) == ("denied", 0.5, None)
    assert denied.clients == ("(unmeshed)", "bot.emojivoto")
    assert (allowed.verdict, allowed.denied) == ("allowed", 0.0)


def test_what_was_counted_over_nobody_knows_how_long_has_no_rate() -> None:
    ageless = Traffic(successes=6.0, failures=0.0)
    [row] = rows("deploy/web", responses=[(LET_IN, ageless)], allowed=[(LET_IN, ageless)])
    assert (row.golden.requests, row.golden.rps, row.allowed, row.denied) == (6, None, None, 0.0)


def test_what_only_audit_mode_let_in_is_told_apart() -> None:
    audited = {**WEB, "route_kind": "default", "route_name": "default", "authz_kind": "default", "authz_name": "audit"}
    [row] = rows("deploy/web", responses=[(audited, counted(3))], allowed=[(audited, counted(3))])
    assert (row.verdict, row.allowed) == ("audited", 0.3)
    other = {**audited, "authz_name": "all-unauthenticated"}
    assert rows("deploy/web", allowed=[(other, counted(3))])[0].verdict == "allowed"


def test_default_rules_that_nobody_used_are_left_out_and_written_ones_are_not() -> None:
    default = {**WEB, "authz_kind": "default", "authz_name": "all-unauthenticated"}
    idle = counted(0)
    [row] = rows("deploy", responses=[(default, idle), (LET_IN, idle), (API, idle)])
    assert (row.rule.name, row.verdict, row.golden.rps, row.allowed, row.denied) == ("for-api", None, None, None, None)


def test_written_authorizations_without_any_series_are_rows_too() -> None:
    objects = PolicyObjects.of(
        [server("web-http"), route("api", "web-http"), policy("for-api", "HTTPRoute", "api"),
         policy("for-web", "Server", "web-http")]
    )  # fmt: skip
    unused = rows("deploy", objects)
    assert [(row.owner.name, row.rule.route, row.rule.name, row.verdict) for row in unused] == [
        ("web", "", "for-web", None),
        ("web", "api", "for-api", None),
    ]
    used = rows("deploy", objects, allowed=[(LET_IN, counted(1))])
    assert [(row.rule.name, row.verdict) for row in used] == [("for-web", None), ("for-api", "allowed")]


def test_connections_that_are_no_http_have_no_route() -> None:
    database = {**WEB, "srv_name": "mysql"}
    opened = {**database, "authz_kind": "authorizationpolicy", "authz_name": "apps"}
    denied, allowed = rows(
        "deploy/web", connections_allowed=[({**opened, **BOT}, counted(2))], connections_denied=[(database, counted(5))]
    )
    assert (denied.verdict, denied.rule.route, denied.connections_denied, denied.denied) == ("denied", "", 0.5, None)
    assert (allowed.verdict, allowed.connections_allowed, allowed.golden.rps) == ("allowed", 0.2, None)


def test_authentications_are_known_by_who_requires_them() -> None:
    objects = PolicyObjects.of(
        [server("web-http"), route("api", "web-http"),
         policy("for-api", "HTTPRoute", "api", "MeshTLSAuthentication/clients", "NetworkAuthentication/cluster")]
    )  # fmt: skip
    let_in = {**LET_IN, "deployment": ""}
    for words, name in (("meshtlsauthn/clients", "clients"), ("netauthn", "cluster")):
        [row] = rows(words, objects, allowed=[(let_in, counted(1))])
        assert (row.owner.name, row.rule.name, row.allowed) == (name, "for-api", 0.1)
    assert rows("meshtlsauthn/others", objects, allowed=[(let_in, counted(1))]) == []


def test_the_queries_name_what_is_asked() -> None:
    def matchers(words: str) -> set[tuple[str, tuple[str, ...]]]:
        request = AuthzRequest(parse_selections([words], namespace="emojivoto"))
        first = plan(request, cluster(), PolicyObjects())[0].query
        return {(each.label, each.values) for each in (*first.matchers, *first.pods) if not each.negate}

    assert matchers("server/a") == {("srv_kind", ("server",)), ("srv_name", ("a",)), ("namespace", ("emojivoto",))}
    assert ("authz_kind", ("serverauthorization",)) in matchers("saz")
    assert {("route_kind", ("GRPCRoute",)), ("route_name", ("r",))} <= matchers("grpcroute/r")
    assert matchers("deploy/web") == {("deployment", ("web",)), ("namespace", ("emojivoto",))}


def test_there_is_one_query_for_each_family() -> None:
    request = AuthzRequest(parse_selections(["deploy"], namespace="emojivoto"))
    plans = plan(request, cluster(), PolicyObjects())
    assert [each.part for each in plans] == list(Part)
    assert len({each.query.families for each in plans}) == len(Part)


def test_authorities_have_no_policy() -> None:
    with pytest.raises(UsageError):
        AuthzRequest(parse_selections(["au"], namespace="emojivoto"))


def test_a_policy_that_nobody_knows_is_not_found_unless_nobody_could_tell() -> None:
    with pytest.raises(NotFoundError, match="server 'nope' not found in namespace emojivoto"):
        rows("server/nope")
    assert len(rows("server/web-http", allowed=[(LET_IN, counted(10))])) == 1
    request, inventory = AuthzRequest(parse_selections(["server/nope"], namespace="emojivoto")), cluster()
    plans = plan(request, inventory, PolicyObjects())
    silent = Answered(asked(inventory), frozenset())
    assert authz_rows(request, plans, [{} for _ in plans], inventory, PolicyObjects(), silent) == []
