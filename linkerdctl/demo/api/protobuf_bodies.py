"""Kubernetes objects that kubectl sends as protobuf (`auth can-i`, `create namespace`), read into manifests. Pure.

Field numbers are those of the public Kubernetes API messages; kinds that are not listed are refused by the caller.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
Fields = dict[int, tuple[str, Any]]
"""By field number: the name in JSON, and what it holds: a type's word, or the fields of a message. Words and messages in
a list repeat; `map` and `bytes map` are from text."""

_METADATA: Fields = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    5: ("uid", "text"),
    6: ("resourceVersion", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    14: ("finalizers", ["text"]),
}
_RESOURCE: Fields = {
    number: (name, "text")
    for number, name in enumerate(("namespace", "verb", "group", "version", "resource", "subresource", "name"), 1)
}
_PATH: Fields = {1: ("path", "text"), 2: ("verb", "text")}
_ACCESS: Fields = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)}
_SUBJECT_ACCESS: Fields = {**_ACCESS, 3: ("user", "text"), 4: ("groups", ["text"])}
_RULE: Fields = {
    number: (name, ["text"])
    for number, name in enumerate(("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"), 1)
}
_BOUND: Fields = {1: ("kind", "text"), 2: ("apiGroup", "text"), 3: ("name", "text"), 4: ("namespace", "text")}
_ROLE: Fields = {2: ("rules", [_RULE])}
_BINDING: Fields = {
    2: ("subjects", [_BOUND]),
    3: ("roleRef", {1: ("apiGroup", "text"), 2: ("kind", "text"), 3: ("name", "text")}),
}
_KINDS: dict[str, Fields] = {
    "Namespace": {2: ("spec", {1: ("finalizers", ["text"])})},
    "ConfigMap": {2: ("data", "map"), 3: ("binaryData", "bytes map")},
    "Secret": {2: ("data", "bytes map"), 3: ("type", "text"), 4: ("stringData", "map")},
    "ServiceAccount": {},
    "SelfSubjectReview": {},
    "SelfSubjectAccessReview": {2: ("spec", _ACCESS)},
    "SubjectAccessReview": {2: ("spec", _SUBJECT_ACCESS)},
    "SelfSubjectRulesReview": {2: ("spec", {1: ("namespace", "text")})},
    "Role": _ROLE,
    "ClusterRole": _ROLE,
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
}
_DELETE_OPTIONS: Fields = {
    2: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")}),
    4: ("propagationPolicy", "text"),
    5: ("dryRun", ["text"]),
}


def decode(body: bytes) -> dict[str, Any] | None:
    """The manifest, or None for a kind that is not known here; raises `ValueError` for what is no such message."""
    if not body.startswith(_MAGIC):
        raise ValueError("the envelope is missing")
    envelope = _message(
        body[len(_MAGIC) :], {1: ("type", {1: ("apiVersion", "text"), 2: ("kind", "text")}), 2: ("raw", "bytes")}
    )
    kind, raw = envelope.get("type", {}).get("kind", ""), envelope.get("raw", b"")
    if kind == "DeleteOptions":
        return {**envelope["type"], **_message(raw, _DELETE_OPTIONS)}
    if kind not in _KINDS:
        return None
    return {**envelope["type"], **_message(raw, {1: ("metadata", _METADATA), **_KINDS[kind]})}


def _message(data: bytes, fields: Fields) -> dict[str, Any]:
    """Only what is known and not empty; the Go encoder writes empty texts too."""
    found: dict[str, Any] = {}
    for number, payload in _fields(data):
        if number not in fields or not payload:
            continue
        name, kind = fields[number]
        if isinstance(kind, list):
            found.setdefault(name, []).append(_value(payload, kind[0]))
        elif kind in ("map", "bytes map"):
            found.setdefault(name, {}).update(_pair(payload, kind))
        else:
            found[name] = _value(payload, kind)
    return found


def _value(payload: bytes, kind: Any) -> Any:
    if isinstance(kind, dict):
        return _message(payload, kind)
    return payload if kind == "bytes" else payload.decode()


def _pair(payload: bytes, kind: str) -> dict[str, str]:
    parts = dict(_fields(payload))
    value = parts.get(2, b"")
    return {parts.get(1, b"").decode(): base64.b64encode(value).decode() if kind == "bytes map" else value.decode()}


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Length-delimited fields of a message; numbers are passed over, none of them matters here."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            _, at = _varint(data, at)
        elif tag & 7 == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError("a field ends after its message")
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            raise ValueError(f"unexpected wire type {tag & 7}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError("a number does not end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
