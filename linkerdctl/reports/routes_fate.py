"""What became of requests that may be retried: which succeeded at once, which later, which never and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A count that is only known to lie between two others, both included."""

    low: float = 0.0
    high: float = 0.0

    @property
    def exact(self) -> float | None:
        """The count, if there is but one that it can be."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True, slots=True)
class Fate:
    """Requests by how they ended; each is counted once. Retries are attempts beyond the first.

    Proxies count the retries of a ServiceProfile's routes, not the requests that were retried. Where both successes and
    retries occur, how many of the successes took a retry has only bounds.
    """

    first_try: Span
    after_retry: Span
    failed_at_once: Span
    """Failed without a retry: it was not allowed."""
    failed_after_retry: Span
    budget_exhausted: float
    timed_out: float
    retries: float


def profile_fate(successes: float, failures: float, *, timed_out: float, retryable: float, over_budget: float) -> Fate:
    """Of a ServiceProfile's route: its requests, the failures that may be retried and those of them that were not."""
    retries = max(retryable - over_budget, 0.0)
    timed_out = min(timed_out, failures)
    over_budget = min(over_budget, failures - timed_out)
    others = failures - timed_out - over_budget
    most = min(successes, retries)
    least = 1.0 if most >= 1 and not failures else 0.0
    late = Span(0.0, min(others, retries))
    return Fate(
        first_try=Span(successes - most, successes - least),
        after_retry=Span(least, most),
        failed_at_once=Span(others - late.high, others),
        failed_after_retry=late,
        budget_exhausted=over_budget,
        timed_out=timed_out,
        retries=retries,
    )


def gateway_fate(
    successes: float,
    failures: float,
    *,
    timed_out: float,
    retries: float,
    retry_successes: float,
    limit_exceeded: float,
    overflow: float,
) -> Fate:
    """Of a Gateway API route, whose proxies count each of these."""
    after_retry = min(retry_successes, successes)
    timed_out = min(timed_out, failures)
    exhausted = min(overflow, failures - timed_out)
    late = min(limit_exceeded, failures - timed_out - exhausted)
    at_once = failures - timed_out - exhausted - late
    return Fate(
        first_try=Span(successes - after_retry, successes - after_retry),
        after_retry=Span(after_retry, after_retry),
        failed_at_once=Span(at_once, at_once),
        failed_after_retry=Span(late, late),
        budget_exhausted=exhausted,
        timed_out=timed_out,
        retries=retries,
    )
