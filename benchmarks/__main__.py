"""`python -m benchmarks [NAME...]`: run all benchmarks, or those named (`parser`, `startup`).

A module `bench_NAME` of this package either yields `rows()` for the one table, or prints its own by `main()`.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks
from benchmarks.table import print_table


def main(names: list[str]) -> int:
    """Print the table, then what does not fit into it."""
    known = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name.startswith("bench_")]
    wanted = [f"bench_{name}" for name in names] or known
    unknown = [name.removeprefix("bench_") for name in wanted if name not in known]
    if unknown:
        choices = ", ".join(name.removeprefix("bench_") for name in known)
        print(f"no benchmark called {', '.join(unknown)}; there are: {choices}", file=sys.stderr)
        return 2
    modules = [importlib.import_module(f"benchmarks.{name}") for name in wanted]
    if in_table := [module for module in modules if hasattr(module, "rows")]:
        print_table(row for module in in_table for row in module.rows())
    for module in modules:
        if module not in in_table:
            print()
            module.main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
