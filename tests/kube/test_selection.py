"""What a user may point at, in every spelling, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import ALL, KINDS, Kind, find_kind
from linkerdctl.kube.selection import Selection, parse_selections, parse_target, unknown_kind
from linkerdctl.kube.selectors import parse_selector

ALIASES = {
    "cronjob": "cj cronjob cronjobs",
    "daemonset": "ds daemonset daemonsets",
    "deployment": "deploy deployment deployments",
    "job": "job jobs",
    "namespace": "ns namespace namespaces",
    "pod": "po pod pods",
    "replicationcontroller": "rc replicationcontroller replicationcontrollers",
    "replicaset": "rs replicaset replicasets",
    "service": "svc service services",
    "statefulset": "sts statefulset statefulsets",
    "authority": "au authority authorities",
    "server": "srv server servers",
    "serverauthorization": "saz serverauthz srvauthz serverauthorization serverauthorizations",
    "authorizationpolicy": "ap authzpolicy authorizationpolicy authorizationpolicies",
    "httproute": "httproute httproutes",
    "grpcroute": "grpcroute grpcroutes",
    "meshtlsauthentication": "meshtlsauthn meshtlsauthentication meshtlsauthentications",
    "networkauthentication": "netauthn networkauthn networkauthentication networkauthentications",
}
WORDS = [(name, word) for name, words in ALIASES.items() for word in words.split()]


def asked(*args: str, namespace: str | None = "ns") -> list[str]:
    return [str(each) for each in parse_selections(args, namespace=namespace)]


def refusal(args: Sequence[str], namespace: str | None = "ns") -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_selections(args, namespace=namespace)
    assert "\n" not in caught.value.message
    assert caught.value.next_step
    return caught.value


def test_the_table_of_aliases_is_about_every_kind() -> None:
    assert set(ALIASES) == {kind.name for kind in KINDS}


@pytest.mark.parametrize(("name", "word"), WORDS)
def test_every_alias_is_understood_in_every_form(name: str, word: str) -> None:
    for spelling in (word, word.upper(), word.capitalize()):
        found = find_kind(spelling)
        assert found is not None
        assert found.name == name
        assert asked(spelling) == [name]
        assert asked(f"{spelling}/x") == [f"{name}/x"]
        assert asked(spelling, "x", "y") == [f"{name}/x", f"{name}/y"]
    assert str(parse_target(f"{word}/x", namespace="ns")) == f"{name}/x"


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ("deploy/", "deployment"),
        ("deploy/web sts/db", "deployment/web statefulset/db"),
        ("deploy,sts", "deployment statefulset"),
        ("deploy,sts web", "deployment/web statefulset/web"),
        ("deploy/web,sts/db", "deployment/web statefulset/db"),
        ("deploy/web sts", "deployment/web statefulset"),
        ("sts/db deploy po/x,svc", "statefulset/db deployment pod/x service"),
        ("deploy web sts/db", "deployment/web statefulset/db"),
        ("deploy web sts/db,ds/x", "deployment/web statefulset/db daemonset/x"),
        ("deploy sts", "deployment/sts"),
        ("deploy deploy", "deployment/deploy"),
        ("deploy all", "deployment/all"),
        ("deployments.apps", "deployment"),
        ("deployments.v1.apps/web", "deployment/web"),
        ("deployments.extensions", "deployment"),
        ("services.", "service"),
        ("jobs.batch", "job"),
        ("po/a.b-1", "pod/a.b-1"),
        ("au/web-svc.ns.svc.cluster.local:80", "authority/web-svc.ns.svc.cluster.local:80"),
        ("au/[::1]:8080", "authority/[::1]:8080"),
        ("rollouts", "rollout"),
        ("ro/web", "rollout/web"),
        ("rollout.v1alpha1.argoproj.io/web", "rollout/web"),
    ],
)
def test_forms_may_be_mixed(args: str, found: str) -> None:
    assert asked(*args.split()) == found.split()


@pytest.mark.parametrize("word", ["all", "ALL", "All"])
def test_all_stands_for_the_usual_kinds(word: str) -> None:
    found = parse_selections([word], namespace=None)
    assert [each.kind for each in found] == list(ALL)
    assert {each.kind.name for each in found}.isdisjoint({"namespace", "authority"})


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("", "what to look at is missing"),
        ("deploy/a/b", "'deploy/a/b' has too many slashes"),
        ("/web", "'/web' does not say of which kind it is"),
        ("deploy,/web", "'/web' does not say of which kind it is"),
        ("deploy,", "an empty word is no kind of resource"),
        ("deploy, web", "an empty word is no kind of resource"),
        ("de_ploy", "'de_ploy' is no kind of resource"),
        ("dеploy", "is no kind of resource"),
        ("deploy/Web", "'Web' is no valid name"),
        ("deploy web,emoji", "'web,emoji' is no valid name"),
        ("deploy/-a", "'-a' is no valid name"),
        ("deploy/wéb", "'wéb' is no valid name"),
        ("deploy/" + "a" * 254, "is no valid name"),
        ("au/a/b", "has too many slashes"),
        ("au/a:b", "'a:b' is no valid authority"),
        ("all deploy", "'all' cannot be combined"),
        ("deploy,all", "'all' cannot be combined"),
        ("all/web", "'all' takes no name"),
    ],
)
def test_what_can_mean_nothing_is_wrong_usage(args: str, words: str) -> None:
    assert words in refusal(args.split()).message


@pytest.mark.parametrize("args", ["deploy sts/db", "deploy sts/db ds/x", "deploy,po deploy/web"])
def test_a_kind_before_type_and_name_is_not_dropped_but_named(args: str) -> None:
    first, *rest = args.split()
    error = refusal(args.split())
    assert error.message == f"{first!r} stands before {rest[0]!r}, which names its own kind"
    assert " ".join([*rest, first]) in str(error.next_step)


@pytest.mark.parametrize(
    "args",
    [
        "deploy/web deploy/web",
        "deploy/web deployment/web",
        "deploy/web deployments.apps/web",
        "deploy web web",
        "deploy,deployments",
        "svc/a services.v1./a",
        "deploy/web Deploy/web",
        "rollout/web rollouts/web",
        "ro,rollout",
    ],
)
def test_a_resource_given_twice_is_noticed_whatever_the_words(args: str) -> None:
    assert "is given twice" in refusal(args.split()).message


@pytest.mark.parametrize("args", ["deploy/web deploy", "deploy/web sts/web", "svc,services.serving.knative.dev"])
def test_what_only_looks_alike_is_not_twice(args: str) -> None:
    assert len(asked(*args.split())) == 2


def test_all_namespaces_and_a_name_exclude_each_other_but_for_namespaces() -> None:
    assert "across all namespaces" in refusal(["deploy/web"], None).message
    assert "across all namespaces" in refusal(["deploy", "web"], None).message
    assert asked("ns/a", "au/b", "deploy", namespace=None) == ["namespace/a", "authority/b", "deployment"]


def test_namespaces_are_in_no_namespace_and_all_else_is_where_it_was_asked_for() -> None:
    found = parse_selections(["ns/a", "po"], namespace="here", labels=parse_selector("app"))
    assert [each.namespace for each in found] == [None, "here"]
    assert {str(each.labels) for each in found} == {"app"}


@pytest.mark.parametrize("namespace", ["", "Up", "a.b", "a/b", "../x", "-a"])
def test_a_namespace_that_cannot_be_is_wrong_usage(namespace: str) -> None:
    assert "is no valid namespace" in refusal(["deploy"], namespace).message


def test_another_groups_kind_is_not_ours() -> None:
    [found] = parse_selections(["services.serving.knative.dev"], namespace="ns")
    assert found.kind.name == "service.serving.knative.dev"
    assert found.kind.group == "serving.knative.dev"
    assert found.kind not in KINDS


@pytest.mark.parametrize(("text", "words"), [("all", "is no filter"), ("a/b/c", "too many"), ("deploy,sts", "no kind")])
def test_a_target_is_one_resource(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_target(text, namespace="ns")


def test_an_unknown_kind_is_told_with_the_nearest_and_all_others() -> None:
    error = unknown_kind("deploymnet")
    assert error.message == "unknown kind 'deploymnet'"
    assert str(error.next_step).startswith("did you mean deployment? kinds are ")
    assert all(kind.name in str(error.next_step) for kind in KINDS)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
ASKED = st.lists(st.tuples(st.sampled_from(KINDS), st.none() | NAMES), min_size=1, max_size=6, unique=True)


@given(ASKED, st.data())
def test_what_is_written_is_read_whatever_the_alias(wanted: list[tuple[Kind, str | None]], data: st.DataObject) -> None:
    args = []
    for kind, name in wanted:
        word = data.draw(st.sampled_from(ALIASES[kind.name].split()))
        args.append(f"{word}/{name}" if name else f"{word}/")
    found = parse_selections(args, namespace="ns")
    assert [(each.kind, each.name) for each in found] == wanted
    assert parse_selections([",".join(args)], namespace="ns") == found
    assert parse_selections([str(each) + ("" if each.name else "/") for each in found], namespace="ns") == found


@given(st.lists(st.text(max_size=8), max_size=4))
def test_whatever_is_given_is_read_or_refused_with_a_next_step(args: list[str]) -> None:
    try:
        assert all(isinstance(each, Selection) for each in parse_selections(args, namespace="ns"))
    except UsageError as error:
        assert error.next_step
