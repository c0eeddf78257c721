"""Secrets are planted wherever a kubeconfig has room for one; whatever fails, none may come out, with -v or without."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from starlette.responses import Response

from linkerdctl.cli.run import run
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.kubeconfig import load_config
from linkerdctl.kube.rbac import About
from tests.kube.fakes import Answer, FakeApi, FakeProxy, encoded, kubeconfig, listing, proxying, serving, status

SECRET = "pl4nted-s3cret"
V1 = "client.authentication.k8s.io/v1"


def plugin(path: Path, script: str) -> dict[str, Any]:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    env = [{"name": "LOGIN_SECRET", "value": SECRET}]
    return {"exec": {"apiVersion": V1, "command": str(path), "args": ["--token", SECRET], "env": env}}


def users(folder: Path) -> dict[str, dict[str, Any]]:
    """One of every sort, some of them broken."""
    (folder / "token").write_text(SECRET)
    (folder / "broken-token").write_text(f"{SECRET}\n{SECRET}")
    issued = json.dumps({"apiVersion": V1, "status": {"token": SECRET}})
    return {
        "token": {"token": SECRET},
        "broken token": {"token": f"{SECRET}\n"},
        "token file": {"tokenFile": str(folder / "token")},
        "broken token file": {"tokenFile": str(folder / "broken-token")},
        "basic": {"username": "bob", "password": SECRET},
        "certificate": {
            "client-certificate-data": encoded(SECRET.encode()),
            "client-key-data": encoded(SECRET.encode()),
        },
        "no base64": {"client-certificate-data": f"{SECRET}!", "client-key-data": SECRET},
        "plugin": plugin(folder / "good", f"echo '{issued}'"),
        "failing plugin": plugin(folder / "bad", 'echo "$LOGIN_SECRET"; echo "bad $LOGIN_SECRET $2" >&2; exit 1'),
        "babbling plugin": plugin(folder / "ugly", 'echo "$LOGIN_SECRET"'),
        "auth-provider": {"auth-provider": {"name": "oidc", "config": {"id-token": SECRET, "client-secret": SECRET}}},
    }


NAMES = (
    "token",
    "broken token",
    "token file",
    "broken token file",
    "basic",
    "certificate",
    "no base64",
    "plugin",
    "failing plugin",
    "babbling plugin",
    "auth-provider",
)
ANSWERS: dict[str, Answer] = {
    "lists": listing("Pod", "web"),
    "quotes the token": status(401, f"token {SECRET} has expired", "Unauthorized"),
    "refuses": status(403, "no", "Forbidden"),
    "fails": status(500, "oops", "InternalError"),
    "is no Kubernetes": Response(f"<html>{SECRET}"),
    "redirects": Response(status_code=302, headers={"location": f"https://bob:{SECRET}@sso/?token={SECRET}"}),
}


@pytest.fixture(autouse=True)
def verbose_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("linkerdctl"), "level", logging.DEBUG)


def show(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, *line: str) -> str:
    """All that a run lets out."""
    run(["-v", *line])
    captured = capsys.readouterr()
    ours = [each.getMessage() for each in caplog.records if each.name.startswith("linkerdctl")]
    return "\n".join([captured.out, captured.err, *ours])


def line(path: Path) -> tuple[str, ...]:
    return ("--kubeconfig", str(path), "stat", "po", "-n", "ns", "--since-start")


@pytest.mark.parametrize("sort", NAMES)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_user_entry_comes_out_whatever_the_server_answers(
    sort: str,
    answer: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    pauses: list[float],
) -> None:
    api = FakeApi({"/api/v1/namespaces/ns/pods": ANSWERS[answer]})
    async with serving(api) as server:
        path = kubeconfig(tmp_path / "c", server, users(tmp_path)[sort])
        said = await asyncio.to_thread(show, capsys, caplog, *line(path))
    assert said.strip()
    assert SECRET not in said
    assert encoded(SECRET.encode()) not in said
    assert encoded(f"bob:{SECRET}".encode()) not in said
    assert "bug in linkerdctl" not in said


def test_every_sort_of_user_is_tried(tmp_path: Path) -> None:
    assert set(users(tmp_path)) == set(NAMES)


async def test_the_working_ones_do_send_their_secret(tmp_path: Path) -> None:
    """Otherwise nothing would be shown above."""
    api = FakeApi({"/version": {}})
    async with serving(api) as server:
        for sort in ("token", "token file", "plugin"):
            config = load_config(str(kubeconfig(tmp_path / "c", server, users(tmp_path)[sort])))
            async with KubeClient(config) as client:
                await client.get("/version", About("get", "/version"))
    assert api.headers("authorization") == [f"Bearer {SECRET}"] * 3


@pytest.mark.parametrize("refuse", [False, True])
async def test_a_proxys_password_does_not_come_out(
    refuse: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    authority: trustme.CA,
) -> None:
    async with proxying(FakeProxy(refuse=refuse)) as place:
        proxy = {"proxy-url": f"http://bob:{SECRET}@{place}"}
        path = kubeconfig(tmp_path / "c", f"https://bob:{SECRET}@127.0.0.1:1", **proxy)
        for via in ("api", "port-forward"):
            said = await asyncio.to_thread(show, capsys, caplog, "--via", via, *line(path))
            assert f"through the proxy http://{place}" in said
            assert SECRET not in said


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text.replace('"users"', '"users", '),
        lambda text: text.replace('"token": ', '"token" *'),
        lambda text: text.replace('"user": {', '"user": [{'),
        lambda text: text.replace('"name": "u", ', ""),
    ],
)
def test_a_broken_file_is_not_quoted(
    break_it: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = kubeconfig(tmp_path / "c", "https://x", {"token": SECRET})
    path.write_text(break_it(path.read_text()))
    said = show(capsys, caplog, *line(path))
    assert "error: kubeconfig" in said
    assert SECRET not in said
