"""docs/commands.md and the manual page say what --help says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.docs.examples import ROOT


@pytest.mark.parametrize(
    ("script", "page"),
    [("command_reference.py", "docs/commands.md"), ("man_page.py", "docs/man/linkerdctl.1")],
    ids=["commands.md", "man"],
)
def test_a_page_is_up_to_date(script: str, page: str) -> None:
    made = subprocess.run(
        (sys.executable, str(ROOT / "scripts" / script)),
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert made.stderr == ""
    assert made.stdout == (ROOT / page).read_text(), "run `make docs`"
