"""What is presented to the API server: a client certificate, or the header of a token."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from linkerdctl.errors import ConfigError

_CARRIED = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate and its key, PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presented:
    """What goes with a request: an Authorization header, a client certificate for TLS, both or neither."""

    authorization: str | None = field(default=None, repr=False)
    certificate: Certificate | None = None


def bearer(token: str, origin: str) -> str:
    """The header for a token; raises `ConfigError` for one that no header can carry, without showing it."""
    if not token:
        raise ConfigError(f"{origin} holds no token: it is empty")
    if not _CARRIED.fullmatch(token):
        raise ConfigError(
            f"{origin} holds no token: there are blanks or other characters in it that tokens do not have"
        )
    return f"Bearer {token}"
