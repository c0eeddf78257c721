"""Requests in RBAC's words, and the rule a user lacks, as YAML to hand to whoever grants permissions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from linkerdctl.errors import ApiError

_ALSO = {"pods/portforward": ("get",)}
"""A WebSocket begins as a GET, which is authorized as `get`; since Kubernetes 1.35 `create` is asked for as well."""


@dataclass(frozen=True, slots=True)
class About:
    """What a request is for, in RBAC's words, so that its error can say so. Paths beyond resources begin with `/`."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None
    name: str | None = None

    def error_fields(self) -> dict[str, Any]:
        """The fields of an `ApiError`."""
        return {"verb": self.verb, "resource": self.resource, "namespace": self.namespace, "name": self.name}

    def __str__(self) -> str:
        what = f"{self.resource} {self.name!r}" if self.name else self.resource
        return f"{what} in namespace {self.namespace}" if self.namespace else what


def missing_rule(verb: str, group: str, resource: str, namespace: str | None) -> str:
    """A Role (ClusterRole without a namespace) that allows one verb on one resource (`pods/proxy`) or path (`/apis`)."""
    kind = "Role" if namespace else "ClusterRole"
    where = f"\n  namespace: {namespace}" if namespace else ""
    name = re.sub(r"[^a-z0-9]+", "-", f"linkerdctl-{resource}".lower()).strip("-")
    verbs = ", ".join(f'"{each}"' for each in (verb, *_ALSO.get(resource, ())))
    what = f'apiGroups: ["{group}"]\n  resources: ["{resource}"]'
    if resource.startswith("/"):
        what = f'nonResourceURLs: ["{resource}"]'
    return f"""\
whoever grants permissions here can apply this {kind}, bound to you:
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata:
  name: {name}{where}
rules:
- {what}
  verbs: [{verbs}]"""


def forbidden(about: About, why: str, reason: str) -> ApiError:
    """The error of a 403."""
    return ApiError(
        f"you may not {about.verb} {about}{f': {why}' if why else ''}",
        status=403,
        reason=reason,
        next_step=missing_rule(about.verb, about.group, about.resource, about.namespace),
        **about.error_fields(),
    )
