"""The demo's own view of its mesh, from the request log: what every workload served in the last seconds."""

from __future__ import annotations

import contextlib
import math
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import NoReturn

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.simulation.request_log import RequestLog, Seen
from linkerdctl.demo.topology import DemoPod
from linkerdctl.render import numbers
from linkerdctl.render.live import live_on
from linkerdctl.render.terminal import Terminal
from linkerdctl.render.view import Column, View

WINDOW = 10.0
"""Seconds that the view looks back."""
LONGEST = 5.0
"""Seconds that no request takes longer than; the log is in the order in which they began."""
_EVERY_LIVE, _EVERY_LINE = 1.0, 10.0
_MOST_ROWS = 20


@dataclass(slots=True)
class Served:
    """What a workload's proxies counted inbound within the window."""

    namespace: str
    name: str
    seconds: float
    latencies_ms: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def rps(self) -> float:
        """Requests per second."""
        return len(self.latencies_ms) / self.seconds

    @property
    def success(self) -> float | None:
        """Share that did not fail, from 0 to 1; None without requests."""
        count = len(self.latencies_ms)
        return 1 - self.failures / count if count else None

    @property
    def p95_ms(self) -> float | None:
        """The exact 95th percentile (nearest rank); None without requests."""
        ordered = sorted(self.latencies_ms)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None


VIEW: View[Served] = View(
    [
        Column("NAMESPACE", "namespace", lambda row: row.namespace, left=True),
        Column("WORKLOAD", "name", lambda row: row.name, left=True),
        Column("RPS", "rps", lambda row: row.rps, lambda row: numbers.per_second(row.rps, "rps")),
        Column("SUCCESS", "success", lambda row: row.success, lambda row: numbers.percent(row.success)),
        Column("P95", "p95_ms", lambda row: row.p95_ms, lambda row: _milliseconds(row.p95_ms)),
    ]
)


def served(log: RequestLog, pods: Sequence[DemoPod], now: float, window: float = WINDOW) -> list[Served]:
    """Every workload of these pods, in their order, with what it served in the `window` seconds before `now`."""
    rows: dict[tuple[str, str], Served] = {}
    for pod in pods:
        key = pod.namespace, pod.workload
        rows.setdefault(key, Served(*key, seconds=window))
    for hop in reversed(log.hops):
        if hop.started <= now - window - LONGEST:
            break
        if now - window < hop.server_ended <= now:
            row = rows[hop.server.namespace, hop.server.workload]
            row.latencies_ms.append(Seen.of(hop, "inbound").latency_ms)
            row.failures += hop.failed
    return list(rows.values())


def stay_up(mesh: DemoMesh, terminal: Terminal) -> None:
    """Tell how to reach the mesh and show it until Ctrl-C (or a request to terminate)."""
    with contextlib.suppress(KeyboardInterrupt), _ending_on_request():
        terminal.out(f"export KUBECONFIG={mesh.kubeconfig}\n")
        terminal.note(f"the demo mesh runs at {mesh.url}; Ctrl-C ends it")
        terminal.note("in another terminal, with that KUBECONFIG: linkerdctl stat deploy -n emojivoto")
        if terminal.live:
            _show_live(mesh, terminal)
        else:
            _tell_lines(mesh, terminal)


def _show_live(mesh: DemoMesh, terminal: Terminal) -> NoReturn:
    with live_on(terminal) as live:
        while True:
            rows = _rows(mesh)
            hidden = len(rows) - _MOST_ROWS
            more = f"and {hidden} workloads more" if hidden > 0 else ""
            live.show(VIEW, rows[:_MOST_ROWS], time.time(), footer=more)
            time.sleep(_EVERY_LIVE)


def _tell_lines(mesh: DemoMesh, terminal: Terminal) -> NoReturn:
    while True:
        time.sleep(_EVERY_LINE)
        terminal.note(_line(_rows(mesh)))


def _rows(mesh: DemoMesh) -> list[Served]:
    return mesh.call(lambda: served(mesh.log, mesh.mesh.topology.pods, time.time()))


def _line(rows: Sequence[Served]) -> str:
    """The whole mesh in a line."""
    whole = Served("", "", seconds=WINDOW)
    for row in rows:
        whole.latencies_ms += row.latencies_ms
        whole.failures += row.failures
    clock = time.strftime("%H:%M:%S")
    rps, success = numbers.per_second(whole.rps, "rps"), numbers.percent(whole.success)
    return f"{clock} the last {WINDOW:.0f}s: {rps}, {success} success, p95 {_milliseconds(whole.p95_ms)}"


def _milliseconds(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:.1f}ms"


@contextlib.contextmanager
def _ending_on_request() -> Iterator[None]:
    """SIGTERM ends the view as Ctrl-C does, so that sockets and files are cleaned up."""

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
