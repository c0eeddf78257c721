"""README.md: its examples work, its table has every command, its exit codes are those there are."""

from __future__ import annotations

import re

from linkerdctl.cli.commands import COMMANDS
from linkerdctl.errors import ExitCode
from tests.docs.examples import Page, Reader, assert_as_shown

README = Page("README.md")
ENDLESS = ("--watch", " top ")
SOME_PICTURES = 6.0
"""Seconds."""


def test_every_example_works(reader: Reader) -> None:
    assert len(README.examples) > 10
    for example in README.examples:
        if any(each in example.command for each in ENDLESS):
            assert reader.run(example, ctrl_c_after=SOME_PICTURES).out.count("emoji") > 1
        else:
            assert_as_shown(reader.run(example))


def test_the_table_has_every_command() -> None:
    table = README.text.partition("## Commands\n")[2].partition("\n## ")[0]
    assert {word for word in re.findall(r"`([a-z-]+)`", table) if word in COMMANDS} == {*COMMANDS}


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README.text, re.M)}
    assert told == {int(code) for code in ExitCode}
