"""TLS and proxies on real sockets: whom we trust, whom we are, what name we expect, and what is said when it fails."""

from __future__ import annotations

import asyncio
import base64
import socket
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpcore
import pytest
import trustme

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.connection import connection_error
from linkerdctl.kube.http import Patience
from linkerdctl.kube.kubeconfig import ClusterConfig, load_config
from linkerdctl.kube.rbac import About
from tests.kube.fakes import FakeApi, FakeProxy, config_for, encoded, kubeconfig, proxying, server_tls, serving

VERSION = About("get", "/version", namespace="ns", name="n")


def api(tls: Any = None) -> AbstractAsyncContextManager[str]:
    return serving(FakeApi({"/version": {"major": "1"}}), tls)


async def version(config: ClusterConfig) -> dict[str, Any]:
    async with KubeClient(config) as client:
        return await client.get("/version", VERSION)


async def failure(config: ClusterConfig) -> str:
    with pytest.raises(ApiError) as caught:
        await version(config)
    error = caught.value
    assert (error.verb, error.resource, error.namespace, error.name, error.status) == ("get", "/version", "ns", "n", 0)
    assert error.message.startswith(f"cannot reach the API server {config.server}")
    assert "\n" not in error.message
    assert "context 'here'" in str(error.next_step)
    return error.message.partition(config.server)[2]


async def test_the_kubeconfigs_authority_is_trusted(authority: trustme.CA) -> None:
    async with api(server_tls(authority)) as server:
        assert await version(config_for(server, ca=authority.cert_pem.bytes())) == {"major": "1"}


async def test_an_intermediate_authority_is_trusted_if_named() -> None:
    intermediate = trustme.CA().create_child_ca()
    async with api(server_tls(intermediate)) as server:
        assert await version(config_for(server, ca=intermediate.cert_pem.bytes()))


async def test_no_other_authority_is_trusted(authority: trustme.CA) -> None:
    async with api(server_tls(authority)) as server:
        assert await failure(config_for(server, ca=trustme.CA().cert_pem.bytes())) == (
            ": its certificate is not trusted (unable to get local issuer certificate)"
        )
        assert "its certificate is not trusted" in await failure(config_for(server))


async def test_insecure_trusts_anyone(authority: trustme.CA) -> None:
    async with api(server_tls(authority, "elsewhere")) as server:
        assert await version(config_for(server, ca=trustme.CA().cert_pem.bytes(), insecure=True))


async def test_the_name_in_the_certificate_must_be_the_servers(authority: trustme.CA) -> None:
    async with api(server_tls(authority, "kubernetes")) as server:
        config = config_for(server, ca=authority.cert_pem.bytes())
        assert "IP address mismatch" in await failure(config)


async def test_tls_server_name_says_which_name_to_expect(authority: trustme.CA) -> None:
    async with api(server_tls(authority, "kubernetes")) as server:
        ca = authority.cert_pem.bytes()
        assert await version(config_for(server, ca=ca, tls_server_name="kubernetes"))
        assert "Hostname mismatch" in await failure(config_for(server, ca=ca, tls_server_name="other"))


@pytest.mark.parametrize("name", [".kubernetes", "a" * 70])
async def test_a_tls_server_name_that_no_host_has_is_told(name: str) -> None:
    with pytest.raises(ConfigError, match="is no host's name"):
        await version(config_for("https://127.0.0.1:1", tls_server_name=name))


@pytest.mark.parametrize("as_files", [False, True])
async def test_a_client_certificate_is_shown(authority: trustme.CA, tmp_path: Path, as_files: bool) -> None:
    leaf = authority.issue_cert("me@example.org")
    certificate = b"".join(each.bytes() for each in leaf.cert_chain_pems)
    key = leaf.private_key_pem.bytes()
    if as_files:
        await asyncio.to_thread((tmp_path / "crt").write_bytes, certificate)
        await asyncio.to_thread((tmp_path / "key").write_bytes, key)
        user = {"client-certificate": "crt", "client-key": "key"}
    else:
        user = {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}
    async with api(server_tls(authority, clients=authority)) as server:
        ca = {"certificate-authority-data": encoded(authority.cert_pem.bytes())}
        assert await version(load_config(str(kubeconfig(tmp_path / "c", server, user, **ca))))
        assert await version(load_config(str(kubeconfig(tmp_path / "c", server, {**user, "token": "t"}, **ca))))
        without = load_config(str(kubeconfig(tmp_path / "c", server, **ca)))
        # How it fails depends on which side is told first.
        assert await failure(without)


@pytest.mark.parametrize("what", ["certificate", "key", "ca", "other key"])
def test_what_is_no_pem_is_told_without_quoting_it(authority: trustme.CA, what: str) -> None:
    leaf = authority.issue_cert("me@example.org")
    parts = {
        "certificate": leaf.cert_chain_pems[0].bytes(),
        "key": leaf.private_key_pem.bytes(),
        "ca": authority.cert_pem.bytes(),
    }
    if what == "other key":
        parts["key"] = authority.issue_cert("you@example.org").private_key_pem.bytes()
    else:
        parts[what] = b"planted"
    user = {"client-certificate-data": encoded(parts["certificate"]), "client-key-data": encoded(parts["key"])}
    with pytest.raises(ConfigError) as caught:
        KubeClient(config_for("https://x", user, ca=parts["ca"]))
    assert "PEM" in caught.value.message
    assert "planted" not in caught.value.message


@pytest.mark.parametrize("name", [None, "kubernetes"])
async def test_a_proxy_is_gone_through_with_its_password(authority: trustme.CA, name: str | None) -> None:
    proxy = FakeProxy()
    tls = server_tls(authority, name or "127.0.0.1")
    async with api(tls) as server, proxying(proxy) as place:
        ca = authority.cert_pem.bytes()
        config = config_for(server, ca=ca, tls_server_name=name, proxy_url=f"http://bob:planted@{place}")
        assert await version(config)
    assert proxy.connects[0].startswith(f"CONNECT {server.removeprefix('https://')} ")
    assert base64.b64encode(b"bob:planted").decode() in proxy.connects[0]


async def test_a_proxy_that_refuses_or_is_not_there_is_named_without_its_password(authority: trustme.CA) -> None:
    async with api(server_tls(authority)) as server, proxying(FakeProxy(refuse=True)) as place:
        said = await failure(config_for(server, proxy_url=f"http://bob:planted@{place}"))
        assert said == f" through the proxy http://{place}: 407 Proxy Authentication Required"
    said = await failure(config_for("https://127.0.0.1:1", proxy_url=f"http://bob:planted@127.0.0.1:{free_port()}"))
    assert said.endswith(": connection refused")
    assert "planted" not in said


def test_a_proxy_that_needs_another_package_is_told() -> None:
    with pytest.raises(ConfigError, match="the proxy socks5://x:1 needs a package") as caught:
        KubeClient(config_for("https://127.0.0.1:1", proxy_url="socks5://bob:planted@x:1"))
    assert "planted" not in caught.value.message


def test_a_server_that_is_no_url_is_told() -> None:
    with pytest.raises(ConfigError, match="context 'here' is no URL"):
        KubeClient(config_for("http://[::1"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_server_that_does_not_listen_is_told(host: str) -> None:
    assert await failure(config_for(f"https://{host}:{free_port()}")) == ": connection refused"


def said_of(error: Exception, cause: BaseException | None = None) -> str:
    error.__cause__ = cause
    found = connection_error(error, config_for("https://x"), {"verb": "get", "resource": "pods"})
    return found.message.removeprefix("cannot reach the API server https://x: ")


def test_of_several_attempts_one_reason_is_told() -> None:
    attempts = ExceptionGroup("", [OSError(101, "Network is unreachable"), ConnectionRefusedError(111, "Refused")])
    assert said_of(httpcore.ConnectError("All connection attempts failed"), attempts) == "connection refused"
    assert (
        said_of(httpcore.ConnectError("no"), ExceptionGroup("", [OSError(101, "Is Unreachable")])) == "is unreachable"
    )


def test_what_a_library_says_of_a_header_is_not_repeated() -> None:
    assert (
        said_of(httpcore.LocalProtocolError("Illegal header value b'Bearer planted'")) == "the request cannot be sent"
    )
    assert said_of(httpcore.ReadError("")) == "it ends the connection before its answer"
    assert said_of(httpcore.UnsupportedProtocol("what is this")) == "what is this"
    assert said_of(RuntimeError()) == "RuntimeError"


async def test_a_name_that_does_not_exist_is_told() -> None:
    assert await failure(config_for("https://no-such-host.invalid")) != ": connection refused"


async def test_a_server_without_tls_is_told(authority: trustme.CA) -> None:
    async with api() as server:
        said = await failure(config_for(server.replace("http", "https"), ca=authority.cert_pem.bytes()))
    assert said.startswith(": TLS fails (")


async def test_a_server_that_hangs_up_is_told() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        said = await failure(config_for(f"http://127.0.0.1:{port}"))
    assert said == ": it ends the connection before its answer"


async def test_a_server_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with KubeClient(config_for(f"http://127.0.0.1:{port}")) as client:
            monkeypatch.setattr("linkerdctl.kube.client.USUAL", Patience(10.0, 10.0, 0.05))
            with pytest.raises(ApiError, match="it does not answer in time"):
                await client.get("/version", VERSION)
        done.set()
