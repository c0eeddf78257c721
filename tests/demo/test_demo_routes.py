"""ServiceProfiles and Gateway API routes change what the demo's proxies do and count, as the request log has it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.cluster.store import ObjectStore
from linkerdctl.demo.mesh import Mesh
from linkerdctl.demo.simulation.request_log import Truth
from linkerdctl.demo.simulation.retries import Budget, BudgetTerms
from linkerdctl.demo.simulation.traffic import Hop
from linkerdctl.demo.tap.events import Sight, tap_event
from linkerdctl.demo.topology import DemoPod

NOON = 1_795_000_000.0
VOTING, WEB = "voting-svc.emojivoto.svc.cluster.local", "web-svc.emojivoto.svc.cluster.local"
DOUGHNUT = "/emojivoto.v1.VotingService/VoteDoughnut"


class Scene:
    """A mesh with a clock that is moved by hand, and objects that can be written."""

    def __init__(self) -> None:
        self.now = NOON
        self.mesh = Mesh.with_past(clock=lambda: self.now, rps=40)
        self.store = ObjectStore()
        self.store.listen(self.mesh.policies.changed)

    def apply(self, manifest: str) -> None:
        self.store.add(yaml.safe_load(manifest))

    def pod(self, workload: str) -> DemoPod:
        [pod] = self.mesh.topology.of_workload("emojivoto", workload)
        return pod

    def counted(self, workload: str, seconds: float) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """How much each series of a proxy grew in a while from now on."""
        before = self._numbers(workload)
        self.now += seconds
        after = self._numbers(workload)
        return {key: value - before.get(key, 0.0) for key, value in after.items()}

    def looks(self, workload: str) -> tuple[float, float]:
        first, last = self.mesh.log.scrapes_of(self.pod(workload))[-2:]
        return first, last

    def _numbers(self, workload: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        text = self.mesh.scrape(self.pod(workload)).decode()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def more(grown: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for (each, have), value in grown.items() if each == name and wanted <= have)


def profile(service: str, *routes: dict[str, Any], **spec: Any) -> str:
    metadata = {"name": service, "namespace": "emojivoto"}
    spec["routes"] = list(routes)
    body = {"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile", "metadata": metadata, "spec": spec}
    return yaml.safe_dump(body)


def route(name: str, path: str, method: str = "POST", **more: Any) -> dict[str, Any]:
    return {"name": name, "condition": {"method": method, "pathRegex": path.replace("v1.V", r"v1\.V")}, **more}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def is_doughnut(hop: Hop) -> bool:
    return hop.path == DOUGHNUT


def assert_route(grown: Any, truth: Truth, family: str, **labels: str) -> None:
    assert more(grown, family, classification="success", **labels) == truth.successes
    assert more(grown, family, classification="failure", **labels) == truth.failures


def test_no_profile_no_route_series(scene: Scene) -> None:
    grown = scene.counted("web", 5)
    assert not [name for name, _ in grown if name.startswith("route_")]


def test_a_profile_is_counted_by_client_and_server(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT)))
    grown = scene.counted("web", 20)
    first, last = scene.looks("web")
    dst = f"{VOTING}:8080"
    wanted = scene.mesh.log.requests(scene.pod("web"), first, last, is_doughnut)
    assert wanted.failures > 10
    assert_route(grown, wanted, "route_response_total", rt_route="doughnut", dst=dst, direction="outbound")
    assert_route(grown, wanted, "route_actual_response_total", rt_route="doughnut", dst=dst)
    assert more(grown, "route_response_latency_ms_count", rt_route="doughnut") == len(wanted.latencies_ms)
    served = scene.counted("voting", 20)
    truth = scene.mesh.log.truth(scene.pod("voting"), "inbound", *scene.looks("voting"), is_doughnut)
    assert_route(served, truth, "route_response_total", rt_route="doughnut", dst=dst, direction="inbound")


def test_requests_of_no_route_have_no_route_label(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT)))
    grown = scene.counted("web", 10)
    other = {key: value for key, value in grown.items() if "rt_route" not in dict(key[1])}
    assert more(other, "route_response_total", dst=f"{VOTING}:8080") > 10


def test_a_profile_takes_over_from_gateway_routes(scene: Scene) -> None:
    before = scene.counted("web", 5)
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT)))
    scene.now += 1
    after = scene.counted("web", 5)
    name = "outbound_http_route_request_statuses_total"
    assert more(before, name, parent_name="voting-svc") > 5
    assert more(after, name, parent_name="voting-svc") == 0
    assert more(after, name, parent_name="emoji-svc") > 5


def test_a_deleted_profile_counts_no_more(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT)))
    scene.now += 5
    scene.mesh.advance()
    resource = REGISTRY.of_kind("linkerd.io/v1alpha2", "ServiceProfile")
    assert resource is not None
    scene.store.delete(resource, "emojivoto", VOTING)
    scene.now += 1
    assert more(scene.counted("web", 5), "route_request_total", direction="outbound") == 0


def test_retries_make_actual_differ_from_effective(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT, isRetryable=True)))
    scene.now += 5
    grown = scene.counted("web", 20)
    first, last = scene.looks("web")
    pod = scene.pod("web")
    effective = scene.mesh.log.requests(pod, first, last, is_doughnut)
    actual = scene.mesh.log.truth(pod, "outbound", first, last, is_doughnut)
    assert actual.failures > 3 * effective.failures > 0
    assert_route(grown, effective, "route_response_total", rt_route="doughnut", direction="outbound")
    assert_route(grown, actual, "route_actual_response_total", rt_route="doughnut")
    skipped = more(grown, "route_retryable_total", rt_route="doughnut", skipped="no_budget")
    assert skipped == effective.failures
    retryable = more(grown, "route_retryable_total", rt_route="doughnut") - skipped
    assert retryable == actual.failures


def test_the_budget_limits_retries(scene: Scene) -> None:
    tight = {"retryRatio": 0.0, "minRetriesPerSecond": 3, "ttl": "10s"}
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT, isRetryable=True), retryBudget=tight))
    scene.now += 10
    grown = scene.counted("web", 30)
    retries = more(grown, "route_actual_request_total", rt_route="doughnut") - more(
        grown, "route_request_total", rt_route="doughnut", direction="outbound"
    )
    assert 60 <= retries <= 3 * 40


def test_requests_pay_for_retries(scene: Scene) -> None:
    one_each = {"retryRatio": 1.0, "minRetriesPerSecond": 0, "ttl": "10s"}
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT, isRetryable=True), retryBudget=one_each))
    scene.now += 1
    grown = scene.counted("web", 30)
    requests = more(grown, "route_request_total", rt_route="doughnut", direction="outbound")
    retries = more(grown, "route_actual_request_total", rt_route="doughnut") - requests
    assert retries == pytest.approx(requests, abs=3)


def test_a_timeout_ends_requests_and_is_counted_once(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("all", "/.*", timeout="5ms")))
    grown = scene.counted("web", 20)
    first, last = scene.looks("web")
    pod = scene.pod("web")
    effective = scene.mesh.log.requests(pod, first, last, lambda hop: hop.service.name == "voting-svc")
    actual = scene.mesh.log.truth(pod, "outbound", first, last, lambda hop: hop.service.name == "voting-svc")
    timed_out = more(grown, "route_response_total", rt_route="all", direction="outbound", error="timeout")
    assert timed_out > 3
    assert actual.requests == effective.requests - timed_out
    assert_route(grown, effective, "route_response_total", rt_route="all", direction="outbound")
    assert_route(grown, actual, "route_actual_response_total", rt_route="all")
    late = [each for each in effective.latencies_ms if each > 5.0]
    assert not late


def test_a_timeout_limits_all_attempts_together(scene: Scene) -> None:
    wide = {"retryRatio": 0.0, "minRetriesPerSecond": 10_000, "ttl": "10s"}
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT, isRetryable=True, timeout="300ms"), retryBudget=wide))
    grown = scene.counted("web", 10)
    ended = [
        hop for hop in scene.mesh.log.hops if is_doughnut(hop) and hop.is_last and hop.done < scene.now and hop.taken
    ]
    assert ended
    assert all(hop.done - hop.asked == pytest.approx(0.3, abs=0.01) for hop in ended)
    assert more(grown, "route_response_total", rt_route="doughnut", error="timeout", direction="outbound") == len(ended)


def test_pages_are_tried_again_with_all_that_they_cause(scene: Scene) -> None:
    few = {"retryRatio": 0.0, "minRetriesPerSecond": 1, "ttl": "10s"}
    scene.apply(profile(WEB, route("vote", "/api/vote", "GET", isRetryable=True), retryBudget=few))
    scene.now += 5
    scene.mesh.advance()
    again = [hop for hop in scene.mesh.log.hops if hop.path == "/api/vote" and hop.attempt > 1]
    assert again
    assert all(hop.calls for hop in again)
    assert all(hop.asked < hop.started for hop in again)


def test_response_classes_say_what_fails(scene: Scene) -> None:
    missing = {"condition": {"status": {"min": 404, "max": 404}}, "isFailure": True}
    scene.apply(profile(WEB, route("missing", "/no/such/page", "GET", responseClasses=[missing])))
    grown = scene.counted("vote-bot", 40)
    assert more(grown, "route_response_total", rt_route="missing", classification="failure") > 3
    assert more(grown, "route_response_total", rt_route="missing", classification="success") == 0
    assert more(grown, "response_total", status_code="404", classification="failure") > 3


def test_the_clients_own_namespace_comes_first(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("servers", "/.*")))
    elsewhere = yaml.safe_load(profile(VOTING, route("clients", "/.*")))
    elsewhere["metadata"]["namespace"] = "default"
    scene.store.add(elsewhere)
    service = scene.mesh.topology.service("emojivoto", "voting-svc")
    assert scene.mesh.policies.taken("emojivoto", service, "POST", "/x").route == "servers"  # type: ignore[union-attr]
    assert scene.mesh.policies.taken("default", service, "POST", "/x").route == "clients"  # type: ignore[union-attr]


def test_a_profile_that_is_called_otherwise_is_nobodys(scene: Scene) -> None:
    scene.apply(profile("voting-svc", route("doughnut", DOUGHNUT)))
    grown = scene.counted("web", 5)
    assert not [name for name, _ in grown if name.startswith("route_")]


GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata:
  name: {name}
  namespace: emojivoto
  annotations: {annotations}
spec:
  parentRefs: [{{group: "", kind: Service, name: {service}, port: {port}}}]
  rules: [{{matches: {matches}, backendRefs: [{{kind: Service, name: {service}, port: {port}}}]}}]
"""


def test_grpc_routes_are_counted_by_grpc_families(scene: Scene) -> None:
    match = "[{method: {service: emojivoto.v1.VotingService, method: VoteDoughnut}}]"
    scene.apply(
        GATEWAY.format(
            kind="GRPCRoute", name="doughnut", annotations="{}", service="voting-svc", port=8080, matches=match
        )
    )
    grown = scene.counted("web", 20)
    wanted = scene.mesh.log.requests(scene.pod("web"), *scene.looks("web"), is_doughnut)
    name = "outbound_grpc_route_request_statuses_total"
    assert (
        more(grown, name, route_name="doughnut", route_kind="GRPCRoute", grpc_status="UNKNOWN") == wanted.requests > 0
    )
    assert more(grown, "outbound_grpc_route_backend_response_statuses_total", route_name="doughnut") == wanted.requests


def test_http_routes_retry_up_to_their_limit(scene: Scene) -> None:
    annotations = '{retry.linkerd.io/http: 5xx, retry.linkerd.io/limit: "2"}'
    match = "[{path: {type: Exact, value: /api/vote}}]"
    scene.apply(
        GATEWAY.format(
            kind="HTTPRoute", name="vote", annotations=annotations, service="web-svc", port=80, matches=match
        )
    )
    scene.now += 2
    grown = scene.counted("vote-bot", 30)
    log, pod, looks = scene.mesh.log, scene.pod("vote-bot"), scene.looks("vote-bot")
    effective = log.requests(pod, *looks, lambda hop: hop.path == "/api/vote")
    actual = log.truth(pod, "outbound", *looks, lambda hop: hop.path == "/api/vote")
    assert effective.failures > 5
    route_ = {"route_name": "vote"}
    assert more(grown, "outbound_http_route_request_statuses_total", **route_) == effective.requests
    assert more(grown, "outbound_http_route_backend_response_statuses_total", **route_) == actual.requests
    assert more(grown, "outbound_http_route_retry_limit_exceeded_total", **route_) == effective.failures
    retries = more(grown, "outbound_http_route_retry_requests_total", **route_)
    assert retries == pytest.approx(2 * effective.failures, abs=2)


def test_a_gateway_timeout_is_an_error_without_a_status(scene: Scene) -> None:
    annotations = "{timeout.linkerd.io/request: 3ms}"
    scene.apply(
        GATEWAY.format(
            kind="HTTPRoute", name="all", annotations=annotations, service="voting-svc", port=8080, matches="[]"
        )
    )
    grown = scene.counted("web", 10)
    name = "outbound_http_route_request_statuses_total"
    late = more(grown, name, route_name="all", error="REQUEST_TIMEOUT", http_status="")
    assert 0 < late < more(grown, name, route_name="all")


def test_a_budget_pays_out_what_was_paid_in_and_no_more() -> None:
    budget = Budget(BudgetTerms(ratio=0.5, min_per_second=0.0, ttl=10.0))
    assert not budget.withdraw(0.0)
    budget.deposit(1.0)
    budget.deposit(1.0)
    assert budget.withdraw(2.0)
    assert not budget.withdraw(2.0)


def test_a_budget_forgets_what_is_longer_ago_than_its_ttl() -> None:
    budget = Budget(BudgetTerms(ratio=0.0, min_per_second=0.1, ttl=10.0))
    assert budget.withdraw(0.0)
    assert not budget.withdraw(5.0)
    assert budget.withdraw(10.5)


def test_taps_name_the_route(scene: Scene) -> None:
    scene.apply(profile(VOTING, route("doughnut", DOUGHNUT)))
    scene.now += 5
    scene.mesh.advance()
    hop = next(hop for hop in scene.mesh.log.hops if is_doughnut(hop) and hop.taken)
    events = [tap_event(Sight(hop, side), "request", 0, 1, headers=False) for side in ("inbound", "outbound")]
    assert [[(each.key, each.value) for each in event.route_meta.labels] for event in events] == [
        [("route", "doughnut")]
    ] * 2
    other = next(hop for hop in scene.mesh.log.hops if hop.service.name == "emoji-svc" and hop.taken)
    assert not tap_event(Sight(other, "outbound"), "request", 0, 1, headers=False).HasField("route_meta")
