"""docs/commands.md says what --help says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_command_reference_is_up_to_date() -> None:
    script = ROOT / "scripts" / "command_reference.py"
    made = subprocess.run(
        (sys.executable, str(script)), cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True
    )
    assert made.stderr == ""
    assert made.stdout == (ROOT / "docs" / "commands.md").read_text(), "run `make docs`"
