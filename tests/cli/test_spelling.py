"""Options as cobra and kubectl take them: values behind an equals sign, truth values, letters in one word."""

from __future__ import annotations

import json

import pytest

from linkerdctl.cli.run import run
from linkerdctl.cli.spelling import as_parsed
from tests.cli.test_wrong_inputs import RECORDING


class Option:
    """What is looked at of the parser's options."""

    param_type_name = "option"

    def __init__(self, *opts: str, is_flag: bool = False) -> None:
        self.opts, self.is_flag = opts, is_flag


OPTIONS = [
    Option("--output", "-o"),
    Option("--namespace", "-n"),
    Option("--watch", "-w"),
    Option("--all-namespaces", "-A", is_flag=True),
    Option("--quiet", "-q", is_flag=True),
]


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("deploy -o=json", "deploy -o json"),
        ("-o=jsonpath={.a}={.b}", "-o jsonpath={.a}={.b}"),
        ("-n=", "-n "),
        ("-Ao=json", "-A -o json"),
        ("-Aq=true", "-A -q"),
        ("-Aq=false", "-A"),
        ("--all-namespaces=true -q=1", "--all-namespaces -q"),
        ("--all-namespaces=false -q=F", ""),
        ("--output=json", "--output=json"),
        ("-nteam=a", "-nteam=a"),
        ("-x=1 --other=2 app=web", "-x=1 --other=2 app=web"),
        ("-w=5s", "-w 5s"),
        ("-w deploy", "-w 2s deploy"),
        ("--watch 5s", "--watch 5s"),
        ("-o=json -- -o=json --watch", "-o json -- -o=json --watch"),
    ],
)
def test_words_mean_what_they_mean_to_cobra(written: str, means: str) -> None:
    assert " ".join(as_parsed(written.split(" ") if written else [], OPTIONS)) == means


def test_a_flag_is_true_or_false(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["stat", "deploy", "--unmeshed=maybe"]) == 2
    assert capsys.readouterr().err == (
        "error: --unmeshed=maybe: 'maybe' is neither true nor false\n  write --unmeshed\n"
    )


@pytest.mark.parametrize("line", ["stat deploy -n=emojivoto -o=json", "-q=true stat deploy -n=emojivoto --output=json"])
def test_a_line_out_of_a_kubectl_script_runs(capsys: pytest.CaptureFixture[str], line: str) -> None:
    assert run(["--recording", str(RECORDING), *line.split()]) == 0
    names = [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert "web" in names


def test_what_stands_behind_two_dashes_is_somebody_elses() -> None:
    assert as_parsed(["--", "sh", "-c", "-o=json"], OPTIONS) == ["--", "sh", "-c", "-o=json"]
