"""How a store labels proxies, from the one query that asks: which names, which jobs, who is held twice."""

from __future__ import annotations

import pytest

from linkerdctl.errors import PrometheusError
from linkerdctl.metrics.query import Matcher
from linkerdctl.sources.prometheus.setup import Row, Setup, read_setup


def job(name: str, *labels: str) -> Row:
    """A job whose proxies have these labels."""
    return {"linkerdctl": "labels", "job": name, **{f"has_{label}": "y" for label in labels}}, 1.0


def fact(tag: str, value: float = 1.0) -> Row:
    return {"linkerdctl": tag}, value


def setup(*rows: Row) -> Setup:
    return read_setup(rows, 1000.0)


VIZ = job("linkerd-proxy", "namespace", "pod", "deployment")
POD_MONITOR = job("emojivoto/proxies", "namespace", "pod")
COLLECTOR = job("collector", "k8s_namespace_name", "k8s_pod_name", "k8s_deployment_name")


def test_a_collectors_names_are_taken_where_there_are_no_others() -> None:
    found = setup(COLLECTOR, fact("starts"), fact("interval", 9.9))
    assert found.labels == {
        "namespace": "k8s_namespace_name", "pod": "k8s_pod_name", "deployment": "k8s_deployment_name"
    }  # fmt: skip
    assert (found.starts, found.interval, found.only, found.notes) == (True, 9.9, (), ())


def test_one_job_may_label_owners_of_several_kinds() -> None:
    found = setup(VIZ, job("linkerd-proxy", "namespace", "pod", "statefulset"))
    assert {"deployment", "statefulset"} <= found.labels.keys()


def test_owners_that_only_some_jobs_know_are_left_to_the_cluster() -> None:
    assert setup(VIZ, POD_MONITOR).labels == {"namespace": "namespace", "pod": "pod"}


def test_a_job_with_other_names_is_left_out_of_every_query_and_that_is_told() -> None:
    found = setup(VIZ, COLLECTOR)
    assert found.labels == {"namespace": "namespace", "pod": "pod", "deployment": "deployment"}
    assert found.only == (Matcher("job", ("collector",), negate=True),)
    [note] = found.notes
    assert note.startswith('job "collector" calls the namespace or pod of its proxies otherwise')
    assert note.endswith("--prometheus-label job=collector")


def test_a_job_that_lacks_the_pod_does_not_spoil_the_others() -> None:
    found = setup(VIZ, job("bare", "namespace"))
    assert found.only == (Matcher("job", ("bare",), negate=True),)


def test_two_jobs_that_scrape_the_same_proxies_are_told_and_the_one_that_knows_more_is_advised() -> None:
    [note] = setup(POD_MONITOR, VIZ, fact("twice", 6.0)).notes
    assert note == (
        '6 proxies are scraped more than once, by jobs "linkerd-proxy", "emojivoto/proxies", and count as often; '
        "choose: --prometheus-label job=linkerd-proxy"
    )


def test_two_replicas_of_a_prometheus_are_told() -> None:
    [note] = setup(VIZ, fact("twice", 2.0)).notes
    assert "by replicas of one Prometheus, it seems" in note


@pytest.mark.parametrize(
    ("rows", "what", "rules"),
    [
        ([job("a")], "which namespace and pod", ["namespace", "pod"]),
        ([job("a", "namespace")], "which pod", ["pod"]),
        ([job("a", "pod", "deployment")], "which namespace", ["namespace"]),
        ([job("a", "namespace"), job("b", "pod")], "which namespace and pod", ["namespace", "pod"]),
    ],
)
def test_what_is_missing_is_told_with_the_rules_that_add_it(rows: list[Row], what: str, rules: list[str]) -> None:
    with pytest.raises(PrometheusError, match=what) as told:
        setup(*rows)
    added = [line.removeprefix("  target_label: ") for line in (told.value.next_step or "").splitlines()]
    assert [each for each in added if each in ("namespace", "pod")] == rules
