"""`authz`: requests by the authorization that let them in, and those that none did. Pure: policies and traffic in, rows out.

Proxies count denied requests by Server and route; they name no authorization, and those requests are no responses of the
workload. What only the audit mode let in goes by an authorization of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import AUTHORITY
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import Golden
from linkerdctl.reports.owners import Owner

Verdict = Literal["allowed", "audited", "denied"]
AUDIT = "audit"
"""The default authorization that lets in what is only told of, for now."""
UNMESHED = "(unmeshed)"
"""A client that did not say who it is."""


@dataclass(frozen=True, slots=True)
class AuthzRequest:
    """One `authz` command."""

    selections: tuple[Selection, ...]
    all_traffic: bool = False

    def __post_init__(self) -> None:
        for each in self.selections:
            if each.kind is AUTHORITY:
                raise UsageError("no policy is about authorities", next_step="name the workload behind it: deploy/NAME")


class Rule(NamedTuple):
    """What a request ran into, as proxies name it; no authorization is named where it was denied.

    Connections that are no HTTP have no route. Kinds are `default` for what nobody wrote.
    """

    server_kind: str
    server: str
    route_kind: str
    route: str
    kind: str = ""
    name: str = ""

    @property
    def verdict(self) -> Verdict:
        """What became of requests that ran into it; `audited` ones would have been denied without the audit mode."""
        if not self.kind:
            return "denied"
        return "audited" if (self.kind, self.name) == (DEFAULT, AUDIT) else "allowed"


@dataclass(frozen=True, slots=True)
class AuthzRow:
    """One rule of one object over the window. `golden` is of requests that were let in and answered.

    Rates are per second; all are None where nothing was counted, be it that the rule was only written.
    """

    owner: Owner
    rule: Rule
    golden: Golden = field(default_factory=Golden)
    allowed: float | None = None
    denied: float | None = None
    connections_allowed: float | None = None
    """Of connections that are no HTTP."""
    connections_denied: float | None = None
    clients: tuple[str, ...] = ()
    """Who called, as `serviceaccount.namespace`."""
    proxies_asked: int | None = None
    proxies_answered: int | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything was counted."""
        rates = self.allowed, self.denied, self.connections_allowed, self.connections_denied
        return bool(self.golden.requests) or any(rate is not None for rate in rates)

    @property
    def verdict(self) -> Verdict | None:
        """The rule's, if anything ran into it."""
        return self.rule.verdict if self.is_used else None
