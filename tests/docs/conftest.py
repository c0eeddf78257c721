"""A mesh that readers of one file's pages share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linkerdctl.demo.servers import DemoMesh, DemoOptions


@pytest.fixture(scope="module")
def mesh() -> Iterator[DemoMesh]:
    """Healthy at first; pages may change what is in it."""
    with DemoMesh(DemoOptions(rps=40.0)) as running:
        yield running
