"""The scripts of pyproject.toml as kubectl and linkerd find them on PATH: plugin, extension, completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.extensions import _in_our_words

ROOT = Path(__file__).parents[1]
SCRIPTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
Ended = subprocess.CompletedProcess[str]
Run = Callable[..., Ended]

PATIENT = "from linkerdctl.cli import completion as each\neach.DEADLINE, each._LAST = 40, 50\n"
"""What is offered does not depend on how busy the machine is."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all scripts, as an installation makes them."""
    directory = tmp_path_factory.mktemp("bin")
    for name, target in SCRIPTS.items():
        module, _, function = target.partition(":")
        script = directory / name
        patient = PATIENT if name.startswith("kubectl_complete") else ""
        script.write_text(f"#!{sys.executable}\n{patient}from {module} import {function}\n{function}()\n")
        script.chmod(0o755)
    return directory


@pytest.fixture
def ran(programs: Path, demo: DemoMesh) -> Run:
    """Run a command line where the scripts are on PATH and the demo is the cluster."""
    environment = demo.environment()
    environment |= {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def run(*words: str) -> Ended:
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)

    return run


def test_kubectl_finds_the_plugin_and_nothing_in_its_way(ran: Run, programs: Path) -> None:
    listed = ran("kubectl", "plugin", "list")
    assert str(programs / "kubectl-linkerdctl") in listed.stdout.splitlines()
    assert "warning" not in listed.stderr


def test_kubectl_runs_the_plugin(ran: Run) -> None:
    ended = ran("kubectl", "linkerdctl", "stat", "deploy/web", "-n", "emojivoto", "-t", "1s", "-o", "json")
    assert (ended.returncode, ended.stderr) == (0, "")
    [row] = json.loads(ended.stdout)
    assert (row["name"], row["meshed"]) == ("web", 1)


def test_the_plugin_s_exit_code_is_kubectl_s(ran: Run) -> None:
    ended = ran("kubectl", "linkerdctl", "identity", "-n", "emojivoto", "--min-left", "100%")
    assert ended.returncode == 4


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("sta",), ["stat", "stat-inbound", "stat-outbound", ":4"]),
        (("stat", "-n", "emojivoto", "deploy/w"), ["deploy/web", ":4"]),
        (("stat", "-n", "boo"), ["books", ":4"]),
        (("stat", "deploy/web", "--via", ""), ["api", "port-forward", "direct", ":4"]),
        (("stat", "--kubeconfig", ""), [":0"]),
        (("stat", "nosuchkind/"), [":0"]),
    ],
)
def test_kubectl_completes_the_plugin(ran: Run, words: tuple[str, ...], offered: list[str]) -> None:
    assert ran("kubectl_complete-linkerdctl", *words).stdout.split() == offered
    if knows_completion_of_plugins(ran):
        assert ran("kubectl", "__complete", "linkerdctl", *words).stdout.split() == offered


def knows_completion_of_plugins(ran: Run) -> bool:
    """kubectl asks plugins for completions since 1.26."""
    version = json.loads(ran("kubectl", "version", "--client", "-o", "json").stdout)["clientVersion"]
    return int(version["minor"].rstrip("+")) >= 26


def test_linkerd_takes_it_for_an_extension_whose_checks_always_run(ran: Run) -> None:
    """linkerd compares the name with that of the file, and knows no other word than `always`."""
    ended = ran("linkerd-ctl", "_extension-metadata")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout) == {"name": "linkerd-ctl", "checks": "always"}


def test_linkerd_runs_commands(ran: Run) -> None:
    ended = ran("linkerd-ctl", "stat", "deploy/web", "-n", "emojivoto", "-t", "1s")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[1].split()[:2] == ["web", "1/1"]


def test_linkerd_check_runs_ours_with_its_options(ran: Run) -> None:
    theirs = "--as-group=[] --linkerd-namespace=linkerd --verbose=false --namespace=emojivoto --proxy=false --wait=5m0s"
    ended = ran("linkerd-ctl", "check", *theirs.split(), "--output=json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["success"] is True


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("--verbose=true --wait=5m0s", "--verbose --wait=5m0s"),
        ("--as=jane --as-group=[sre,ops]", "--as=jane --as-group=sre --as-group=ops"),
        ("--api-addr=localhost:8085 --context=west --proxy=true", "--context=west"),
        ("-n books --fail-on warn", "-n books --fail-on warn"),
    ],
)
def test_its_options_are_said_as_we_know_them(theirs: str, ours: str) -> None:
    assert list(_in_our_words(theirs.split())) == ours.split()


@pytest.mark.parametrize(("options", "seen"), [((), False), (("-W", "default"), True)])
def test_warnings_of_libraries_are_for_those_who_ask(options: tuple[str, ...], seen: bool) -> None:
    program = (
        "import warnings; from linkerdctl import __main__; from linkerdctl.cli import run\n"
        "run.run = lambda words: warnings.warn('never awaited', RuntimeWarning) or 0\n"
        "__main__.main([])"
    )
    ended = subprocess.run((sys.executable, *options, "-c", program), capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0
    assert ("RuntimeWarning: never awaited" in ended.stderr) is seen
