"""TLS, proxies and what goes wrong on the way to an API server."""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import Any

import httpcore

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube.causes import cause_in_words
from linkerdctl.kube.http import check_url
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.lanes import Lanes
from linkerdctl.kube.presented import Certificate

SPARE = 8
"""Connections beyond those that scrapes take up, for lists and streams."""


def way_to(config: ClusterConfig, tls: ssl.SSLContext | None, *, concurrency: int) -> Lanes:
    """The way to one API server: its TLS, its proxy, connections for `concurrency` requests at once."""
    try:
        check_url(config.server)
        return Lanes(concurrency + SPARE, tls, config.proxy_url)
    except ImportError:
        raise ConfigError(
            f"the proxy {config.proxy} needs a package that is not installed",
            next_step="install it: pip install 'httpx[socks]' python-socks",
        ) from None
    except ValueError:
        # Their texts may quote a proxy's password.
        raise ConfigError(f"the server or proxy-url of context {config.context!r} is no URL") from None


class _NamedContext(ssl.SSLContext):
    """Expects another name in the certificate than the address has: `tls-server-name`, on whatever way one connects."""

    name: str

    def wrap_bio(
        self, incoming: Any, outgoing: Any, server_side: bool = False, server_hostname: Any = None, session: Any = None
    ) -> ssl.SSLObject:
        """As ever, but for the name."""
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


def tls_context(config: ClusterConfig, certificate: Certificate | None) -> ssl.SSLContext | None:
    """What to trust and what to present; None where there is no TLS. Raises `ConfigError`.

    The strictness that Python 3.13 adds by default is left out, as kubectl has none of it and clusters do not live up to it.
    """
    if not config.server.startswith("https:"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if config.tls_server_name:
        context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
        context.name = config.tls_server_name
        _check_name(context)
    _trust(config, context)
    if certificate is not None:
        _present(certificate, context)
    return context


def _check_name(context: _NamedContext) -> None:
    """What can be no host's name shows when a connection begins; this is one that goes nowhere."""
    try:
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())
    except ValueError:
        raise ConfigError(f"tls-server-name {context.name!r} in the kubeconfig is no host's name") from None


def _trust(config: ClusterConfig, context: ssl.SSLContext) -> None:
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return
    if config.ca is None:
        context.load_default_certs()
        return
    # What the kubeconfig names is trusted, be it an intermediate authority.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cadata=config.ca.decode())
    except (ssl.SSLError, ValueError):
        raise ConfigError("certificate-authority in the kubeconfig is no PEM certificate") from None


def _present(certificate: Certificate, context: ssl.SSLContext) -> None:
    """OpenSSL reads client certificates from files only; this one lives for a moment and only its owner can read it."""
    with tempfile.NamedTemporaryFile() as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(certificate.certificate + b"\n" + certificate.key)
        file.flush()
        try:
            # A password stands in for OpenSSL's own question on the terminal.
            context.load_cert_chain(file.name, password="")
        except (ssl.SSLError, ValueError):
            raise ConfigError(
                "the client certificate and its key do not fit together, are no PEM, or the key is encrypted"
            ) from None


def connection_error(error: BaseException, config: ClusterConfig, about: dict[str, Any]) -> ApiError:
    """One line for a request that got no answer: refused, no such host, bad certificate, too slow."""
    through = f" through the proxy {config.proxy}" if config.proxy else ""
    origin = f" from {config.source}" if config.source else ""
    return ApiError(
        f"cannot reach the API server {config.server}{through}: {_why(error, config)}",
        next_step=f"is it the right cluster? context {config.context!r}{origin}",
        **about,
    )


def _why(error: BaseException, config: ClusterConfig) -> str:
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return "it does not answer in time"
    return cause_in_words(error) or _in_its_words(error).replace(config.proxy_url or "\0", config.proxy)


def _in_its_words(error: BaseException) -> str:
    """What the library says; not where that could quote a header, which may be a secret."""
    if isinstance(error, httpcore.LocalProtocolError):
        return "the request cannot be sent"
    if isinstance(error, httpcore.RemoteProtocolError | httpcore.ReadError | httpcore.WriteError):
        return "it ends the connection before its answer"
    return str(error) or type(error).__name__
