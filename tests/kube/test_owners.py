"""The walk from a pod to its topmost owner, whatever kinds are on the way and whatever may not be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.kube.owners import Key, OwnerRef, injected_owner, owner_of, walk
from tests.kube.manifests import made, owned_by, pod


def ref(kind: str, name: str) -> OwnerRef:
    return OwnerRef(kind, "ns", name)


def parents(**owners: str) -> dict[Key, OwnerRef | None]:
    """`job_a="cronjob/b"`: who owns whom; an empty string is the top."""
    known: dict[Key, OwnerRef | None] = {}
    for key, owner in owners.items():
        kind, name = key.split("_")
        known[kind, "ns", name] = ref(*owner.split("/")) if owner else None
    return known


def steps(owner: OwnerRef | None, known: dict[Key, OwnerRef | None], otherwise: OwnerRef | None = None) -> str:
    return " ".join(f"{each.kind}/{each.name}" for each in walk(owner, known, otherwise))


def test_the_controlling_owner_counts_or_the_only_one() -> None:
    other = owned_by("Thing", "t", "x/v1", controller=False)
    found = owner_of(pod("p", other, owned_by("ReplicaSet", "r")))
    assert found == OwnerRef("replicaset", "ns", "r", "apps/v1")
    assert owner_of(pod("p", other)) == OwnerRef("thing", "ns", "t", "x/v1")
    assert owner_of(pod("p")) is None


def test_of_several_owners_none_counts_if_none_or_more_than_one_is_in_control() -> None:
    one, two = owned_by("ReplicaSet", "a"), owned_by("ReplicaSet", "b")
    assert owner_of(pod("p", one, two)) is None
    assert owner_of(pod("p", {**one, "controller": False}, {**two, "controller": None})) is None


def test_a_kind_of_another_group_is_not_taken_for_ours() -> None:
    knative = owner_of(made("Route", "r", owned_by("Service", "s", "serving.knative.dev/v1")))
    assert knative is not None
    assert knative.kind == "service.serving.knative.dev"
    ours = owner_of(pod("p", owned_by("Service", "s", "v1")))
    assert ours is not None
    assert ours.kind == "service"
    old = owner_of(pod("p", owned_by("ReplicaSet", "s", "extensions/v1beta1")))
    assert old is not None
    assert old.kind == "replicaset"


@pytest.mark.parametrize(
    ("start", "known", "way"),
    [
        ("replicaset/r", parents(replicaset_r="deployment/d", deployment_d=""), "replicaset/r deployment/d"),
        ("replicaset/r", parents(replicaset_r="rollout/w", rollout_w=""), "replicaset/r rollout/w"),
        ("job/j", parents(job_j="cronjob/c", cronjob_c=""), "job/j cronjob/c"),
        ("job/j", parents(job_j=""), "job/j"),
        (
            "a/1",
            parents(a_1="b/2", b_2="c/3", c_3="d/4", d_4=""),
            "a/1 b/2 c/3 d/4",
        ),
        ("replicaset/gone", parents(), "replicaset/gone"),
        ("a/1", parents(a_1="b/2", b_2="a/1"), "a/1 b/2"),
        ("a/1", parents(a_1="a/1"), "a/1"),
    ],
)
def test_the_walk_ends_at_the_top_where_it_is_not_known_further_or_where_it_closes(
    start: str, known: dict[Key, OwnerRef | None], way: str
) -> None:
    assert steps(ref(*start.split("/")), known) == way


def test_a_pod_without_owner_has_no_way_even_if_labels_tell_one() -> None:
    assert steps(None, {}, ref("deployment", "d")) == ""


def test_where_an_owner_may_not_be_read_the_injectors_label_goes_on() -> None:
    injected = injected_owner(pod("p", labels={"linkerd.io/proxy-deployment": "d"}))
    assert injected == OwnerRef("deployment", "ns", "d", "apps/v1")
    assert steps(ref("replicaset", "r"), {}, injected) == "replicaset/r deployment/d"
    assert steps(ref("replicaset", "r"), parents(deployment_d="app/x"), injected) == "replicaset/r deployment/d app/x"
    assert steps(ref("deployment", "d"), {}, injected) == "deployment/d"
    assert steps(ref("replicaset", "r"), parents(replicaset_r=""), injected) == "replicaset/r"
    assert injected_owner(pod("p")) is None


KEYS = st.tuples(st.sampled_from("abc"), st.just("ns"), st.sampled_from("xyz"))
REFS = st.builds(lambda key: OwnerRef(*key), KEYS)


@given(REFS, st.dictionaries(KEYS, st.none() | REFS), st.none() | REFS)
def test_no_walk_goes_in_circles(
    start: OwnerRef, known: dict[Key, OwnerRef | None], otherwise: OwnerRef | None
) -> None:
    way = [each.key for each in walk(start, known, otherwise)]
    assert way[0] == start.key
    assert len(way) == len(set(way))
