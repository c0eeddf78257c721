"""From one request of an application to the attempts that its proxy makes of it: retries and timeouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from linkerdctl.demo.simulation.policies import Policies
from linkerdctl.demo.simulation.retries import LIMIT, MOST_ATTEMPTS, NO_BUDGET, Budget
from linkerdctl.demo.simulation.taken import Taken
from linkerdctl.demo.simulation.traffic import NEVER, Hop
from linkerdctl.demo.topology import DemoPod

_TURNAROUND = 0.0001
"""Seconds between the end of a failed attempt and the next."""
_ON_THE_WAY = 0.0005
"""Seconds until a server's proxy hears that its client gave up."""
Send = Callable[[float], Hop]
"""Sends a request once, at a time; the hop says how that goes."""


class Attempts:
    """Keeps the retry budgets of all clients."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._budgets: dict[tuple[tuple[str, str], str], Budget] = {}

    def of(self, at: float, send: Send) -> tuple[Hop, ...]:
        """Send, and send again as long as policy says so; one hop for each time, the last one with the answer."""
        first = send(at)
        taken = self._policies.taken(first.client.namespace, first.service, first.method, first.path)
        if taken is None:
            return (first,)
        return tuple(self._attempts(first, taken, send))

    def _attempts(self, first: Hop, taken: Taken, send: Send) -> Iterator[Hop]:
        budget = self._budget(first.client, taken)
        if budget:
            budget.deposit(first.started)
        number, hop = 1, replace(first, taken=taken)
        while True:
            hop = _in_time(hop, first.started, taken)
            hop = self._judged(hop, taken, budget)
            yield hop
            if hop.is_last:
                return
            number += 1
            again = send(hop.ended + _TURNAROUND)
            hop = replace(again, taken=taken, attempt=number, first_sent=first.started)

    def _judged(self, hop: Hop, taken: Taken, budget: Budget | None) -> Hop:
        """Whether it is the last, and if it need not have been, why it is."""
        rule = taken.retries
        if rule is None or hop.gave_up is not None or not rule.applies(hop.status, hop.grpc_status, hop.failed):
            return hop
        if rule.terms is None and hop.attempt > rule.limit:
            return replace(hop, retryable=True, skipped=LIMIT)
        if hop.attempt >= MOST_ATTEMPTS or (budget and not budget.withdraw(hop.ended)):
            return replace(hop, retryable=True, skipped=NO_BUDGET)
        return replace(hop, retryable=True, is_last=False)

    def _budget(self, client: DemoPod, taken: Taken) -> Budget | None:
        terms = taken.retries.terms if taken.retries else None
        if terms is None:
            return None
        budget = self._budgets.get((client.key, taken.budget))
        if budget is None or budget.terms != terms:
            budget = self._budgets[client.key, taken.budget] = Budget(terms)
        return budget


def _in_time(hop: Hop, asked: float, taken: Taken) -> Hop:
    """As it is, or given up on: then what had not come by the deadline never comes."""
    deadline = NEVER if taken.timeout is None else asked + taken.timeout
    if hop.first_byte <= deadline:
        return hop
    heard = max(deadline, hop.started) + _ON_THE_WAY
    return replace(
        hop,
        gave_up=max(deadline, hop.started),
        first_byte=NEVER,
        ended=NEVER,
        server_first_byte=hop.server_first_byte if hop.server_first_byte <= heard else NEVER,
        server_ended=hop.server_ended if hop.server_ended <= heard else NEVER,
    )
