"""`python -m linkerdctl` and the `linkerdctl` script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code. Ctrl-C may come while modules are still loading."""
    try:
        from linkerdctl.cli.run import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
