"""A demo mesh for a module's tests, and the command line run against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from linkerdctl.cli.run import run
from linkerdctl.demo.servers import DemoMesh, DemoOptions
from linkerdctl.demo.topology import DemoPod


@pytest.fixture(scope="module")
def mesh() -> Iterator[DemoMesh]:
    """A demo of its own for each module."""
    with DemoMesh(DemoOptions(rps=40.0)) as running:
        yield running


@dataclass
class Ran:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """JSON rows by `kind/name`; whole kinds are never asked for twice."""
        return {f"{row['kind']}/{row['name']}": row for row in json.loads(self.out)}


Command = Callable[..., Ran]


@pytest.fixture
def linkerdctl(mesh: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line against the mesh, in this process."""
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))

    def command(line: str, *more: str) -> Ran:
        code = run([*line.split(), *more])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command


def pod_of(mesh: DemoMesh, workload: str) -> DemoPod:
    """The one pod of a workload."""
    [pod] = mesh.mesh.topology.of_workload("emojivoto", workload)
    return pod
