"""gRPC's status codes: their two spellings, and which of them are failures."""

from __future__ import annotations

NAMES = (
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
)
"""By number, as Go and the linkerd CLI write them."""

FAILURES = frozenset({2, 4, 7, 13, 14, 15})
"""What proxies classify as a failure in their metrics. (`linkerd viz top` takes PermissionDenied for a success.)"""

_NUMBERS = {name.lower(): number for number, name in enumerate(NAMES)} | {"cancelled": 1}


def grpc_name(code: int) -> str:
    """`Unavailable`; `Code(99)` for a number without a name."""
    return NAMES[code] if code < len(NAMES) else f"Code({code})"


def grpc_number(word: str) -> int | None:
    """The code of `UNAVAILABLE`, `DeadlineExceeded`, `deadline-exceeded` or `14`; None for anything else."""
    if word.isdecimal():
        return int(word)
    return _NUMBERS.get(word.lower().replace("_", "").replace("-", ""))
