"""Mesh TLS to a proxy, for gRPC to speak through. gRPC's own TLS insists on ALPN, which proxies do not negotiate here."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from linkerdctl.errors import ConfigError

_CHUNK = 64 * 1024
_DEADLINE = 10.0
"""Seconds that a handshake may take."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files of a mesh identity: the trust anchors, its certificate (with the issuer's behind it) and its key."""

    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """What to trust and to present. Raises `ConfigError` for files that cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for path in (self.ca, self.certificate, self.key):
            _check_readable(path)
        try:
            context.load_verify_locations(self.ca)
        except ssl.SSLError:
            raise ConfigError(f"{self.ca} holds no PEM certificates") from None
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (ssl.SSLError, ValueError):
            raise ConfigError(f"{self.certificate} and {self.key} do not fit or are no PEM") from None
        return context


class Tunnel:
    """A socket file behind which a proxy is, by mesh TLS."""

    def __init__(self, ip: str, port: int, identity: str, context: ssl.SSLContext) -> None:
        self._where = ip, port, identity
        self._context = context
        self._ways: set[asyncio.Task[None]] = set()
        self.failure = ""
        """Why the proxy could not be reached the last time."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[str]:
        """While it is, the address that gRPC takes."""
        with tempfile.TemporaryDirectory(prefix="linkerdctl-") as directory:
            path = Path(directory) / "tap.sock"
            server = await asyncio.start_unix_server(self._carry, path)
            try:
                yield f"unix:{path}"
            finally:
                server.close()
                for way in self._ways:
                    way.cancel()
                await asyncio.gather(*self._ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of gRPC's, to its end."""
        ip, port, identity = self._where
        try:
            async with asyncio.timeout(_DEADLINE):
                far_reader, far_writer = await asyncio.open_connection(
                    ip, port, ssl=self._context, server_hostname=identity
                )
        except (OSError, TimeoutError) as error:
            self.failure = _reason(error, identity)
            writer.transport.abort()
            return
        self.failure = ""
        ways = {asyncio.create_task(_copy(reader, far_writer)), asyncio.create_task(_copy(far_reader, writer))}
        self._ways |= ways
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._ways -= ways
            for each in (writer, far_writer):
                each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()


def _reason(error: Exception, identity: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"handshake: its certificate is not that of {identity}, or not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"handshake: {error.reason or error}".lower().replace("_", " ")
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, TimeoutError):
        return "handshake: no answer in time"
    text = error.strerror if isinstance(error, OSError) else None
    return (text or str(error) or type(error).__name__).lower()


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None


def _no_password() -> str:
    """Instead of OpenSSL's question on the terminal."""
    raise ValueError("the key is encrypted")
