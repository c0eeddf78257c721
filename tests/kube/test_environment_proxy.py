"""HTTPS_PROXY and its likes, by Go's rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkerdctl.errors import ConfigError
from linkerdctl.kube.environment_proxy import environment_proxy
from linkerdctl.kube.kubeconfig import load_config
from tests.kube.fakes import kubeconfig

API = "https://api.example.org:6443"


@pytest.mark.parametrize(
    ("variables", "server", "found"),
    [
        ({}, API, None),
        ({"HTTPS_PROXY": "http://p:1"}, API, ("HTTPS_PROXY", "http://p:1")),
        ({"https_proxy": "p:1"}, API, ("https_proxy", "http://p:1")),
        ({"HTTPS_PROXY": "a:1", "https_proxy": "b:1"}, API, ("HTTPS_PROXY", "http://a:1")),
        ({"HTTP_PROXY": "p:1"}, API, None),
        ({"HTTP_PROXY": "p:1"}, "http://api.example.org", ("HTTP_PROXY", "http://p:1")),
        ({"HTTPS_PROXY": "p:1"}, "https://localhost:6443", None),
        ({"HTTPS_PROXY": "p:1"}, "https://127.3.2.1:6443", None),
        ({"HTTPS_PROXY": "p:1"}, "https://[::1]:6443", None),
    ],
)
def test_the_scheme_says_which_variable_counts_and_loopback_needs_none(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], server: str, found: tuple[str, str] | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment_proxy(server) == found


def test_others_count_where_they_are_named_and_the_usual_ones_are_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://all:1")
    assert environment_proxy(API) is None
    assert environment_proxy(API, "ALL_PROXY") == ("ALL_PROXY", "socks5://all:1")
    monkeypatch.setenv("HTTPS_PROXY", "p:1")
    assert environment_proxy(API, "ALL_PROXY") == ("HTTPS_PROXY", "http://p:1")


@pytest.mark.parametrize(
    ("exceptions", "server", "proxied"),
    [
        ("", API, True),
        ("*", API, False),
        ("example.org", API, False),
        (".example.org", API, False),
        ("*.example.org", API, False),
        (".example.org", "https://example.org", True),
        ("ample.org", API, True),
        ("other.org, API.example.org ", API, False),
        ("api.example.org:6443", API, False),
        ("api.example.org:443", API, True),
        ("api.example.org:443", "https://api.example.org", False),
        ("10.0.0.0/8", "https://10.1.2.3", False),
        ("10.0.0.0/8", "https://11.1.2.3", True),
        ("10.0.0.0/8", API, True),
        ("10.1.2.3", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd00::1]:6443", False),
        ("fd00::1", "https://[fd00::1]:6443", False),
        ("FD00:0::0001", "https://[fd00::1]:6443", False),
        ("[fd00:0::1]:6443", "https://[fd00::1]:6443", False),
        ("[fd00::1]:443", "https://[fd00::1]:6443", True),
        ("nonsense/8", "https://10.1.2.3", True),
    ],
)
def test_no_proxy_excepts(monkeypatch: pytest.MonkeyPatch, exceptions: str, server: str, proxied: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "p:1")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (environment_proxy(server) is not None) is proxied


def test_the_kubeconfigs_proxy_wins_and_a_broken_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://bob:planted@env:3128")
    plain = str(kubeconfig(tmp_path / "plain", API))
    assert load_config(plain).proxy == "http://env:3128"
    own = kubeconfig(tmp_path / "own", API, **{"proxy-url": "http://own:1"})
    assert load_config(str(own)).proxy == "http://own:1"
    monkeypatch.setenv("HTTPS_PROXY", "gopher://bob:planted@env")
    with pytest.raises(ConfigError, match="HTTPS_PROXY in the environment is no URL") as caught:
        load_config(plain)
    assert "planted" not in caught.value.message
