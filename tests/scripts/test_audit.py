"""`make audit`: clean, vulnerable, or not audited at all, which must never look like clean; and it never hangs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit"


def audit(folder: Path, says: str, seconds: str = "20") -> subprocess.CompletedProcess[str]:
    """Run the script with a stand-in for pip-audit."""
    program = folder / "pip-audit"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    environment = {**os.environ, "AUDIT_SECONDS": seconds}
    return subprocess.run([SCRIPT, str(folder)], capture_output=True, text=True, timeout=60, env=environment)


def test_nothing_known(tmp_path: Path) -> None:
    ran = audit(tmp_path, 'echo "No known vulnerabilities found"')
    assert ran.returncode == 0
    assert "nothing is known" in ran.stdout


def test_something_known(tmp_path: Path) -> None:
    ran = audit(tmp_path, 'echo "Found 1 known vulnerability in 1 package"; echo "a 1.0 CVE-1"; exit 1')
    assert ran.returncode == 1
    assert "CVE-1" in ran.stderr


@pytest.mark.parametrize(
    "says",
    [
        'echo "ConnectionError: cannot resolve" >&2; exit 1',
        'echo "Traceback"; exit 2',
        "exit 0",
        'echo "Name  Skip Reason"; echo "a  could not be audited"; exit 0',
    ],
)
def test_nobody_to_ask(says: str, tmp_path: Path) -> None:
    ran = audit(tmp_path, says)
    assert ran.returncode == 75
    assert "NOTHING WAS AUDITED" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_service_that_never_answers(tmp_path: Path) -> None:
    ran = audit(tmp_path, "exec sleep 50", seconds="1")
    assert ran.returncode == 75
    assert "NOTHING WAS AUDITED" in ran.stderr


def test_no_pip_audit_at_all(tmp_path: Path) -> None:
    ran = subprocess.run([SCRIPT, str(tmp_path / "nowhere")], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 75
