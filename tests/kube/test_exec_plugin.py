"""Exec plugins: what they are told, what is made of their answers, and what is said when they fail."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse

from linkerdctl.errors import ConfigError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.credentials import Credentials, credentials_for
from linkerdctl.kube.rbac import About
from tests.kube.fakes import FakeApi, config_for, serving, status

V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"
VERSION = About("get", "/version")


class Plugin:
    """A plugin that prints what it is told to, and keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = folder / "plugin"
        self.script("cat answer")

    def script(self, text: str) -> None:
        self.command.write_text(
            f"#!/bin/sh\ncd {self.folder}\necho run >> runs\n"
            f'printf %s "$KUBERNETES_EXEC_INFO" > info\nprintf "%s\\n" "$@" > args\nprintf %s "$PROFILE" > profile\n{text}\n'
        )
        self.command.chmod(0o755)

    def answers(self, version: str = V1, expires: object = None, **status: Any) -> None:
        given = {"expirationTimestamp": expires} if expires is not None else {}
        document = {"apiVersion": version, "kind": "ExecCredential", "status": {**status, **given}}
        (self.folder / "answer").write_text(json.dumps(document))

    def entry(self, version: str = V1, **more: Any) -> dict[str, Any]:
        return {"exec": {"apiVersion": version, "command": str(self.command), **more}}

    def credentials(self, version: str = V1, *, cluster: dict[str, Any] | None = None, **more: Any) -> Credentials:
        config = config_for("https://api:6443", self.entry(version, **more), ca=b"PEM", cluster=cluster or {})
        return credentials_for(config)

    @property
    def runs(self) -> int:
        return len((self.folder / "runs").read_text().splitlines())

    @property
    def told(self) -> dict[str, Any]:
        info: dict[str, Any] = json.loads((self.folder / "info").read_text())
        return info


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def in_seconds(seconds: float) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_both_versions_are_spoken(plugin: Plugin, version: str) -> None:
    plugin.answers(version, token="t")
    assert plugin.credentials(version).present().authorization == "Bearer t"
    assert plugin.told == {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}


def test_it_gets_its_arguments_and_environment(plugin: Plugin) -> None:
    plugin.answers(token="t")
    plugin.credentials(args=["get-token", 5], env=[{"name": "PROFILE", "value": "prod"}]).present()
    assert (plugin.folder / "args").read_text() == "get-token\n5\n"
    assert (plugin.folder / "profile").read_text() == "prod"


def test_a_variable_without_a_value_is_empty(plugin: Plugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROFILE", "dev")
    plugin.answers(token="t")
    plugin.credentials(env=[{"name": "PROFILE"}]).present()
    assert (plugin.folder / "profile").read_text() == ""


@pytest.mark.parametrize(
    ("extension", "config"),
    [
        ("planted", None),
        ({"name": "client.authentication.k8s.io/exec", "extension": datetime.date(2026, 1, 2)}, "2026-01-02"),
    ],
)
def test_odd_extensions_of_a_cluster_do_no_harm(plugin: Plugin, extension: object, config: str | None) -> None:
    plugin.answers(token="t")
    plugin.credentials(cluster={"extensions": [extension]}, provideClusterInfo=True).present()
    assert plugin.told["spec"]["cluster"].get("config") == config


def test_the_cluster_is_told_only_where_that_is_asked_for(plugin: Plugin) -> None:
    plugin.answers(token="t")
    cluster = {"extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]}
    plugin.credentials(cluster=cluster, provideClusterInfo=True).present()
    assert plugin.told["spec"]["cluster"] == {
        "server": "https://api:6443",
        "certificate-authority-data": "UEVN",
        "config": {"audience": "a"},
    }
    plugin.credentials(cluster=cluster).present()
    assert "cluster" not in plugin.told["spec"]


@pytest.mark.parametrize(
    ("expires", "runs"),
    [(None, 1), (in_seconds(3600), 1), ("2199-01-01T00:00:00.123456789Z", 1), ("2020-01-01T00:00:00Z", 3)],
    ids=["never", "in an hour", "far off", "long ago"],
)
def test_what_it_gives_is_kept_until_it_expires(plugin: Plugin, expires: str | None, runs: int) -> None:
    plugin.answers(token="t", expires=expires)
    credentials = plugin.credentials()
    assert {credentials.present().authorization for _ in range(3)} == {"Bearer t"}
    assert plugin.runs == runs


def test_what_expires_in_a_moment_is_expired(plugin: Plugin) -> None:
    plugin.answers(token="old", expires=in_seconds(5))
    credentials = plugin.credentials()
    assert credentials.present().authorization == "Bearer old"
    plugin.answers(token="new", expires=in_seconds(3600))
    assert credentials.present().authorization == "Bearer new"


def test_only_what_was_refused_is_forgotten(plugin: Plugin) -> None:
    plugin.answers(token="old")
    credentials = plugin.credentials()
    credentials.present()
    plugin.answers(token="new")
    for _ in range(3):
        assert credentials.renew("Bearer old")
        assert credentials.present().authorization == "Bearer new"
    assert plugin.runs == 2


async def test_however_soon_it_expires_it_is_asked_once_for_a_request(plugin: Plugin) -> None:
    plugin.answers(token="t", expires="2020-01-01T00:00:00Z")
    api = FakeApi({"/version": {}})
    async with serving(api) as server, KubeClient(config_for(server, plugin.entry())) as client:
        await client.get("/version", VERSION)
    assert plugin.runs == 1
    assert api.headers("authorization") == ["Bearer t"]


async def test_a_refused_token_is_renewed_once_for_all_requests_in_flight(plugin: Plugin) -> None:
    plugin.answers(token="old")
    api = FakeApi()
    api.answers["/version"] = lambda request: (
        JSONResponse({}) if request.headers["authorization"] == "Bearer new" else status(401)
    )
    async with serving(api) as server, KubeClient(config_for(server, plugin.entry())) as client:
        await asyncio.to_thread(client._credentials.present)
        plugin.answers(token="new")
        await asyncio.gather(*(client.get("/version", VERSION) for _ in range(8)))
    assert plugin.runs == 2
    assert api.headers("authorization").count("Bearer old") == 8
    assert api.headers("authorization").count("Bearer new") == 8


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("planted", "printed no ExecCredential"),
        ("[]", "printed no ExecCredential"),
        ("", "printed no ExecCredential"),
        ('{"status": "planted"}', "printed no ExecCredential"),
        ('{"status": {"clientCertificateData": "planted"}}', "printed no ExecCredential"),
        (f'{{"apiVersion": "{V1}", "status": {{}}}}', "without token or certificate"),
        (f'{{"apiVersion": "{V1BETA1}", "status": {{"token": "planted"}}}}', "answers in another version"),
        (f'{{"apiVersion": "{V1}", "status": {{"token": "plan ted"}}}}', "holds no token"),
        (
            f'{{"apiVersion": "{V1}", "status": {{"token": "planted", "expirationTimestamp": "planted"}}}}',
            "gives an expirationTimestamp that is no time",
        ),
    ],
)
def test_an_answer_that_is_none_is_told_and_not_quoted(plugin: Plugin, answer: str, words: str) -> None:
    (plugin.folder / "answer").write_text(answer)
    with pytest.raises(ConfigError) as caught:
        plugin.credentials().present()
    assert caught.value.message.startswith(f"exec plugin '{plugin.command}' ")
    assert words in caught.value.message
    assert "plan" not in caught.value.message.replace(str(plugin.command), "")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"},
            "speaks 'client.authentication.k8s.io/v1alpha1'",
        ),
        ({"command": "x"}, "speaks ''"),
        ({"apiVersion": V1}, "has no command"),
        ("planted", "has no command"),
        ({"command": "x", "apiVersion": V1, "interactiveMode": "Sometimes"}, "interactiveMode 'Sometimes'"),
        ({"command": "x", "apiVersion": V1, "env": [{"value": "planted"}]}, "args or env"),
        ({"command": "x", "apiVersion": V1, "env": ["planted"]}, "args or env"),
        ({"command": "x", "apiVersion": V1, "env": {"planted": "x"}}, "args or env"),
        ({"command": "x", "apiVersion": V1, "args": "planted"}, "args or env"),
        ({"command": "x", "apiVersion": V1, "args": 5}, "args or env"),
    ],
)
def test_an_entry_that_is_none_is_told(entry: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        credentials_for(config_for("https://x", {"exec": entry}))
    assert words in caught.value.message
    assert "planted" not in caught.value.message


def test_a_plugin_that_is_not_there_brings_its_hint() -> None:
    entry = {"command": "no-such-plugin", "apiVersion": V1, "installHint": "brew install it\n"}
    with pytest.raises(ConfigError, match="exec plugin 'no-such-plugin' is not there") as caught:
        credentials_for(config_for("https://x", {"exec": entry})).present()
    assert caught.value.next_step == "brew install it"


def test_a_plugin_that_may_not_be_run_is_told(plugin: Plugin) -> None:
    plugin.command.chmod(0o644)
    with pytest.raises(ConfigError, match="cannot be run: permission denied"):
        plugin.credentials().present()


def test_a_plugin_that_fails_is_quoted_without_its_secrets(plugin: Plugin) -> None:
    plugin.script('echo planted-out\necho first >&2\nprintf "\\033[1mno: $PROFILE $3 ${4#*=} $1\\n\\n" >&2\nexit 3')
    with pytest.raises(ConfigError) as caught:
        plugin.credentials(
            args=["login", "--client-secret", "planted-next", "--password=planted-same"],
            env=[{"name": "PROFILE", "value": "planted-env"}],
            installHint="get it there",
        ).present()
    message = caught.value.message
    assert message == f"exec plugin '{plugin.command}' exited with 3: [1mno: *** *** *** login"
    assert caught.value.next_step == "get it there"


def test_a_plugin_that_dies_silently_is_told(plugin: Plugin) -> None:
    plugin.script("exit 1")
    with pytest.raises(ConfigError) as caught:
        plugin.credentials().present()
    assert caught.value.message.endswith("exited with 1")
    assert "log in again" in str(caught.value.next_step)


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def sit_down() -> None:
        _, secondary = pty.openpty()
        monkeypatch.setattr(sys, "stdin", os.fdopen(secondary))

    return sit_down


@pytest.mark.parametrize(
    ("mode", "interactive"), [({}, True), ({"interactiveMode": "Always"}, True), ({"interactiveMode": "Never"}, False)]
)
def test_at_a_terminal_a_plugin_may_ask_its_user_unless_it_says_never(
    plugin: Plugin,
    at_a_terminal: Callable[[], None],
    capfd: pytest.CaptureFixture[str],
    mode: dict[str, str],
    interactive: bool,
) -> None:
    at_a_terminal()
    plugin.script("echo 'open this page' >&2; cat answer")
    plugin.answers(token="t")
    assert plugin.credentials(**mode).present().authorization == "Bearer t"
    assert plugin.told["spec"]["interactive"] is interactive
    assert ("open this page" in capfd.readouterr().err) is interactive


def test_a_plugin_that_must_ask_says_so_where_it_cannot(plugin: Plugin) -> None:
    with pytest.raises(ConfigError, match="needs a terminal"):
        plugin.credentials(interactiveMode="Always").present()
