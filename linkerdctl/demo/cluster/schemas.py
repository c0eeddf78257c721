"""Structural schemas enforced as an API server enforces them: causes, unknown fields, pruning, defaults. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkerdctl.demo.cluster.status import Cause

Schema = Mapping[str, Any]

_META = ("apiVersion", "kind", "metadata")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def type_name(value: object) -> str:
    """A JSON value's type, in the words of a schema."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def violations(value: object, schema: Schema, path: str = "") -> Iterator[Cause]:
    """Every way in which a value breaks its schema, in the order of its fields."""
    if value is None and path:
        return
    if schema.get("x-kubernetes-int-or-string"):
        yield from _int_or_string(value, schema, path)
        return
    if not _has_type(value, schema.get("type")):
        yield _wrong_type(value, schema["type"], path)
        return
    yield from _value_rules(value, schema, path)
    if isinstance(value, dict):
        yield from _in_object(value, schema, path)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from violations(item, schema["items"], f"{path}[{index}]")


def unknown_fields(value: object, schema: Schema, path: str = "") -> Iterator[str]:
    """The paths of fields that the schema does not name."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_fields(item, schema.get("items", {}), f"{path}[{index}]")
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        for key, item in value.items():
            if key in known:
                yield from unknown_fields(item, known[key], _join(path, key))
            elif _is_closed(schema) and (path or key not in _META):
                yield _join(path, key)


def pruned(value: Any, schema: Schema, *, root: bool = True) -> Any:
    """The value without the fields its schema does not name, and with defaults filled in."""
    if isinstance(value, list):
        return [pruned(item, schema.get("items", {}), root=False) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    kept = {
        key: item if root and key in _META else pruned(item, known.get(key, {}), root=False)
        for key, item in value.items()
        if key in known or not _is_closed(schema) or (root and key in _META)
    }
    defaults = {key: each["default"] for key, each in known.items() if "default" in each and key not in kept}
    return kept | defaults


def _is_closed(schema: Schema) -> bool:
    return "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields")


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _has_type(value: object, wanted: str | None) -> bool:
    if wanted is None:
        return True
    if isinstance(value, bool):
        return wanted == "boolean"
    return isinstance(value, _TYPES[wanted])


def _wrong_type(value: object, wanted: str, path: str) -> Cause:
    found = type_name(value)
    message = f'Invalid value: "{found}": {path} in body must be of type {wanted}: "{found}"'
    return Cause("FieldValueTypeInvalid", message, path or "<nil>")


def _int_or_string(value: object, schema: Schema, path: str) -> Iterator[Cause]:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        yield _wrong_type(value, "integer,string", path)
    elif isinstance(value, str):
        yield from _value_rules(value, schema, path)


def _value_rules(value: object, schema: Schema, path: str) -> Iterator[Cause]:
    pattern, allowed = schema.get("pattern"), schema.get("enum")
    if pattern and isinstance(value, str) and not re.search(pattern, value):
        message = f"Invalid value: {json.dumps(value)}: {path} in body should match '{pattern}'"
        yield Cause("FieldValueInvalid", message, path)
    if allowed and value not in allowed:
        supported = ", ".join(json.dumps(each) for each in allowed)
        yield Cause(
            "FieldValueNotSupported", f"Unsupported value: {json.dumps(value)}: supported values: {supported}", path
        )
    if schema.get("format") == "int32" and isinstance(value, int) and not -(2**31) <= value < 2**31:
        message = f"Invalid value: {value}: {path} in body must be of type int32: {json.dumps(value)}"
        yield Cause("FieldValueInvalid", message, path)


def _in_object(value: Mapping[str, Any], schema: Schema, path: str) -> Iterator[Cause]:
    for key in schema.get("required", ()):
        if value.get(key) is None:
            yield Cause("FieldValueRequired", "Required value", _join(path, key))
    for key, sub in schema.get("properties", {}).items():
        if key in value and (path or key not in _META):
            yield from violations(value[key], sub, _join(path, key))
