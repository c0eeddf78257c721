"""What a traffic query becomes in PromQL: its labels, its conditions, how few requests it takes."""

from __future__ import annotations

import pytest

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.families import OUTBOUND, PROFILE, PROFILE_ATTEMPTS
from linkerdctl.metrics.query import Direction, Families, Matcher, Need, TrafficQuery
from linkerdctl.metrics.verdict import COUNTED
from linkerdctl.sources.prometheus.promql import condition, duration, quoted, selector
from linkerdctl.sources.prometheus.queries import MOST_REQUESTS, Look, data_queries
from linkerdctl.sources.prometheus.setup import Setup
from linkerdctl.sources.prometheus.translation import Pods, Translation, translate

VIZ = Setup()
POD_MONITOR = Setup(labels={"namespace": "namespace", "pod": "pod"})
COLLECTOR = Setup(
    labels={"namespace": "k8s_namespace_name", "pod": "k8s_pod_name", "deployment": "k8s_deployment_name"}
)


def pods(*names: str, **labels: str) -> Pods:
    """Targets of one deployment each (`web-1` of `web`), all owned by a rollout too where `labels` say so."""
    targets = [
        Target(
            PodRef("shop", name),
            {"namespace": "shop", "pod": name, "deployment": name.partition("-")[0], **labels},
            "10.0.0.1",
            4191,
        )
        for name in names
    ]
    owners = {target.pod: target.labels for target in targets}
    return Pods(targets, lambda namespace, pod: owners.get(PodRef(namespace, pod)))


def inbound(*group_by: str, **more: object) -> TrafficQuery:
    return TrafficQuery(Direction.INBOUND, group_by, **{"needs": Need.REQUESTS, **more})  # type: ignore[arg-type]


def translated(query: TrafficQuery, setup: Setup = VIZ, known: Pods | None = None) -> Translation:
    return translate(query, setup, known or pods("web-1", "db-1"), ["4191"])


def text(query: TrafficQuery, setup: Setup = VIZ, known: Pods | None = None) -> str:
    """All of what is asked, in one."""
    return " ".join(data_queries([translated(query, setup, known)], Look(setup, None)))


def test_a_lifetime_is_plain_sums() -> None:
    assert text(inbound("namespace", "deployment", pods=(Matcher("namespace", ("shop",)),))) == (
        'label_replace(sum by (namespace, deployment, classification) (response_total{direction="inbound", '
        'namespace="shop", target_port!="4191", route_name!="probe"}), "linkerdctl", "0:requests", "", "") or '
        'label_replace(sum by (namespace, deployment, classification) ((response_total{direction="inbound", '
        'namespace="shop", target_port!="4191", route_name!="probe"}) / on (job, instance, namespace, pod) group_left () '
        "max by (job, instance, namespace, pod) "
        "((timestamp(process_start_time_seconds) - process_start_time_seconds) > 0)), "
        '"linkerdctl", "0:rate", "", "")'
    )


def test_probes_and_scrapes_are_left_out_unless_they_are_wanted() -> None:
    assert 'target_port!="4191", route_name!="probe"' in text(inbound("pod"))
    assert "4191" not in text(inbound("pod", include_admin=True))


def test_labels_take_the_names_of_the_setup() -> None:
    asked = text(inbound("namespace", "deployment", pods=(Matcher("deployment", ("web", "db")),)), COLLECTOR)
    assert "sum by (k8s_namespace_name, k8s_deployment_name, classification)" in asked
    assert 'k8s_deployment_name=~"web|db"' in asked
    assert "on (job, instance, k8s_namespace_name, k8s_pod_name)" in asked


def test_without_owner_labels_pods_are_asked_for_and_put_together_here() -> None:
    query = inbound("namespace", "deployment", pods=(Matcher("deployment", ("web",)),))
    known = pods("web-1", "web-2", "db-1")
    assert "sum by (namespace, pod, classification)" in text(query, POD_MONITOR, known)
    assert 'pod=~"web-1|web-2"' in text(query, POD_MONITOR, known)
    translation = translated(query, POD_MONITOR, known)
    assert translation.key({"namespace": "shop", "pod": "web-2"}, known) == ("shop", "web")
    assert translation.key({"namespace": "shop", "pod": "db-1"}, known) is None
    assert translation.key({"namespace": "shop", "pod": "gone"}, known) is None


def test_owners_that_no_relabelling_knows_are_put_together_here_too() -> None:
    known = pods("web-1", rollout="storefront")
    translation = translated(inbound("namespace", "rollout"), VIZ, known)
    assert translation.key({"namespace": "shop", "pod": "web-1"}, known) == ("shop", "storefront")


def test_an_owner_of_the_other_end_is_known_by_its_pod() -> None:
    known = pods("web-1", rollout="storefront")
    query = TrafficQuery(
        Direction.OUTBOUND, ("dst_namespace", "dst_rollout"), matchers=(Matcher("dst_rollout", ("x",)),)
    )
    translation = translated(query, VIZ, known)
    row = {"dst_namespace": "shop", "dst_pod": "web-1"}
    assert "dst_rollout" not in text(query, VIZ, known)
    assert translation.key(row, known) is None
    wanted = TrafficQuery(Direction.OUTBOUND, ("dst_rollout",), matchers=(Matcher("dst_rollout", ("storefront",)),))
    assert translated(wanted, VIZ, known).key(row, known) == ("storefront",)


def test_what_nothing_can_match_is_not_asked() -> None:
    assert text(inbound("pod", pods=(Matcher("deployment", ()),))) == ""
    assert text(inbound("pod", pods=(Matcher("cronjob", ("nightly",)),))) == ""


def test_only_one_cluster_of_many() -> None:
    setup = Setup(only=(Matcher("cluster", ("west",)),))
    for name in ("response_total{", "process_start_time_seconds{"):
        assert all('cluster="west"' in each.partition("}")[0] for each in text(inbound("pod"), setup).split(name)[1:])


@pytest.mark.parametrize("families", [PROFILE, PROFILE_ATTEMPTS, *(each.requests for each in OUTBOUND)])
def test_families_of_all_sorts_need_no_more_than_their_own_words(families: Families) -> None:
    asked = text(inbound("rt_route", families=families, needs=Need.REQUESTS | Need.LATENCY))
    assert f"sum by (rt_route, {', '.join(families.verdict.labels)}) ({families.responses}{{" in asked
    assert (f"sum by (rt_route, le) ({families.latency}{{" in asked) is bool(families.latency)
    assert ('direction="inbound"' in asked) is families.directed


def test_families_that_only_count_need_no_labels_for_the_outcome() -> None:
    assert "sum by (route) (retries_total{" in text(inbound("route", families=Families("retries_total", COUNTED)))


def test_however_many_queries_there_are_requests_stay_few() -> None:
    sorts = [families for each in OUTBOUND for families in (each.requests, each.attempts, each.retries)]
    queries = [inbound(group, families=each, needs=Need.GOLDEN) for each in sorts for group in ("pod", "namespace")]
    asked = data_queries([translated(query) for query in queries], Look(VIZ, 60.0))
    assert len(asked) == MOST_REQUESTS
    tags = {f'"{index}:{part}"' for index in range(len(queries)) for part in ("requests", "rate", "open", "read")}
    assert all(sum(tag in each for each in asked) == 1 for tag in tags)


def test_a_request_is_for_one_family_as_long_as_it_is_short() -> None:
    asked = data_queries([translated(inbound("pod", needs=Need.GOLDEN))], Look(VIZ, 60.0))
    assert len(asked) == 3
    assert [sum(name in each for each in asked) for name in ("response_total", "response_latency", "tcp_open")] == [
        1,
        1,
        1,
    ]


def test_long_requests_are_evened_out() -> None:
    asked = data_queries([translated(inbound(f"label{number}")) for number in range(20)], Look(VIZ, 60.0))
    assert len(asked) == MOST_REQUESTS
    assert max(map(len, asked)) < min(map(len, asked)) * 1.2


@pytest.mark.parametrize(
    ("matcher", "written"),
    [
        (Matcher("a", ("x",)), 'a="x"'),
        (Matcher("a", ("",), negate=True), 'a!=""'),
        (Matcher("a", ("x.y", "z")), r'a=~"x\\.y|z"'),
        (Matcher("a", ("", "x"), negate=True), 'a!~"|x"'),
        (Matcher("a", ('"\\\n',)), r'a="\"\\\n"'),
    ],
)
def test_conditions(matcher: Matcher, written: str) -> None:
    assert condition(matcher) == written


def test_words() -> None:
    assert selector("up", ()) == "up"
    assert quoted('a"b') == r'"a\"b"'
    assert [duration(seconds) for seconds in (20, 1.5, 90, 108_000)] == ["20s", "1s500ms", "1m30s", "30h"]
