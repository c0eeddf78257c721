"""A Prometheus that misbehaves, at a URL or behind a Service: one line, and no numbers."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from linkerdctl.kube import client
from linkerdctl.sources.prometheus import doors
from tests.fire.cluster import Behaviour, Cluster
from tests.fire.conftest import Command, Ran
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


LINES = (
    "stat deploy -n fire",
    "routes deploy -n fire",
    "edges -n fire",
    "authz deploy -n fire",
    "identity -n fire",
    "top ns/fire --no-tap --batch",
)
"""One of each way that commands ask a Prometheus; all faults are tried with these."""
OTHERS = (
    "stat authority -n fire",
    "stat server -n fire",
    "stat deploy -n fire --watch",
    "stat-inbound deploy -n fire",
    "stat-outbound deploy -n fire",
    "graph -n fire",
    "certs -n fire",
)
OF_EACH_SORT = ("truncated gzip", "redirect", "an error with escapes")


@pytest.fixture(autouse=True)
def smaller(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.token = ""
    monkeypatch.setattr(client, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)
    monkeypatch.setattr(doors, "MOST_OF_A_DOCUMENT", 4 * MEBIBYTE)


def assert_one_line(ran: Ran) -> None:
    """Nothing but one error, in words of ours."""
    assert ran.code == 1, ran
    assert ran.out == ""
    assert len(ran.lines_about("error: ")) == 1
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.err)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("way", ["url", "service"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_line_says_what_is_wrong(fault: str, way: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths["/api/v1/query"] = FAULTS[fault]
    ran = linkerdctl(f"--prometheus {cluster.url if way == 'url' else 'web.fire:9090'} {line} --timeout 5s")
    assert_one_line(ran)


@pytest.mark.parametrize("line", OTHERS)
@pytest.mark.parametrize("fault", OF_EACH_SORT)
def test_so_it_is_where_commands_go_the_same_ways(fault: str, line: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths["/api/v1/query"] = FAULTS[fault]
    ran = linkerdctl(f"--prometheus {cluster.url} {line} --timeout 5s")
    assert_one_line(ran)


@pytest.mark.parametrize("fault", FAULTS)
def test_check_fails_with_it(fault: str, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.paths["/api/v1/query"] = FAULTS[fault]
    ran = linkerdctl(f"--prometheus {cluster.url} check -n fire -o json")
    assert ran.code == 4, ran
    checks = [check for category in json.loads(ran.out)["categories"] for check in category["checks"]]
    assert next(check["result"] for check in checks if check["id"].startswith("prometheus")) == "error", checks
    assert "bug in linkerdctl" not in ran.err
    assert_harmless(ran.out + ran.err)


RESULTS: dict[str, object] = {
    "a metric that is a list": {"metric": ["a"], "value": [1, "5"]},
    "labels that are numbers": {"metric": {"namespace": 5, "pod": 6}, "value": [1, "5"]},
    "no value": {"metric": {}},
    "a value that is none": {"metric": {"namespace": "fire", "pod": "api-1"}, "value": [1, "x"]},
    "a value of one part": {"metric": {}, "value": [1]},
    "a time that is none": {"metric": {}, "value": ["x", "5"]},
    "NaN": {"metric": {"namespace": "fire", "pod": "api-1", "deployment": "api"}, "value": [1, "NaN"]},
    "infinity": {"metric": {"namespace": "fire", "pod": "api-1", "deployment": "api"}, "value": [1, "+Inf"]},
    "less than nothing": {"metric": {"namespace": "fire", "pod": "api-1", "deployment": "api"}, "value": [1, "-5"]},
    "escapes": {"metric": {"namespace": "fire", "pod": EVIL, "deployment": EVIL, "__name__": EVIL}, "value": [1, "5"]},
    "no series": 5,
}


@pytest.mark.parametrize("line", (*LINES[:2], *LINES[3:5], "check -n fire"))
@pytest.mark.parametrize("result", RESULTS)
def test_series_that_are_none_are_no_bugs_of_ours(
    result: str, line: str, cluster: Cluster, linkerdctl: Command
) -> None:
    found = {"status": "success", "data": {"resultType": "vector", "result": [RESULTS[result]]}}
    cluster.paths["/api/v1/query"] = answers(found)
    ran = linkerdctl(f"--prometheus {cluster.url} {line} --timeout 5s")
    assert "bug in linkerdctl" not in ran.err
    assert len(ran.lines_about("error: ")) == (ran.code == 1), ran
    assert_harmless(ran.out + ran.err)
    assert not re.search(r"\b(nan|inf)\b", ran.out, re.IGNORECASE), ran.out
