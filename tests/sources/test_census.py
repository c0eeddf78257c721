"""What of a cluster goes into a recording, and who may not see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from linkerdctl.errors import ApiError
from linkerdctl.kube.rbac import About
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.sources import census
from linkerdctl.sources.census import Census

Listed = list[dict[str, Any]] | int
"""Objects, or the status that a list is refused with."""


def manifest(kind: str, name: str, namespace: str | None = "emojivoto", **metadata: Any) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **where, **metadata}}


def meshed_pod(name: str, **metadata: Any) -> dict[str, Any]:
    labels = {"linkerd.io/control-plane-ns": "linkerd", **metadata.pop("labels", {})}
    proxy = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}], "args": ["secret"]}
    pod = manifest("Pod", name, labels=labels, **metadata)
    return {**pod, "spec": {"containers": [proxy]}, "status": {"phase": "Running", "podIP": "10.0.0.1"}}


class FakeApi:
    """Lists by `group/version plural`; what is not there is not served."""

    def __init__(self, **lists: Listed) -> None:
        self.lists: dict[str, Listed] = {"v1 pods": [meshed_pod("web-1")], "v1 namespaces": [], **lists}
        self.asked: list[tuple[str, str | None]] = []

    async def get(self, path: str, about: About) -> dict[str, Any]:
        raise AssertionError(path)

    async def objects(
        self, group_version: str, plural: str, *, namespace: str | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        self.asked.append((f"{group_version} {plural}", namespace))
        found = self.lists.get(f"{group_version} {plural}", 404)
        if isinstance(found, int):
            raise ApiError("refused", verb="list", resource=plural, namespace=namespace, status=found)
        for each in found:
            yield each


async def read(api: FakeApi, namespace: str | None = "emojivoto", selector: str = "") -> Census:
    found = Census(api, namespace, parse_selector(selector))
    await found.read()
    return found


def named(found: Census) -> set[str]:
    return {f"{each['kind']}/{each['metadata']['name']}" for each in found.manifests()}


async def test_what_a_cluster_does_not_serve_is_left_out_quietly() -> None:
    found = await read(FakeApi(**{"v1 services": [manifest("Service", "web-svc")]}))
    assert named(found) == {"Pod/web-1", "Service/web-svc"}
    assert found.refused == []
    assert [each.pod.name for each in found.targets()] == ["web-1"]


async def test_nothing_secret_gets_in() -> None:
    assert "secret" not in str((await read(FakeApi())).manifests())


async def test_older_versions_will_do_where_newer_ones_are_not_served() -> None:
    api = FakeApi(**{"policy.linkerd.io/v1beta1 servers": [manifest("Server", "web-http")]})
    assert "Server/web-http" in named(await read(api))
    both = FakeApi(**{"policy.linkerd.io/v1beta3 servers": [], "policy.linkerd.io/v1beta1 servers": 500})
    assert "Server/web-http" not in named(await read(both))


async def test_what_may_not_be_listed_is_named_and_left_out() -> None:
    found = await read(FakeApi(**{"v1 services": 403, "apps/v1 deployments": 403}))
    assert set(found.refused) == {"services", "deployments"}


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_without_pods_there_is_no_recording(status: int) -> None:
    with pytest.raises(ApiError):
        await read(FakeApi(**{"v1 pods": status}))


async def test_a_server_that_fails_is_no_reason_to_record_half() -> None:
    with pytest.raises(ApiError):
        await read(FakeApi(**{"v1 services": 500}))


async def test_one_namespace_needs_no_right_to_list_them_all() -> None:
    api = FakeApi(**{"v1 namespaces": 403})
    found = await read(api)
    assert "Namespace/emojivoto" in named(found)
    assert found.refused == []
    assert {namespace for what, namespace in api.asked if what != "v1 namespaces"} == {"emojivoto"}
    assert (await read(api, namespace=None)).refused == ["namespaces"]


async def test_of_all_namespaces_only_the_wanted_one_is_kept() -> None:
    both = [manifest("Namespace", name, None) for name in ("emojivoto", "books")]
    assert "Namespace/books" not in named(await read(FakeApi(**{"v1 namespaces": both})))
    assert "Namespace/books" in named(await read(FakeApi(**{"v1 namespaces": both}), namespace=None))


async def test_a_selector_chooses_pods_and_nothing_else() -> None:
    pods = [meshed_pod("web-1", labels={"app": "web"}), meshed_pod("emoji-1", labels={"app": "emoji"})]
    api = FakeApi(**{"v1 pods": pods, "v1 services": [manifest("Service", "emoji-svc")]})
    assert named(await read(api, selector="app=web")) == {"Pod/web-1", "Service/emoji-svc"}


@pytest.fixture
def _at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census, "PODS_AGAIN", 0.0)


@pytest.mark.usefixtures("_at_any_time")
async def test_pods_that_came_or_went_or_moved_are_noticed() -> None:
    api = FakeApi()
    found = await read(api)
    assert not await found.look_again()
    for pods in (
        [meshed_pod("web-1"), meshed_pod("web-2")],
        [meshed_pod("web-2")],
        [{**meshed_pod("web-2"), "status": {"phase": "Running", "podIP": "10.0.0.2"}}],
        [meshed_pod("web-2", deletionTimestamp="2026-01-01T00:00:00Z")],
    ):
        api.lists["v1 pods"] = pods
        assert await found.look_again()
        assert not await found.look_again()


@pytest.mark.usefixtures("_at_any_time")
async def test_a_list_that_fails_later_changes_nothing() -> None:
    api = FakeApi()
    found = await read(api)
    api.lists["v1 pods"] = 500
    assert not await found.look_again()
    assert named(found) == {"Pod/web-1"}


async def test_pods_are_not_listed_all_the_time() -> None:
    api = FakeApi()
    found = await read(api)
    before = len(api.asked)
    assert not await found.look_again()
    assert len(api.asked) == before
