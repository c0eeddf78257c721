"""`top` on a terminal: keys, resizing, and a terminal that is as it was before."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.demo.tap.service import framed
from tests.conftest import DemoFactory
from tests.demo.tap_client import request_for, tapped

ALTERNATE, BACK = "\x1b[?1049h", "\x1b[?1049l"
WEB = ("top", "deploy/web", "-n", "emojivoto")
PATIENCE = 20.0


class Session:
    """A command on a pseudo terminal of its own."""

    def __init__(self, words: Sequence[str], mesh: DemoMesh, columns: int, lines: int, stdin: Path | None) -> None:
        self.controller, terminal = pty.openpty()
        self.resize(columns, lines, tell=False)
        self.before = termios.tcgetattr(self.controller)
        environment = {**mesh.environment(), "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        command = [sys.executable, "-m", "linkerdctl", *words]
        reading = os.open(stdin, os.O_RDONLY) if stdin else terminal
        self.process = subprocess.Popen(
            command,
            stdin=reading,
            stdout=terminal,
            stderr=terminal,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
        )
        for descriptor in {reading, terminal}:
            os.close(descriptor)
        self.seen = ""

    def resize(self, columns: int, lines: int, *, tell: bool = True) -> None:
        fcntl.ioctl(self.controller, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if tell:
            self.process.send_signal(signal.SIGWINCH)

    def press(self, keys: str) -> None:
        self.seen = ""
        os.write(self.controller, keys.encode())

    def until(self, pattern: str) -> str:
        """Read until a pattern has been written since the last key."""
        ends = time.monotonic() + PATIENCE
        while not re.search(pattern, self.seen) and time.monotonic() < ends:
            if not self._read(0.2) and self.process.poll() is not None:
                break
        assert re.search(pattern, self.seen), f"{pattern!r} is not in {self.seen[-3000:]!r}"
        return self.seen

    def end(self) -> int:
        """Its exit code, all output read."""
        while self.process.poll() is None or self._read(0):
            self._read(0.1)
        return self.process.returncode

    def _read(self, patience: float) -> bool:
        if not select.select([self.controller], [], [], patience)[0]:
            return False
        try:
            data = os.read(self.controller, 65536)
        except OSError:
            return False
        self.seen += data.decode(errors="replace")
        return bool(data)


@contextlib.contextmanager
def on_a_terminal(
    *words: str, mesh: DemoMesh, columns: int = 140, lines: int = 30, stdin: Path | None = None
) -> Iterator[Session]:
    """A session that is over afterwards."""
    session = Session(words, mesh, columns, lines, stdin)
    try:
        yield session
    finally:
        if session.process.poll() is None:
            session.process.kill()
            session.process.wait()
        os.close(session.controller)


def test_rows_come_by_themselves_and_q_ends_it(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, mesh=demo) as session:
        seen = session.until(r"/api/vote")
        assert ALTERNATE in seen
        assert "COUNT↓" in seen
        session.press("q")
        session.until(re.escape(BACK))
        assert session.end() == 0
        assert termios.tcgetattr(session.controller)[3] == session.before[3]


def test_ctrl_c_ends_it_as_it_ends_everything(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, mesh=demo) as session:
        session.until(r"/api/vote")
        session.seen = ""
        session.process.send_signal(signal.SIGINT)
        session.until(re.escape(BACK))
        assert session.end() == 130
        assert "Traceback" not in session.seen
        assert termios.tcgetattr(session.controller)[3] == session.before[3]


def test_keys_sort_filter_and_pause(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, mesh=demo) as session:
        session.until(r"/api/vote")
        session.press("\x1b[C")
        session.until("BEST↓")
        session.press("/leaderboard")
        session.until("filter: leaderboard█")
        session.press("\r")
        session.until("filter: leaderboard +")
        session.press("p")
        session.until("PAUSED")


def test_a_row_opens_as_the_tap_it_stands_for(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, "--path", "/api/vote", mesh=demo, columns=180) as session:
        session.until(r"vote-bot-")
        session.press("j\r")
        session.until(r"linkerdctl tap deploy/web -n emojivoto --from pod/vote-bot-\S+ .*--path /api/vote")
        session.until(r"end id=\S+ proxy=in ")
        session.press("\x1b")
        session.until("COUNT↓")


def test_a_window_that_is_resized_is_filled_anew(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, mesh=demo) as session:
        session.until(r"/api/vote")
        session.seen = ""
        session.resize(60, 12)
        session.until(r"PATH\s+COUNT↓\s+P95\s+SUCCESS")


def test_what_is_refused_is_told_on_the_usual_screen(demo_with: DemoFactory) -> None:
    with on_a_terminal(*WEB, mesh=demo_with(faults=("tap-403=web",))) as session:
        assert session.end() == 1
        assert "error:" in session.seen.rpartition(BACK)[2]


@pytest.mark.parametrize("fault", ["tap-ends:500ms=web", "tap-cut=web"])
def test_a_stream_that_breaks_is_told_above_the_table(demo_with: DemoFactory, fault: str) -> None:
    with on_a_terminal(*WEB, mesh=demo_with(faults=(fault,), rps=60.0)) as session:
        session.until("connecting again")
        session.press("q")
        assert session.end() == 0


def test_without_tap_the_same_screen_shows_rates(demo: DemoMesh) -> None:
    with on_a_terminal(*WEB, "--no-tap", mesh=demo) as session:
        seen = session.until(r"sa/default")
        assert "RPS" in seen
        session.press("j\r")
        session.until("linkerdctl tap deploy/web")
        session.press("qq")
        assert session.end() == 0


def test_keys_come_from_the_terminal_when_events_come_from_a_file(demo: DemoMesh, tmp_path: Path) -> None:
    saved = tmp_path / "events.tap"
    saved.write_bytes(b"".join(framed(event) for event in tapped(demo, request_for(), 60)))
    with on_a_terminal("top", "--input", "-", mesh=demo, stdin=saved) as session:
        session.until("(?s)standard input.*there is no more; q quits")
        session.press("r")
        session.until("COUNT↑")
        session.press("q")
        assert session.end() == 0


def test_a_terminal_holds_no_events(demo: DemoMesh) -> None:
    with on_a_terminal("top", "--input", "-", mesh=demo) as session:
        assert session.end() == 2
        assert "standard input is a terminal" in session.seen
