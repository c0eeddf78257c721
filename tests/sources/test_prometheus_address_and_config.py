"""Where a Prometheus is and how one presents oneself to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkerdctl.errors import ConfigError, UsageError
from linkerdctl.sources.prometheus.address import ServiceAddress, Url, parse_address
from linkerdctl.sources.prometheus.config import HttpConfig, http_config


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://prom:9090", Url("http://prom:9090")),
        ("https://prom.example.com/", Url("https://prom.example.com")),
        ("https://mimir.example.com/prometheus/", Url("https://mimir.example.com/prometheus")),
        ("http://[::1]:9090", Url("http://[::1]:9090")),
        ("https://me%40x@prom", Url("https://prom", "me@x")),
        ("http://prom/api/v1/query", Url("http://prom")),
        ("prometheus", ServiceAddress("prometheus")),
        ("prometheus.linkerd-viz", ServiceAddress("prometheus", "linkerd-viz")),
        ("prom:80", ServiceAddress("prom", None, "80")),
        ("mimir.obs:http/prometheus", ServiceAddress("mimir", "obs", "http", "/prometheus")),
    ],
)
def test_addresses(text: str, address: object) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["ftp://prom", "http://", "http://prom:no", "http://prom?x=1", "a.b.c", "Prom", "prom:", "", "a b"]
)
def test_what_is_no_address_is_told_with_both_forms(text: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_address(text)
    assert "NAME[.NAMESPACE][:PORT]" in (told.value.next_step or "")


def config(user: str | None = None, headers: tuple[str, ...] = (), file: Path | None = None, **env: str) -> HttpConfig:
    environment = {f"LINKERDCTL_PROMETHEUS_{name}": value for name, value in env.items()}
    return http_config(user=user, headers=headers, file=file, environment=environment)


def test_without_anything_there_are_no_credentials() -> None:
    assert config() == HttpConfig()


def test_tokens(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("fresh\n")
    assert config(TOKEN="abc").authorization == "Bearer abc"
    assert config(TOKEN="abc", TOKEN_FILE=str(tmp_path / "token")).authorization == "Bearer fresh"
    assert config(user="me", PASSWORD="p", TOKEN="abc").authorization == "Basic bWU6cA=="


def test_headers_of_the_command_line_go_before_those_of_the_environment() -> None:
    found = config(headers=("x-scope-orgid: b",), HEADERS="X-Scope-OrgID: a\nX-Other: c").headers
    assert [value for name, value in found if name.lower() == "x-scope-orgid"] == ["b"]


@pytest.mark.parametrize("text", ["no colon", ": x", "a b: c", "X: \x01"])
def test_what_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="begins no header"):
        config(headers=(text,))


def test_a_file_as_promtool_takes_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    file = tmp_path / "http.yml"
    file.write_text(
        """
basic_auth: {username: me, password_file: secret}
tls_config: {ca_file: ca.pem, server_name: prom.internal, insecure_skip_verify: true}
http_headers: {X-Scope-OrgID: {values: [team-a]}}
proxy_url: http://proxy:3128
"""
    )
    found = config(file=file)
    assert found.authorization == "Basic bWU6aHVudGVyMg=="
    assert found.headers == (("X-Scope-OrgID", "team-a"),)
    assert (found.ca, found.server_name, found.insecure) == (tmp_path / "ca.pem", "prom.internal", True)
    assert found.proxy == "http://proxy:3128"
    assert config(file=file, TOKEN="abc").authorization == "Bearer abc"


def test_other_credentials_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    file = tmp_path / "http.yml"
    for text in ("bearer_token_file: token", "authorization: {credentials_file: token}"):
        file.write_text(text)
        assert config(file=file).authorization == "Bearer abc"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("basic_auth: [", "no YAML at line 1"),
        ("- a", "no http_config"),
        ("basic_auth: {password: x}", "no http_config"),
        ("oauth2: {client_id: x}", "oauth2 is not supported"),
        ("bearer_token_file: nowhere", "cannot be read: no such file"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "http.yml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=told):
        config(file=file)


def test_secrets_do_not_show_in_what_may_be_printed(tmp_path: Path) -> None:
    assert "s3cret" not in repr(config(headers=("X-Api-Key: s3cret",), TOKEN="s3cret"))
    with pytest.raises(ConfigError, match="cannot be used as certificate authority"):
        config(CA=str(tmp_path / "none.pem")).tls()
