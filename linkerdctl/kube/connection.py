"""TLS, proxies and what goes wrong on the way to an API server."""

from __future__ import annotations

import os
import ssl
import tempfile
from typing import TYPE_CHECKING, Any

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube.credentials import Certificate, Credentials
from linkerdctl.kube.kubeconfig import ClusterConfig

if TYPE_CHECKING:
    import httpx


def http_client(config: ClusterConfig, credentials: Credentials, *, concurrency: int) -> httpx.AsyncClient:
    """A client for one API server: its TLS, its proxy, connections for `concurrency` requests at once."""
    import httpx

    limits = httpx.Limits(max_connections=concurrency + 8, max_keepalive_connections=concurrency + 8)
    try:
        transport = httpx.AsyncHTTPTransport(
            verify=tls_context(config, credentials.certificate()),
            limits=limits,
            proxy=config.proxy_url,
            trust_env=False,
        )
    except (ImportError, ValueError, ssl.SSLError) as error:
        raise ConfigError(f"the kubeconfig's connection settings cannot be used: {error}") from None
    return httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(30.0, connect=10.0), trust_env=False)


def tls_context(config: ClusterConfig, certificate: Certificate | None) -> ssl.SSLContext:
    """What to trust and what to present. Raises `ConfigError`."""
    context = ssl.create_default_context()
    if config.ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            context.load_verify_locations(cadata=config.ca.decode())
        except (ssl.SSLError, ValueError):
            raise ConfigError("certificate-authority in the kubeconfig is no PEM certificate") from None
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if certificate is not None:
        _present(certificate, context)
    return context


def _present(certificate: Certificate, context: ssl.SSLContext) -> None:
    """OpenSSL reads client certificates from files only; this one lives for a moment and only its owner can read it."""
    with tempfile.NamedTemporaryFile() as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(certificate.certificate + b"\n" + certificate.key)
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError:
            raise ConfigError("the kubeconfig's client certificate and key do not fit or are no PEM") from None


def connection_error(error: Exception, config: ClusterConfig, about: dict[str, Any]) -> ApiError:
    """One line for a request that got no answer: refused, no such host, bad certificate, too slow."""
    import httpx

    if isinstance(error, httpx.TimeoutException):
        why = "it does not answer in time"
    else:
        why = _tls_reason(error) or _plain_reason(error)
    return ApiError(
        f"cannot reach the API server {config.server}: {why}",
        next_step=f"is it the right cluster? context {config.context!r} from {config.source}",
        **about,
    )


def _tls_reason(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({error.verify_message})"
        if isinstance(error, ssl.SSLError):
            return f"TLS fails ({error.reason or error})"
        error = error.__cause__ or error.__context__
    return None


def _plain_reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    text = str(error)
    if "[SSL: CERTIFICATE_VERIFY_FAILED]" in text:
        return (
            f"its certificate is not trusted ({text.partition('certificate verify failed: ')[2].rpartition(' (')[0]})"
        )
    return text or type(error).__name__
