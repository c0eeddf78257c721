"""A Prometheus behind TLS: authorities of one's own, other names, and certificates that clients must present."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tests.e2e.conftest import Command
from tests.e2e.prometheus_stubs import Reply, Stub, stub

EMPTY = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
ANSWERED = "holds nothing of Linkerd's proxies"
"""What is said of a store that answers, and is empty."""
STAT = "stat deploy -n emojivoto --prometheus"
Config = Callable[..., Path]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> Path:
    """ca.pem; me.pem and me.key as the authority gave them; locked.key, which is the latter with a passphrase."""
    mine = authority.issue_cert("me")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "me.pem")
    mine.private_key_pem.write_to_path(tmp_path / "me.key")
    key = serialization.load_pem_private_key(mine.private_key_pem.bytes(), None)
    locked = serialization.BestAvailableEncryption(b"passphrase")
    (tmp_path / "locked.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    )
    return tmp_path


@pytest.fixture
def config(files: Path) -> Config:
    """Writes an `http_config` that trusts the authority."""

    def write(**tls: object) -> Path:
        path = files / "http.yml"
        path.write_text(json.dumps({"tls_config": {"ca_file": "ca.pem", **tls}}))
        return path

    return write


def context_for(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def guarded(authority: trustme.CA) -> Iterator[Stub]:
    """Wants a certificate of the authority's from its clients."""
    context = context_for(authority, "127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    with stub(lambda asked: Reply(200, EMPTY), tls=context) as server:
        yield server


@pytest.fixture
def elsewhere(authority: trustme.CA) -> Iterator[Stub]:
    """Has a certificate for another name than its address."""
    with stub(lambda asked: Reply(200, EMPTY), tls=context_for(authority, "prom.internal")) as server:
        yield server


def test_an_authority_of_ones_own_is_trusted_when_it_is_named(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, files: Path
) -> None:
    with stub(lambda asked: Reply(200, EMPTY), tls=context_for(authority, "127.0.0.1")) as server:
        distrusted = linkerdctl(f"{STAT} {server.url}")
        monkeypatch.setenv("LINKERDCTL_PROMETHEUS_CA", str(files / "ca.pem"))
        trusted = linkerdctl(f"{STAT} {server.url}")
    assert "its certificate is not trusted (unable to get local issuer certificate)" in distrusted.err
    assert ANSWERED in trusted.err


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_certificate_is_presented(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch, guarded: Stub, config: Config, by: str
) -> None:
    path = config(cert_file="me.pem", key_file="me.key")
    if by == "environment":
        monkeypatch.setenv("LINKERDCTL_PROMETHEUS_CONFIG", str(path))
    ran = linkerdctl(f"{STAT} {guarded.url}{f' --prometheus-config {path}' if by == 'option' else ''}")
    assert ANSWERED in ran.err
    assert len(guarded.asked) == 1


def test_who_has_none_is_asked_whether_one_is_wanted(linkerdctl: Command, guarded: Stub, config: Config) -> None:
    ran = linkerdctl(f"{STAT} {guarded.url} --prometheus-config {config()}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: cannot reach Prometheus at {guarded.url}: ")
    assert "does it want a client certificate" in ran.err


def test_one_of_another_authority_is_not_accepted(
    linkerdctl: Command, guarded: Stub, config: Config, files: Path
) -> None:
    stranger = trustme.CA().issue_cert("stranger")
    stranger.private_key_and_cert_chain_pem.write_to_path(files / "stranger.pem")
    ran = linkerdctl(f"{STAT} {guarded.url} --prometheus-config {config(cert_file='stranger.pem')}")
    assert (ran.code, ran.out) == (1, "")
    assert "does it trust the client certificate?" in ran.err


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        ({"cert_file": "nowhere.pem"}, "nowhere.pem cannot be used: no such file"),
        ({"cert_file": "me.pem", "key_file": "locked.key"}, "me.pem cannot be used: its key is encrypted"),
        ({"cert_file": "me.pem"}, "name it with key_file"),
        ({"key_file": "me.key"}, "tls_config has a key_file, but no cert_file"),
    ],
)
def test_certificates_that_cannot_be_used_are_told_and_nothing_is_asked_on_the_terminal(
    linkerdctl: Command, config: Config, tls: dict[str, object], told: str
) -> None:
    ran = linkerdctl(f"{STAT} https://127.0.0.1:1 --prometheus-config {config(**tls)}")
    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err


def test_a_certificate_for_another_name_has_to_be_asked_for(
    linkerdctl: Command, elsewhere: Stub, config: Config
) -> None:
    wrong = linkerdctl(f"{STAT} {elsewhere.url} --prometheus-config {config()}")
    right = linkerdctl(f"{STAT} {elsewhere.url} --prometheus-config {config(server_name='prom.internal')}")
    careless = linkerdctl(f"{STAT} {elsewhere.url} --prometheus-config {config(insecure_skip_verify=True)}")
    assert "its certificate is not trusted (IP address mismatch" in wrong.err
    assert ANSWERED in right.err
    assert ANSWERED in careless.err


def test_https_to_what_speaks_http_is_told(linkerdctl: Command) -> None:
    with stub(lambda asked: Reply(200, EMPTY)) as server:
        ran = linkerdctl(f"{STAT} {server.url.replace('http', 'https')}")
    assert "it does not speak TLS; with http:// perhaps?" in ran.err
