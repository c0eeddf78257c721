"""Durations as Go and kubectl write them: `300ms`, `1h30m`."""

from __future__ import annotations

import re

from linkerdctl.errors import UsageError

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 2**63 * 1e-9
"""Seconds; Go counts nanoseconds in 64 bits."""
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")


def parse_duration(text: str) -> float:
    """Seconds of a Go duration; raises `UsageError` for anything else, telling what is missing."""
    if text in ("0", "+0", "-0"):
        return 0.0
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text.removeprefix("+"))
    parts = list(_PART.finditer(digits))
    if not parts or "".join(part[0] for part in parts) != digits:
        raise UsageError(f"{text!r} is no duration: {_why(digits)}", next_step="write it like 10s, 300ms or 1h30m")
    seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in parts)
    if seconds >= _LONGEST:
        raise UsageError(f"{text[:20]}... is too long a duration", next_step="write it like 10s, 300ms or 1h30m")
    return sign * seconds


def _why(text: str) -> str:
    if not text:
        return "it is empty"
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        return f"the unit is missing; did you mean {text}s?"
    if text.endswith(("d", "w")):
        return "there are no days or weeks; use hours (24h)"
    return "it takes numbers with the units h, m, s, ms, us, ns"
