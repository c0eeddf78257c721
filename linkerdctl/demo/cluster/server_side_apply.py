"""Server-side apply: who manages which field, what an apply adds, changes and takes away. Pure.

An approximation: only appliers own fields, lists of built-in kinds merge by their strategic key, others are one value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from linkerdctl.demo.cluster.patches import merge_key
from linkerdctl.demo.cluster.status import Cause, StatusError
from linkerdctl.demo.cluster.store import Manifest, timestamp

Path = tuple[str, ...]
_UNOWNED = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace")}


def apply(current: Manifest | None, wanted: Manifest, *, manager: str, force: bool) -> Manifest:
    """The object after `manager` applied `wanted`; raises a 409 `StatusError` when another applier owns a field."""
    entries: list[Manifest] = list((current or {}).get("metadata", {}).get("managedFields") or [])
    ours, others = _split(entries, manager)
    owned = {path for path, _ in _leaves(wanted)} - _UNOWNED
    if current is not None:
        conflicts = _conflicts(current, wanted, owned, others)
        if conflicts and not force:
            raise _conflict(conflicts)
        others = _without(others, {path for path, _ in conflicts})
    result = _merged(current or {}, wanted)
    kept_by_others = {path for entry in others for path in _paths(entry["fieldsV1"])}
    for path in _paths(ours.get("fieldsV1", {})):
        if path not in owned and path not in kept_by_others:
            _drop(result, path)
    metadata = result["metadata"] | {"managedFields": [*others, _entry(wanted, manager, owned)]}
    return {**result, "metadata": metadata}


def _split(entries: list[Manifest], manager: str) -> tuple[Manifest, list[Manifest]]:
    ours = [each for each in entries if (each.get("manager"), each.get("operation")) == (manager, "Apply")]
    return (ours[0] if ours else {}), [each for each in entries if each not in ours]


def _entry(wanted: Manifest, manager: str, owned: set[Path]) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": wanted["apiVersion"],
        "time": timestamp(),
        "fieldsType": "FieldsV1",
        "fieldsV1": _tree(owned),
    }


def _leaves(value: Any, path: Path = (), field: str = "") -> Iterator[tuple[Path, Any]]:
    """Every value that has one owner: scalars, whole atomic lists, empty objects."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, f"f:{key}"), key)
        return
    key_field = merge_key(field, value) if isinstance(value, list) else None
    if key_field is None:
        yield path, value
        return
    for item in value:
        yield from _leaves(item, (*path, _item_step(key_field, item)))


def _item_step(key: str, item: Mapping[str, Any]) -> str:
    return "k:" + json.dumps({key: item[key]}, separators=(",", ":"))


def _tree(paths: set[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        at = tree
        for step in path:
            at = at.setdefault(step, {})
    return tree


def _paths(tree: Mapping[str, Any], path: Path = ()) -> Iterator[Path]:
    for step, below in tree.items():
        if below:
            yield from _paths(below, (*path, step))
        else:
            yield (*path, step)


def _conflicts(
    current: Manifest, wanted: Manifest, owned: set[Path], others: list[dict[str, Any]]
) -> list[tuple[Path, str]]:
    now, then = dict(_leaves(current)), dict(_leaves(wanted))
    return [
        (path, entry["manager"])
        for entry in others
        if entry.get("operation") == "Apply"
        for path in _paths(entry.get("fieldsV1", {}))
        if path in owned and now.get(path) != then[path]
    ]


def _conflict(conflicts: list[tuple[Path, str]]) -> StatusError:
    causes = [Cause("FieldManagerConflict", f'conflict with "{manager}"', _dotted(path)) for path, manager in conflicts]
    count = f"{len(causes)} conflict{'s' if len(causes) > 1 else ''}"
    listed = "; ".join(f"{cause.message}: {cause.field}" for cause in causes)
    details = {"causes": [{"reason": each.reason, "message": each.message, "field": each.field} for each in causes]}
    return StatusError(409, "Conflict", f"Apply failed with {count}: {listed}", details=details)


def _dotted(path: Path) -> str:
    return "".join(f".{step[2:]}" if step.startswith("f:") else f"[{step[2:]}]" for step in path)


def _without(entries: list[dict[str, Any]], lost: set[Path]) -> list[dict[str, Any]]:
    left = [entry | {"fieldsV1": _tree(set(_paths(entry.get("fieldsV1", {}))) - lost)} for entry in entries]
    return [entry for entry in left if entry["fieldsV1"]]


def _merged(current: Any, wanted: Any, field: str = "") -> Any:
    if isinstance(current, dict) and isinstance(wanted, dict):
        return dict(current) | {key: _merged(current.get(key), value, key) for key, value in wanted.items()}
    if isinstance(current, list) and isinstance(wanted, list):
        key = merge_key(field, [*current, *wanted])
        if key:
            by_key = {item[key]: item for item in current}
            return list((by_key | {item[key]: _merged(by_key.get(item[key]), item) for item in wanted}).values())
    return wanted


def _drop(value: dict[str, Any], path: Path) -> None:
    """Remove one leaf; every container on the way is copied first, because stored objects are shared."""
    step, rest = path[0], path[1:]
    key = step[2:]
    if step.startswith("k:") or key not in value:
        return
    if not rest:
        del value[key]
        return
    if isinstance(value[key], list):
        value[key] = _list_without(value[key], rest)
    elif isinstance(value[key], dict):
        value[key] = dict(value[key])
        _drop(value[key], rest)
        if not value[key]:
            del value[key]


def _list_without(items: list[Any], path: Path) -> list[Any]:
    """A keyed list without one leaf of one item; an item nobody holds the key of goes whole."""
    wanted = json.loads(path[0][2:])
    if len(path) == 1 or path[1][2:] in wanted:
        return [item for item in items if not wanted.items() <= item.items()]
    left = [dict(item) for item in items]
    for item in left:
        if wanted.items() <= item.items():
            _drop(item, path[1:])
    return left
