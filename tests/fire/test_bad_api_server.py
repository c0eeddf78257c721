"""The API server misbehaves while objects are listed: every command ends with one line that says so, and no numbers."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path

import pytest

from linkerdctl.kube import bodies, client
from tests.fire.cluster import WORKLOADS, Cluster, Exchange, listed, refusal
from tests.fire.conftest import Command, Ran
from tests.fire.faults import (
    ESCAPES,
    MEBIBYTE,
    endless,
    endless_headers,
    login_page,
    no_http,
    redirect,
    unauthorized,
    zip_bomb,
    zip_bomb_in_a_zip_bomb,
)
from tests.fire.test_escapes_in_names import assert_harmless

Behaviour = Callable[[Exchange], Awaitable[None]]
LIST = listed("Pod", [{"metadata": {"name": f"p{number}", "namespace": "fire"}} for number in range(1000)])


async def dead(exchange: Exchange) -> None:
    exchange.reset()


async def reset_in_mid_body(exchange: Exchange) -> None:
    await exchange.head(200, content_length=str(len(LIST)))
    await exchange.send(LIST[: len(LIST) // 2])
    exchange.reset()


async def truncated_gzip(exchange: Exchange) -> None:
    await exchange.answer(200, gzip.compress(LIST)[:-8], content_encoding="gzip")


async def endless_refusal(exchange: Exchange) -> None:
    await exchange.head(500, content_length=str(2**30))
    for _ in range(1024):
        await exchange.send(b"no! " * (MEBIBYTE // 4))


async def refusal_that_drips(exchange: Exchange) -> None:
    await exchange.head(500, content_length="1000")
    for _ in range(100):
        await exchange.send(b"n")
        await asyncio.sleep(0.05)


@lru_cache
def _packed_refusal() -> bytes:
    return gzip.compress(b"no! " * (32 * MEBIBYTE), 1)


async def zip_bomb_refusal(exchange: Exchange) -> None:
    await exchange.answer(403, _packed_refusal(), content_encoding="gzip")


async def deep(exchange: Exchange) -> None:
    await exchange.answer(200, b'{"items":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


async def deep_refusal(exchange: Exchange) -> None:
    await exchange.answer(500, b"[" * 60_000)


async def busy(exchange: Exchange) -> None:
    await exchange.answer(429, refusal(429, "too many requests", "TooManyRequests"), retry_after="1")


async def refusal_with_escapes(exchange: Exchange) -> None:
    await exchange.answer(500, refusal(500, "\x1b]0;owned\x07 \x1b[2J\u202e", "InternalError"))


def answers(document: object) -> Behaviour:
    """A whole answer in JSON."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(200, json.dumps(document).encode())

    return answer


FAULTS: dict[str, tuple[Behaviour, str]] = {
    "dead": (dead, "cannot reach the API server"),
    "reset in mid-body": (reset_in_mid_body, "cannot reach the API server"),
    "truncated gzip": (truncated_gzip, "its answer ended early"),
    "endless body": (endless, "its answer is larger than 4 MiB"),
    "zip bomb": (zip_bomb, "its answer is larger than 4 MiB"),
    "zip bomb in a zip bomb": (zip_bomb_in_a_zip_bomb, "which nobody asked for"),
    "redirect": (redirect, "it redirects to 127.0.0.1"),
    "login page": (login_page, "answers with HTML where JSON belongs"),
    "401": (unauthorized, "does not accept your credentials"),
    "no HTTP": (no_http, "cannot reach the API server"),
    "endless headers": (endless_headers, "cannot reach the API server"),
    "endless refusal": (endless_refusal, "the API server answered 500"),
    "refusal that drips": (refusal_that_drips, "the API server answered 500"),
    "zip bomb in a refusal": (zip_bomb_refusal, "you may not list pods"),
    "deep JSON": (deep, "where JSON belongs"),
    "deep JSON in a refusal": (deep_refusal, "the API server answered 500"),
    "busy": (busy, "the API server answered 429"),
    "escapes in a refusal": (refusal_with_escapes, "the API server answered 500"),
    "a number for items": (answers({"items": 5}), "no list"),
    "a text among items": (answers({"items": ["pod"]}), "no list"),
    "an object without a name": (answers({"items": [{"metadata": {}}]}), "no list"),
    "an object without metadata": (answers({"items": [{}]}), "no list"),
    "labels that are a list": (answers({"items": [{"metadata": {"name": "a", "labels": ["b"]}}]}), "no list"),
    "a number for a label": (answers({"items": [{"metadata": {"name": "a", "labels": {"b": 5}}}]}), "no list"),
    "metadata that is a list": (answers({"metadata": ["a"], "items": []}), "no list"),
}
ODD = {
    "a number for the spec": {"spec": 5},
    "a text for containers": {"spec": {"containers": "many"}},
    "numbers for containers": {"spec": {"containers": [5]}},
    "numbers for ports": {"spec": {"containers": [{"name": "linkerd-proxy", "ports": [5]}]}},
    "a word for a port": {
        "spec": {"containers": [{"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": "x"}]}]}
    },
    "a text for the status": {"status": "fine"},
    "numbers for conditions": {"status": {"phase": "Running", "conditions": [5]}},
    "an owner without a name": {"metadata": {"ownerReferences": [{}]}},
    "a text for owners": {"metadata": {"ownerReferences": "me"}},
    "a text for annotations": {"metadata": {"annotations": "linkerd.io/tap-enabled"}},
}
"""What a pod may have where something else belongs."""
COMMANDS = (
    "stat deploy -n fire",
    "routes deploy -n fire",
    "edges deploy -n fire",
    "authz deploy -n fire",
    "list -n fire",
    "metrics cardinality -n fire",
    "identity -n fire",
    "top ns/fire --no-tap --batch",
    "record -n fire -o recording",
)
"""One of each way that commands have to objects; all faults are tried with these."""
OTHERS = (
    "stat authority -n fire",
    "stat server -n fire",
    "stat-inbound deploy -n fire",
    "stat-outbound deploy -n fire",
    "graph -n fire",
    "metrics deploy -n fire",
    "certs -n fire",
)
OF_EACH_SORT = ("dead", "truncated gzip", "deep JSON")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(client, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    assert bodies.MOST_OF_A_REFUSAL < MEBIBYTE


def assert_one_line(ran: Ran, words: str) -> None:
    """Nothing but one error, which says so."""
    assert ran.code == 1, ran
    assert ran.out == ""
    [told] = ran.lines_about("error: ")
    assert words in told


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_line_says_what_is_wrong(fault: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    behaviour, words = FAULTS[fault]
    cluster.paths["/pods"] = behaviour
    ran = linkerdctl(line)
    assert_one_line(ran, words)
    assert "bug in linkerdctl" not in ran.err
    assert "Traceback" not in ran.err
    assert all(part.isprintable() for part in ran.err.splitlines())
    assert not Path("recording").exists()


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("odd", ODD)
def test_an_object_that_is_none_is_no_bug_of_ours(odd: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    fields = ODD[odd]
    labels = {"linkerd.io/control-plane-ns": "linkerd"}
    metadata = {"name": "odd", "namespace": "fire", "labels": labels, **fields.get("metadata", {})}
    cluster.objects.append({"kind": "Pod", "apiVersion": "v1", **fields, "metadata": metadata})
    ran = linkerdctl(line)
    assert "bug in linkerdctl" not in ran.err
    if ran.code:
        [told] = ran.lines_about("error: ")
        assert "pod fire/odd" in told


@pytest.mark.parametrize("line", OTHERS)
@pytest.mark.parametrize("fault", OF_EACH_SORT)
def test_so_it_does_where_commands_go_the_same_ways(
    fault: str, line: str, cluster: Cluster, linkerdctl: Command
) -> None:
    behaviour, words = FAULTS[fault]
    cluster.paths["/pods"] = behaviour
    assert_one_line(linkerdctl(line), words)


def checks(ran: Ran) -> list[dict[str, str]]:
    return [check for category in json.loads(ran.out)["categories"] for check in category["checks"]]


@pytest.mark.parametrize("fault", FAULTS)
def test_check_fails_with_it(fault: str, cluster: Cluster, linkerdctl: Command) -> None:
    behaviour, words = FAULTS[fault]
    cluster.paths["/pods"] = behaviour
    ran = linkerdctl("check -n fire -o json")
    assert ran.code == 4, ran
    [told] = [check["error"] for check in checks(ran) if check["id"] == "pods-meshed"]
    assert words in told


BESIDES = {
    "stat deploy -n fire": ("/deployments", "/replicasets"),
    "stat server -n fire": ("/servers",),
    "stat svc -n fire": ("/services",),
    "routes deploy -n fire": ("/serviceprofiles", "/services", "/httproutes"),
    "authz deploy -n fire": ("/servers", "/authorizationpolicies", "/httproutes"),
    "identity -n fire": ("/linkerd-identity-issuer", "/linkerd-identity-trust-roots"),
    "check -n fire": (
        "/version",
        "/selfsubjectaccessreviews",
        "/v1alpha1.tap.linkerd.io",
        "/namespaces",
        "/linkerd-identity-issuer",
        "/linkerd-identity-trust-roots",
    ),
    "tap deploy/web -n fire --doctor": ("/v1alpha1.tap.linkerd.io", "/selfsubjectaccessreviews", "/pods"),
    "rbac stat": ("/selfsubjectaccessreviews",),
    "profile lint -n fire": ("/serviceprofiles",),
}
"""What else is read of the API server, by the end of its path."""


@pytest.mark.parametrize(("line", "path"), [(line, path) for line, paths in BESIDES.items() for path in paths])
@pytest.mark.parametrize("fault", OF_EACH_SORT)
def test_whatever_is_read_besides_is_told_in_a_line(
    fault: str, line: str, path: str, cluster: Cluster, linkerdctl: Command
) -> None:
    cluster.paths[path] = FAULTS[fault][0]
    assert_told(linkerdctl(line))


def assert_told(ran: Ran) -> None:
    assert "bug in linkerdctl" not in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.lines_about("error: ")) == (ran.code == 1), ran
    assert_harmless(ran.out + ran.err)


NAMED = {"name": "web.fire.svc.cluster.local", "namespace": "fire"}
SPECS: dict[str, tuple[object, ...]] = {
    "/serviceprofiles": (
        5,
        {"routes": 5},
        {"routes": [5]},
        {"routes": [{"name": 5, "condition": 5}]},
        {"routes": [{"name": "a", "condition": {"pathRegex": 5, "all": 5}, "responseClasses": 5}]},
        {"routes": [{"name": "a", "condition": {"any": [5]}, "isRetryable": "x", "timeout": []}], "retryBudget": 5},
    ),
    "/httproutes": (5, {"parentRefs": 5}, {"parentRefs": [5]}, {"parentRefs": [{}], "rules": 5}, {"rules": [5]}),
    "/servers": (
        5,
        {"podSelector": 5},
        {"podSelector": {"matchLabels": 5}},
        {"podSelector": {"matchExpressions": [5]}},
    ),
    "/authorizationpolicies": (
        5,
        {"targetRef": 5},
        {"targetRef": {"kind": [], "name": {}}},
        {"targetRef": {"kind": "Server", "name": "http"}, "requiredAuthenticationRefs": [5]},
    ),
    "/serverauthorizations": (5, {"server": 5}, {"server": {"name": []}}, {"server": {"selector": {"matchLabels": 5}}}),
    "/services": (5, {"selector": 5}, {"selector": {"app": 5}}, {"ports": 5}, {"ports": [5]}, {"type": 5}),
    "/deployments": (5, {"selector": 5}),
}
READS = {
    "/serviceprofiles": ("routes deploy -n fire", "routes svc -n fire", "profile lint -n fire"),
    "/httproutes": ("routes deploy -n fire", "authz deploy -n fire", "stat httproute -n fire"),
    "/servers": ("authz deploy -n fire", "authz server -n fire", "stat server -n fire"),
    "/authorizationpolicies": ("authz deploy -n fire", "authz ap -n fire", "stat ap -n fire"),
    "/serverauthorizations": ("authz deploy -n fire", "authz saz -n fire", "stat saz -n fire"),
    "/services": ("stat svc -n fire", "routes svc -n fire", "profile -n fire web --template"),
    "/deployments": ("stat deploy -n fire", "edges deploy -n fire", "record -n fire --for 1s --every 1s -o recording"),
}
"""Commands that look into such objects."""


@pytest.mark.parametrize(("path", "line"), [(path, line) for path, lines in READS.items() for line in lines])
def test_objects_with_odd_specs_are_no_bugs_of_ours(
    path: str, line: str, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    for number, spec in enumerate(SPECS[path]):
        cluster.paths[path] = answers({"kind": "List", "items": [{"metadata": NAMED, "spec": spec, "status": spec}]})
        assert_told(linkerdctl(line.replace("recording", f"recording-{number}")))


DOCUMENTS: dict[str, tuple[object, ...]] = {
    "/version": ([], {"gitVersion": 5}, {"gitVersion": ESCAPES}),
    "/selfsubjectaccessreviews": ([], {"status": 5}, {"status": {"allowed": "x"}}),
    "/v1alpha1.tap.linkerd.io": (
        [],
        {"status": "fine"},
        {"status": {"conditions": 5}},
        {"status": {"conditions": [5]}},
        {"status": {"conditions": [{"type": "Available", "status": "False", "message": ESCAPES}]}},
    ),
    "/namespaces": tuple(
        {"items": [{"metadata": {"name": "fire", **metadata}}]}
        for metadata in ({"annotations": 5}, {"annotations": ["x"]}, {"annotations": {"linkerd.io/inject": 5}})
    ),
    "/linkerd-identity-issuer": (
        [],
        {"data": 5},
        {"data": {"crt.pem": 5}},
        {"data": {"crt.pem": "!"}},
        {"data": {"crt.pem": "AAAA", "tls.crt": ESCAPES}},
    ),
    "/linkerd-identity-trust-roots": (
        {"data": []},
        {"data": {"ca-bundle.crt": 5}},
        {"data": {"ca-bundle.crt": ESCAPES}},
    ),
}


@pytest.mark.parametrize("line", ["check -n fire", "identity -n fire", "tap deploy/web -n fire --doctor"])
@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_with_odd_contents_are_none_either(
    path: str, line: str, cluster: Cluster, linkerdctl: Command
) -> None:
    for document in DOCUMENTS[path]:
        cluster.paths[path] = answers(document)
        ran = linkerdctl(line)
        assert_told(ran)
        if line.startswith("identity"):
            assert all(f"{name}-1" in ran.out for name in WORKLOADS), ran


@pytest.mark.parametrize("path", ["/linkerd-identity-issuer", "/linkerd-identity-trust-roots"])
def test_a_gate_lets_nothing_through_that_could_not_be_read(path: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths[path] = dead
    ran = linkerdctl("identity -n fire --min-left 1%")
    assert ran.code == 1
    assert all(f"{name}-1" in ran.out for name in WORKLOADS)
    [told] = ran.lines_about("error: ")
    assert "cannot reach the API server" in told
