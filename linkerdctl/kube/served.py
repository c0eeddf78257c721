"""Whether an aggregated API is served."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Served(Enum):
    """What became of an aggregated API."""

    AVAILABLE = "available"
    ABSENT = "absent"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ApiState:
    """Whether an aggregated API is served, and what is said about it."""

    served: Served
    detail: str = ""
