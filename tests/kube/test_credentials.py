"""Proving who we are, as the API server sees it: tokens, files, passwords, the pod's own, auth-providers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube import in_cluster
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.credentials import credentials_for
from linkerdctl.kube.impersonation import Impersonation
from linkerdctl.kube.kubeconfig import load_config
from linkerdctl.kube.rbac import About
from tests.kube.fakes import FakeApi, config_for, kubeconfig, serving, status

VERSION = About("get", "/version")


def only(header: str) -> Callable[[Request], Response]:
    """Lets in whoever sends that Authorization."""
    return lambda request: JSONResponse({}) if request.headers.get("authorization") == header else status(401)


async def asked_with(user: dict[str, Any], **fields: Any) -> FakeApi:
    api = FakeApi({"/version": {}})
    async with serving(api) as server, KubeClient(config_for(server, user, **fields)) as client:
        await client.get("/version", VERSION)
    return api


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({}, None),
        ({"token": "t0k"}, "Bearer t0k"),
        ({"username": "jürgen", "password": "p:w"}, f"Basic {base64.b64encode('jürgen:p:w'.encode()).decode()}"),
        ({"username": "u"}, f"Basic {base64.b64encode(b'u:').decode()}"),
        ({"token": "t0k", "username": "u", "exec": {"command": "/no/such"}}, "Bearer t0k"),
        ({"username": "u", "exec": {"command": "/no/such"}}, f"Basic {base64.b64encode(b'u:').decode()}"),
        ({"tokenFile": "/no/such", "token": "instead"}, "Bearer instead"),
    ],
)
async def test_what_the_server_is_shown(user: dict[str, Any], header: str | None) -> None:
    assert (await asked_with(user)).headers("authorization") == [header]


async def test_impersonation_goes_with_every_request_whatever_the_alphabet() -> None:
    api = await asked_with({"token": "t"}, impersonation=Impersonation("jürgen-李", ("a", "b"), "7"))
    headers = api.requests[0].headers
    assert headers["impersonate-user"].encode("latin-1").decode() == "jürgen-李"
    assert headers.getlist("impersonate-group") == ["a", "b"]
    assert headers["impersonate-uid"] == "7"


async def test_a_token_file_is_read_anew_each_time_and_wins_over_the_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("first\n")
    api = FakeApi({"/version": {}})
    user = {"tokenFile": str(path), "token": "never"}
    async with serving(api) as server, KubeClient(config_for(server, user)) as client:
        await client.get("/version", VERSION)
        path.write_text("second\n")
        await client.get("/version", VERSION)
    assert api.headers("authorization") == ["Bearer first", "Bearer second"]


async def test_a_token_that_rotates_while_it_is_refused_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")

    def refuse_and_rotate(_: Request) -> Response:
        path.write_text("new")
        return status(401)

    api = FakeApi({"/version": [refuse_and_rotate, only("Bearer new")]})
    async with serving(api) as server, KubeClient(config_for(server, {"tokenFile": str(path)})) as client:
        assert await client.get("/version", VERSION) == {}
    assert api.headers("authorization") == ["Bearer old", "Bearer new"]


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("t")
    return tmp_path / "token"


@pytest.mark.parametrize("key", ["token", "tokenFile", "nothing"])
async def test_what_cannot_change_is_not_tried_again(key: str, token_file: Path) -> None:
    user = {key: str(token_file) if key == "tokenFile" else "t"}
    api = FakeApi({"/version": status(401, "token planted has expired")})
    async with serving(api) as server, KubeClient(config_for(server, user)) as client:
        with pytest.raises(ApiError, match="does not accept your credentials") as caught:
            await client.get("/version", VERSION)
    assert caught.value.status == 401
    assert "planted" not in str(caught.value)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"token": "plant\ned"}, "the kubeconfig's user holds no token"),
        ({"token": "plantéd"}, "the kubeconfig's user holds no token"),
        ({"client-certificate-data": "cGxhbnRlZA=="}, "has a client-certificate but no client-key"),
        (
            {"client-certificate-data": "plant%ed", "client-key": "/k"},
            "client-certificate-data in the kubeconfig is no base64",
        ),
        ({"client-certificate": "/no/cert"}, "client-certificate /no/cert cannot be read"),
    ],
)
def test_unusable_credentials_are_told_without_showing_them(user: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        credentials_for(config_for("https://x", user))
    assert words in caught.value.message
    assert "plant" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "it is empty"), (b"two words", "blanks"), (b"\xff\xfe", "other characters"), (None, "No such file")],
)
async def test_an_unusable_token_file_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"token file {path} .*{words}"):
        await asked_with({"tokenFile": str(path)})


@pytest.fixture
def in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    mounted = tmp_path / "serviceaccount"
    mounted.mkdir()
    for name, content in {"token": "pod-token", "namespace": "emojivoto\n", "ca.crt": "PEM"}.items():
        (mounted / name).write_text(content)
    monkeypatch.setattr(in_cluster, "SERVICE_ACCOUNT", mounted)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    return mounted


def test_a_pod_speaks_to_its_own_cluster(in_a_pod: Path) -> None:
    config = load_config(None, None, Impersonation("jane"))
    assert config.server == "https://[fd00::1]:6443"
    assert (config.namespace, config.ca, config.impersonation.user) == ("emojivoto", b"PEM", "jane")
    assert credentials_for(config).present().authorization == "Bearer pod-token"
    (in_a_pod / "token").write_text("rotated")
    assert credentials_for(config).present().authorization == "Bearer rotated"
    assert "pod-token" not in repr(config)


def test_a_kubeconfig_wins_over_the_pod_but_an_empty_one_does_not(
    in_a_pod: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "c"))
    (tmp_path / "c").write_text("kind: Config\n")
    assert load_config().context == "in-cluster"
    kubeconfig(tmp_path / "c", "https://other")
    assert load_config().server == "https://other"
    with pytest.raises(ConfigError, match="no context 'prod'"):
        load_config(context="prod")


def test_a_pod_knows_no_contexts(in_a_pod: Path) -> None:
    with pytest.raises(ConfigError, match="there is no context 'prod' to ask"):
        load_config(context="prod")


def test_a_pod_without_a_token_is_none(in_a_pod: Path) -> None:
    (in_a_pod / "token").unlink()
    with pytest.raises(ConfigError, match="this is no pod"):
        load_config()
