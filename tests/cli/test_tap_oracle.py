"""`tap --input` over a real proxy's stream, against what its JSON twin and the capture's own counts say."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.tap.grpc_codes import NAMES
from tests.tap.tap_builders import RECORDED, TWIN

Tap = Callable[..., list[str]]
REQUESTS, ANSWERS, ENDS, FAILURES = 501, 500, 499, 254
Told = dict[str, Any]


@pytest.fixture
def tap(capsys: pytest.CaptureFixture[str]) -> Tap:
    """The lines that a run over the stream prints."""

    def go(*words: str) -> list[str]:
        assert run(["tap", "--input", str(RECORDED), *words]) == 0
        return capsys.readouterr().out.splitlines()

    return go


def twin() -> list[Told]:
    return [json.loads(line) for line in gzip.decompress(TWIN.read_bytes()).splitlines()]


def objects(lines: list[str]) -> Iterator[Told]:
    text, at, decoder = "\n".join(lines), 0, json.JSONDecoder()
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        at = end + 1
        yield value


def nanoseconds(text: str) -> int:
    seconds, _, fraction = text.removesuffix("s").partition(".")
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


def address(endpoint: Told) -> str:
    return f"{ipaddress.IPv4Address(endpoint['ip']['ipv4'])}:{endpoint['port']}"


def line_of(told: Told) -> str:
    """The real tool's line, from the twin's fields."""
    inbound = told["proxyDirection"] == "INBOUND"
    [(kind, http)] = told["http"].items()
    tls = told["sourceMeta" if inbound else "destinationMeta"]["labels"]["tls"]
    where = (
        f"id=0:{http['id'].get('stream', 0)} proxy={'in ' if inbound else 'out'} "
        f"src={address(told['source'])} dst={address(told['destination'])} tls={tls}"
    )
    if kind == "requestInit":
        return f"req {where} :method={http['method']['registered']} :authority={http['authority']} :path={http['path']}"
    if kind == "responseInit":
        return f"rsp {where} :status={http['httpStatus']} latency={nanoseconds(http['sinceRequestInit']) // 1000}µs"
    code = http.get("eos", {}).get("grpcStatusCode")
    status = "" if code is None else f" grpc-status={NAMES[code]}"
    took = nanoseconds(http["sinceResponseInit"]) // 1000
    return f"end {where}{status} duration={took}µs response-length={http.get('responseBytes', 0)}B"


def labels_of(told: Told, meta: str) -> dict[str, str] | None:
    return told.get(meta, {}).get("labels") or None


def wide_of(told: Told) -> str:
    parts = [line_of(told)]
    for prefix, meta in (("src", "sourceMeta"), ("dst", "destinationMeta"), ("rt", "routeMeta")):
        parts += [f"{prefix}_{key}={value}" for key, value in sorted((labels_of(told, meta) or {}).items())]
    return " ".join(parts)


def duration_of(text: str) -> dict[str, int]:
    seconds, nanos = divmod(nanoseconds(text), 10**9)
    return {key: value for key, value in (("seconds", seconds), ("nanos", nanos)) if value}


def headers_of(told: Told | None) -> list[dict[str, str]] | None:
    if told is None:
        return None
    return [
        {"name": each["name"], "valueStr": base64.b64decode(each.get("value", "")).decode()} for each in told["headers"]
    ]


def json_of(told: Told) -> Told:
    """The real tool's object, from the twin's fields."""
    [(kind, http)] = told["http"].items()
    stream = {"id": {"base": 0, "stream": int(http["id"].get("stream", 0))}}
    if kind == "requestInit":
        event = {
            "method": http["method"]["registered"],
            "scheme": http["scheme"]["registered"],
            "authority": http["authority"],
            "path": http["path"],
            "headers": headers_of(http["headers"]),
        }
    elif kind == "responseInit":
        since = duration_of(http["sinceRequestInit"])
        event = {"sinceRequestInit": since, "httpStatus": http["httpStatus"], "headers": headers_of(http["headers"])}
    else:
        event = {
            "sinceRequestInit": duration_of(http["sinceRequestInit"]),
            "sinceResponseInit": duration_of(http["sinceResponseInit"]),
            "responseBytes": int(http.get("responseBytes", 0)),
            "trailers": headers_of(http.get("trailers")),
            "grpcStatusCode": http.get("eos", {}).get("grpcStatusCode", 0),
        }
    sides = {
        side: {
            "ip": address(told[side]).partition(":")[0],
            "port": told[side]["port"],
            "metadata": labels_of(told, f"{side}Meta"),
        }
        for side in ("source", "destination")
    }
    route = labels_of(told, "routeMeta")
    return {**sides, "routeMeta": route, "proxyDirection": told["proxyDirection"], f"{kind}Event": stream | event}


def test_the_lines_are_those_of_the_twin_and_as_many_as_were_captured(tap: Tap) -> None:
    lines = tap()
    assert Counter(line[:3] for line in lines) == {"req": REQUESTS, "rsp": ANSWERS, "end": ENDS}
    assert lines[:300] == [line_of(told) for told in twin()]


def test_wide_lines_have_all_labels_of_the_twin(tap: Tap) -> None:
    lines = tap("-o", "wide")
    assert len(lines) == REQUESTS + ANSWERS + ENDS
    assert lines[:300] == [wide_of(told) for told in twin()]


def test_json_is_what_go_would_write_of_the_twin(tap: Tap) -> None:
    lines = tap("-o", "json", "--show-secrets")
    found = list(objects(lines))
    kinds = Counter(next(key for key in each if key.endswith("Event")) for each in found)
    assert kinds == {"requestInitEvent": REQUESTS, "responseInitEvent": ANSWERS, "responseEndEvent": ENDS}
    wanted = [json_of(told) for told in twin()]
    assert found[:300] == wanted
    text = "\n".join(json.dumps(each, indent=2) for each in wanted)
    assert "\n".join(lines).startswith(text)


def test_groups_are_one_line_for_each_request_that_ended_with_its_failures(tap: Tap) -> None:
    lines = tap("--group")
    assert Counter(line.split()[0] for line in lines) == {"fail": FAILURES, "ok": ENDS - FAILURES}
    assert len(tap("--group", "-o", "wide")) == ENDS
    assert len(tap("--group", "-o", "jsonl")) == ENDS


def test_latencies_and_outcomes_of_grouped_requests_are_the_twin_s(tap: Tap) -> None:
    ends = {
        each["http"]["responseEnd"]["id"].get("stream", "0"): each for each in twin() if "responseEnd" in each["http"]
    }
    inits = {
        each["http"]["responseInit"]["id"].get("stream", "0"): each for each in twin() if "responseInit" in each["http"]
    }
    found = {str(each["id"]["stream"]): each for each in map(json.loads, tap("--group", "-o", "jsonl"))}
    assert len(ends) > 90
    for stream, told in ends.items():
        end, init = told["http"]["responseEnd"], inits[stream]["http"]["responseInit"]
        code = end.get("eos", {}).get("grpcStatusCode")
        request = found[stream]
        assert request["totalMs"] == nanoseconds(end["sinceRequestInit"]) / 1e6
        assert request["latencyMs"] == nanoseconds(init["sinceRequestInit"]) / 1e6
        assert (request["httpStatus"], request["grpcStatusCode"]) == (init["httpStatus"], code)
        assert request["success"] is (init["httpStatus"] < 500 and code in (None, 0))


@pytest.mark.parametrize("output", ["table", "json", "wide", "jsonl"])
def test_failures_are_whole_in_every_format(tap: Tap, output: str) -> None:
    lines = tap("--failed", "-o", output)
    number = len(list(objects(lines))) if "json" in output else len(lines)
    assert number == 3 * FAILURES


@pytest.mark.parametrize(
    ("filters", "requests"),
    [
        ("--status 500", 127),
        ("--status 5xx", 127),
        ("--status !2xx", 127),
        ("--grpc-status UNKNOWN", 127),
        ("--grpc-status !OK", 127),
        ("--grpc-status OK", 219),
        ("--path-regex /VoteDoughnut$", 127),
        ("--path /emojivoto.v1.EmojiService", 208),
        ("--path /emojivoto --not-path Doughnut", 220),
        ("--method GET", 154),
        ("--authority web-svc.emojivoto:80", 152),
        ("--to deploy/voting", 139),
        ("--to deploy/voting --to-namespace emojivoto --failed", 127),
        ("--to ns/other", 0),
        ("--failed --status 2xx", 127),
    ],
)
def test_filters_choose_requests(tap: Tap, filters: str, requests: int) -> None:
    lines = tap(*filters.split())
    began = [line.split()[1] for line in lines if line.startswith("req")]
    ended = [line.split()[1] for line in lines if line.startswith("end")]
    assert len(began) == requests
    assert set(began) - set(ended) <= {"id=0:499", "id=0:500"}, "all but two have ended in the recording"


def test_slow_requests_are_slow(tap: Tap) -> None:
    everything = [json.loads(line) for line in tap("--group", "-o", "jsonl")]
    slow = [json.loads(line) for line in tap("--group", "-o", "jsonl", "--min-latency", "40ms")]
    assert slow == [each for each in everything if each["totalMs"] >= 40]
    assert slow


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_our_own_json_is_input_again(tap: Tap, output: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "again"
    path.write_text("\n".join(tap("-o", output, "--show-secrets")))
    assert run(["tap", "--input", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == tap()


def test_what_is_saved_replays_as_the_same(tap: Tap, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "saved.gz"
    lines = tap("--save", str(path), "-o", "wide")
    assert run(["tap", "--input", str(path), "-o", "wide"]) == 0
    assert capsys.readouterr().out.splitlines() == lines


def test_what_was_shown_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tap", "--input", str(RECORDED), "--failed"]) == 0
    assert capsys.readouterr().err == f"showed {FAILURES} of {REQUESTS} requests\n"
