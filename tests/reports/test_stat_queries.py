"""Which question each form of `stat` asks of the proxies."""

from __future__ import annotations

from typing import Any

import pytest
from cluster_for_tests import cluster, request

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import ALL
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.reports.stat import plan

INVENTORY = cluster()


def query(words: str, **more: Any) -> TrafficQuery:
    """The one query of a request about one kind."""
    [only] = plan(request(words, **more), INVENTORY)
    return only.query


def spelt(question: TrafficQuery) -> str:
    """A query as one would write it down: direction{pods}{series} by (labels)."""
    conditions = [
        ", ".join(f"{each.label}{'!' if each.negate else ''}={'|'.join(each.values)}" for each in matchers)
        for matchers in (question.pods, question.matchers)
    ]
    return f"{question.direction.value} {{{conditions[0]}}} {{{conditions[1]}}} by {','.join(question.group_by)}"


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("deploy", "inbound {namespace=emojivoto, deployment!=} {} by namespace,deployment"),
        ("deploy/web", "inbound {namespace=emojivoto, deployment=web} {} by namespace,deployment"),
        ("po", "inbound {namespace=emojivoto, pod!=} {} by namespace,pod"),
        ("sts/db", "inbound {namespace=emojivoto, statefulset=db} {} by namespace,statefulset"),
        ("job/report", "inbound {namespace=emojivoto, k8s_job=report} {} by namespace,k8s_job"),
        ("rollout", "inbound {namespace=emojivoto, rollout!=} {} by namespace,rollout"),
        ("ns", "inbound {namespace!=} {} by namespace"),
        ("ns/books", "inbound {namespace=books} {} by namespace"),
    ],
)
def test_workloads_and_namespaces_tell_what_they_received(words: str, wanted: str) -> None:
    question = query(words)
    assert spelt(question) == wanted
    assert (question.peer, question.needs) == ("src", Need.GOLDEN)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("svc", "outbound {} {dst_namespace=emojivoto, dst_service!=} by dst_namespace,dst_service"),
        ("svc/web-svc", "outbound {} {dst_namespace=emojivoto, dst_service=web-svc} by dst_namespace,dst_service"),
        ("au", "outbound {namespace=emojivoto} {authority!=} by authority"),
        ("au/web.example:80", "outbound {namespace=emojivoto} {authority=web.example:80} by authority"),
    ],
)
def test_services_and_authorities_are_seen_from_their_clients(words: str, wanted: str) -> None:
    question = query(words)
    assert spelt(question) == wanted
    assert question.peer == "dst"


def test_everywhere_means_no_condition_on_the_namespace() -> None:
    assert spelt(query("deploy", namespace=None)) == "inbound {deployment!=} {} by namespace,deployment"
    assert spelt(query("svc", namespace=None)) == "outbound {} {dst_service!=} by dst_namespace,dst_service"
    assert spelt(query("au", namespace=None)) == "outbound {} {authority!=} by authority"


CLIENT = "outbound {namespace=emojivoto, deployment=web}"


@pytest.mark.parametrize(
    ("to", "wanted"),
    [
        ("deploy/emoji", "{dst_namespace=emojivoto, dst_deployment=emoji}"),
        ("deploy", "{dst_namespace=emojivoto, dst_deployment!=}"),
        ("svc/emoji-svc", "{dst_namespace=emojivoto, dst_service=emoji-svc}"),
        ("po/emoji-5d9-x7k", "{dst_namespace=emojivoto, dst_pod=emoji-5d9-x7k}"),
        ("job/report", "{dst_namespace=emojivoto, dst_k8s_job=report}"),
        ("ns/books", "{dst_namespace=books}"),
        ("au/web.example:80", "{authority=web.example:80}"),
    ],
)
def test_to_asks_the_clients_what_they_sent_there(to: str, wanted: str) -> None:
    question = query("deploy/web", to=to)
    assert spelt(question) == f"{CLIENT} {wanted} by namespace,deployment"
    assert question.peer == "dst"


@pytest.mark.parametrize(
    ("words", "from_", "wanted"),
    [
        (
            "deploy",
            "deploy/web",
            f"{CLIENT} {{dst_namespace=emojivoto, dst_deployment!=}} by dst_namespace,dst_deployment",
        ),
        (
            "deploy/emoji",
            "po/web-5d9-x7k",
            "outbound {namespace=emojivoto, pod=web-5d9-x7k} {dst_namespace=emojivoto, dst_deployment=emoji} "
            "by dst_namespace,dst_deployment",
        ),
        ("svc", "deploy/web", f"{CLIENT} {{dst_namespace=emojivoto, dst_service!=}} by dst_namespace,dst_service"),
        ("au", "deploy/web", f"{CLIENT} {{authority!=}} by authority"),
        ("ns", "ns/emojivoto", "outbound {namespace=emojivoto} {dst_namespace!=} by dst_namespace"),
    ],
)
def test_from_asks_that_client_what_it_sent_to_each(words: str, from_: str, wanted: str) -> None:
    question = query(words, from_=from_)
    assert spelt(question) == wanted
    assert question.peer == "dst"


def test_services_and_authorities_can_be_narrowed_to_who_serves_them() -> None:
    assert spelt(query("svc", to="deploy/emoji")) == (
        "outbound {} {dst_namespace=emojivoto, dst_deployment=emoji, dst_namespace=emojivoto, dst_service!=} "
        "by dst_namespace,dst_service"
    )
    assert spelt(query("au", to="deploy/emoji")) == (
        "outbound {namespace=emojivoto} {dst_namespace=emojivoto, dst_deployment=emoji, authority!=} by authority"
    )


def test_label_selectors_become_names() -> None:
    assert spelt(query("deploy", labels="app in (web,emoji)")) == (
        "inbound {namespace=emojivoto, deployment=emoji|web} {} by namespace,deployment"
    )
    assert spelt(query("deploy", labels="app=web", from_="deploy/web")).startswith(
        f"{CLIENT} {{dst_namespace=emojivoto, dst_deployment=web}}"
    )


def test_labels_that_select_nothing_do_not_select_everything() -> None:
    question = query("deploy", labels="app=nothing")
    assert not question.concerns({"namespace": "emojivoto", "deployment": "web"})


def test_all_asks_once_for_every_kind_and_mixed_selections_for_each() -> None:
    assert [each.selection.kind for each in plan(request("all"), INVENTORY)] == list(ALL)
    mixed = plan(request("deploy/web svc/web-svc ns"), INVENTORY)
    assert [each.query.direction for each in mixed] == [Direction.INBOUND, Direction.OUTBOUND, Direction.INBOUND]


def test_probes_and_scrapes_are_left_out_unless_wanted() -> None:
    for words in ("deploy", "svc", "au"):
        assert not query(words).include_admin
        assert query(words, all_traffic=True).include_admin
    assert query("deploy", from_="deploy/web", all_traffic=True).include_admin


@pytest.mark.parametrize(
    ("words", "more", "message"),
    [
        ("deploy", {"to": "deploy/a", "from_": "deploy/b"}, "exclude each other"),
        ("deploy", {"from_": "svc/a"}, "a service sends no requests"),
        ("deploy", {"from_": "au/a"}, "an authority sends no requests"),
        ("au", {"labels": "app=web"}, "have no labels"),
    ],
)
def test_what_cannot_be_answered_is_refused(words: str, more: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        request(words, **more)
    assert refused.value.next_step
