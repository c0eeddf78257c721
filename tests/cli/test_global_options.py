"""Global options: before or after the command, given once or often, from the environment."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from linkerdctl.cli import commands
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.run import run

RECORDING = str(Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[GlobalOptions, Any]]:
    """What a command called `probe` is given."""
    given: list[tuple[GlobalOptions, Any]] = []
    app = typer.Typer()

    @app.command()
    def probe(
        ctx: typer.Context,
        words: Annotated[list[str] | None, typer.Argument()] = None,
        everywhere: Annotated[bool, typer.Option("-A")] = False,
        watch: Annotated[str | None, typer.Option("--watch", "-w")] = None,
    ) -> None:
        given.append((globals_of(ctx), (list(words or ()), everywhere, watch)))

    module = types.ModuleType("linkerdctl.cli.probe")
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "linkerdctl.cli.probe", module)
    monkeypatch.setitem(commands.COMMANDS, "probe", "Look at options")
    return given


LINES = [
    ("--context", "blue"),
    ("--kubeconfig", "/k"),
    ("--as", "ana"),
    ("--as-uid", "7"),
    ("--recording", "/r"),
    ("--via", "direct"),
    ("--concurrency", "3"),
    ("--timeout", "1m"),
]
FIELDS = {
    "--context": ("context", "blue"), "--kubeconfig": ("kubeconfig", "/k"), "--as": ("impersonate", "ana"),
    "--as-uid": ("impersonate_uid", "7"), "--recording": ("recording", Path("/r")), "--via": ("via", "direct"),
    "--concurrency": ("concurrency", 3), "--timeout": ("timeout", 60.0),
}  # fmt: skip


@pytest.mark.parametrize(("option", "value"), LINES)
def test_an_option_means_the_same_before_and_after_the_command(seen: Any, option: str, value: str) -> None:
    for line in ([option, value, "probe", "x"], ["probe", option, value, "x"], ["probe", "x", f"{option}={value}"]):
        assert run(line) == 0
    field, expected = FIELDS[option]
    assert [getattr(options, field) for options, _ in seen] == [expected] * 3
    assert [words for _, (words, _, _) in seen] == [["x"]] * 3


def test_the_last_one_given_counts(seen: Any) -> None:
    assert run(["--context", "blue", "probe", "--context", "green"]) == 0
    assert seen[0][0].context == "green"


def test_groups_add_up_wherever_they_stand(seen: Any) -> None:
    assert run(["--as-group", "a", "probe", "--as-group", "b", "--as-group", "c"]) == 0
    assert seen[0][0].impersonate_groups == ("a", "b", "c")


def test_short_options_of_both_sorts_may_be_joined(seen: Any) -> None:
    assert run(["probe", "-Aq"]) == 0
    options, (_, everywhere, _) = seen[0]
    assert options.terminal.quiet
    assert everywhere


def test_nothing_behind_two_dashes_is_an_option(seen: Any) -> None:
    assert run(["probe", "--", "--context", "green", "-q", "--watch"]) == 0
    options, (words, _, _) = seen[0]
    assert words == ["--context", "green", "-q", "--watch"]
    assert options.context is None


def test_without_any_there_are_defaults(seen: Any) -> None:
    assert run(["probe"]) == 0
    options = seen[0][0]
    assert (options.via, options.concurrency, options.timeout, options.recording) == ("api", 64, 5.0, None)


def test_a_recording_may_come_from_the_environment_and_the_command_line_wins(
    seen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKERDCTL_RECORDING", "/from/environment")
    assert run(["probe"]) == 0
    assert run(["probe", "--recording", "/given"]) == 0
    assert [options.recording for options, _ in seen] == [Path("/from/environment"), Path("/given")]


def test_the_linkerd_namespace_of_old_scripts_is_taken(seen: Any) -> None:
    assert run(["-L", "linkerd", "probe", "--linkerd-namespace", "mesh"]) == 0


@pytest.mark.parametrize(
    ("words", "watch"),
    [
        (["--watch"], "2s"),
        (["-w"], "2s"),
        (["--watch", "5s"], "5s"),
        (["--watch=5s"], "5s"),
        (["-w", "500ms"], "500ms"),
        (["--watch", "-A"], "2s"),
        (["--watch", "deploy"], "2s"),
        ([], None),
    ],
)
def test_watch_may_stand_alone(seen: Any, words: list[str], watch: str | None) -> None:
    assert run(["probe", *words]) == 0
    assert seen[0][1][2] == watch


@pytest.mark.parametrize("line", ["--timeout 0s probe", "probe --timeout -1s", "--concurrency 0 probe"])
def test_senseless_values_are_refused(seen: Any, capsys: pytest.CaptureFixture[str], line: str) -> None:
    assert run(line.split()) == 2
    assert capsys.readouterr().err.startswith("error: --")
    assert not seen


def test_colour_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--recording", RECORDING, "stat", "deploy", "-n", "emojivoto"]
    assert run([*line, "--color", "always"]) == 0
    assert "\x1b[" in capsys.readouterr().out
    assert run([*line, "--color", "never"]) == 0
    assert "\x1b[" not in capsys.readouterr().out
