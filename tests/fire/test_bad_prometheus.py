"""A Prometheus that misbehaves, at a URL or behind a Service: one line, and no numbers."""

from __future__ import annotations

import gzip

import pytest

from linkerdctl.kube import client
from linkerdctl.sources.prometheus import doors
from tests.fire.cluster import Behaviour, Cluster
from tests.fire.conftest import Command
from tests.fire.faults import (
    MEBIBYTE,
    broken_gzip,
    endless,
    endless_headers,
    garbage,
    login_page,
    no_http,
    nothing,
    redirect,
    zip_bomb,
    zip_bomb_in_a_zip_bomb,
)
from tests.fire.test_bad_api_server import Exchange, answers, dead, deep, reset_in_mid_body
from tests.fire.test_escapes_in_names import EVIL, assert_harmless


async def truncated_gzip(exchange: Exchange) -> None:
    body = gzip.compress(b'{"status":"success","data":{"resultType":"vector","result":[]}}')
    await exchange.answer(200, body[:-8], content_encoding="gzip")


FAULTS: dict[str, Behaviour] = {
    "dead": dead,
    "reset in mid-body": reset_in_mid_body,
    "truncated gzip": truncated_gzip,
    "broken gzip": broken_gzip,
    "endless body": endless,
    "zip bomb": zip_bomb,
    "zip bomb in a zip bomb": zip_bomb_in_a_zip_bomb,
    "redirect": redirect,
    "garbage": garbage,
    "empty": nothing,
    "login page": login_page,
    "no HTTP": no_http,
    "endless headers": endless_headers,
    "deep JSON": deep,
    "JSON of another sort": answers({"status": "success", "data": {"result": 5}}),
    "an error with escapes": answers({"status": "error", "errorType": EVIL, "error": EVIL}),
}


LINES = ("stat deploy -n fire", "routes deploy -n fire", "edges -n fire", "top ns/fire --no-tap --batch")


@pytest.fixture(autouse=True)
def smaller(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.token = ""
    monkeypatch.setattr(client, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)
    monkeypatch.setattr(doors, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("way", ["url", "service"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_line_says_what_is_wrong(fault: str, way: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths["/api/v1/query"] = FAULTS[fault]
    ran = linkerdctl(f"--prometheus {cluster.url if way == 'url' else 'web.fire:9090'} {line} --timeout 5s")
    assert ran.code == 1, ran
    assert ran.out == ""
    assert len(ran.lines_about("error: ")) == 1
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.err)
