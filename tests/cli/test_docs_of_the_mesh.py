"""Every example of docs/check.md, docs/identity.md and docs/rbac.md works, word for word."""

from __future__ import annotations

import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from linkerdctl.cli.commands import ALIASES, COMMANDS
from tests.cli.test_record_and_stat_docs import ANEW, DOCS, environ, examples

__all__ = ["environ"]
PAGES = ("check.md", "identity.md", "rbac.md")
GATE = 'echo "exit code $?"'


def against_the_mesh_that_runs(line: str) -> str:
    """What `demo` would run against a mesh of its own."""
    if not line.startswith(ANEW):
        return line
    rest = line.removeprefix(ANEW)
    return f"linkerdctl {rest}" if shlex.split(rest)[0] in {*COMMANDS, *ALIASES} else rest


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str, tmp_path: Path, environ: dict[str, str]) -> None:
    lines = examples(page)
    assert len(lines) >= 4

    def ran(line: str) -> tuple[str, subprocess.CompletedProcess[str]]:
        told = against_the_mesh_that_runs(line)
        return line, subprocess.run(
            told, shell=True, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
        )

    with ThreadPoolExecutor(6) as threads:
        for line, ended in threads.map(ran, lines):
            assert ended.returncode == 0, f"{line}\n{ended.stderr}"
            assert ended.stdout or "jq" in line, line
            assert ("exit code 4" in ended.stdout) == (GATE in line), line


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for part in (DOCS / page).read_text().split("](")[1:]:
        assert (DOCS / part.partition(")")[0]).exists()


def test_what_rbac_is_shown_to_print_is_what_it_prints(environ: dict[str, str]) -> None:
    line, *shown = (DOCS / "rbac.md").read_text().partition("$ ")[2].partition("\n```")[0].splitlines()
    printed = subprocess.run(line, shell=True, env=environ, capture_output=True, text=True, timeout=30)
    assert printed.stdout.splitlines() == shown


def test_every_check_is_in_the_table() -> None:
    from linkerdctl.reports import check_certificates, check_proxies, check_verdict

    sources = [Path(module.__file__ or "") for module in (check_certificates, check_proxies, check_verdict)]
    sources.append(DOCS.parent / "linkerdctl" / "cli" / "check_cluster.py")
    code = "".join(source.read_text() for source in sources)
    page = (DOCS / "check.md").read_text()
    listed = {
        word for line in page.splitlines() if line.startswith("| `") for word in line.split("|")[1].split("`")[1::2]
    }
    dashed = {word for word in listed if not word.startswith("certificates-")}
    assert all(f'"{word}"' in code for word in dashed)
    assert all(word in listed for word in _ids(code))


def _ids(code: str) -> set[str]:
    import re

    return set(re.findall(r'(?:Check|Grant)\("([a-z-]+)"', code))
