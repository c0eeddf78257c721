"""What a request to the API face is about, read from its path and method. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType
from linkerdctl.demo.cluster.status import no_such_path

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}


@dataclass(frozen=True, slots=True)
class Subject:
    """The object or collection of a request; `rest` is what follows a subresource (`metrics` of `.../proxy/metrics`)."""

    resource: ResourceType
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""

    @property
    def rbac_resource(self) -> str:
        """As RBAC rules name it: `pods`, `pods/proxy`."""
        plural = self.resource.plural
        return f"{plural}/{self.subresource}" if self.subresource else plural


def subject_of(path: str) -> Subject:
    """Read a path below `/api` or `/apis`; raises a 404 `StatusError` for what is not served."""
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        parts.insert(1, "")
    if len(parts) < 4:
        raise no_such_path()
    group, version, rest = parts[1], parts[2], parts[3:]
    if len(rest) >= 3 and rest[0] == "namespaces":
        inner = REGISTRY.find(group, version, rest[2])
        if inner is not None and inner.namespaced:
            return _subject(inner, rest[1], rest[3:])
    resource = REGISTRY.find(group, version, rest[0])
    if resource is None or (resource.namespaced and len(rest) > 1):
        raise no_such_path()
    return _subject(resource, "", rest[1:])


def _subject(resource: ResourceType, namespace: str, rest: list[str]) -> Subject:
    name, subresource = (*rest, "", "")[:2]
    if subresource and subresource not in resource.subresources:
        raise no_such_path()
    return Subject(resource, namespace, name, subresource, "/".join(rest[2:]))


def verb_of(method: str, subject: Subject, query: Mapping[str, str]) -> str:
    """The RBAC verb of a request."""
    if subject.name:
        return _VERBS.get(method, method.lower())
    if method == "DELETE":
        return "deletecollection"
    if method in ("GET", "HEAD"):
        return "watch" if query.get("watch") in ("true", "1") else "list"
    return _VERBS.get(method, method.lower())
