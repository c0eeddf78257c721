"""Whole processes: how long they take, how much of the processor, how much memory at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

CLI = (sys.executable, "-m", "linkerdctl")

_MEASURE = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
took, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, took, used.ru_utime + used.ru_stime, used.ru_maxrss]), file=sys.stderr)
"""
"""Runs between us and the process: a process begins with the peak of the one it was started from, and this is small."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run. `seconds` on the clock, `processor` seconds of the processor, `peak_mb` megabytes resident."""

    seconds: float
    processor: float
    peak_mb: float
    out: str
    err: str


@contextmanager
def as_installed() -> Iterator[None]:
    """Every process finds byte code at hand, as those of installed packages do, whatever the shell says about writing it."""
    before = dict(os.environ)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["PYTHONPYCACHEPREFIX"] = directory
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def measured(command: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Run a command; one that fails is no measurement and raises `RuntimeError`."""
    ran = subprocess.run([sys.executable, "-c", _MEASURE, *command], env=environment, capture_output=True, text=True)
    told, _, numbers = ran.stderr.rstrip("\n").rpartition("\n")
    code, took, processor, peak_kib = json.loads(numbers)
    if code:
        raise RuntimeError(f"{' '.join(command)}: {told}")
    return Measured(took, processor, peak_kib * 1024 / 1e6, ran.stdout, told)
