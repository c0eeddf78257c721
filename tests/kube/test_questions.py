"""What one may do, and what is served: asked of an API server that answers this or that."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse

from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.questions import allowed, api_state, server_version
from linkerdctl.kube.rbac import About
from linkerdctl.kube.served import ApiState, Served
from tests.kube.fakes import Answer, FakeApi, config_for, serving, status

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
TAP = "v1alpha1.tap.linkerd.io"
SERVICE = f"/apis/apiregistration.k8s.io/v1/apiservices/{TAP}"
DISCOVERY = "/apis/tap.linkerd.io/v1alpha1"


def conditions(value: str, **more: str) -> dict[str, object]:
    return {"status": {"conditions": [{"type": "Available", "status": value, **more}]}}


async def test_a_server_tells_its_version() -> None:
    async with (
        serving(FakeApi({"/version": {"gitVersion": "v1.32.4"}})) as url,
        KubeClient(config_for(url)) as client,
    ):
        assert await server_version(client) == "v1.32.4"


async def test_a_permission_is_asked_for_by_its_parts() -> None:
    asked: list[bytes] = []

    async def api(scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        asked.append((await receive())["body"])
        await JSONResponse({"status": {"allowed": True}}, 201)(scope, receive, send)

    async with serving(api) as url, KubeClient(config_for(url)) as client:
        assert await allowed(client, About("watch", "deployments/tap", "tap.linkerd.io", "emojivoto", "web")) is True
    for word in (b'"resource": "deployments"', b'"subresource": "tap"', b'"namespace": "emojivoto"', b'"name": "web"'):
        assert word in asked[0]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"status": {"allowed": True}}, True),
        ({"status": {"allowed": False}}, False),
        ({"status": {}}, None),
        ({}, None),
        (status(403), None),
        (status(404), None),
    ],
)
async def test_a_server_that_does_not_say_leaves_it_open(answer: Answer, told: bool | None) -> None:
    async with serving(FakeApi({REVIEWS: answer})) as url, KubeClient(config_for(url)) as client:
        assert await allowed(client, About("list", "pods")) is told


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ({SERVICE: conditions("True")}, ApiState(Served.AVAILABLE)),
        ({SERVICE: conditions("False", message="no endpoints")}, ApiState(Served.UNAVAILABLE, "no endpoints")),
        ({SERVICE: conditions("False", reason="Gone")}, ApiState(Served.UNAVAILABLE, "Gone")),
        ({SERVICE: {}}, ApiState(Served.UNAVAILABLE)),
        ({}, ApiState(Served.ABSENT)),
        ({SERVICE: status(403), DISCOVERY: {}}, ApiState(Served.AVAILABLE)),
        ({SERVICE: status(403)}, ApiState(Served.ABSENT)),
        ({SERVICE: status(403), DISCOVERY: status(503)}, ApiState(Served.UNAVAILABLE)),
    ],
)
async def test_an_api_is_served_or_not_and_discovery_tells_who_may_not_ask(
    answers: dict[str, Answer], state: ApiState
) -> None:
    async with serving(FakeApi(dict(answers))) as url, KubeClient(config_for(url)) as client:
        assert await api_state(client, TAP) == state


async def test_what_is_refused_altogether_stays_unknown() -> None:
    answers: dict[str, Answer] = {SERVICE: status(403), DISCOVERY: status(403, "not you")}
    async with serving(FakeApi(dict(answers))) as url, KubeClient(config_for(url)) as client:
        state = await api_state(client, TAP)
    assert state.served is Served.UNKNOWN
    assert "not you" in state.detail
