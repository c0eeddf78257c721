"""Secrets are planted in every place that has room for one; no command lets one out, in whatever it writes, says or logs."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.tap.events import Header, RequestInit, ResponseEnd, ResponseInit
from tests.fire.cluster import NAMESPACE, Behaviour, Cluster, Exchange, listed, refusal
from tests.fire.conftest import Command
from tests.fire.test_tap_under_fire import sent, stream
from tests.kube.fakes import kubeconfig
from tests.kube.manifests import pod
from tests.tap.tap_builders import event

SECRET = "pl4nted-s3cret"
PACKED = base64.b64encode(SECRET.encode()).decode()
V1 = "client.authentication.k8s.io/v1"
HEADERS = tuple(
    Header(name, f"Bearer {SECRET}")
    for name in ("authorization", "Cookie", "set-cookie", "x-api-key", "Proxy-Authorization", "x-amz-security-token")
)
EVENTS = [
    event(RequestInit("GET", "HTTP", f"bob:{SECRET}@web", f"/login?token={SECRET}", HEADERS), stream=1),
    event(ResponseInit(1, 302, (*HEADERS, Header("location", f"https://sso/?code={SECRET}"))), stream=1),
    event(ResponseEnd(2, 1, 3, None, None, HEADERS), stream=1),
]
OUTPUTS = ("table", "wide", "json", "yaml", "csv")
LINES = (
    *(f"stat deploy,po,svc,ns -n fire -o {output}" for output in OUTPUTS),
    *(f"routes deploy -n fire --why -o {output}" for output in OUTPUTS),
    *(f"edges -n fire -o {output}" for output in (*OUTPUTS, "tree", "dot", "mermaid")),
    "graph -n fire",
    *(f"{each} -n fire -o json" for each in ("stat authority", "stat server", "stat httproute", "stat deploy --watch")),
    *(f"stat-inbound deploy -n fire -o {output}" for output in ("wide", "json")),
    *(f"stat-outbound deploy -n fire -o {output}" for output in ("wide", "json")),
    *(f"authz deploy,server -n fire -o {output}" for output in ("wide", "json")),
    *(f"list -n fire -o {output}" for output in OUTPUTS),
    *(f"metrics deploy -n fire {more}" for more in ("", "--raw", "-o json")),
    *(f"metrics cardinality -n fire {more}" for more in ("", "--by label -o wide", "--by pod -o json")),
    "top ns/fire --no-tap --batch 10s -o json",
    "top deploy/web -n fire --batch 50ms --duration 200ms -o json",
    "top deploy/web -n fire --batch 50ms --duration 200ms --raw-paths",
    *(f"tap deploy/web -n fire --limit 1 --extract -o {output}" for output in ("table", "wide", "json", "jsonl")),
    *(f"tap deploy/web -n fire --limit 1 --extract --group -o {output}" for output in ("table", "wide", "json")),
    "tap deploy/web -n fire --limit 1 --extract -o template={{.}}",
    "tap deploy/web -n fire --limit 1 --extract -o jsonpath={}",
    "tap deploy/web -n fire --doctor",
    *(f"{each} -A -o {output}" for each in ("identity", "certs") for output in ("wide", "json", "csv")),
    *(f"check -o {output}" for output in ("table", "short", "json")),
    "rbac stat",
    "rbac check",
    "profile -n fire web --tap deploy/web --tap-duration 300ms",
    "profile -n fire web --template",
    "profile coverage -n fire web --tap deploy/web --tap-duration 300ms",
    "profile lint -n fire",
    "stat nonsense -n fire",
    "stat deploy/nobody -n fire",
)
WRITING = (
    "record -n fire --for 1s --every 1s -o out",
    "record -n fire --for 1s --every 1s -o out.tar.gz",
    "record -n fire --for 1s --every 1s --redact -o out",
    "record -n fire --for 1s --every 1s --redact -o out.tar.gz",
    "tap deploy/web -n fire --limit 1 --extract --save out.tap",
    "tap deploy/web -n fire --limit 1 --extract --save out.tap.gz",
)


def laden() -> dict[str, Any]:
    """A pod with something to hide in every field that has room for it."""
    owner = f'{{"spec":"{SECRET}"}}'
    proxy = {
        "name": "linkerd-proxy",
        "image": "proxy:1",
        "args": ["--password", SECRET],
        "command": ["sh", "-c", f"login {SECRET}"],
        "env": [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "LINKERD2_PROXY_INBOUND_TOKEN", "value": SECRET}],
        "ports": [{"name": "linkerd-admin", "containerPort": 4191}],
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": SECRET}]}},
    }
    waiting = {"name": "app", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": f"bad {SECRET}"}}}
    manifest = pod("laden-1", namespace=NAMESPACE, labels={"app": "web"}, spec={"containers": [proxy]})
    manifest["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": owner, "vault": SECRET}
    manifest["metadata"]["managedFields"] = [{"fieldsV1": SECRET}]
    manifest["status"] |= {"message": SECRET, "containerStatuses": [waiting]}
    return manifest


async def taps(exchange: Exchange) -> None:
    await stream(exchange, sent(*EVENTS), ends=True)


def lists(kind: str) -> Behaviour:
    """Objects whose data is secret."""
    items = [{"metadata": {"name": "s", "namespace": NAMESPACE}, "data": {"password": PACKED, "config": SECRET}}]

    async def answer(exchange: Exchange) -> None:
        single = exchange.path.rpartition("/")[2] not in ("secrets", "configmaps")
        body = json.dumps({"kind": kind, "apiVersion": "v1", **items[0]}).encode() if single else listed(kind, items)
        await exchange.answer(200, body, set_cookie=SECRET, x_token=SECRET)

    return answer


@pytest.fixture(autouse=True)
def planted(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The credentials come from a plugin that is given secrets and gives one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.root, "handlers", [])
    cluster.token = SECRET
    cluster.objects.append(laden())
    cluster.paths |= {"/tap": taps, "/secrets": lists("Secret"), "/configmaps": lists("ConfigMap")}
    for name in ("linkerd-config", "linkerd-identity-issuer", "linkerd-identity-trust-roots"):
        cluster.paths[f"/{name}"] = lists("Secret" if "issuer" in name else "ConfigMap")
    issued = json.dumps({"apiVersion": V1, "status": {"token": SECRET}})
    plugin = tmp_path / "plugin"
    plugin.write_text(f"#!/bin/sh\necho 'using {SECRET}' >&2\necho '{issued}'\n")
    plugin.chmod(0o755)
    env = [{"name": "PASSWORD", "value": SECRET}]
    user = {"exec": {"apiVersion": V1, "command": str(plugin), "args": [f"--token={SECRET}"], "env": env}}
    kubeconfig(Path(os.environ["KUBECONFIG"]), cluster.url, user)
    monkeypatch.setenv("LINKERDCTL_PROMETHEUS_TOKEN", SECRET)


def written(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that a command left, unpacked."""
    for path in folder.rglob("*"):
        if path.name in ("plugin", "kubeconfig", "token") or not path.is_file():
            continue
        if path.name.endswith(".tar.gz"):
            shutil.unpack_archive(path, folder / "unpacked")
            yield from written(folder / "unpacked")
        elif path.suffix == ".gz":
            yield path.name, gzip.decompress(path.read_bytes())
        else:
            yield path.name, path.read_bytes()


def assert_kept(text: str) -> None:
    assert SECRET not in text
    assert PACKED not in text
    assert "bug in linkerdctl" not in text


@pytest.mark.parametrize("line", LINES)
def test_no_command_shows_one(line: str, linkerdctl: Command) -> None:
    ran = linkerdctl(f"{line} -v --timeout 2s")
    assert ran.out + ran.err
    assert_kept(ran.out + ran.err)


@pytest.mark.parametrize("line", WRITING)
def test_no_command_writes_one(line: str, linkerdctl: Command, tmp_path: Path) -> None:
    ran = linkerdctl(f"{line} -v --timeout 2s")
    assert ran.code == 0, ran.err
    assert_kept(ran.out + ran.err)
    files = dict(written(tmp_path))
    assert files
    for name, content in files.items():
        assert SECRET.encode() not in content, name
        assert PACKED.encode() not in content, name


def quoting(exchange: Exchange) -> str:
    """What a careless server says."""
    return f"{exchange.headers.get('authorization')} {PACKED} {SECRET} is not good enough"


async def quotes_with_401(exchange: Exchange) -> None:
    await exchange.answer(401, refusal(401, quoting(exchange), "Unauthorized"))


async def redirects(exchange: Exchange) -> None:
    await exchange.answer(302, location=f"https://bob:{SECRET}@sso.example.com/?token={SECRET}")


async def is_a_login_page(exchange: Exchange) -> None:
    await exchange.answer(200, f"<html><input value='{SECRET}'></html>".encode())


async def breaks_off(exchange: Exchange) -> None:
    exchange.reset()


FAILING = (
    "stat deploy -n fire",
    "routes deploy -n fire",
    "edges -n fire",
    "top ns/fire --no-tap --batch",
    "tap deploy/web -n fire",
    "record -n fire -o out",
    "check",
    "identity -A",
    "authz deploy -n fire",
    "list -n fire",
    "metrics deploy -n fire",
    "profile -n fire web --tap deploy/web --tap-duration 300ms",
)
FAILURES: dict[str, Behaviour] = {
    "401 that quotes the token": quotes_with_401,
    "redirect with a token": redirects,
    "login page": is_a_login_page,
    "no answer": breaks_off,
}


@pytest.mark.parametrize("line", FAILING)
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("place", ["/pods", "/metrics", "/tap"])
def test_nor_does_one_that_fails(
    place: str, failure: str, line: str, cluster: Cluster, linkerdctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linkerdctl.tap.transports.viz.pauses", lambda: iter(()))
    cluster.paths[place] = FAILURES[failure]
    more = "--for 1s --every 1s" if line.startswith("record") else "--limit 1" if line.startswith("tap") else ""
    ran = linkerdctl(f"{line} {more} -v --timeout 2s")
    assert_kept(ran.out + ran.err)


def test_what_is_planted_is_sent_and_could_be_seen(linkerdctl: Command, cluster: Cluster) -> None:
    """Else all of the above would pass for the wrong reason."""
    shown = linkerdctl("tap deploy/web -n fire --limit 1 --extract --show-secrets")
    assert SECRET in shown.out
    assert linkerdctl("stat deploy -n fire").code == 0
    cluster.token = "another"
    assert linkerdctl("stat deploy -n fire").code == 1
