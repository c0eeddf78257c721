"""auth-provider entries: asked through the kubernetes package, which is loaded for nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from linkerdctl.errors import ConfigError
from linkerdctl.kube.credentials import credentials_for
from linkerdctl.kube.kubeconfig import load_config
from tests.kube.fakes import FakeApi, encoded, kubeconfig, server_tls, serving


def id_token(expires_in: float) -> str:
    claims = json.dumps({"exp": int(time.time() + expires_in)}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.planted"


def with_provider(path: Path, name: str = "oidc", **config: Any) -> Any:
    user = {"auth-provider": {"name": name, "config": config}}
    (path / "first").write_text(json.dumps({"current-context": "here"}))
    kubeconfig(path / "second", "http://x", user)
    return path / "first", path / "second"


@pytest.fixture
def provided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def credentials(name: str = "oidc", **config: Any) -> Any:
        files = with_provider(tmp_path, name, **config)
        monkeypatch.setenv("KUBECONFIG", ":".join(map(str, files)))
        return credentials_for(load_config())

    return credentials


def test_an_auth_provider_is_asked_through_the_kubernetes_package(provided: Callable[..., Any]) -> None:
    token = id_token(3600)
    credentials = provided(**{"id-token": token})
    assert credentials.present().authorization == f"Bearer {token}"
    assert credentials.present().certificate is None
    assert credentials.renew(f"Bearer {token}")
    assert credentials.present().authorization == f"Bearer {token}"


async def test_what_has_expired_is_refreshed_and_kept_in_its_file(
    provided: Callable[..., Any], authority: trustme.CA, tmp_path: Path
) -> None:
    fresh = id_token(3600)
    issuer = FakeApi({"/token": {"access_token": "a", "id_token": fresh, "refresh_token": "next"}})
    async with serving(issuer, server_tls(authority)) as url:
        issuer.answers["/.well-known/openid-configuration"] = {"token_endpoint": f"{url}/token"}
        credentials = provided(
            **{
                "id-token": id_token(-9),
                "refresh-token": "planted",
                "client-id": "me",
                "client-secret": "planted",
                "idp-issuer-url": url,
                "idp-certificate-authority-data": encoded(authority.cert_pem.bytes()),
            }
        )
        assert (await asyncio.to_thread(credentials.present)).authorization == f"Bearer {fresh}"
    assert fresh in (tmp_path / "second").read_text()


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("azure", {"access-token": "planted"}, "auth-provider 'azure' gives no token"),
        ("oidc", {"id-token": "planted"}, "auth-provider 'oidc' gives no token"),
        ("oidc", {}, "auth-provider 'oidc' cannot log in: ConfigException"),
        (
            "oidc",
            {"id-token": id_token(-9), "idp-issuer-url": "http://127.0.0.1:1"},
            "auth-provider 'oidc' cannot log in",
        ),
    ],
)
def test_an_auth_provider_that_gives_nothing_is_told(
    provided: Callable[..., Any], name: str, config: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        provided(name, **config).present()
    assert words in caught.value.message
    assert "planted" not in caught.value.message
    assert "exec plugin" in str(caught.value.next_step)


def test_the_kubernetes_package_is_loaded_for_auth_providers_alone(tmp_path: Path) -> None:
    script = """if True:
        import sys
        from linkerdctl.kube.client import KubeClient
        from linkerdctl.kube.kubeconfig import load_config
        client = KubeClient(load_config(sys.argv[1]))
        before = "kubernetes" in sys.modules
        client._credentials.present()
        print(before, "kubernetes" in sys.modules)
    """

    def loaded(user: dict[str, Any]) -> str:
        path = kubeconfig(tmp_path / "c", "http://x", user)
        line = [sys.executable, "-c", script, str(path)]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()

    assert loaded({"token": "t"}) == "False False"
    assert loaded({"auth-provider": {"name": "oidc", "config": {"id-token": id_token(3600)}}}) == "False True"
