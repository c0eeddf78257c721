"""The sessions of docs/authz.md and docs/stat-inbound-outbound.md run word for word."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh, DemoOptions

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("authz.md", "stat-inbound-outbound.md")
_HERE = re.compile(r".*<<'(?P<end>[A-Z]+)'\n.*?^(?P=end)$", re.DOTALL | re.MULTILINE)


def examples(page: str) -> list[tuple[str, list[str]]]:
    """Commands, with a here-document to its end, and the lines that the page shows below each."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (DOCS / page).read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            here = _HERE.match(part)
            command = here[0] if here else part.splitlines()[0]
            found.append((command, part[len(command) :].split("\n")[1:]))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_works_and_shows_what_it_promises(page: str, tmp_path: Path) -> None:
    for program in ("kubectl", "jq"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is not on PATH; `make test` installs it")
    session = examples(page)
    assert len(session) > 8
    with DemoMesh(DemoOptions(rps=40.0)) as mesh:
        for command, shown in session:
            ended = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=tmp_path, env=mesh.environment(), capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert ended.returncode == 0, (command, ended.stderr)
            assert "nothing to show" not in ended.stderr, command
            assert ended.stdout or command.startswith("cat"), command
            assert_as_promised(command, shown, ended.stdout)


def assert_as_promised(command: str, shown: list[str], output: str) -> None:
    """The same titles, and the same words beside the numbers in the same order."""
    if command.startswith("linkerdctl") and any(shown):
        titles = [each for each in shown[0].split() if each != "..."]
        assert output.split()[: len(titles)] == titles, command
        assert lasting(output.splitlines()) == lasting(shown), command


def lasting(lines: list[str]) -> list[list[str]]:
    """Line by line."""
    return [words(line) for line in lines if line]


def words(line: str) -> list[str]:
    """What stands in a line and does not change from run to run."""
    kept = (each for each in line.split() if not re.fullmatch(r"[0-9.>-]+(rps|ms|s|%)?|\.\.\.|-", each))
    return [each for each in kept if each not in CUT]


CUT = {
    "LATENCY_P50", "LATENCY_P95", "LATENCY_P99", "CLIENTS", "REQUESTS", "FAILURES", "WINDOW", "PROXIES", "default.emojivoto",
    "1/1",
}  # fmt: skip
"""Of wide tables a page only shows the beginning."""


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for part in (DOCS / page).read_text().split("](")[1:]:
        assert (DOCS / part.partition(")")[0].partition("#")[0]).exists()
