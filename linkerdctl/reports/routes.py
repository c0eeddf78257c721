"""What `routes` is asked, and what its rows are. Pure data; how they come about is in `routes_plan` and `routes_rows`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import AUTHORITY, POLICY_KINDS, SERVICE, Kind
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.golden import Golden
from linkerdctl.reports.routes_fate import Fate

Generation = Literal["auto", "profile", "gateway"]
PROFILE_KIND = "ServiceProfile"


@dataclass(frozen=True, slots=True)
class RoutesRequest:
    """One `routes` command. With `to` the numbers are those of the clients' proxies, otherwise those of the servers'."""

    selections: tuple[Selection, ...]
    to: Selection | None = None
    generation: Generation = "auto"

    def __post_init__(self) -> None:
        for each in (*self.selections, *([self.to] if self.to else [])):
            if each.kind in POLICY_KINDS:
                raise UsageError(
                    f"routes are those of workloads and services, not of {each.kind.plural}",
                    next_step="of policy: linkerdctl stat httproute, linkerdctl authz httproute",
                )
            if each.kind is AUTHORITY:
                raise UsageError(
                    "routes of an authority cannot be told", next_step="name the service or the workload behind it"
                )
        if self.to and any(each.kind is SERVICE for each in self.selections):
            raise UsageError("a service sends no requests, so it has no --to", next_step="name the client: deploy/NAME")

    @property
    def profiles(self) -> bool:
        """Whether routes of ServiceProfiles are wanted."""
        return self.generation != "gateway"

    @property
    def gateway(self) -> bool:
        """Whether routes of the Gateway API are wanted."""
        return self.generation != "profile"


class RouteKey(NamedTuple):
    """A route of one object: the object, the service or server that the route belongs to, what defines it, its name.

    `kind` is `ServiceProfile`, `HTTPRoute`, `GRPCRoute` or `default`; the route is empty for requests of no route.
    """

    namespace: str
    name: str
    service_namespace: str
    service: str
    kind: str
    route: str


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One route of one object over the window.

    `effective` is what the application saw, retries done; `actual` every attempt, None where only the server was asked.
    `route` is None for requests that match no route.
    """

    kind: Kind
    key: RouteKey
    effective: Golden
    actual: Golden | None = None
    fate: Fate | None = None
    proxies_asked: int | None = None
    proxies_answered: int | None = None
    why: str | None = None
    """Why there are no numbers, if that was asked and there are none."""

    @property
    def route(self) -> str | None:
        """The route's name."""
        return self.key.route or None

    @property
    def idle(self) -> bool:
        """Whether not a single request is counted."""
        return not self.effective.requests and not (self.actual and self.actual.requests)
