"""A mesh for the readers of one page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh, DemoOptions
from tests.docs.examples import Reader


@pytest.fixture
def mesh() -> Iterator[DemoMesh]:
    """Healthy at first; pages change what is in it."""
    with DemoMesh(DemoOptions(rps=40.0)) as running:
        yield running


@pytest.fixture
def reader(mesh: DemoMesh, tmp_path: Path) -> Reader:
    """In an empty directory, with that mesh."""
    return Reader(tmp_path, mesh)
