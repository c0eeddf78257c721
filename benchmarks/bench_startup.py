"""Whole-process times as multiples of a bare interpreter, and the heaviest imports of each command.

Each round runs every command once, so that a slow moment of the machine hits all of them; medians of the ratios count.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.table import Row

RECORDING = Path(__file__).parent.parent / "tests" / "fixtures" / "emojivoto-profiles"
CLI = (sys.executable, "-m", "linkerdctl")
STAT = (*CLI, "--recording", str(RECORDING), "stat", "deploy", "-n", "emojivoto")


@dataclass(frozen=True, slots=True)
class Budget:
    """What a command may cost: times a bare interpreter. How many modules it may load, tests say."""

    command: tuple[str, ...]
    times: float | None


BUDGETS = {
    "--help": Budget((*CLI, "--help"), 8),
    "stat --help": Budget((*CLI, "stat", "--help"), None),
    "--recording R stat deploy": Budget(STAT, 14),
    "the same with -o json": Budget((*STAT, "-o", "json"), 14),
}
ROUNDS = 15


def seconds(command: tuple[str, ...]) -> float:
    """Wall time of one run; a command that fails is no measurement."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def heaviest_imports(command: tuple[str, ...], count: int = 3) -> list[str]:
    """The modules with the largest own import time, as `name ms`, by `python -X importtime`."""
    timed = subprocess.run((command[0], "-X", "importtime", *command[1:]), capture_output=True, text=True, check=True)
    lines = re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", timed.stderr)
    own = sorted(((int(micros), name) for micros, name in lines), reverse=True)
    return [f"{name} {micros / 1000:.0f} ms" for micros, name in own[:count]]


def rows() -> Iterator[Row]:
    """Whole processes; each round runs every command once."""
    bare = (sys.executable, "-c", "pass")
    ratios: dict[str, list[float]] = {name: [] for name in BUDGETS}
    for _ in range(ROUNDS):
        base = seconds(bare)
        for name, budget in BUDGETS.items():
            ratios[name].append(seconds(budget.command) / base)
    for name, budget in BUDGETS.items():
        heaviest = ", ".join(heaviest_imports(budget.command))
        yield Row(f"{name}, times a bare interpreter", ratios[name], budget.times, at_most=True, remark=heaviest)
