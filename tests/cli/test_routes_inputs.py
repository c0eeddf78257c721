"""What users get wrong with `routes`: one line, a next step, the right exit code; empty tables explain themselves."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.cli.run import run

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
TAP = RECORDING.parent / "tap" / "web.observe.bin.gz"


def answer(line: str, capsys: pytest.CaptureFixture[str], recording: Path = RECORDING) -> tuple[int, str, str]:
    code = run(["--recording", str(recording), *line.split()])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("routes svc/web-svc --to svc/voting-svc -n emojivoto", "a service sends no requests, so it has no --to"),
        ("routes au/web-svc -n emojivoto", "routes of an authority cannot be told"),
        ("routes deploy -n emojivoto -o fate", "-o fate needs --to"),
        ("routes deploy -n emojivoto -o graph", "unknown output format 'graph'"),
        ("routes deploy -n emojivoto --kind both", "'both' is not one of"),
        ("routes deploy -n emojivoto -A", "-A and -n exclude each other"),
        ("routes deploy/web -n emojivoto --to all", "'all' is no filter"),
        ("routes deploy -n emojivoto --input events.json", "--tap and --input are for --why"),
        ("routes deploy -n emojivoto --why --watch", "--why and --watch exclude each other"),
        ("routes deploy -n emojivoto --why --input events.json", "--tap and --input are about one service"),
        ("routes deploy -n emojivoto -t 10ms", "--time-window 10ms is too short"),
        ("routes deploi -n emojivoto", "unknown kind 'deploi'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(line: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer(line, capsys)
    assert code == 2
    assert out == ""
    assert told in err.splitlines()[0]
    assert "Traceback" not in err


@pytest.mark.parametrize("line", ["routes deploy/wep -n emojivoto", "routes deploy/web --to svc/nope -n emojivoto"])
def test_a_name_that_does_not_exist_is_an_error(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer(line, capsys)
    assert (code, out) == (1, "")
    assert "not found in namespace emojivoto" in err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("routes deploy/vote-bot -n emojivoto", "stands behind no service and served no requests in the window"),
        ("routes deploy/web --to deploy/vote-bot -n emojivoto", "no service leads to deployment/vote-bot"),
        ("routes sts -n emojivoto", "there is no statefulset in namespace emojivoto"),
    ],
)
def test_an_empty_table_says_why(line: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = answer(line, capsys)
    assert code == 0
    assert told in err
    assert len(out.splitlines()) <= 1


def test_rows_without_numbers_are_explained_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    line = "routes deploy/emoji --to svc/web-svc -n emojivoto"
    assert "--why tells why" in answer(line, capsys)[2]
    assert "web-svc: [DEFAULT]: no requests from deploy/emoji in the window" in answer(f"{line} --why", capsys)[2]
    [row] = json.loads(answer(f"{line} --why -o json", capsys)[1])
    assert row["why"] == "no requests from deploy/emoji in the window"


def written(directory: Path, profile: dict[str, Any]) -> Path:
    """A copy of the recording whose cluster has one ServiceProfile."""
    copy = directory / "recording"
    shutil.copytree(RECORDING, copy)
    cluster = json.loads((copy / "cluster.json").read_text())
    cluster["items"].append(profile)
    (copy / "cluster.json").write_text(json.dumps(cluster))
    return copy


def test_recorded_taps_show_the_nearest_paths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = {
        "apiVersion": "linkerd.io/v1alpha2",
        "kind": "ServiceProfile",
        "metadata": {"namespace": "emojivoto", "name": "web-svc.emojivoto.svc.cluster.local"},
        "spec": {"routes": [{"name": "votes", "condition": {"method": "GET", "pathRegex": "/api/votes"}}]},
    }
    line = f"routes svc/web-svc -n emojivoto --why --input {TAP}"
    code, out, err = answer(line, capsys, written(tmp_path, profile))
    assert code == 0
    assert "votes" in out
    assert "web-svc: votes: no request matched it; nearest: GET /api/vote (139)" in err


def test_a_recorded_profile_gives_rows_to_routes_that_had_no_requests(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("GET /api/list", "GET /never")
    routes = [{"name": name, "condition": {"pathRegex": name.split()[1]}} for name in names]
    metadata = {"namespace": "emojivoto", "name": "web-svc.emojivoto.svc.cluster.local"}
    profile = {
        "apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile", "metadata": metadata, "spec": {"routes": routes}
    }  # fmt: skip
    _, out, _ = answer("routes svc/web-svc -n emojivoto -o json", capsys, written(tmp_path, profile))
    assert [row["route"] for row in json.loads(out)] == ["GET /api/list", "GET /api/vote", "GET /never", "[DEFAULT]"]


def test_a_start_loads_nothing_heavy() -> None:
    heavy = {"rich", "httpx", "kubernetes", "grpc", "google.protobuf", "yaml", "pydantic"}
    probe = (
        "import sys; from linkerdctl.cli.run import run; code = run(sys.argv[1:]); "
        "print(code, *sys.modules, file=sys.stderr)"
    )
    line = ["--recording", str(RECORDING), *"routes deploy/vote-bot --to svc/web-svc -n emojivoto".split()]
    ended = subprocess.run([sys.executable, "-c", probe, *line], capture_output=True, text=True, check=True)
    code, *modules = ended.stderr.split()
    assert code == "0"
    assert heavy & set(modules) == set()
