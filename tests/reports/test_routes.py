"""Rows of `routes` from answers and objects: which there are, what they add up, what became of requests, and why none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory, PodRef
from linkerdctl.kube.kinds import DEPLOYMENT, NAMESPACE, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.reports.routes import RouteRow, RoutesRequest
from linkerdctl.reports.routes_fate import Span, gateway_fate, profile_fate
from linkerdctl.reports.routes_objects import Condition, RouteObjects, service_of
from linkerdctl.reports.routes_plan import Part, RoutesPlan, Style, plan
from linkerdctl.reports.routes_rows import rows
from linkerdctl.reports.routes_why import ANY, Evidence, SeenPath, explained, nearest, told

VOTING, WEB = "voting-svc.ns.svc.cluster.local:8080", "web-svc.ns.svc.cluster.local:80"


def deployment(name: str, namespace: str = "ns", *, meshed: bool = True) -> list[dict[str, Any]]:
    """A Deployment, its ReplicaSet, its pod and a Service in front of it."""
    app = {"app": name}
    mesh = {"linkerd.io/control-plane-ns": "linkerd"} if meshed else {}
    proxy = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}

    def owned(kind: str, by: str) -> dict[str, Any]:
        reference = {"apiVersion": "apps/v1", "kind": kind, "name": by, "uid": by, "controller": True}
        return {"namespace": namespace, "ownerReferences": [reference]}

    pod = {**owned("ReplicaSet", f"{name}-1"), "name": f"{name}-1-a", "labels": {**app, **mesh}}
    status = {"phase": "Running", "podIP": "10.0.0.1"}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": namespace, "name": name}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {**owned("Deployment", name), "name": f"{name}-1"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": pod, "status": status,
         "spec": {"containers": [proxy] if meshed else []}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": namespace, "name": f"{name}-svc"},
         "spec": {"selector": app}},
    ]  # fmt: skip


def inventory(*names: str, **more: Any) -> Inventory:
    return Inventory.from_objects(each for name in names for each in deployment(name, **more))


def served(successes: float, failures: float = 0.0) -> Traffic:
    return Traffic(successes=successes, failures=failures, request_rate=(successes + failures) / 10, seconds=10.0)


def profile(service: str, *routes: str, namespace: str = "ns", name: str = "") -> dict[str, Any]:
    written = [{"name": each, "condition": {"method": "GET", "pathRegex": f"/{each}"}} for each in routes]
    metadata = {"namespace": namespace, "name": name or f"{service}.ns.svc.cluster.local"}
    return {"kind": "ServiceProfile", "metadata": metadata, "spec": {"routes": written}}


def gateway(kind: str, name: str, service: str) -> dict[str, Any]:
    spec = {"parentRefs": [{"group": "", "kind": "Service", "name": service}]}
    return {"kind": kind, "metadata": {"namespace": "ns", "name": name}, "spec": spec}


Answer = Mapping[tuple[str, ...], Traffic]


@dataclass
class Case:
    """A request with what proxies answer, by part and style; the owner's labels are put before each key."""

    request: RoutesRequest
    there: Inventory
    objects: RouteObjects = field(default_factory=RouteObjects)
    answers: Mapping[tuple[Part, Style], Answer] = field(default_factory=dict)

    def rows(self) -> list[RouteRow]:
        plans = plan(self.request, self.there)
        return rows(self.request, plans, [self._answer(each) for each in plans], self.there, self.objects)

    def _answer(self, each: RoutesPlan) -> Answer:
        owner = () if each.selection.kind is SERVICE else ("ns", each.selection.name or "")
        grpc = "grpc" in each.query.families.responses
        return (
            {}
            if grpc
            else {(*owner, *key): value for key, value in self.answers.get((each.part, each.style), {}).items()}
        )


def names(found: Iterable[RouteRow]) -> list[tuple[str, str, str]]:
    return [(row.route or "[DEFAULT]", row.key.service, row.key.kind) for row in found]


def web_to_voting(**more: Any) -> Case:
    request = RoutesRequest((Selection(DEPLOYMENT, "ns", "web"),), to=Selection(SERVICE, "ns", "voting-svc"))
    return Case(request, inventory("web", "voting"), **more)


def of_voting(**more: Any) -> Case:
    return Case(RoutesRequest((Selection(DEPLOYMENT, "ns", "voting"),)), inventory("web", "voting"), **more)


PROFILE = (Part.EFFECTIVE, Style.PROFILE)
OUTBOUND = (Part.EFFECTIVE, Style.OUTBOUND)
INBOUND = (Part.EFFECTIVE, Style.INBOUND)


def test_ports_of_a_service_are_added_up() -> None:
    other = VOTING.replace("8080", "8801")
    case = web_to_voting(answers={PROFILE: {(VOTING, "a", ""): served(3), (other, "a", ""): served(4, 1)}})
    [row, default] = case.rows()
    assert (row.effective.requests, row.effective.failures, row.effective.rps) == (8, 1, 0.8)
    assert default.route is None
    assert default.effective.rps is None


def test_other_services_than_the_one_asked_for_are_left_out() -> None:
    case = web_to_voting(answers={PROFILE: {(WEB, "b", ""): served(3), (VOTING, "a", ""): served(1)}})
    assert names(case.rows()) == [("a", "voting-svc", "ServiceProfile"), ("[DEFAULT]", "voting-svc", "ServiceProfile")]


def test_every_route_of_the_profile_has_a_row_and_default_comes_last() -> None:
    case = web_to_voting(
        objects=RouteObjects.of([profile("voting-svc", "zoo", "ant")]), answers={PROFILE: {(VOTING, "", ""): served(2)}}
    )
    found = case.rows()
    assert [row.route for row in found] == ["ant", "zoo", None]
    assert [row.idle for row in found] == [True, True, False]


def test_a_route_that_was_deleted_shows_only_while_it_has_traffic() -> None:
    objects = RouteObjects.of([profile("voting-svc", "new")])
    quiet, busy = (VOTING, "old", ""), (VOTING, "gone", "")
    case = web_to_voting(objects=objects, answers={PROFILE: {quiet: served(0), busy: served(2)}})
    assert [row.route for row in case.rows()] == ["gone", "new", None]


def test_a_service_without_anything_has_one_row() -> None:
    assert names(web_to_voting().rows()) == [("[DEFAULT]", "voting-svc", "default")]


def test_gateway_routes_show_next_to_nothing_else() -> None:
    objects = RouteObjects.of([gateway("GRPCRoute", "idle", "voting-svc"), gateway("HTTPRoute", "other", "web-svc")])
    seen = {
        ("ns", "voting-svc", "HTTPRoute", "busy", ""): served(5),
        ("ns", "voting-svc", "default", "http", ""): served(1),
    }
    case = web_to_voting(objects=objects, answers={OUTBOUND: seen})
    assert names(case.rows()) == [
        ("busy", "voting-svc", "HTTPRoute"),
        ("idle", "voting-svc", "GRPCRoute"),
        ("[DEFAULT]", "voting-svc", "default"),
    ]


def test_the_generation_can_be_chosen() -> None:
    answers = {
        PROFILE: {(VOTING, "a", ""): served(1)},
        OUTBOUND: {("ns", "voting-svc", "HTTPRoute", "b", ""): served(1)},
    }
    case = web_to_voting(answers=answers)
    assert {kind for *_, kind in names(case.rows())} == {"ServiceProfile", "HTTPRoute"}
    for generation, kinds in (("profile", {"ServiceProfile"}), ("gateway", {"HTTPRoute", "default"})):
        case.request = RoutesRequest(case.request.selections, case.request.to, generation)  # type: ignore[arg-type]
        assert {kind for *_, kind in names(case.rows())} == kinds


def test_servers_count_default_requests_once() -> None:
    by_policy = {
        ("server", "voting-grpc", "default", "default"): served(3),
        ("server", "voting-grpc", "HTTPRoute", "b"): served(2),
    }
    case = of_voting(answers={PROFILE: {(VOTING, "a", ""): served(3)}, INBOUND: by_policy})
    assert names(case.rows()) == [
        ("b", "voting-grpc", "HTTPRoute"),
        ("a", "voting-svc", "ServiceProfile"),
        ("[DEFAULT]", "voting-svc", "ServiceProfile"),
    ]


def test_without_a_server_inbound_routes_are_of_the_one_service() -> None:
    case = of_voting(answers={INBOUND: {("default", "all-unauthenticated", "default", "default"): served(3)}})
    assert names(case.rows()) == [("[DEFAULT]", "voting-svc", "default")]


def test_without_to_there_is_neither_actual_nor_fate() -> None:
    [row, *_] = of_voting(answers={PROFILE: {(VOTING, "a", ""): served(3)}}).rows()
    assert row.actual is None
    assert row.fate is None


def test_attempts_are_actual_and_outcomes_make_the_fate() -> None:
    case = web_to_voting(
        answers={
            PROFILE: {(VOTING, "a", ""): served(5, 3), (VOTING, "a", "timeout"): served(0, 2)},
            (Part.ACTUAL, Style.PROFILE): {(VOTING, "a"): served(5, 20)},
            (Part.RETRYABLE, Style.PROFILE): {(VOTING, "a", ""): served(20), (VOTING, "a", "no_budget"): served(3)},
        }
    )
    [row, _] = case.rows()
    assert row.actual is not None
    assert row.fate is not None
    assert (row.effective.requests, row.actual.requests) == (10, 25)
    assert (row.fate.timed_out, row.fate.budget_exhausted, row.fate.retries) == (2, 3, 17)
    assert row.fate.after_retry == Span(0, 5)


def test_a_service_has_no_to() -> None:
    with pytest.raises(UsageError):
        RoutesRequest((Selection(SERVICE, "ns", "a"),), to=Selection(SERVICE, "ns", "b"))


def test_to_a_workload_means_the_services_it_stands_behind() -> None:
    case = web_to_voting(answers={PROFILE: {(VOTING, "a", ""): served(1), (WEB, "b", ""): served(1)}})
    case.request = RoutesRequest(case.request.selections, to=Selection(DEPLOYMENT, "ns", "voting"))
    assert {service for _, service, _ in names(case.rows())} == {"voting-svc"}


def test_namespaces_are_asked_as_a_whole() -> None:
    request = RoutesRequest((Selection(NAMESPACE, None, "ns"),), to=Selection(SERVICE, "ns", "voting-svc"))
    [asked, *_] = plan(
        request, Inventory.from_objects([*deployment("web"), {"kind": "Namespace", "metadata": {"name": "ns"}}])
    )
    assert asked.query.group_by[0] == "namespace"
    assert asked.query.concerns({"namespace": "ns"})
    assert not asked.query.concerns({"namespace": "other"})


def test_only_proxies_behind_a_service_are_asked_for_its_profile() -> None:
    there = inventory("web", "voting")
    plans = plan(RoutesRequest((Selection(SERVICE, "ns", "voting-svc"),)), there)
    by_style = {each.style: each.query for each in plans}
    assert by_style[Style.PROFILE].concerns({"namespace": "ns", "pod": "voting-1-a"})
    assert not by_style[Style.PROFILE].concerns({"namespace": "ns", "pod": "web-1-a"})
    assert by_style[Style.OUTBOUND].concerns({"namespace": "elsewhere", "pod": "client"})


@pytest.mark.parametrize(
    ("authority", "service"),
    [
        ("web-svc.ns.svc.cluster.local:80", ("ns", "web-svc")),
        ("web-svc.ns.svc.cluster.local", ("ns", "web-svc")),
        ("web-svc.ns.svc.my.own.domain:80", ("ns", "web-svc")),
        ("web-svc", None),
        ("example.com:443", None),
        ("10.1.2.3:80", None),
    ],
)
def test_services_are_known_by_their_full_name(authority: str, service: tuple[str, str] | None) -> None:
    assert service_of(authority) == service


def test_a_clients_own_namespace_comes_first() -> None:
    objects = RouteObjects.of([profile("web-svc", "theirs"), profile("web-svc", "ours", namespace="client")])
    for namespace, route in (("client", "ours"), ("ns", "theirs"), ("third", "theirs")):
        found = objects.profile_of(("ns", "web-svc"), namespace)
        assert found is not None
        assert found.route_names == (route,)


def test_without_retries_every_success_was_the_first_try() -> None:
    fate = profile_fate(10, 2, timed_out=0, retryable=0, over_budget=0)
    assert (fate.first_try.exact, fate.after_retry.exact, fate.failed_at_once.exact) == (10, 0, 2)


def test_fates_of_a_profile_add_up_to_its_requests() -> None:
    fate = profile_fate(50, 20, timed_out=4, retryable=30, over_budget=6)
    sure = fate.budget_exhausted + fate.timed_out
    assert (
        fate.first_try.low + fate.after_retry.high + fate.failed_at_once.low + fate.failed_after_retry.high + sure == 70
    )
    assert fate.retries == 24
    assert fate.after_retry == Span(0, 24)


def test_retries_and_no_failures_mean_that_some_success_took_one() -> None:
    assert profile_fate(50, 0, timed_out=0, retryable=5, over_budget=0).after_retry == Span(1, 5)


def test_gateway_fates_are_exact() -> None:
    fate = gateway_fate(50, 10, timed_out=2, retries=30, retry_successes=7, limit_exceeded=5, overflow=1)
    assert (fate.first_try.exact, fate.after_retry.exact) == (43, 7)
    assert (fate.failed_after_retry.exact, fate.failed_at_once.exact) == (5, 2)
    assert (fate.budget_exhausted, fate.timed_out) == (1, 2)


OBJECT = ("ns", "web")
SERVED = (OBJECT, ("ns", "voting-svc"))


def reasons(case: Case, **known: Any) -> dict[str, str | None]:
    """Why each route has no numbers."""
    facts = {
        "answered": frozenset({PodRef("ns", "web-1-a"), PodRef("ns", "voting-1-a")}),
        "served": {SERVED: 10.0}, "meshed_only": {SERVED: 10.0}, "elsewhere": {},
    }  # fmt: skip
    evidence = Evidence(case.request, case.there, case.objects, **{**facts, **known})
    return {row.route or "[DEFAULT]": row.why for row in explained(case.rows(), evidence)}


def test_why_no_profile() -> None:
    why = reasons(web_to_voting())["[DEFAULT]"]
    assert why is not None
    assert why.startswith("it has no ServiceProfile; make one: linkerdctl profile -n ns voting-svc")


@pytest.mark.parametrize(
    ("manifest", "wanted"),
    [
        (profile("", name="voting-svc"), "must be called voting-svc.ns.svc.cluster.local"),
        (profile("", name="voting.ns.svc.cluster.local"), "must be called voting-svc.ns.svc.cluster.local"),
        (profile("voting-svc", namespace="far"), "it must be in namespace ns"),
    ],
)
def test_why_a_profile_of_a_wrong_name(manifest: dict[str, Any], wanted: str) -> None:
    why = reasons(web_to_voting(objects=RouteObjects.of([manifest])))["[DEFAULT]"]
    assert why is not None
    assert manifest["metadata"]["name"] in why
    assert wanted in why


def test_why_no_traffic() -> None:
    case = web_to_voting(objects=RouteObjects.of([profile("voting-svc", "a")]))
    assert reasons(case, served={}) == dict.fromkeys(("a", "[DEFAULT]"), "no requests from deploy/web in the window")


def test_why_no_traffic_although_there_is_some_past_the_service() -> None:
    why = reasons(web_to_voting(), served={}, elsewhere={OBJECT: ("10.0.0.9:8080",)})["[DEFAULT]"]
    assert why is not None
    assert "it called 10.0.0.9:8080" in why


def test_why_no_meshed_client() -> None:
    case = of_voting(objects=RouteObjects.of([profile("voting-svc", "a")]))
    key = (("ns", "voting"), ANY)
    why = reasons(case, served={key: 5.0}, meshed_only={})["a"]
    assert why is not None
    assert "all its clients are outside the mesh" in why


def test_why_no_meshed_pod() -> None:
    there = Inventory.from_objects([*deployment("web", meshed=False), *deployment("voting")])
    why = reasons(Case(web_to_voting().request, there))["[DEFAULT]"]
    assert why == "deploy/web has no meshed pod, and only proxies count"


def test_why_the_proxies_were_silent() -> None:
    assert reasons(web_to_voting(), answered=frozenset())["[DEFAULT]"] == "its proxies did not answer"


def matched() -> Case:
    return web_to_voting(
        objects=RouteObjects.of([profile("voting-svc", "a", "votes")]),
        answers={PROFILE: {(VOTING, "a", ""): served(3), (VOTING, "", ""): served(7)}},
    )


def test_why_nothing_matched() -> None:
    why = reasons(matched())
    assert why["a"] is None
    assert why["votes"] == "no request matched it; 7 requests matched no route"


def test_why_nothing_matched_with_the_nearest_paths() -> None:
    paths = [SeenPath("GET", "/vote", 5), SeenPath("GET", "/entirely/different", 2), SeenPath("POST", "/votes", 1)]
    why = reasons(matched(), paths={("ns", "voting-svc"): paths})["votes"]
    assert why is not None
    assert why.endswith("nearest: POST /votes (1), GET /vote (5)")


def test_why_a_gateway_route_under_a_profile_is_idle() -> None:
    objects = RouteObjects.of([profile("voting-svc", "a"), gateway("HTTPRoute", "b", "voting-svc")])
    case = web_to_voting(objects=objects, answers={PROFILE: {(VOTING, "a", ""): served(3)}})
    assert reasons(case)["b"] == "the ServiceProfile voting-svc.ns.svc.cluster.local overrides it"


def test_reasons_that_are_alike_are_told_once() -> None:
    objects = RouteObjects.of([profile("voting-svc", *"abcdefgh")])
    case = web_to_voting(objects=objects, answers={PROFILE: {(VOTING, "a", ""): served(3)}})
    found = case.rows()
    evidence = Evidence(case.request, case.there, objects, frozenset({PodRef("ns", "web-1-a")}), {SERVED: 3.0}, {}, {})
    lines = list(told(explained(found, evidence)))
    assert lines == [
        "voting-svc: b, c, d, e, f and 2 more: no request matched it",
        "voting-svc: [DEFAULT]: every request matched a route",
    ]


def test_nearest_paths_are_like_the_route_and_no_more_than_three() -> None:
    route = Condition("list", "GET", r"/api/list/[^/]*")
    paths = [
        SeenPath("GET", path, 1) for path in ("/api/lists/1", "/api/list", "/apis/list/2", "/x/list/3", "/metrics")
    ]
    found = [each.path for each in nearest(route, paths)]
    assert len(found) == 3
    assert "/metrics" not in found
