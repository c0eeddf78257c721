"""`python -m benchmarks [NAME...]`: run all benchmarks, or those named (`parser`, `startup`)."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> int:
    """Run the modules `bench_NAME` of this package, each printing its own table."""
    known = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name.startswith("bench_")]
    wanted = [f"bench_{name}" for name in names] or known
    unknown = [name.removeprefix("bench_") for name in wanted if name not in known]
    if unknown:
        choices = ", ".join(name.removeprefix("bench_") for name in known)
        print(f"no benchmark called {', '.join(unknown)}; there are: {choices}", file=sys.stderr)
        return 2
    for name in wanted:
        importlib.import_module(f"benchmarks.{name}").main()
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
