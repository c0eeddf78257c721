"""Roles as manifests: YAML that says what each rule is for, or a JSON List."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.kube.permissions import Role, Rule

GROUP = "rbac.authorization.k8s.io"
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who gets a role: `User`, `Group` or, in a namespace, `ServiceAccount`."""

    kind: str
    name: str
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Granting:
    """Roles, what they are to be called, and who gets them."""

    name: str
    roles: Sequence[Role]
    subjects: Sequence[Subject] = ()
    purpose: str = ""
    """What they are for, in a line."""


def json_text(granting: Granting) -> str:
    """One v1 List of all objects."""
    items = [each for role in granting.roles for each in _objects(granting, role)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2) + "\n"


def yaml_text(granting: Granting) -> str:
    """One document for each object."""
    documents = [text for role in granting.roles for text in _documents(granting, role)]
    head = f"# {granting.purpose}\n" if granting.purpose else ""
    return head + "---\n".join(documents)


def _documents(granting: Granting, role: Role) -> Iterator[str]:
    first, *bindings = _objects(granting, role)
    lines = [*_opening(first), "rules:"]
    for before, rule in zip((None, *role.rules), role.rules, strict=False):
        if rule.optional and not (before and before.optional):
            lines.append("# commands can do without what follows:")
        for number, (key, value) in enumerate(_rule(rule).items()):
            lines.append(f"{'- ' if number == 0 else '  '}{key}: {json.dumps(value)}")
    yield "\n".join(lines) + "\n"
    for binding in bindings:
        rest = [f"{key}: {json.dumps(binding[key])}" for key in ("roleRef", "subjects")]
        yield "\n".join([*_opening(binding), *rest]) + "\n"


def _opening(manifest: Manifest) -> Iterator[str]:
    yield f"apiVersion: {manifest['apiVersion']}"
    yield f"kind: {manifest['kind']}"
    yield "metadata:"
    yield from (f"  {key}: {json.dumps(value)}" for key, value in manifest["metadata"].items())


def _objects(granting: Granting, role: Role) -> Iterator[Manifest]:
    """The role, and its binding if there is someone to bind it to."""
    kind = "Role" if role.namespace else "ClusterRole"
    metadata = {"name": granting.name, **({"namespace": role.namespace} if role.namespace else {})}
    yield {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": metadata,
        "rules": [_rule(each) for each in role.rules],
    }
    if granting.subjects:
        yield {
            "apiVersion": f"{GROUP}/v1",
            "kind": f"{kind}Binding",
            "metadata": metadata,
            "roleRef": {"apiGroup": GROUP, "kind": kind, "name": granting.name},
            "subjects": [_subject(each) for each in granting.subjects],
        }


def _rule(rule: Rule) -> Manifest:
    names = {"resourceNames": list(rule.names)} if rule.names else {}
    return {"apiGroups": [rule.group], "resources": list(rule.resources), **names, "verbs": list(rule.verbs)}


def _subject(subject: Subject) -> Manifest:
    if subject.kind == "ServiceAccount":
        return {"kind": subject.kind, "name": subject.name, "namespace": subject.namespace}
    return {"apiGroup": GROUP, "kind": subject.kind, "name": subject.name}
