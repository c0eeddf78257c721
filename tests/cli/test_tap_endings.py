"""How a tap ends as a process: Ctrl-C, readers that leave or stand still, pipes that stay open."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from linkerdctl.tap.encoding import encode, framed
from tests.tap.tap_builders import RECORDED, whole

TAP = (sys.executable, "-m", "linkerdctl", "tap", "--input")
PATIENCE = 30


def started(*words: str, **streams: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen((*TAP, *words), stderr=subprocess.PIPE, **streams)  # type: ignore[call-overload,no-any-return]


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and stderr; a process that hangs fails the test."""
    try:
        assert process.stderr is not None
        code = process.wait(PATIENCE)
        return code, process.stderr.read().decode()
    finally:
        process.kill()


def stream(file: IO[bytes] | None) -> IO[bytes]:
    assert file is not None
    return file


@pytest.mark.parametrize("output", ["table", "json", "jsonpath={.requestInitEvent.path}"])
def test_a_reader_that_has_seen_enough_ends_it_quietly(output: str) -> None:
    process = started(str(RECORDED), "-o", output, stdout=subprocess.PIPE)
    stream(process.stdout).readline()
    stream(process.stdout).close()
    code, err = ended(process)
    assert code == 0
    assert "Traceback" not in err
    assert "error" not in err


def test_ctrl_c_while_it_waits_shows_what_came() -> None:
    process = started("-", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    stream(process.stdin).write(b"".join(framed(encode(each)) for each in whole("/last")))
    stream(process.stdin).flush()
    assert b":path=/last" in stream(process.stdout).readline()
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert (code, err) == (130, "showed 1 request\n")


def test_ctrl_c_ends_it_though_its_reader_stands_still() -> None:
    process = started(str(RECORDED), "-o", "json", stdout=subprocess.PIPE)
    stream(process.stdout).read(10)
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130
    assert "Traceback" not in err


def test_a_duration_ends_it_though_nothing_comes() -> None:
    process = started("-", "--duration", "100ms", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert ended(process) == (0, "showed 0 requests\n")


def test_what_is_under_way_when_a_pipe_ends_is_told(tmp_path: Path) -> None:
    data = b"".join(framed(encode(each)) for each in whole("/a"))
    process = started("-", "--save", str(tmp_path / "s"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, err = process.communicate(data[:-3], PATIENCE)
    assert process.returncode == 1
    assert len(out.splitlines()) == 2
    assert b"wrote 2 events" in err
    assert b"error: cannot read on in standard input" in err
