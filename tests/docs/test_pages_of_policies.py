"""The sessions of docs/authz.md and docs/stat-inbound-outbound.md run word for word."""

from __future__ import annotations

import re

import pytest

from tests.docs.examples import Ended, Page, Reader, assert_as_shown

PAGES = [Page("docs/authz.md"), Page("docs/stat-inbound-outbound.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_of_a_page_works_and_shows_what_it_promises(page: Page, reader: Reader) -> None:
    assert len(page.examples) > 8
    for example in page.examples:
        ended = reader.run(example)
        assert_as_shown(ended)
        assert "nothing to show" not in ended.err, example.command
        assert ended.out or example.command.startswith("cat"), example.command
        assert_as_promised(ended)


def assert_as_promised(ended: Ended) -> None:
    """The same titles, and the same words beside the numbers in the same order."""
    command, shown = ended.example.command, ended.example.shown.splitlines()
    if command.startswith("linkerdctl") and shown:
        titles = [each for each in shown[0].split() if each != "..."]
        assert ended.out.split()[: len(titles)] == titles, command
        assert lasting(ended.out.splitlines()) == lasting(shown), command


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
