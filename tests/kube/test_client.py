"""The API client: pages, retries, renewed credentials, and errors that know what was tried."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
import trustme
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube.answers import LONGEST_PAUSE, RETRIES
from linkerdctl.kube.client import PAGE, KubeClient, collection_path
from linkerdctl.kube.connection import SPARE
from linkerdctl.kube.presented import Certificate, Presented
from linkerdctl.kube.rbac import About
from tests.kube.fakes import FakeApi, config_for, listing, server_tls, serving, status

PODS = "/api/v1/namespaces/ns/pods"
LIST_PODS = About("list", "pods", namespace="ns")


async def names(api: FakeApi, **more: Any) -> list[str]:
    async with serving(api) as server, KubeClient(config_for(server)) as client:
        return [each["metadata"]["name"] async for each in client.objects("v1", "pods", namespace="ns", **more)]


def queries(api: FakeApi) -> list[dict[str, str]]:
    return [dict(each.query_params) for each in api.requests]


async def test_lists_come_in_pages_and_objects_know_their_kind() -> None:
    api = FakeApi({PODS: [listing("Pod", "a", "b", token="t1"), listing("Pod", "c", token="t&2"), listing("Pod", "d")]})
    async with serving(api) as server, KubeClient(config_for(server)) as client:
        found = [each async for each in client.objects("v1", "pods", namespace="ns", selector="app in (x,y)")]
    assert [each["metadata"]["name"] for each in found] == ["a", "b", "c", "d"]
    assert {(each["kind"], each["apiVersion"]) for each in found} == {("Pod", "v1")}
    size = {"limit": str(PAGE), "labelSelector": "app in (x,y)"}
    assert queries(api) == [size, {**size, "continue": "t1"}, {**size, "continue": "t&2"}]


async def test_an_empty_list_is_one() -> None:
    assert await names(FakeApi({PODS: {"kind": "PodList", "metadata": {}, "items": None}})) == []


async def test_when_the_server_forgot_the_list_the_rest_comes_at_once_and_nothing_twice() -> None:
    gone = status(410, "The provided continue parameter is too old", "Expired")
    api = FakeApi({PODS: [listing("Pod", "a", "b", token="t"), gone, listing("Pod", "b", "c")]})
    assert await names(api, selector="x") == ["a", "b", "c"]
    assert queries(api)[2] == {"labelSelector": "x"}


async def test_a_list_that_is_gone_for_good_is_an_error() -> None:
    gone = status(410, "gone", "Expired")
    api = FakeApi({PODS: [listing("Pod", "a", token="t"), gone]})
    with pytest.raises(ApiError) as caught:
        await names(api)
    assert caught.value.status == 410
    assert len(api.requests) == 3


async def test_a_list_that_neither_goes_on_nor_ends_is_an_error() -> None:
    api = FakeApi({PODS: [listing("Pod", "a", token="t"), listing("Pod", "b", token="t")]})
    with pytest.raises(ApiError, match="its list does not go on, nor does it end"):
        await names(api)
    assert len(api.requests) == 2


async def test_a_later_page_that_is_refused_for_another_reason_is_an_error() -> None:
    api = FakeApi({PODS: [listing("Pod", "a", token="t"), status(403, "no", "Forbidden"), listing("Pod", "a")]})
    with pytest.raises(ApiError, match="you may not list pods in namespace ns"):
        await names(api)
    assert len(api.requests) == 2


def test_paths_follow_the_group() -> None:
    assert collection_path("v1", "pods") == "/api/v1/pods"
    assert collection_path("apps/v1", "deployments", "a/b") == "/apis/apps/v1/namespaces/a%2Fb/deployments"


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
async def test_a_busy_server_is_asked_again_ever_more_patiently(pauses: list[float], code: int) -> None:
    api = FakeApi({PODS: [status(code), status(code), listing("Pod", "a")]})
    assert await names(api) == ["a"]
    assert pauses == [0.25, 0.5]


async def test_the_server_says_how_long_to_wait(pauses: list[float]) -> None:
    busy = status(429, "slow down", "TooManyRequests", **{"Retry-After": "3"})
    assert await names(FakeApi({PODS: [busy, listing("Pod", "a")]})) == ["a"]
    assert pauses == [3.0]


async def test_patience_ends(pauses: list[float]) -> None:
    api = FakeApi({PODS: status(503, "etcd is away", "ServiceUnavailable")})
    with pytest.raises(ApiError, match="cannot list pods in namespace ns: the API server answered 503: etcd is away"):
        await names(api)
    assert len(api.requests) == RETRIES + 1
    assert sum(pauses) <= RETRIES * LONGEST_PAUSE


async def test_who_wants_too_long_a_pause_is_not_waited_for(pauses: list[float]) -> None:
    api = FakeApi({PODS: status(429, **{"Retry-After": "3600"})})
    with pytest.raises(ApiError) as caught:
        await names(api)
    assert (caught.value.status, len(api.requests), pauses) == (429, 1, [])
    assert "try again later" in str(caught.value.next_step)


async def test_who_is_not_patient_asks_once(pauses: list[float]) -> None:
    api = FakeApi({PODS: status(503)})
    async with serving(api) as server, KubeClient(config_for(server)) as client:
        with pytest.raises(ApiError):
            await client.get(PODS, LIST_PODS, patient=False)
    assert (len(api.requests), pauses) == (1, [])


@pytest.mark.parametrize("code", [400, 401, 403, 404, 409, 422])
async def test_a_refusal_is_not_asked_again_and_knows_what_was_tried(pauses: list[float], code: int) -> None:
    api = FakeApi({PODS: status(code, "because", "SomeReason")})
    with pytest.raises(ApiError) as caught:
        await names(api)
    error = caught.value
    assert (error.verb, error.resource, error.namespace, error.name) == ("list", "pods", "ns", None)
    assert (error.status, len(api.requests)) == (code, 1)
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("ok"), "answers with something else where JSON belongs"),
        (JSONResponse([1]), "answers with something else"),
        (PlainTextResponse(" <!doctype html>"), "answers with HTML"),
        (
            Response(status_code=302, headers={"location": "https://bob:planted@sso.example/x"}),
            "redirects to sso.example",
        ),
        (Response(status_code=204), "answers with something else"),
    ],
)
async def test_what_is_no_kubernetes_is_told(answer: Response, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        await names(FakeApi({PODS: answer}))
    assert words in caught.value.message
    assert "planted" not in caught.value.message


async def test_a_stream_is_read_by_its_caller() -> None:
    def echo(request: Request) -> Response:
        return PlainTextResponse(f"{request.method} {request.headers['x-mine']} {request.url.query}")

    api = FakeApi({"/tap": echo})
    about = About("watch", "deployments/tap", "tap.linkerd.io", "ns", "web")
    async with serving(api) as server, KubeClient(config_for(server, {"token": "t"})) as client:
        options: Any = {"params": {"a": "b c"}, "headers": {"X-Mine": "ü"}, "content": b"body"}
        async with client.stream("POST", "/tap", about, **options) as response:
            text = b"".join([piece async for piece in response.pieces()]).decode()
    assert text.startswith("POST ")
    assert text.endswith(("a=b+c", "a=b%20c"))
    assert api.headers("authorization") == ["Bearer t"]


async def test_a_stream_checks_its_answer() -> None:
    about = About("watch", "deployments/tap", "tap.linkerd.io", "ns", "web")
    api = FakeApi({"/tap": status(403, "no", "Forbidden")})
    async with serving(api) as server, KubeClient(config_for(server)) as client:
        with pytest.raises(ApiError, match="you may not watch deployments/tap 'web' in namespace ns: no"):
            async with client.stream("POST", "/tap", about):
                pytest.fail("it was refused")


class Useless:
    """Credentials that cannot be renewed, for an odd reason."""

    at_hand = True

    def present(self) -> Presented:
        return Presented("Bearer t")

    def renew(self, refused: str | None) -> bool:
        raise ConfigError("nobody is there to ask")


async def test_a_refused_request_leaves_its_connection_to_others_even_if_credentials_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("linkerdctl.kube.client.credentials_for", lambda config: Useless())
    api = FakeApi({"/refused": status(401), "/version": {}})
    async with serving(api) as server, KubeClient(config_for(server), concurrency=1) as client:
        for _ in range(1 + SPARE):
            with pytest.raises(ConfigError):
                await client.get("/refused", About("get", "/refused"))
        async with asyncio.timeout(30):
            assert await client.get("/version", About("get", "/version")) == {}


@pytest.mark.parametrize(("compression", "accepted"), [(True, "gzip"), (False, None)])
async def test_documents_come_packed_unless_the_kubeconfig_is_against_it(
    compression: bool, accepted: str | None
) -> None:
    api = FakeApi({"/version": {}})
    async with serving(api) as server, KubeClient(config_for(server, compression=compression)) as client:
        await client.get("/version", About("get", "/version"))
    assert api.headers("accept-encoding") == [accepted]


class Rotating:
    """Credentials whose certificate is replaced by another."""

    at_hand = True

    def __init__(self, *certificates: Certificate) -> None:
        self.certificates = list(certificates)

    def present(self) -> Presented:
        return Presented(certificate=self.certificates[0])

    def renew(self, refused: str | None) -> bool:
        return False


def certificate_of(authority: trustme.CA) -> Certificate:
    leaf = authority.issue_cert("me@example.org")
    return Certificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())


async def test_a_new_certificate_is_put_to_use(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = Rotating(certificate_of(trustme.CA()), certificate_of(authority))
    monkeypatch.setattr("linkerdctl.kube.client.credentials_for", lambda config: credentials)
    api = FakeApi({"/version": {}})
    about = About("get", "/version")
    ca, tls = authority.cert_pem.bytes(), server_tls(authority, clients=authority)
    async with serving(api, tls) as server, KubeClient(config_for(server, ca=ca)) as client:
        with pytest.raises(ApiError):
            await client.get("/version", about)
        credentials.certificates.pop(0)
        assert await client.get("/version", about) == {}


async def test_verbose_tells_requests_and_no_headers(caplog: pytest.LogCaptureFixture) -> None:
    api = FakeApi({"/version": {}})
    with caplog.at_level(logging.DEBUG, "linkerdctl"):
        async with serving(api) as server, KubeClient(config_for(server, {"token": "planted"})) as client:
            await client.get("/version", About("get", "/version"))
    told = [each.getMessage() for each in caplog.records if each.name == "linkerdctl"]
    assert [line.partition(",")[0] for line in told] == ["GET /version: 200"]
