"""Every example of docs/stat.md and docs/record.md works, word for word."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh

DOCS = Path(__file__).parents[2] / "docs"
ANEW = "linkerdctl demo -- "
"""Starts a mesh for one command; the one that runs already will do as well."""


def examples(page: str) -> list[str]:
    """The lines behind a prompt."""
    return [line[2:] for line in (DOCS / page).read_text().splitlines() if line.startswith("$ ")]


@pytest.fixture
def environ(demo: DemoMesh, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `linkerdctl` is this one."""
    programs = tmp_path_factory.mktemp("bin")
    program = programs / "linkerdctl"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m linkerdctl "$@"\n')
    program.chmod(0o755)
    source = {"PYTHONPATH": str(DOCS.parent)}
    return {**os.environ, **source, "KUBECONFIG": str(demo.kubeconfig), "PATH": f"{programs}:{os.environ['PATH']}"}


def ran(line: str, directory: Path, environ: dict[str, str]) -> tuple[str, int, str, str]:
    if line.startswith(ANEW):
        line = "linkerdctl " + line.removeprefix(ANEW)
    ended = subprocess.run(
        line, shell=True, cwd=directory, env=environ, capture_output=True, text=True, timeout=50
    )  # fmt: skip
    return line, ended.returncode, ended.stdout, ended.stderr


def assert_well(line: str, code: int, out: str, err: str) -> None:
    assert code == 0, f"{line}\n{err}"
    assert out or " record " in line, f"{line}\n{err}"
    assert "nothing to show" not in err, line


def test_examples_of_stat(tmp_path: Path, environ: dict[str, str]) -> None:
    lines = examples("stat.md")
    assert len(lines) > 15
    with ThreadPoolExecutor(10) as threads:
        for ended in threads.map(lambda line: ran(line, tmp_path, environ), lines):
            assert_well(*ended)


def test_examples_of_record(tmp_path: Path, environ: dict[str, str]) -> None:
    lines = examples("record.md")
    assert len(lines) > 6
    for line in lines:
        assert_well(*ran(line, tmp_path, environ))


@pytest.mark.parametrize("page", ["stat.md", "record.md"])
def test_links_lead_somewhere(page: str) -> None:
    for part in (DOCS / page).read_text().split("](")[1:]:
        target, _, anchor = part.partition(")")[0].partition("#")
        assert (DOCS / target).exists()
        headings = [line.lstrip("# ").lower().replace(" ", "-") for line in (DOCS / target).read_text().splitlines()]
        assert not anchor or anchor in headings
