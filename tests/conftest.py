"""Fixtures for every room: demo meshes and the real kubectl."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from linkerdctl.demo.servers import DemoMesh, DemoOptions

# An example that takes its time on a busy machine is no failure.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

Kubectl = Callable[..., subprocess.CompletedProcess[str]]
DemoFactory = Callable[..., DemoMesh]


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoMesh]:
    """A healthy mesh, shared by all tests: leave emojivoto as it is, and take a namespace of your own to write."""
    with DemoMesh(DemoOptions(rps=40.0)) as mesh:
        yield mesh


@pytest.fixture
def demo_with() -> Iterator[DemoFactory]:
    """Makes meshes of one's own, from the fields of `DemoOptions`; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(DemoMesh(DemoOptions(**options)))


@pytest.fixture
def kubectl(demo: DemoMesh) -> Kubectl:
    """Runs the real kubectl against the shared demo (or the mesh given as `mesh`)."""
    program = shutil.which("kubectl")
    if program is None:
        pytest.fail("kubectl is not on PATH; `make test` installs it")

    def run(*words: str, stdin: str = "", mesh: DemoMesh = demo) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], input=stdin, env=mesh.environment(), capture_output=True, text=True, timeout=30
        )

    return run
