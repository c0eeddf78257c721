"""What a start costs: which libraries are loaded, and how many modules. Counted, not timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RECORDING = str(Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles")
HEAVY = (
    "rich",
    "httpcore",
    "anyio",
    "httpx",
    "kubernetes",
    "grpc",
    "google.protobuf",
    "yaml",
    "pydantic",
    "starlette",
    "uvicorn",
    "websockets",
)
STAT = ("--recording", RECORDING, "stat", "deploy", "-n", "emojivoto")
PROBE = """
import json, sys
before = set(sys.modules)
from linkerdctl.cli.run import run
code = run(json.loads(sys.argv[1]))
print(json.dumps([code, sorted(set(sys.modules) - before)]), file=sys.stderr)
"""


def loaded_by(*words: str) -> set[str]:
    """The modules a run loads beyond those of a bare interpreter."""
    line = (sys.executable, "-c", PROBE, json.dumps(words))
    ended = subprocess.run(line, capture_output=True, text=True, check=True)
    code, modules = json.loads(ended.stderr.splitlines()[-1])
    assert code == 0
    return set(modules)


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules}


@pytest.mark.parametrize(
    ("words", "budget"),
    [
        (("--help",), 125),
        (("--version",), 125),
        (("stat", "--help"), 170),
        (STAT, 180),
        ((*STAT, "-o", "json"), 180),
        ((*STAT, "-o", "csv"), 180),
    ],
)
def test_a_start_loads_nothing_heavy_and_stays_within_its_budget(words: tuple[str, ...], budget: int) -> None:
    modules = loaded_by(*words)
    assert heavy(modules) == set()
    assert len(modules) <= budget


def test_help_loads_no_command() -> None:
    commands = {name for name in loaded_by("--help") if name.startswith("linkerdctl.")}
    assert not commands & {"linkerdctl.cli.stat", "linkerdctl.cli.record", "linkerdctl.cli.demo"}
    assert not any(name.startswith(("linkerdctl.kube", "linkerdctl.metrics")) for name in commands)


def test_each_format_loads_what_it_needs_and_no_more() -> None:
    assert heavy(loaded_by(*STAT, "-o", "yaml")) == {"yaml"}
    assert heavy(loaded_by(*STAT, "--color", "always")) == {"rich"}
