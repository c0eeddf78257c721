"""The session of docs/routes.md runs word for word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh, DemoOptions

PAGE = (Path(__file__).parents[2] / "docs" / "routes.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[str]:
    """What stands behind each prompt; a here-document goes on to its end."""
    found = []
    for block in BLOCKS:
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            here = re.match(r".*<<'PROTO'\n.*?^PROTO$", part, re.DOTALL | re.MULTILINE)
            found.append(here[0] if here else part.splitlines()[0])
    return found


def test_every_command_of_the_page_works_and_shows_the_columns_it_promises(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.fail("kubectl is not on PATH; `make test` installs it")
    assert len(commands()) > 10
    with DemoMesh(DemoOptions(rps=40.0)) as mesh:
        for command in commands():
            ended = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=tmp_path, env=mesh.environment(), capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert ended.returncode == 0, (command, ended.stderr)
            assert ended.stdout or command.startswith("cat"), command
            assert _titles(ended.stdout) >= _promised(command)


def _promised(command: str) -> set[str]:
    """The titles of the table that the page shows below a command."""
    shown = PAGE.split(f"$ {command}\n", 1)[1].splitlines()[0]
    return {each for each in shown.split() if shown.startswith("ROUTE") and each != "..."}


def _titles(output: str) -> set[str]:
    return set(output.partition("\n")[0].split())
