"""What `stat` prints from a recording of real proxies, in every form, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from linkerdctl.cli.run import run

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"


@pytest.mark.parametrize(
    "line",
    [
        "deploy -n emojivoto",
        "deploy -n emojivoto -o wide",
        "deploy -n emojivoto -o json",
        "deploy/web -n emojivoto -o yaml",
        "deploy -n emojivoto -o csv",
        "deploy -n emojivoto --sort-by rps",
        "deploy/web --to deploy/emoji -n emojivoto",
        "deploy --to svc/voting-svc -n emojivoto",
        "deploy --to au/voting-svc.emojivoto.svc.cluster.local:8080 -n emojivoto",
        "deploy/emoji --from deploy/web -n emojivoto",
        "deploy --from deploy/web -n emojivoto -o wide",
        "svc -n emojivoto",
        "svc --from deploy/vote-bot -n emojivoto",
        "au -n emojivoto",
        "ns",
        "po -A -o wide",
        "all -n emojivoto",
        "rs,svc -n emojivoto --all-traffic",
        "deploy -n emojivoto --since-start -o wide",
        "deploy/vote-bot -n emojivoto --to deploy/emoji",
        "sts -n emojivoto",
        "deploy -n emojivoto --watch 2s -o json",
    ],
)
def test_output(line: str, snapshot: SnapshotAssertion, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["--recording", str(RECORDING), "stat", *line.split()])
    shown = capsys.readouterr()
    assert f"exit code {code}\n--- stdout\n{shown.out}--- stderr\n{shown.err}" == snapshot
