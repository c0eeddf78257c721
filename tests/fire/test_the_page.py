"""docs/reliability.md names every fault that is tested, and how many tests there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fire.faults import FAULTS, Fault
from tests.fire.test_bad_prometheus import FAULTS as PROMETHEUS
from tests.fire.test_bad_prometheus import LINES
from tests.fire.test_one_bad_proxy import OF_EACH_SORT
from tests.fire.views import OTHERS, SUMS, VIEWS

PAGE = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
TABLE = {
    name.strip(): seen
    for line in PAGE.partition("## One bad proxy")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and line.count("|") == 3
    for names, seen in [line.strip("| ").split(" | ", 1)]
    for name in [*names.split(","), names]
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_what_is_seen_of_a_fault_is_written_down(fault: Fault) -> None:
    seen = TABLE[str(fault)]
    assert seen.startswith("no numbers" if fault.lost else "right")
    told = seen.partition("`")[2].partition("`")[0].removesuffix(" ...")
    assert told.removeprefix("... ") in fault.lost or fault.lost in told or "MiB" in told


def test_the_numbers_of_tests_are_true() -> None:
    for faults, commands in ((FAULTS, VIEWS), (OF_EACH_SORT, OTHERS), (OF_EACH_SORT, SUMS)):
        number, several = len(faults), len(commands)
        assert f"{number} faults × {several} commands = {number * several} tests" in " ".join(PAGE.split())
    assert f"{len(PROMETHEUS) * len(LINES) * 2} tests: {len(PROMETHEUS)} faults" in PAGE
