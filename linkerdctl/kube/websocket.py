"""A WebSocket to the API server, with the same TLS, proxy and credentials as everything else."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from linkerdctl.errors import ConfigError
from linkerdctl.kube.answers import refused
from linkerdctl.kube.connection import connection_error
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.rbac import About

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_GOODBYE = 0.5
"""Seconds that a server has to answer a close; what was wanted is there by then."""
LARGEST_MESSAGE = 16 * 1024 * 1024
"""Bytes; API servers pass on some ten thousand at a time."""


@asynccontextmanager
async def open_websocket(
    config: ClusterConfig,
    tls: ssl.SSLContext | None,
    headers: Sequence[tuple[str, str]],
    path: str,
    subprotocol: str,
    about: About,
) -> AsyncIterator[ClientConnection]:
    """Open one, and close it at the end. Raises `ApiError`; how long it may take is for the caller to say."""
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.typing import Subprotocol

    try:
        connection = await connect(
            config.server.replace("http", "ws", 1) + path,
            subprotocols=[Subprotocol(subprotocol)],
            # The library writes Latin-1; names are UTF-8 everywhere else.
            additional_headers=[(name, value.encode().decode("latin-1")) for name, value in headers],
            ssl=tls,
            proxy=config.proxy_url,
            compression=None,
            open_timeout=None,
            close_timeout=_GOODBYE,
            max_size=LARGEST_MESSAGE,
        )
    except InvalidStatus as error:
        answer = error.response
        raise refused(answer.status_code, answer.headers, bytes(answer.body or b""), about, config) from None
    except ImportError:
        raise ConfigError(f"the proxy {config.proxy} needs a package: pip install python-socks") from None
    except (OSError, WebSocketException) as error:
        raise connection_error(error, config, about.error_fields()) from None
    async with connection:
        yield connection
