"""`python -m linkerdctl` and the `linkerdctl` script."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Sequence

COLLECT_EVERY = 50_000
"""Objects. Loading makes many and no garbage; Python looks through them after every 700."""


def main(words: Sequence[str] | None = None) -> None:
    """Run a command line (default: the process's) and exit with its code. Ctrl-C may come while modules are still loading."""
    gc.set_threshold(COLLECT_EVERY, 20, 20)
    if not sys.warnoptions:
        # They are for us, not for users: anyio leaves coroutines unawaited when a connection is given up while it opens.
        # `python -W default -m linkerdctl` shows them.
        warnings.simplefilter("ignore")
    try:
        from linkerdctl.cli.run import run

        code = run(words)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
