"""Taking stock: just the lists that are needed, what is done without, and kinds that only the cluster knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from linkerdctl.errors import ApiError, NotFoundError, UsageError
from linkerdctl.kube.cluster import check_namespaces, load_inventory
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import SERVER
from linkerdctl.kube.rbac import About
from linkerdctl.kube.selection import parse_selections
from tests.kube.manifests import Cluster, made, owned_by, pod, served

ARGO = "argoproj.io/v1alpha1"
ROLLOUTS = (
    made("Rollout", "web"),
    made("Rollout", "idle"),
    made("ReplicaSet", "web-1", owned_by("Rollout", "web")),
    pod("web-1-a", owned_by("ReplicaSet", "web-1")),
)


async def stock(cluster: Cluster, words: str, namespace: str | None = "ns", **options: bool) -> Inventory:
    return await load_inventory(cluster, parse_selections(words.split(), namespace=namespace), **options)


def counts(found: Inventory, words: str, namespace: str | None = "ns") -> dict[str, str]:
    [selection] = parse_selections(words.split(), namespace=namespace)
    return {each.name: f"{each.meshed}/{each.total}" for each in found.rows(found.resolve(selection))}


@pytest.mark.parametrize(
    ("words", "lists"),
    [
        ("deploy", {"pods", "deployments", "replicasets"}),
        ("rs", {"pods", "replicasets"}),
        ("sts", {"pods", "statefulsets"}),
        ("cj", {"pods", "cronjobs", "jobs"}),
        ("po", {"pods"}),
        ("svc", {"pods", "services"}),
        ("au", {"pods"}),
        ("deploy,sts,po", {"pods", "deployments", "replicasets", "statefulsets"}),
    ],
)
async def test_just_the_lists_that_are_needed_are_read_each_once(words: str, lists: set[str]) -> None:
    cluster = Cluster()
    await stock(cluster, words)
    assert sorted(cluster.listed) == sorted((plural, "ns") for plural in lists)


async def test_everywhere_is_one_list_and_not_one_for_each_namespace() -> None:
    cluster = Cluster()
    await stock(cluster, "deploy", None)
    assert set(cluster.listed) == {("pods", None), ("deployments", None), ("replicasets", None)}


async def test_a_namespace_is_looked_into_though_it_is_listed_above() -> None:
    cluster = Cluster([made("Namespace", "ns"), pod("a"), pod("b", namespace="other")])
    found = await stock(cluster, "ns/ns")
    assert set(cluster.listed) == {("pods", "ns"), ("namespaces", None)}
    assert counts(found, "ns/ns") == {"ns": "1/1"}


async def test_clients_are_looked_for_everywhere_or_where_one_may() -> None:
    cluster = Cluster([pod("a"), pod("b", namespace="other")])
    found = await stock(cluster, "svc", all_pods=True)
    assert len(found.targets()) == 2
    cluster.denied = {("pods", None): 403}
    found = await stock(cluster, "svc", all_pods=True)
    assert [each.pod.namespace for each in found.targets()] == ["ns"]
    assert found.notes == ["only clients in namespace ns are seen: you may not list pods elsewhere"]
    cluster.denied = {("pods", None): 500}
    with pytest.raises(ApiError):
        await stock(cluster, "svc", all_pods=True)


@pytest.mark.parametrize("plural", ["pods", "deployments"])
async def test_what_cannot_be_done_without_is_an_error(plural: str) -> None:
    with pytest.raises(ApiError) as caught:
        await stock(Cluster(denied={(plural, "ns"): 403}), "deploy")
    assert (caught.value.resource, caught.value.namespace) == (plural, "ns")
    assert "kind: Role" in str(caught.value.next_step)


async def test_owners_on_the_way_that_may_not_be_read_are_noted() -> None:
    labels = {"linkerd.io/proxy-deployment": "web"}
    cluster = Cluster(
        [made("Deployment", "web"), pod("p", owned_by("ReplicaSet", "r"), labels=labels)], {("replicasets", "ns"): 403}
    )
    found = await stock(cluster, "deploy")
    assert counts(found, "deploy") == {"web": "1/1"}
    assert len(found.notes) == 1
    assert found.notes[0].startswith("replicasets cannot be listed")


async def test_of_all_a_kind_that_may_not_be_read_costs_itself_alone() -> None:
    cluster = Cluster([made("Deployment", "web")], {("daemonsets", "ns"): 403, ("cronjobs", "ns"): 404})
    found = await stock(cluster, "all")
    assert counts(found, "deploy") == {"web": "0/0"}
    assert sorted(found.notes) == [
        "cronjobs cannot be listed, so none is shown",
        "daemonsets cannot be listed, so none is shown",
    ]


async def test_a_namespace_one_may_look_into_need_not_be_listed() -> None:
    cluster = Cluster([pod("a")], {("namespaces", None): 403})
    assert counts(await stock(cluster, "ns/ns"), "ns/ns") == {"ns": "1/1"}
    with pytest.raises(ApiError):
        await stock(cluster, "ns", None)


async def checked(cluster: Cluster, words: str, namespace: str | None) -> None:
    selections = parse_selections(words.split(), namespace=namespace)
    await check_namespaces(cluster, selections, await load_inventory(cluster, selections))


async def test_a_namespace_that_does_not_exist_is_told_with_what_may_have_been_meant() -> None:
    cluster = Cluster([made("Namespace", "emojivoto", namespace="")])
    with pytest.raises(NotFoundError) as caught:
        await checked(cluster, "deploy", "emojivotto")
    assert (caught.value.message, caught.value.next_step) == (
        "namespace 'emojivotto' not found",
        "did you mean emojivoto?",
    )
    await checked(cluster, "deploy", "emojivoto")


@pytest.mark.parametrize(
    ("words", "namespace", "objects"),
    [("po", "ns", [pod("a")]), ("sts", "ns", [made("StatefulSet", "db")]), ("deploy", None, []), ("ns", "ns", [])],
)
async def test_namespaces_are_not_asked_about_where_something_is_or_all_are_meant(
    words: str, namespace: str | None, objects: list[dict[str, Any]]
) -> None:
    cluster = Cluster(objects)
    await checked(cluster, words, namespace)
    assert cluster.listed.count(("namespaces", None)) == (words == "ns")


@pytest.mark.parametrize("code", [403, 404, 503])
async def test_whoever_may_not_look_at_namespaces_is_believed(code: int) -> None:
    await checked(Cluster(denied={("namespaces", None): code}), "deploy", "ns")


@pytest.mark.parametrize("word", ["rollout", "rollouts", "ro", "Rollouts.argoproj.io", "rollout.v1alpha1.argoproj.io"])
async def test_a_custom_kind_is_found_in_the_cluster(word: str) -> None:
    kinds = {
        "apps/v1": [served("deployments", "Deployment", "deploy")],
        ARGO: [served("rollouts/status", "Rollout"), served("rollouts", "Rollout", "ro", singular="rollout")],
    }
    found = await stock(Cluster([*ROLLOUTS], kinds=kinds), word)
    assert counts(found, word) == {"idle": "0/0", "web": "1/1"}


@pytest.mark.parametrize("word", ["widgets", "rollouts.example.com", "deployments.example.com"])
async def test_a_kind_that_nobody_knows_is_wrong_usage(word: str) -> None:
    with pytest.raises(UsageError, match=f"unknown kind '{word}'"):
        await stock(Cluster([*ROLLOUTS], kinds={ARGO: [served("rollouts", "Rollout")]}), word)


@pytest.mark.parametrize("code", [403, 404, 503])
async def test_an_api_that_does_not_answer_does_not_stand_in_the_way(code: int) -> None:
    kinds = {"metrics.k8s.io/v1beta1": [], ARGO: [served("rollouts", "Rollout")]}
    cluster = Cluster([*ROLLOUTS], {("metrics.k8s.io/v1beta1", None): code}, kinds)
    assert set(counts(await stock(cluster, "rollout"), "rollout")) == {"web", "idle"}


@pytest.mark.parametrize(
    "odd",
    [
        [
            None,
            "planted",
            {},
            {"name": "apps"},
            {"kind": "App"},
            {"name": 5, "kind": "App"},
            {"name": "apps", "kind": []},
        ],
        [
            {"name": "apps", "kind": "App", "shortNames": 5, "singularName": None},
            {"name": "a", "kind": "A", "shortNames": [{}]},
        ],
        {"name": "apps"},
        None,
    ],
)
async def test_what_somebody_serves_that_is_no_kind_does_not_stand_in_the_way(odd: Any) -> None:
    kinds = {"odd.example/v1": odd, ARGO: [served("rollouts", "Rollout")]}
    assert set(counts(await stock(Cluster([*ROLLOUTS], kinds=kinds), "rollout"), "rollout")) == {"web", "idle"}


@pytest.mark.parametrize("group", [None, "planted", {}, {"preferredVersion": "v1"}, {"preferredVersion": {}}])
async def test_groups_that_are_none_are_passed_over(group: Any) -> None:
    class Odd(Cluster):
        async def get(self, path: str, about: About, *, patient: bool = True) -> dict[str, Any]:
            found = await super().get(path, about, patient=patient)
            return {"groups": [group, *found["groups"]]} if path == "/apis" else found

    cluster = Odd([*ROLLOUTS], kinds={ARGO: [served("rollouts", "Rollout")]})
    assert set(counts(await stock(cluster, "rollout"), "rollout")) == {"web", "idle"}


async def test_other_failures_of_discovery_are_errors() -> None:
    kinds = {"metrics.k8s.io/v1beta1": [], ARGO: [served("rollouts", "Rollout")]}
    with pytest.raises(ApiError):
        await stock(Cluster([], {("metrics.k8s.io/v1beta1", None): 500}, kinds), "rollout")


async def test_the_walk_goes_on_through_owners_of_any_kind() -> None:
    kinds = {
        "apps.example/v1": [served("apps", "App")],
        "stacks.example/v1": [served("stacks", "Stack", namespaced=False)],
    }
    cluster = Cluster(
        [
            made("App", "shop", owned_by("Stack", "prod", "stacks.example/v1"), version="apps.example/v1"),
            made("StatefulSet", "db", owned_by("App", "shop", "apps.example/v1")),
            pod("db-0", owned_by("StatefulSet", "db")),
        ],
        kinds=kinds,
    )
    found = await stock(cluster, "app")
    assert counts(found, "app") == {"shop": "1/1"}
    [target] = found.targets()
    assert dict(target.labels, pod="", namespace="") == {
        "namespace": "",
        "pod": "",
        "statefulset": "db",
        "app": "shop",
        "stack": "prod",
    }
    assert ("stacks", None) in cluster.listed


async def test_all_owners_are_read_if_asked_for_and_what_is_refused_is_noted() -> None:
    kinds = {ARGO: [served("rollouts", "Rollout")]}
    cluster = Cluster([*ROLLOUTS], {("rollouts", "ns"): 403}, kinds)
    found = await stock(cluster, "po", all_owners=True)
    assert found.targets()[0].labels["rollout"] == "web"
    assert [note.split()[0] for note in found.notes] == ["rollouts"]


async def test_a_knative_service_asked_for_by_group_is_not_the_core_one() -> None:
    knative = "serving.knative.dev/v1"
    cluster = Cluster(
        [
            made("Service", "core", spec={"selector": {"app": "x"}}),
            made("Service", "kn", version=knative),
            made("Deployment", "kn-d", owned_by("Service", "kn", knative)),
            made("ReplicaSet", "kn-r", owned_by("Deployment", "kn-d")),
            pod("kn-p", owned_by("ReplicaSet", "kn-r")),
        ],
        kinds={knative: [served("services", "Service", "ksvc", singular="service")]},
    )
    for word in ("services.serving.knative.dev", "ksvc"):
        assert counts(await stock(cluster, word), word) == {"kn": "1/1"}
    assert counts(await stock(cluster, "svc"), "svc") == {"core": "0/0"}


@pytest.mark.parametrize(
    ("version", "asked"),
    [("policy.linkerd.io/v1beta3", 1), ("policy.linkerd.io/v1beta1", 3), ("elsewhere.io/v1", 3)],
)
async def test_policies_are_read_in_the_first_version_that_is_served(version: str, asked: int) -> None:
    cluster = Versions([version], made("Server", "web-http", version=version))
    found = await stock(cluster, "server")
    assert counts(found, "server") == ({} if version.startswith("elsewhere") else {"web-http": "0/0"})
    assert len([each for each in cluster.tried if each.startswith("policy")]) == asked


async def test_routes_of_both_groups_are_one_kind() -> None:
    versions = ["gateway.networking.k8s.io/v1", "policy.linkerd.io/v1beta3"]
    routes = [made("HTTPRoute", name, version=version) for name, version in zip("ab", versions, strict=True)]
    assert set(counts(await stock(Versions(versions, *routes), "httproute"), "httproute")) == {"a", "b"}


async def test_policies_that_may_not_be_listed_are_told_by_proxies() -> None:
    found = await stock(Cluster(denied={("servers", "ns"): 403}), "server")
    assert found.notes == ["servers cannot be listed: only those with traffic are shown"]
    assert not found.knows(SERVER)


class Versions(Cluster):
    """A cluster that serves policies in some versions only."""

    def __init__(self, versions: list[str], *objects: dict[str, Any]) -> None:
        super().__init__(list(objects))
        self._versions = versions
        self.tried: list[str] = []

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        self.tried.append(group_version)
        if "/" in group_version and group_version not in self._versions:
            raise ApiError("there is no such thing", verb="list", resource=plural, status=404)
        async for each in super().objects(group_version, plural, namespace=namespace):
            yield each
