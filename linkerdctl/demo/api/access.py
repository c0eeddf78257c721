"""Who may do what in the demo: everything, but for a token that can be required, rules that deny, and bound roles."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from linkerdctl.demo.api.paths import Subject
from linkerdctl.demo.cluster.status import StatusError, qualified

DEFAULT_USER = "demo"


@dataclass(frozen=True, slots=True)
class Denial:
    """Refuses a verb on a resource (`pods`, `pods/proxy`; `*` for any), in one namespace or in all, to one user or all."""

    verb: str
    resource: str
    namespace: str | None = None
    user: str | None = None

    def covers(self, attempt: Attempt) -> bool:
        """Whether this rule refuses that attempt."""
        return (
            self.verb in ("*", attempt.verb)
            and self.resource in ("*", attempt.resource)
            and self.namespace in (None, attempt.namespace)
            and self.user in (None, attempt.user)
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """What someone wants to do."""

    user: str
    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass(slots=True)
class Access:
    """The token that must be presented, if any, and what is denied. Both may change while the mesh runs.

    `refuses` says what roles do not allow to those whom roles are bound to.
    """

    token: str | None = None
    denials: list[Denial] = field(default_factory=list)
    refuses: Callable[[Attempt], bool] = lambda attempt: False

    def user(self, headers: Mapping[str, str]) -> str:
        """Who asks: the impersonated user, or the demo's own; raises a 401 `StatusError` without the right token."""
        presented = headers.get("authorization", "").removeprefix("Bearer ")
        if self.token is not None and not hmac.compare_digest(presented, self.token):
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return headers.get("impersonate-user") or DEFAULT_USER

    def denied(self, attempt: Attempt) -> bool:
        """Whether some rule refuses it."""
        return any(denial.covers(attempt) for denial in self.denials) or self.refuses(attempt)

    def check(self, attempt: Attempt) -> None:
        """Raise a 403 `StatusError` for what is denied."""
        if self.denied(attempt):
            raise _forbidden(attempt)


def attempt_of(user: str, verb: str, subject: Subject) -> Attempt:
    """The attempt that a request makes."""
    namespace = subject.namespace
    if subject.resource.kind == "Namespace":
        namespace = subject.name
    return Attempt(user, verb, subject.resource.group, subject.rbac_resource, namespace, subject.name)


def _forbidden(attempt: Attempt) -> StatusError:
    plural = attempt.resource.partition("/")[0]
    where = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    named = f' "{attempt.name}"' if attempt.name else ""
    message = (
        f'{qualified(plural, attempt.group)}{named} is forbidden: User "{attempt.user}" cannot {attempt.verb} '
        f'resource "{attempt.resource}" in API group "{attempt.group}" {where}'
    )
    details = {"name": attempt.name, "group": attempt.group, "kind": plural}
    return StatusError(403, "Forbidden", message, details=details)


def review(access: Access, kind: str, body: Mapping[str, Any], user: str) -> dict[str, Any]:
    """Answer an access review: the body again with its status."""
    spec = body.get("spec") or {}
    if kind == "SelfSubjectReview":
        status: dict[str, Any] = {"userInfo": {"username": user, "groups": ["system:authenticated"]}}
    elif kind == "SelfSubjectRulesReview":
        status = {"resourceRules": [_EVERYTHING], "nonResourceRules": [_EVERY_PATH], "incomplete": bool(access.denials)}
    else:
        status = _decision(access, spec, spec.get("user") or user)
    return {**body, "status": status}


_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_EVERY_PATH = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def _decision(access: Access, spec: Mapping[str, Any], user: str) -> dict[str, Any]:
    wanted = spec.get("resourceAttributes") or {}
    if not wanted and spec.get("nonResourceAttributes"):
        return {"allowed": True}
    resource = wanted.get("resource", "")
    if wanted.get("subresource"):
        resource = f"{resource}/{wanted['subresource']}"
    attempt = Attempt(
        user,
        wanted.get("verb", ""),
        wanted.get("group", ""),
        resource,
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )
    return {"allowed": False, "reason": "denied by the demo"} if access.denied(attempt) else {"allowed": True}
