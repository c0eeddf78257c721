"""Every example of docs/profile.md works, word for word, one after the other as a reader would type them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh

PAGE = (Path(__file__).parents[2] / "docs" / "profile.md").read_text()
FILES = dict(re.findall(r"^`(\S+)`:\n\n```\w+\n(.*?)^```", PAGE, re.M | re.S))


def examples() -> list[tuple[str, str]]:
    """Commands, and what the page shows of their output; empty where it shows nothing."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
    return [
        (command, shown) for block in blocks for command, shown in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.M)
    ]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader has put the files of the page."""
    place = tmp_path_factory.mktemp("reader")
    for name, text in FILES.items():
        (place / name).write_text(text)
    return place


def test_the_page_has_files_and_examples() -> None:
    assert set(FILES) == {"Voting.proto", "web.yaml"}
    assert len(examples()) >= 15


@pytest.mark.parametrize(("command", "shown"), examples(), ids=[command for command, _ in examples()])
def test_an_example_works(mesh: DemoMesh, directory: Path, command: str, shown: str) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ("bash", "-o", "pipefail", "-c", command), cwd=directory, env={**mesh.environment(), "PATH": path},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not shown or done.stdout == shown
    assert "error" not in done.stderr.replace("0 errors", "")
