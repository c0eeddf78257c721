"""Why a connection failed: what is beneath the error of an HTTP library, which says little itself."""

from __future__ import annotations

import ssl
from collections.abc import Iterator


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what led to it, and each of several that came together."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from causes(each)
        error = error.__cause__ or error.__context__


def cause_in_words(error: BaseException) -> str | None:
    """The cause in few words: bad certificate, failed TLS, refused, or as the system calls it; None where none is known."""
    found = list(causes(error))
    for cause in found:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return f"TLS fails ({(cause.reason or 'for no reason given').replace('_', ' ').lower()})"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
    spoken = next((each.strerror for each in found if isinstance(each, OSError) and each.strerror), None)
    return spoken.lower() if spoken else None
