"""What every way of generating ends in and every manifest is made from: routes, and what may be set on all of them.

Small ones are named tuples: to make a dataclass takes a start three times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError


class ResponseClass(NamedTuple):
    """Answers with a status from `low` to `high`, both included, and whether they are failures."""

    low: int
    high: int
    is_failure: bool = False


class GrpcMethod(NamedTuple):
    """What a gRPC path calls: the service with its package, and the method."""

    service: str
    method: str

    @classmethod
    def of_path(cls, path: str) -> GrpcMethod | None:
        """Of `/package.Service/Method`; None for any other path."""
        parts = path.split("/")
        if len(parts) != 3 or parts[0] or not parts[1] or not parts[2]:
            return None
        return cls(parts[1], parts[2])


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of one sort: a method (empty for all) and a regular expression that the whole path must match.

    `path_regex` is empty when any path will do. `requests` is how many were observed, None when none were looked at.
    """

    name: str
    method: str
    path_regex: str
    responses: tuple[ResponseClass, ...] = ()
    is_retryable: bool = False
    timeout: str = ""
    """A Go duration as its author wrote it; empty for none."""
    grpc: GrpcMethod | None = None
    requests: int | None = None


class Generated(NamedTuple):
    """Routes in the order a proxy tries them, and what their author should know, one line each."""

    routes: tuple[Route, ...]
    warnings: tuple[str, ...] = ()


class RetryBudget(NamedTuple):
    """How many retries a service may get: `ratio` of its requests, and `min_per_second` on top, looking back `ttl`."""

    ratio: float
    min_per_second: int
    ttl: str

    @classmethod
    def parse(cls, text: str) -> RetryBudget:
        """From `0.2/10/10s`; raises `UsageError`."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)/(\d+)/(.+)", text)
        if not match:
            raise UsageError(
                f"--retry-budget {text!r} is no retry budget",
                next_step="write RATIO/MIN_PER_SECOND/TTL, like 0.2/10/10s",
            )
        if parse_duration(match[3]) <= 0:
            raise UsageError(f"--retry-budget {text!r} never lasts", next_step="give a TTL above zero, like 10s")
        return cls(float(match[1]), int(match[2]), match[3])


def with_policy(
    routes: Iterable[Route], *, retryable: re.Pattern[str] | None = None, timeout: str = ""
) -> tuple[Route, ...]:
    """The routes with names that `retryable` is found in marked so, and `timeout` on those that have none of their own."""
    return tuple(
        replace(
            route,
            is_retryable=route.is_retryable or bool(retryable and retryable.search(route.name)),
            timeout=route.timeout or timeout,
        )
        for route in routes
    )
