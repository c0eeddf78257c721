"""`profile --tap --input` and `profile coverage` over the real stream of a proxy: what went to the service, exactly."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from linkerdctl.cli.run import run

STREAM = Path(__file__).parents[1] / "fixtures" / "tap" / "web.observe.bin.gz"
PREFIX = "POST /emojivoto.v1.VotingService"
Outcome = Callable[..., tuple[int, str, str]]

WEB = {"GET /api/vote": 139, "GET /api/list": 13, "GET /api/leaderboard": 1, "GET /no/such/page": 1}
EMOJI = {"POST /emojivoto.v1.EmojiService/FindByShortcode": 195, "POST /emojivoto.v1.EmojiService/ListAll": 13}
VOTING = {f"{PREFIX}/VoteDoughnut": 127} | {
    f"{PREFIX}/{method}": 1
    for method in (
        "Results", "Vote100", "VoteBacon", "VoteChampagne", "VoteFax", "VoteGhost", "VoteHeartEyesCat", "VoteJackOLantern",
        "VoteNerdFace", "VotePointUp2", "VoteTaco", "VoteThumbsup",
    )
}  # fmt: skip


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Outcome:
    """Run `profile` where there is no cluster; gives the exit code and what went to stdout and stderr."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "LINKERDCTL_RECORDING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def go(line: str, source: Path = STREAM) -> tuple[int, str, str]:
        code = run(["profile", *line.split(), "--input", str(source)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def counted(err: str) -> dict[str, int]:
    """Requests by route, as the summary has them."""
    return {name: int(number) for number, name in re.findall(r"^ *(\d+) requests?  +(\S+ \S+)$", err, re.M)}


@pytest.mark.parametrize(("service", "routes"), [("web-svc", WEB), ("emoji-svc", EMOJI), ("voting-svc", VOTING)])
def test_each_service_gets_just_its_own_requests(profile: Outcome, service: str, routes: dict[str, int]) -> None:
    code, out, err = profile(f"{service} -n emojivoto --tap deploy/web")
    assert code == 0
    manifest = yaml.safe_load(out)
    assert manifest["metadata"]["name"] == f"{service}.emojivoto.svc.cluster.local"
    assert [route["name"] for route in manifest["spec"]["routes"]] == sorted(routes)
    assert counted(err) == routes
    total = sum(routes.values())
    assert f"{len(routes)} routes cover {total} of {total} requests (100.0%)" in err


def test_the_summary_says_what_is_still_unseen_and_who_else_was_asked(profile: Outcome) -> None:
    err = profile("voting-svc -n emojivoto --tap deploy/web")[2]
    assert "about 8.6% of requests go to routes that were not seen yet" in err
    assert "requests that were for others are left out: emoji-svc.emojivoto (208), web-svc.emojivoto (154)" in err


@pytest.mark.parametrize("target", ["deploy/web", "deployment", "ns/emojivoto"])
def test_proxies_that_do_not_say_whose_they_are_are_taken_to_be_the_targets(profile: Outcome, target: str) -> None:
    assert counted(profile(f"web-svc -n emojivoto --tap {target}")[2]) == WEB


def test_the_target_can_be_left_out(profile: Outcome) -> None:
    assert counted(profile("web-svc -n emojivoto")[2]) == WEB


def test_a_service_nobody_asked_gets_no_routes_and_a_warning(profile: Outcome) -> None:
    code, out, err = profile("other-svc -n emojivoto --tap deploy/web")
    assert (code, out.endswith("spec: {}\n")) == (0, True)
    assert err.startswith("no requests for the service were seen")


def test_the_limit_keeps_the_busiest(profile: Outcome) -> None:
    _, out, err = profile("voting-svc -n emojivoto --tap deploy/web --route-limit 2")
    assert [route["name"] for route in yaml.safe_load(out)["spec"]["routes"]] == [
        f"{PREFIX}/Results",
        f"{PREFIX}/VoteDoughnut",
    ]
    assert "2 routes cover 128 of 139 requests (92.1%)" in err
    assert "11 routes are above the limit and left out: " in err


def test_calls_become_grpc_routes_and_pages_do_not(profile: Outcome) -> None:
    line = "-n emojivoto --tap deploy/web --kind grpcroute --port 80 -o json"
    _, out, _ = profile(f"emoji-svc {line}")
    methods = [
        match["method"]["method"]
        for each in json.loads(out)["items"]
        for match in each["spec"]["rules"][0].get("matches", ())
    ]
    assert methods == ["FindByShortcode", "ListAll"]
    _, out, err = profile(f"web-svc {line}")
    assert json.loads(out)["items"] == []
    assert err.count("left out, it is no gRPC method") == 4


def test_policy_is_put_on_what_was_seen(profile: Outcome) -> None:
    _, out, _ = profile("web-svc -n emojivoto --tap deploy/web --retryable list --timeout 300ms")
    routes = {route["name"]: route for route in yaml.safe_load(out)["spec"]["routes"]}
    assert [name for name, route in routes.items() if route.get("isRetryable")] == ["GET /api/list"]
    assert {route["timeout"] for route in routes.values()} == {"300ms"}


def test_a_stream_that_ends_in_the_middle_makes_no_profile(profile: Outcome, tmp_path: Path) -> None:
    """Half of the requests would be taken for all of them."""
    cut = tmp_path / "cut.bin"
    cut.write_bytes(gzip.decompress(STREAM.read_bytes())[:-5])
    code, out, err = profile("web-svc -n emojivoto --tap deploy/web", cut)
    assert (code, out) == (1, "")
    assert "it ends in the middle of an event" in err


def test_new_routes_are_merged_into_a_profile_that_is_there(profile: Outcome, tmp_path: Path) -> None:
    mine = (
        "kind: ServiceProfile\nmetadata: {name: web-svc.emojivoto.svc.cluster.local}\n"
        "spec:\n  routes:\n  - name: vote   # mine\n    condition: {method: GET, pathRegex: /api/vote}\n"
    )
    (tmp_path / "mine.yaml").write_text(mine)
    _, out, err = profile("web-svc -n emojivoto --tap deploy/web --merge mine.yaml")
    assert out.startswith(mine)
    names = [route["name"] for route in yaml.safe_load(out)["spec"]["routes"]]
    assert names == ["vote", "GET /api/leaderboard", "GET /api/list", "GET /no/such/page"]
    assert "merge: 3 routes added behind the 1 that were there" in err


PROTO = "package emojivoto.v1; service VotingService { rpc VoteDoughnut (A) returns (B); rpc Never (A) returns (B); }"


def test_coverage_tells_routes_never_seen_and_requests_without_a_route(profile: Outcome, tmp_path: Path) -> None:
    (tmp_path / "v.proto").write_text(PROTO)
    code, out, err = profile("coverage voting-svc -n emojivoto --proto v.proto -o json")
    rows = json.loads(out)
    assert code == 0
    assert rows[:2] == [
        {"state": "seen", "route": "VoteDoughnut", "requests": 127, "share": 127 / 139},
        {"state": "never seen", "route": "Never", "requests": 0, "share": 0.0},
    ]
    assert {row["route"]: row["requests"] for row in rows[2:]} == {
        name: number for name, number in VOTING.items() if number == 1
    }
    assert {row["state"] for row in rows[2:]} == {"no route"}
    assert err == "1 of 2 routes were seen; 127 of 139 requests (91.4%) have a route\n"


def test_coverage_of_a_profile_in_a_file_as_a_table(profile: Outcome, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "kind: ServiceProfile\nmetadata: {name: web-svc.emojivoto.svc.cluster.local}\nspec:\n  routes:\n"
        "  - {name: api, condition: {all: [{method: GET}, {pathRegex: /api/.*}, {not: {pathRegex: /api/vote}}]}}\n"
    )
    code, out, _ = profile("coverage web-svc -n emojivoto --profile p.yaml")
    assert code == 0
    assert [line.split() for line in out.splitlines()] == [
        ["STATE", "ROUTE", "REQUESTS", "SHARE"],
        ["seen", "api", "14", "9.09%"],
        ["no", "route", "GET", "/api/vote", "139", "90.26%"],
        ["no", "route", "GET", "/no/such/page", "1", "0.65%"],
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("coverage web-svc -n emojivoto --profile none.yaml", "none.yaml: no such file"),
        ("coverage web-svc -n emojivoto --profile a --proto b", "--proto and --profile exclude each other"),
        ("coverage web.svc -n emojivoto --proto b", "invalid service name"),
        ("coverage web-svc -n emojivoto --proto b -o xml", "unknown output format 'xml'"),
        ("coverage web-svc -n emojivoto", "kubeconfig"),
    ],
)
def test_errors_of_coverage(profile: Outcome, line: str, words: str) -> None:
    code, out, err = profile(line)
    assert (code != 0, out) == (True, "")
    assert err.startswith("error: ") and words in err


def test_coverage_needs_requests(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["profile", "coverage", "web-svc", "-n", "emojivoto", "--proto", "x"]) == 2
    assert "no requests to hold the routes against" in capsys.readouterr().err
