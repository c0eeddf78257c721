"""The API server misbehaves while objects are listed: every command ends with one line that says so, and no numbers."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from linkerdctl.kube import bodies, client
from tests.fire.cluster import Cluster, Exchange, listed, refusal
from tests.fire.conftest import Command
from tests.fire.faults import (
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


async def zip_bomb_refusal(exchange: Exchange) -> None:
    await exchange.answer(403, gzip.compress(b"no! " * (32 * MEBIBYTE)), content_encoding="gzip")


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
}
"""What a pod may have where something else belongs."""
COMMANDS = (
    "stat deploy -n fire",
    "routes deploy -n fire",
    "edges deploy -n fire",
    "list -n fire",
    "metrics cardinality -n fire",
    "top ns/fire --no-tap --batch",
    "record -n fire -o recording",
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(client, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)
    monkeypatch.setattr(client, "PATIENCE", 0.2)
    assert bodies.MOST_OF_A_REFUSAL < MEBIBYTE


@pytest.mark.parametrize("line", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_one_line_says_what_is_wrong(fault: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    behaviour, words = FAULTS[fault]
    cluster.paths["/pods"] = behaviour
    ran = linkerdctl(line)
    assert ran.code == 1, ran
    assert ran.out == ""
    [told] = ran.lines_about("error: ")
    assert words in told
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
