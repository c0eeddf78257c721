"""How runs end: exit codes, one line for what went wrong, silence for closed pipes and Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.cli import commands
from linkerdctl.cli.run import run
from linkerdctl.errors import ExitCode, LinkerdctlError, NotFoundError, PartialDataError, UsageError

RECORDING = str(Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles")
CLI = (sys.executable, "-m", "linkerdctl")
STAT = (*CLI, "--recording", RECORDING, "stat", "deploy", "-n", "emojivoto")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make `stat` raise something."""

    def set_up(error: BaseException) -> None:
        class Raising:
            def make_context(self, *args: Any, **kwargs: Any) -> Any:
                raise error

        monkeypatch.setattr(commands, "load", lambda name: Raising())

    return set_up


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LinkerdctlError("no"), ExitCode.ERROR),
        (UsageError("no"), ExitCode.USAGE),
        (PartialDataError("no"), ExitCode.PARTIAL),
        (ExceptionGroup("tasks", [ValueError("a bug"), ExceptionGroup("more", [NotFoundError("no")])]), ExitCode.ERROR),
    ],
)
def test_an_error_is_one_line_and_its_own_code(
    failing: Any, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    failing(error)
    assert run(["stat", "deploy"]) == code
    assert capsys.readouterr() == ("", "error: no\n")


def test_ctrl_c_is_silent(failing: Any, capsys: pytest.CaptureFixture[str]) -> None:
    failing(KeyboardInterrupt())
    assert run(["stat", "deploy"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_bug_says_so_and_shows_its_trace_only_when_asked(
    failing: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(ZeroDivisionError("division by zero"))
    assert run(["stat", "deploy"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(
        "error: this is a bug in linkerdctl: ZeroDivisionError: division by zero\n  run it again with -v"
    )
    assert "Traceback" not in err
    assert run(["-v", "stat", "deploy"]) == 1
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("LINKERDCTL_DEBUG", "1")
    assert run(["stat", "deploy"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "says", "hint"),
    [
        ("sta", "unknown command 'sta'", "did you mean stat?"),
        ("xyzzy", "unknown command 'xyzzy'", "commands are stat, "),
        ("stat --fro x", "no such option: --fro", "did you mean --from?; see: linkerdctl stat --help"),
        ("-n x stat deploy", "no such option: -n", "stand after its name: linkerdctl stat deploy -n x"),
        ("-A --context y metrics", "no such option: -A", "stand after its name: linkerdctl metrics -A --context y"),
        ("-n x", "no such option: -n", "options of a command stand after its name; see: linkerdctl --help"),
        (
            "-n x demo -- stat",
            "no such option: -n",
            "options of a command stand after its name; see: linkerdctl --help",
        ),
        ("stat deploy --namspace x", "no such option: --namspace", "did you mean --namespace?"),
        ("tap deploy --lmit 3", "no such option: --lmit", "did you mean --limit?"),
        ("stat deploy --nothing-like-it", "no such option: --nothing-like-it", "see: linkerdctl stat --help"),
        ("STAT deploy", "unknown command 'STAT'", "did you mean stat?"),
        ("stat deploy --to", "option '--to' requires an argument", "see: linkerdctl stat --help"),
        ("viz stat deploy -n x", "unknown command 'viz'", "leave viz out: linkerdctl stat deploy -n x"),
        ("help stat", "unknown command 'help'", "use: linkerdctl stat --help"),
        ("dashboard", "unknown command 'dashboard'", "linkerdctl top"),
        ("diagnostics proxy-metrics po/x", "unknown command 'diagnostics'", "linkerdctl metrics"),
        ("install", "unknown command 'install'", "use linkerd install"),
        ("get pods", "unknown command 'get'", "use: kubectl get"),
        ("--viz-namespace x stat deploy", "no such option: --viz-namespace", "leave it out"),
        ("stat deploy --api-addr x", "no such option: --api-addr", "leave it out"),
        ("--cni-namespace x list", "no such option: --cni-namespace", "leave it out"),
        ("stat-inbound deploy --prometheusURL x", "no such option: --prometheusURL", "use --prometheus ADDRESS"),
        ("check --proxy", "no such option: --proxy", "leave it out"),
        ("metrics po/x --obfuscate", "no such option: --obfuscate", "record --redact"),
        ("stat deploy --json", "no such option: --json", "use -o json"),
        ("stat deploy --via foot", "'foot' is not one of api, port-forward, direct", "see: linkerdctl stat --help"),
        ("--via foot stat deploy", "'foot' is not one of api, port-forward, direct", "see: linkerdctl --help"),
        ("stat deploy --concurrency x", "'x' is not a whole number", "see: linkerdctl stat --help"),
        ("stat deploy --color", "option '--color' requires an argument", "--help"),
        ("-q", "missing command", "see: linkerdctl --help"),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(
    capsys: pytest.CaptureFixture[str], line: str, says: str, hint: str
) -> None:
    assert run(line.split()) == ExitCode.USAGE
    out, err = capsys.readouterr()
    message, advice = err.splitlines()
    assert out == ""
    assert message.startswith("error: ")
    assert says in message
    assert hint in advice


@pytest.mark.parametrize("line", [(*STAT, "-o", "json"), (*CLI, "stat", "--help"), CLI, (*CLI, "stat")])
def test_the_reader_of_a_pipe_may_leave(line: tuple[str, ...]) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(line, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("line", [STAT, (*CLI, "stat", "--help"), (*CLI, "--version"), CLI, (*CLI, "stat")])
def test_a_full_disk_is_an_error(line: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "error: standard output cannot be written: No space left on device\n"


def test_a_poor_encoding_is_no_reason_to_fail() -> None:
    environ = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = subprocess.run(
        (*CLI, "stat", "deploy", "--via", "d\u00e9ploy"), capture_output=True, env=environ, check=False
    )
    assert ended.returncode == 2
    assert rb"d\xe9ploy" in ended.stderr


def test_ctrl_c_while_a_server_keeps_us_waiting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        config = tmp_path / "config"
        config.write_text(
            f"""{{"current-context": "c", "contexts": [{{"name": "c", "context": {{"cluster": "c"}}}}],
            "clusters": [{{"name": "c", "cluster": {{"server": "http://127.0.0.1:{silent.getsockname()[1]}"}}}}]}}"""
        )
        line = (*CLI, "stat", "deploy", "--kubeconfig", str(config))
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
            connection.close()
    assert (process.returncode, out, err) == (130, "", "")
