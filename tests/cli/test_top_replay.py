"""`top --input`: rows of requests that were saved, and of which of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from linkerdctl.cli.run import run
from linkerdctl.tap.saving import SavedTap
from tests.tap.tap_builders import endpoint, whole

Paths = Callable[..., dict[str, int]]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    db = endpoint("10.0.0.9", 5432, deployment="db", namespace="emojivoto")
    with SavedTap(tmp_path / "events") as file:
        file.write([*whole("/a", stream=1), *whole("/a/b", stream=2), *whole("/c", stream=3, destination=db)])
        file.write(whole("/unseen", stream=4)[1:])
    return tmp_path / "events"


@pytest.fixture
def top(saved: Path, capsys: pytest.CaptureFixture[str]) -> Paths:
    """Counts by path."""

    def go(*words: str) -> dict[str, int]:
        assert run(["top", "--input", str(saved), "-o", "json", "--raw-paths", *words]) == 0
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return {row["path"]: row["count"] for row in rows}

    return go


def test_all_that_was_saved_is_shown(top: Paths) -> None:
    assert top() == {"/a": 1, "/a/b": 1, "/c": 1}


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["--path", "/a"], {"/a", "/a/b"}),
        (["--method", "POST"], set()),
        (["--authority", "web:80", "--path", "/c"], {"/c"}),
        (["--to", "deploy/db"], {"/c"}),
        (["--to-namespace", "emojivoto"], {"/c"}),
    ],
)
def test_what_proxies_would_have_left_out_is_left_out(top: Paths, words: list[str], paths: set[str]) -> None:
    assert set(top(*words)) == paths


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["deploy/web"], "--input holds what was tapped"),
        (["-l", "app=web"], "-l chooses among a cluster's resources"),
        (["--no-tap"], "--input is a tap"),
    ],
)
def test_what_a_file_cannot_tell_is_wrong_usage(
    saved: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert run(["top", "--input", str(saved), *words]) == 2
    assert told in capsys.readouterr().err
