"""What an API server's refusals mean: what they say, whether to try again and when, and the error they end in."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from linkerdctl.errors import ApiError
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.rbac import About, forbidden

RETRIES = 4
LONGEST_PAUSE = 10.0
"""Seconds; a server that asks for more is not waited for."""
RETRIED = frozenset({429, 500, 502, 503, 504})
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came with a status that is no success. `reason` is empty when it was not Kubernetes that answered."""

    message: str = ""
    reason: str = ""

    @classmethod
    def of(cls, body: bytes) -> Self:
        """A Status object, or a short plain text; nothing of HTML pages."""
        try:
            status = json.loads(body)
        except (ValueError, RecursionError):
            text = body.decode(errors="replace").lstrip()
            return cls("" if text.startswith("<") else _line(text[:200]))
        if not isinstance(status, dict) or status.get("kind") != "Status":
            return cls()
        return cls(_line(str(status.get("message") or "")), str(status.get("reason") or "Status"))


def _line(text: str) -> str:
    """On one line, without what could disturb a terminal."""
    plain = "".join(each for each in " ".join(text.split()) if each.isprintable())
    return plain if len(plain) <= _LONGEST_MESSAGE else f"{plain[:_LONGEST_MESSAGE]}..."


def refused(status: int, headers: Mapping[str, str], body: bytes, about: About, config: ClusterConfig) -> ApiError:
    """The error for an answer that is no success."""
    refusal = Refusal.of(body)
    if status == 403:
        return forbidden(about, refusal.message, refusal.reason)
    if status == 401:
        return _unauthorized(about, config)
    message = refusal.message
    if 300 <= status < 400:
        message = f"it redirects to {urlsplit(headers.get('location', '')).hostname or 'somewhere else'}"
    return ApiError(
        f"cannot {about.verb} {about}: the API server answered {status}{f': {message}' if message else ''}",
        status=status,
        reason=refusal.reason,
        next_step="it has too much to do: try again later" if status == 429 else None,
        **about.error_fields(),
    )


def _unauthorized(about: About, config: ClusterConfig) -> ApiError:
    """The server's own words are left out: some servers quote the token."""
    return ApiError(
        f"the API server {config.server} does not accept your credentials: they have expired or are wrong",
        status=401,
        reason="Unauthorized",
        next_step=f"log in again; they come from {config.source or 'the kubeconfig'}",
        **about.error_fields(),
    )


def no_json(about: About, config: ClusterConfig, *, html: bool) -> ApiError:
    """The error for an answer that is no JSON, but a page for a browser or something else."""
    looks = "HTML" if html else "something else"
    return ApiError(
        f"{config.server} answers with {looks} where JSON belongs: is it a Kubernetes API server?",
        next_step=f"look at the server of context {config.context!r}",
        **about.error_fields(),
    )


def pause_before_retry(status: int, headers: Mapping[str, str], attempt: int) -> float | None:
    """Seconds to wait before the next attempt; None where there is to be none, or not before anyone loses patience."""
    if status not in RETRIED or attempt >= RETRIES:
        return None
    asked = _asked_for(headers.get("retry-after", ""))
    if asked is None:
        return min(0.25 * float(2**attempt), LONGEST_PAUSE) * _jitter()
    return asked if asked <= LONGEST_PAUSE else None


def _jitter() -> float:
    """Keeps many clients from coming back all at once."""
    return random.uniform(0.75, 1.25)  # noqa: S311


def _asked_for(retry_after: str) -> float | None:
    """Seconds of a Retry-After, be it a number or a date; None where it is neither."""
    import email.utils

    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
