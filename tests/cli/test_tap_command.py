"""`tap` on the command line: what it refuses, what it shows of headers and secrets, when it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.saving import SavedTap
from tests.tap.tap_builders import RECORDED, begun, whole

Ran = tuple[int, str, str]
Tap = Callable[..., Ran]


@pytest.fixture
def tap(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tap:
    """Exit code, stdout and stderr of a run without a cluster."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    def go(*words: str) -> Ran:
        code = run(["tap", *words])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "bug in linkerdctl" not in captured.err
        return code, captured.out, captured.err

    return go


@pytest.fixture
def replay(tap: Tap, tmp_path: Path) -> Callable[..., Ran]:
    def go(events: list[TapEvent], *words: str) -> Ran:
        with SavedTap(tmp_path / "events") as file:
            file.write(events)
        return tap("--input", str(tmp_path / "events"), *words)

    return go


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("deploy/web -o xml", "unknown output format 'xml'"),
        ("deploy/web -o jsonpath", "-o jsonpath needs an expression"),
        ("deploy/web -o jsonpath=", "the jsonpath is empty"),
        ("deploy/web -o template={{", "has no }}"),
        ("deploy/web -o jsonpath={.a", "a brace too few"),
        ("deploy/web --status 7", "is no HTTP status"),
        ("deploy/web --status 5xx,!2xx", "mixes"),
        ("deploy/web --grpc-status BAD", "is no gRPC status"),
        ("deploy/web --min-latency 5", "unit is missing"),
        ("deploy/web --min-latency 0s", "is no time"),
        ("deploy/web --path-regex (", "no regular expression"),
        ("deploy/web --not-path [", "no regular expression"),
        ("deploy/web --duration -1s", "is no time"),
        ("deploy/web --limit 0", "shows nothing"),
        ("deploy/web --max-rps 0 -n a", "lets no request through"),
        ("deploy/web --max-rps nan -n a", "lets no request through"),
        ("svc/web -n a", "a service cannot be tapped"),
        ("rollout/web -n a", "unknown kind 'rollout'"),
        ("ns -n a", "which namespace is missing"),
        ("deploy/web/x -n a", "too many slashes"),
        ("deploy web x -n a", "only one resource can be tapped at a time, not 'deploy web x'"),
        ("deploy/web deploy/api -n a", "only one resource can be tapped at a time, not 'deploy/web deploy/api'"),
        ("all -n a", "'all' cannot be tapped"),
        ("--input x -l app=web", "-l chooses among a cluster's resources"),
        ("--input x --doctor", "--doctor looks at a cluster"),
        ("deploy/web --max-rps inf", "--max-rps inf is more than can be asked for"),
        ("deploy/web --max-rps 1e10 --via direct", "--max-rps 1e+10 is more than can be asked for"),
        ("deploy/web --path /caf\udce9", "--path is no UTF-8"),
        ("deploy/web --method \udce9 --via direct", "--method is no UTF-8"),
        ("deploy/web -l a=b -n a", "-l chooses among resources"),
        ("deploy -l =b -n a", "selector"),
        ("deploy/web --to ns/a --to-namespace b", "names a namespace already"),
        ("deploy/web --to au/web:80 -n a", "destination of --to"),
        ("deploy/web --from widget/", "unknown kind"),
        ("deploy/web --tls-ca ca.pem", "an identity is three files"),
        (f"deploy/web --input {RECORDED}", "--input holds what was tapped"),
        ("-n a", "what to tap is missing"),
        ("deploy/web --recording x", "a recording of metrics has no live requests"),
        ("deploy/web -n a --via port-forward", "does not go through port-forwards"),
        ("deploy/web -n a --tls-ca a --tls-cert b --tls-key c", "for the proxies themselves"),
        ("--input nowhere", "cannot open nowhere: no such file"),
        ("--input nowhere --duration 1s --save /nowhere/x", "cannot write /nowhere/x"),
    ],
)
def test_what_users_get_wrong_is_one_line_with_a_next_step(tap: Tap, line: str, words: str) -> None:
    code, out, err = tap(*line.split())
    assert code in (1, 2)
    assert out == ""
    assert err.startswith("error: ")
    assert words in err


def test_without_words_there_is_help(tap: Tap) -> None:
    code, out, _ = tap()
    assert code == 0
    assert "Examples:" in out


HEADERS = {"authorization": "Bearer abc", "user-agent": "curl/8", ":path": "/a?key=1"}


def test_secrets_are_redacted_unless_wanted(replay: Callable[..., Ran]) -> None:
    events = [begun("/a", headers=HEADERS)]
    _, out, _ = replay(events, "-o", "json")
    assert "abc" not in out
    assert "key=1" not in out
    assert out.count("[redacted]") == 2
    _, out, _ = replay(events, "-o", "json", "--show-secrets")
    assert "Bearer abc" in out


def test_secrets_are_not_saved_either(replay: Callable[..., Ran], tmp_path: Path) -> None:
    events = [begun("/a", headers=HEADERS)]
    replay(events, "--save", str(tmp_path / "saved"))
    assert b"abc" not in (tmp_path / "saved").read_bytes()
    replay(events, "--save", str(tmp_path / "saved"), "--show-secrets")
    assert b"Bearer abc" in (tmp_path / "saved").read_bytes()


def test_headers_show_where_they_are_named(replay: Callable[..., Ran]) -> None:
    events = [begun("/a", headers=HEADERS), *whole(stream=9)]
    _, out, _ = replay(events, "--header", "User-Agent", "--header", "authorization")
    first, *others = out.splitlines()
    assert first.endswith(" authorization=[redacted] user-agent=curl/8")
    assert not any("user-agent" in line for line in others)
    _, out, _ = replay(events, "--extract")
    assert out.splitlines()[0].endswith(" authorization=[redacted] user-agent=curl/8 :path=/a?[redacted]")


def test_grouped_requests_show_headers_of_all_three(replay: Callable[..., Ran]) -> None:
    _, out, _ = replay(whole(headers={"a": "1", "b": "2"}), "--group", "--header", "a")
    assert out.endswith(" req_a=1\n")


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        ("jsonpath={.requestInitEvent.path}", ['"/a"', '"/b"']),
        ("jsonpath=.responseInitEvent.httpStatus", ["200", "500"]),
        ("template={{.requestInitEvent.path}}", ["/a", "/b"]),
        ("template={{with .responseInitEvent}}{{.httpStatus}}{{end}}", ["200", "500"]),
    ],
)
def test_expressions_print_what_there_is_and_nothing_else(
    replay: Callable[..., Ran], output: str, lines: list[str]
) -> None:
    assert replay([*whole("/a"), *whole("/b", status=500)], "-o", output)[1].splitlines() == lines


def test_expressions_of_groups_are_about_whole_requests(replay: Callable[..., Ran]) -> None:
    _, out, _ = replay(
        whole("/a", status=500, ms=2), "--group", "-o", "template={{.path}} {{.httpStatus}} {{.totalMs}}"
    )
    assert out == "/a 500 2\n"


def test_no_escape_sequence_reaches_the_terminal(replay: Callable[..., Ran]) -> None:
    evil = "/\x1b]0;owned\x07\x9b2J\r\n"
    for words in (
        [],
        ["--group"],
        ["-o", "wide"],
        ["-o", "json"],
        ["-o", "jsonl"],
        ["--extract"],
        ["-o", "jsonpath={.requestInitEvent.path}"],
        ["-o", "template={{.requestInitEvent.path}}"],
    ):
        _, out, _ = replay(whole(evil, headers={evil: evil}), *words)
        assert out.replace("\n", "").isprintable(), words
        assert out


def test_a_limit_ends_a_replay(replay: Callable[..., Ran]) -> None:
    code, out, err = replay([*whole("/a"), *whole("/b"), *whole("/c")], "--limit", "2")
    assert code == 0
    assert len(out.splitlines()) == 6
    assert err == "showed 2 of 3 requests\n"


@pytest.mark.parametrize("option", ["--limit=5", "--group", "--status=200"])
def test_requests_whose_beginnings_were_not_seen_are_counted_too(replay: Callable[..., Ran], option: str) -> None:
    events = [each for stream in range(3) for each in whole(stream=stream)[1:]]
    assert replay(events, option)[2] == "showed 3 requests\n"


def test_colours_mark_failures_on_terminals_only(replay: Callable[..., Ran]) -> None:
    events = [*whole("/a"), *whole("/b", status=500)]
    assert "\x1b" not in replay(events)[1]
    coloured = replay(events, "--color", "always")[1].splitlines()
    assert [line.startswith("\x1b[31m") for line in coloured] == [False, False, False, False, True, False]


def test_a_cut_file_shows_what_it_has_and_fails(tap: Tap, tmp_path: Path) -> None:
    with SavedTap(tmp_path / "cut") as file:
        file.write(whole())
    data = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(data[:-5])
    code, out, err = tap("--input", str(tmp_path / "cut"))
    assert (code, len(out.splitlines())) == (1, 2)
    assert "showed 1 request" in err
    assert "ends in the middle of an event" in err


def test_json_of_real_events_is_ndjson_with_jsonl(tap: Tap) -> None:
    _, out, _ = tap("--input", str(RECORDED), "-o", "jsonl", "--limit", "3")
    records: list[dict[str, Any]] = [json.loads(line) for line in out.splitlines()]
    assert {each["proxyDirection"] for each in records} == {"INBOUND", "OUTBOUND"}


def test_quiet_says_nothing(tap: Tap) -> None:
    assert tap("--input", str(RECORDED), "-q")[2] == ""
