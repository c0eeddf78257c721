"""What --help says, and that every command that is listed exists."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from linkerdctl import __version__
from linkerdctl.cli.commands import COMMANDS
from linkerdctl.cli.run import run

GLOBAL_TITLE = "Global options, before or after the command:"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_help_can_be_asked_for_in_three_ways(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == said(capsys, "-h") == said(capsys, "--help")


def test_the_root_shows_examples_then_commands_then_options(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "--help")
    places = [text.index(part) for part in ("Examples:", "\n  stat ", GLOBAL_TITLE, "--version")]
    assert places == sorted(places)
    for name, line in COMMANDS.items():
        assert f"  {name}" in text
        assert line in " ".join(text.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_shows_examples_its_options_and_the_global_ones(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text = said(capsys, name, "--help")
    assert text.startswith(f"Usage: linkerdctl {name} ")
    places = [text.index(part) for part in (f"Examples:\n    linkerdctl {name}", "\nOptions:", GLOBAL_TITLE)]
    assert places == sorted(places)
    assert "--recording PATH" in text[places[-1] :]
    assert "--recording" not in text[: places[-1]].partition("\nOptions:")[2]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_speaks_of_values_not_of_python_types(capsys: pytest.CaptureFixture[str], name: str) -> None:
    text = said(capsys, name, "--help")
    assert "<" not in text
    assert "list[" not in text


def test_what_comes_first_in_the_usage_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "stat", "-h").splitlines()[0] == "Usage: linkerdctl stat RESOURCE... [OPTIONS]"
    assert said(capsys, "demo", "-h").splitlines()[0] == "Usage: linkerdctl demo [OPTIONS] [-- COMMAND...]"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "--version") == f"linkerdctl {__version__}\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("linkerdctl ", list(COMMANDS)),
        ("linkerdctl st", ["stat", "stat-inbound", "stat-outbound"]),
        ("linkerdctl stat --rec", ["--recording"]),
        ("linkerdctl stat --via ", ["api", "port-forward", "direct"]),
    ],
)
def test_shells_complete_commands_options_and_choices(words: str, offered: list[str]) -> None:
    asked = {"_LINKERDCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    line = (sys.executable, "-m", "linkerdctl")
    ended = subprocess.run(line, env={**os.environ, **asked}, capture_output=True, text=True, check=True)
    assert (ended.stdout.split(), ended.stderr) == (offered, "")
