"""`python -m benchmarks [NAME...]`: run all benchmarks, or those named (`parser`, `startup`).

A module `bench_NAME` of this package yields `rows()` for the one table.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.processes import as_installed
from benchmarks.table import print_table
from linkerdctl.__main__ import COLLECT_EVERY


def main(names: list[str]) -> int:
    """Print the table."""
    known = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name.startswith("bench_")]
    wanted = [f"bench_{name}" for name in names] or known
    unknown = [name.removeprefix("bench_") for name in wanted if name not in known]
    if unknown:
        choices = ", ".join(name.removeprefix("bench_") for name in known)
        print(f"no benchmark called {', '.join(unknown)}; there are: {choices}", file=sys.stderr)
        return 2
    gc.set_threshold(COLLECT_EVERY, 20, 20)  # as in commands, of which some parts run here
    modules = [importlib.import_module(f"benchmarks.{name}") for name in wanted]
    with as_installed():
        print_table(row for module in modules for row in module.rows())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
