"""Whole-process times as multiples of a bare interpreter, and the heaviest imports of each command.

Each round runs every command once, so that a slow moment of the machine hits all of them; medians of the ratios count.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

RECORDING = Path(__file__).parent.parent / "tests" / "fixtures" / "emojivoto-profiles"
CLI = (sys.executable, "-m", "linkerdctl")
COMMANDS: dict[str, tuple[str, ...]] = {
    "--help": (*CLI, "--help"),
    "stat --help": (*CLI, "stat", "--help"),
    "--recording R stat deploy": (*CLI, "--recording", str(RECORDING), "stat", "deploy", "-n", "emojivoto"),
    "the same with -o json": (*CLI, "--recording", str(RECORDING), "stat", "deploy", "-n", "emojivoto", "-o", "json"),
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


def main() -> None:
    """Print the table."""
    bare = (sys.executable, "-c", "pass")
    ratios: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for command in (bare, *COMMANDS.values()):
        seconds(command)
    for _ in range(ROUNDS):
        base = seconds(bare)
        for name, command in COMMANDS.items():
            ratios[name].append(seconds(command) / base)
    print(f"{'whole process':28} {'times a bare interpreter':26} heaviest imports")
    for name, values in ratios.items():
        quartiles = statistics.quantiles(values, n=4)
        spread = f"{quartiles[1]:.1f} ({quartiles[0]:.1f} to {quartiles[2]:.1f})"
        print(f"{name:28} {spread:26} {', '.join(heaviest_imports(COMMANDS[name]))}")


if __name__ == "__main__":
    main()
