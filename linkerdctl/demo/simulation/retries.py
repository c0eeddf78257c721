"""How a client's proxy tries again: which failures, how often, and out of which budget. No clock of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

NO_BUDGET, LIMIT = "no_budget", "limit"
MOST_ATTEMPTS = 500
"""Of one request, however large its budget."""


@dataclass(frozen=True, slots=True)
class BudgetTerms:
    """A ServiceProfile's retry budget; without one in the profile these."""

    ratio: float = 0.2
    min_per_second: float = 10.0
    ttl: float = 10.0
    """Seconds it looks back."""


@dataclass(frozen=True, slots=True)
class RetryRule:
    """Which responses (HTTP status, gRPC status, whether it failed) are tried again.

    A profile's retries come out of a budget that all its routes share, by `terms`; the Gateway API's have a `limit` for each
    request instead.
    """

    applies: Callable[[int, int | None, bool], bool]
    terms: BudgetTerms | None = None
    limit: int = MOST_ATTEMPTS


@dataclass(slots=True)
class Budget:
    """What one client's proxy has left to retry with at one service. Requests pay in, retries take out."""

    terms: BudgetTerms
    _moves: deque[tuple[float, float]] = field(default_factory=deque)

    def deposit(self, at: float) -> None:
        """A request was sent, for the first time."""
        self._moves.append((at, self.terms.ratio))

    def withdraw(self, at: float) -> bool:
        """Take one retry out, if there is one."""
        while self._moves and self._moves[0][0] < at - self.terms.ttl:
            self._moves.popleft()
        reserve = self.terms.min_per_second * self.terms.ttl
        if reserve + sum(amount for _, amount in self._moves) < 1:
            return False
        self._moves.append((at, -1.0))
        return True
