"""`linkerdctl demo`: around a command, and alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from linkerdctl.demo.child import child_of
from linkerdctl.errors import UsageError

DEMO = [sys.executable, "-m", "linkerdctl", "demo"]


def run_demo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DEMO, *words], capture_output=True, text=True, timeout=60)


def test_it_ends_with_the_exit_code_of_its_command() -> None:
    done = run_demo("--", "sh", "-c", "exit 7")

    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


def test_its_own_commands_are_run_by_name() -> None:
    done = run_demo("--", "stat", "deploy", "-n", "emojivoto", "-t", "1s", "-o", "json")

    rows = json.loads(done.stdout)
    assert done.returncode == 0
    assert [row["name"] for row in rows] == ["emoji", "vote-bot", "voting", "web"]
    assert all(row["proxies_answered"] == 1 for row in rows)


def test_several_commands_share_one_mesh_and_find_linkerdctl_on_the_path() -> None:
    script = "kubectl get deploy web -n emojivoto -o name && command -v linkerdctl > /dev/null && cat $KUBECONFIG"

    done = run_demo("--", "sh", "-c", script)

    first, _, kubeconfig = done.stdout.partition("\n")
    assert first == "deployment.apps/web"
    assert json.loads(kubeconfig)["current-context"] == "linkerdctl-demo"
    assert done.returncode == 0


def test_a_command_that_a_signal_ends_has_the_code_of_shells() -> None:
    assert run_demo("--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_signals_reach_the_command() -> None:
    script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done"
    with subprocess.Popen([*DEMO, "--", "sh", "-c", script], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline() == "ready\n"
        demo.send_signal(signal.SIGTERM)

        assert demo.stdout.readline() == "caught\n"
        assert demo.wait(timeout=20) == 9


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_alone_it_tells_the_kubeconfig_and_cleans_up_when_it_is_ended(ending: signal.Signals) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None and demo.stderr is not None
        line = demo.stdout.readline()
        kubeconfig = Path(line.removeprefix("export KUBECONFIG=").strip())
        assert kubeconfig.stat().st_mode & 0o777 == 0o600
        assert kubeconfig.parent.stat().st_mode & 0o777 == 0o700
        assert "Ctrl-C ends it" in demo.stderr.readline()
        demo.send_signal(ending)

        assert demo.wait(timeout=20) == 0
        assert "Traceback" not in demo.stderr.read()
    assert not kubeconfig.parent.exists()


def test_the_request_log_goes_to_a_file(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"

    run_demo("--log", str(log), "--", "true")

    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(entries) > 100
    assert {"outbound", "inbound", "path", "status"} <= set(entries[0])
    assert len({entry["number"] for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--", "no-such-program"], "neither a command of linkerdctl nor a program on PATH"),
        (["--fault", "sleepy=web", "--", "true"], "is not KIND=POD"),
        (["--fault", "dead=nobody", "--", "true"], "no pod is called 'nobody'"),
        (["--pods", "1", "--", "true"], "--pods 1"),
        (["--log", "/no/such/directory/log", "--", "true"], "cannot write the request log"),
    ],
)
def test_wrong_input_gets_one_line(words: list[str], told: str) -> None:
    done = run_demo(*words)

    assert done.returncode in (1, 2)
    assert told in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr


def test_words_become_this_linkerdctl_or_a_program() -> None:
    ours = [sys.executable, "-m", "linkerdctl"]

    assert child_of(["stat", "po"], own={"stat"}) == [*ours, "stat", "po"]
    assert child_of(["linkerdctl", "stat"], own=()) == [*ours, "stat"]
    assert child_of(["-q", "stat"], own={"stat"}) == [*ours, "-q", "stat"]
    assert child_of(["sh", "-c", "stat"], own={"stat"})[0].endswith("/sh")
    with pytest.raises(UsageError):
        child_of(["no-such-program"], own={"stat"})
