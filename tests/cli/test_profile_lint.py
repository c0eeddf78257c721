"""`profile lint`: lines that editors understand, records for machines, and an exit code for pipelines."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from linkerdctl.cli.run import run

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
GOOD = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata: {name: web.shop.svc.cluster.local, namespace: shop}
spec:
  routes:
  - name: list
    condition: {method: GET, pathRegex: /list}
"""
DOUBTFUL = GOOD.replace("/list}", "'/list/[^/]'}")
WRONG = GOOD + "    Timeout : 300ms\n"
Outcome = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Outcome:
    """Run `profile lint` in a directory with three profiles; gives the exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("good.yaml", GOOD),
        ("doubtful.yaml", DOUBTFUL),
        ("wrong.yaml", WRONG),
        ("other.yaml", "kind: Pod\n"),
    ):
        (tmp_path / name).write_text(text)

    def go(line: str) -> tuple[int, str, str]:
        code = run(["profile", "lint", *line.split()])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def test_a_good_profile_is_no_news(lint: Outcome) -> None:
    assert lint("good.yaml") == (0, "", "0 errors, 0 warnings\n")


def test_warnings_are_told_and_let_pass(lint: Outcome) -> None:
    assert lint("doubtful.yaml") == (
        0,
        "doubtful.yaml:7:30: warning: [^/] matches one character: for a whole segment write /list/[^/]+ "
        "[web.shop.svc.cluster.local, list]\n",
        "0 errors, 1 warnings\n",
    )


def test_errors_close_the_gate(lint: Outcome) -> None:
    code, out, err = lint("wrong.yaml good.yaml doubtful.yaml")
    assert code == 4
    assert out.splitlines()[0] == (
        "wrong.yaml:8:5: error: unknown key 'Timeout': it has no effect, or the profile is refused: write timeout "
        "[web.shop.svc.cluster.local, list]"
    )
    assert err == "1 errors, 1 warnings\n"


def test_standard_input_is_a_file_too(lint: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(WRONG.encode())))
    code, out, _ = lint("-")
    assert (code, out[:12]) == (4, "<stdin>:8:5:")


def test_every_format_has_the_same_records(lint: Outcome) -> None:
    from_json = json.loads(lint("wrong.yaml -o json")[1])
    assert from_json == yaml.safe_load(lint("wrong.yaml -o yaml")[1])
    [record] = from_json
    assert {key: record[key] for key in ("severity", "source", "line", "column", "route")} == {
        "severity": "error", "source": "wrong.yaml", "line": 8, "column": 5, "route": "list"
    }  # fmt: skip
    [row] = csv.DictReader(io.StringIO(lint("wrong.yaml -o csv")[1]))
    assert row["what"] == record["what"]
    assert json.loads(lint("good.yaml -o json")[1]) == []


def test_a_recording_has_profiles_too(lint: Outcome) -> None:
    code, _, err = lint(f"-n emojivoto --recording {RECORDING}")
    assert (code in (0, 4), "errors" in err) == (True, True)
    assert "there is no ServiceProfile in namespace none" in lint(f"-n none --recording {RECORDING}")[2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("none.yaml", "none.yaml: no such file"),
        ("other.yaml", "there is no ServiceProfile in other.yaml"),
        ("good.yaml -n shop", "files and -n exclude each other"),
        ("-o json", "nothing to look at"),
        ("good.yaml -o table", "unknown output format 'table'"),
    ],
)
def test_errors_are_one_line(lint: Outcome, line: str, words: str) -> None:
    code, out, err = lint(line)
    assert (code in (1, 2), out) == (True, "")
    assert words in err.splitlines()[0]
