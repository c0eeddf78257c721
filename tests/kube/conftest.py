"""What the tests of `kube` share: a home without a kubeconfig, no pod around us, authorities."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from linkerdctl.kube import answers, client


@pytest.fixture(autouse=True)
def no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    proxies = [f"{name}_PROXY" for name in ("HTTPS", "HTTP", "NO")]
    for name in (
        "KUBECONFIG",
        "KUBERNETES_SERVICE_HOST",
        "KUBERNETES_SERVICE_PORT",
        *proxies,
        *map(str.lower, proxies),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that the client would have waited between attempts; it does not."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(client, "_sleep", sleep)
    monkeypatch.setattr(answers, "_jitter", lambda: 1.0)
    return waited
