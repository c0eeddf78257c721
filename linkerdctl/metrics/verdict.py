"""Whether a counted response succeeded: each family says it in labels of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Labels = Mapping[str, str]

GRPC_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""gRPC statuses by number."""

GRPC_FAILURES = frozenset({2, 4, 7, 13, 14, 15})
"""Those that proxies classify as failures."""

_FAILURE_NAMES = frozenset(GRPC_NAMES[number] for number in GRPC_FAILURES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which labels tell how a response ended, and what they say: success, failure, or (None) that it is not to count."""

    labels: tuple[str, ...]
    succeeded: Callable[[Labels], bool | None]

    def __call__(self, labels: Labels) -> bool | None:
        """Of a label set; other labels do not matter."""
        return self.succeeded(labels)


CLASSIFICATION = Verdict(
    ("classification",), lambda labels: {"success": True, "failure": False}.get(labels.get("classification", ""))
)
"""As the proxy classified it, by the rules of a ServiceProfile if there is one. Other classes do not exist so far."""

HTTP_STATUS = Verdict(
    ("http_status", "error"),
    lambda labels: not labels.get("error") and not labels.get("http_status", "").startswith("5"),
)
"""Outbound HTTP routes: no status from 500 on, and no error on the way."""

GRPC_STATUS = Verdict(
    ("grpc_status", "error"), lambda labels: not labels.get("error") and labels.get("grpc_status") not in _FAILURE_NAMES
)
"""Outbound gRPC routes, by the same statuses as `CLASSIFICATION`, so that routes of all kinds compare."""

TIMEOUTS = frozenset({"timeout", "REQUEST_TIMEOUT", "RESPONSE_HEADERS_TIMEOUT", "RESPONSE_STREAM_TIMEOUT"})
"""What the label `error` says of requests that took too long."""

COUNTED = Verdict((), lambda labels: True)
"""Of counters that are no responses (requests, retries): all that was counted stands in `Traffic.successes`."""
