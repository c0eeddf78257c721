"""Small builders of rows and terminals."""

from __future__ import annotations

import io
from typing import Any

from linkerdctl.kube.kinds import DEPLOYMENT, Kind
from linkerdctl.metrics.golden import Golden
from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render.terminal import Terminal
from linkerdctl.reports.stat import StatRow


def ms(value: float) -> Quantile:
    """So many milliseconds, out of a fine bucket."""
    return Quantile(value, value * 0.9, value * 1.1)


def quiet_row(name: str = "idle", kind: Kind = DEPLOYMENT, **more: Any) -> StatRow:
    """Without traffic."""
    return StatRow(kind=kind, namespace="emojivoto", name=name, golden=Golden(), meshed=1, total=1, **more)


def busy_row(name: str = "web", kind: Kind = DEPLOYMENT, **golden: Any) -> StatRow:
    """The busy row of the real tool's sample."""
    sample: dict[str, Any] = {
        "requests": 60, "failures": 1, "success_rate": 59 / 60, "rps": 1.0, "p50": ms(3.2), "p95": ms(40), "p99": ms(99),
        "tcp_open": 4, "read_bytes_rate": 310.44, "write_bytes_rate": 20.0, "seconds": 60.0,
    }  # fmt: skip
    return StatRow(
        kind=kind, namespace="emojivoto", name=name, golden=Golden(**{**sample, **golden}), meshed=1, total=2,
        proxies_asked=2, proxies_answered=1,
    )  # fmt: skip


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(**more: Any) -> Terminal:
    """One whose streams can be read."""
    return Terminal(stdout=io.StringIO(), stderr=io.StringIO(), **more)
