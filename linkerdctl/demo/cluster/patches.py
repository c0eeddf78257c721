"""The patch types of the Kubernetes API: merge (RFC 7386), JSON patch (RFC 6902), strategic merge. Pure.

Nothing is changed in place; each function returns the patched value.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from linkerdctl.demo.cluster.status import StatusError, bad_request

MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "addresses": ("type",),
    "ports": ("containerPort", "port"),
}
"""Lists of built-in kinds that merge item by item, and the field that tells items apart (the first one present)."""


def merge_patch(target: Any, patch: Any) -> Any:
    """Objects merge, null removes, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(target: Any, operations: Any) -> Any:
    """Apply operations in order; raises a `StatusError` (400 for a bad document, 422 for one that does not apply)."""
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    document = {"": copy.deepcopy(target)}
    for each in operations:
        try:
            _operate(document, each)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            message = f"the server rejected our request: {each.get('op')} {each.get('path')!r} does not apply"
            raise StatusError(422, "Invalid", message) from error
    return document[""]


def _operate(document: dict[str, Any], operation: dict[str, Any]) -> None:
    kind, path = operation["op"], _pointer(operation["path"])
    if kind == "test":
        if _at(document, path) != operation["value"]:
            raise ValueError(operation["path"])
    elif kind == "remove":
        _remove(document, path)
    elif kind == "replace":
        _at(document, path)
        _put(document, path, operation["value"], insert=False)
    elif kind == "add":
        _put(document, path, operation["value"])
    elif kind in ("move", "copy"):
        source = _pointer(operation["from"])
        value = copy.deepcopy(_at(document, source))
        if kind == "move":
            _remove(document, source)
        _put(document, path, value)
    else:
        raise ValueError(kind)


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _at(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _put(document: Any, path: Sequence[str], value: Any, *, insert: bool = True) -> None:
    parent, last = _at(document, path[:-1]), path[-1]
    if not isinstance(parent, list):
        parent[last] = value
    elif last == "-":
        parent.append(value)
    elif insert:
        if int(last) > len(parent):
            raise IndexError(last)
        parent.insert(int(last), value)
    else:
        parent[int(last)] = value


def _remove(document: Any, path: Sequence[str]) -> None:
    parent, last = _at(document, path[:-1]), path[-1]
    del parent[int(last) if isinstance(parent, list) else last]


def strategic_merge(target: Any, patch: Any, field: str = "") -> Any:
    """Like a merge patch, but known lists merge by their key, and `$patch`, `$deleteFromPrimitiveList`,
    `$setElementOrder` and `$retainKeys` are obeyed."""
    if isinstance(patch, list):
        return _merge_lists(target if isinstance(target, list) else [], patch, field)
    if not isinstance(patch, dict):
        return patch
    directive = patch.get("$patch")
    plain = {key: value for key, value in patch.items() if not key.startswith("$")}
    if directive == "replace":
        return plain
    if directive == "delete":
        return None
    merged = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        merged = {key: value for key, value in merged.items() if key in patch["$retainKeys"]}
    for key, value in plain.items():
        result = None if value is None else strategic_merge(merged.get(key), value, key)
        if result is None:
            merged.pop(key, None)
        else:
            merged[key] = result
    _obey_list_directives(merged, patch)
    return merged


def _obey_list_directives(merged: dict[str, Any], patch: dict[str, Any]) -> None:
    for directive, value in patch.items():
        name, _, field = directive.partition("/")
        if name == "$deleteFromPrimitiveList" and field in merged:
            merged[field] = [item for item in merged[field] if item not in value]
        elif name == "$setElementOrder" and field in merged:
            merged[field] = _ordered(merged[field], value, field)


def merge_key(field: str, items: Sequence[Any]) -> str | None:
    """The field by which the items of a list are told apart; None for a list that is replaced whole."""
    candidates = MERGE_KEYS.get(field, ())
    return next((key for key in candidates if items and all(isinstance(i, dict) and key in i for i in items)), None)


def _merge_lists(target: list[Any], patch: list[Any], field: str) -> list[Any]:
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if "$patch" not in item]
    if field == "finalizers":
        return [*target, *(item for item in patch if item not in target)]
    key = merge_key(field, [*target, *patch])
    if key is None:
        return patch
    merged = {item[key]: item for item in target}
    for item in patch:
        result = strategic_merge(merged.get(item[key]), item)
        if result is None:
            merged.pop(item[key], None)
        else:
            merged[item[key]] = result
    return list(merged.values())


def _ordered(items: list[Any], order: list[Any], field: str) -> list[Any]:
    key = merge_key(field, [*items, *order])
    ranks = [item[key] if key else item for item in order] if key or not _holds_objects(items) else []
    last = len(ranks)
    return sorted(items, key=lambda item: _rank(item[key] if key else item, ranks, last))


def _rank(item: Any, ranks: list[Any], last: int) -> int:
    return ranks.index(item) if item in ranks else last


def _holds_objects(items: list[Any]) -> bool:
    return any(isinstance(item, dict) for item in items)
