"""RBAC as far as roles are bound: who is the subject of a binding may do what its roles say and no more.

Everybody else may do everything, so that a demo needs no roles. Groups are not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType
from linkerdctl.demo.cluster.store import Manifest, ObjectStore

if TYPE_CHECKING:
    from linkerdctl.demo.api.access import Attempt

GROUP = "rbac.authorization.k8s.io"
_OF_EVERYBODY = ("authorization.k8s.io", "authentication.k8s.io")
"""What asks about oneself is allowed to all who have logged in."""
_ANY = "*"


class Roles:
    """Judges by the roles and bindings that a store holds at that moment."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def refuses(self, attempt: Attempt) -> bool:
        """Whether a user whom roles are bound to has none that allows this."""
        bindings = list(self._bindings(attempt.user))
        if not bindings or attempt.group in _OF_EVERYBODY:
            return False
        there = (each for each in bindings if each["metadata"].get("namespace", "") in ("", attempt.namespace))
        return not any(_allows(rule, attempt) for binding in there for rule in self._rules(binding))

    def _bindings(self, user: str) -> Iterator[Manifest]:
        for kind in ("ClusterRoleBinding", "RoleBinding"):
            for binding in self._store.members(_type(kind)):
                namespace = binding["metadata"].get("namespace", "")
                if any(_is(subject, user, namespace) for subject in binding.get("subjects") or ()):
                    yield binding

    def _rules(self, binding: Manifest) -> list[Mapping[str, Any]]:
        reference = binding["roleRef"]
        namespace = binding["metadata"].get("namespace", "") if reference["kind"] == "Role" else ""
        role = self._store.find(_type(reference["kind"]), namespace, reference["name"])
        return list((role or {}).get("rules") or ())


def _type(kind: str) -> ResourceType:
    return REGISTRY.served(f"{GROUP}/v1", kind)


def _is(subject: Mapping[str, Any], user: str, namespace: str) -> bool:
    if subject.get("kind") == "ServiceAccount":
        return user == f"system:serviceaccount:{subject.get('namespace', namespace)}:{subject.get('name')}"
    return subject.get("kind") == "User" and subject.get("name") == user


def _allows(rule: Mapping[str, Any], attempt: Attempt) -> bool:
    names = rule.get("resourceNames")
    return (
        _holds(rule.get("verbs"), attempt.verb)
        and _holds(rule.get("apiGroups"), attempt.group)
        and _holds(rule.get("resources"), attempt.resource)
        and (not names or attempt.name in names)
    )


def _holds(words: Any, word: str) -> bool:
    return bool({_ANY, word} & set(words or ()))
