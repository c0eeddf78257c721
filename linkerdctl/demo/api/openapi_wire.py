"""An OpenAPI version 2 document in the protobuf form that kubectl asks for (`openapi.v2.Document`). Pure.

Only what version_2() says is written; field numbers are those of the public OpenAPIv2 message definitions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""As newer API servers name it: the `@` in what clients ask for is no valid media type, and kubectl 1.20 refuses it."""

_SCHEMA_TEXTS = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13}


def encode(document: Mapping[str, Any]) -> bytes:
    """The whole document."""
    info = document["info"]
    paths = _each(document["paths"], 2, _path_item)
    definitions = _each(document["definitions"], 1, _schema)
    return (
        _text(1, document["swagger"])
        + _block(2, _text(1, info["title"]) + _text(2, info["version"]))
        + _block(8, paths)
        + _block(9, definitions)
    )


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _block(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _text(number: int, value: str) -> bytes:
    return _block(number, value.encode())


def _each(values: Mapping[str, Any], number: int, encode_one: Callable[[Any], bytes]) -> bytes:
    """A map as the repeated (name, value) pairs that the format writes for it."""
    return b"".join(_block(number, _text(1, name) + _block(2, encode_one(each))) for name, each in values.items())


def _any(value: Any) -> bytes:
    """A free value, as the YAML text that readers of the format parse; JSON is YAML."""
    return _text(2, json.dumps(value))


def _extensions(number: int, owner: Mapping[str, Any]) -> bytes:
    return _each({key: value for key, value in owner.items() if key.startswith("x-")}, number, _any)


def _path_item(item: Mapping[str, Any]) -> bytes:
    return _block(8, _operation(item["patch"]))


def _operation(operation: Mapping[str, Any]) -> bytes:
    parameters = b"".join(_block(8, _query_parameter(each)) for each in operation["parameters"])
    responses = _each(operation["responses"], 1, lambda each: _block(1, _text(1, each["description"])))
    return _text(5, operation["operationId"]) + parameters + _block(9, responses) + _extensions(13, operation)


def _query_parameter(parameter: Mapping[str, Any]) -> bytes:
    query = _text(2, parameter["in"]) + _text(4, parameter["name"]) + _text(6, parameter["type"])
    return _block(1, _block(2, _block(3, query)))


def _schema(schema: Mapping[str, Any]) -> bytes:
    out = b"".join(_text(number, schema[key]) for key, number in _SCHEMA_TEXTS.items() if key in schema)
    if "default" in schema:
        out += _block(5, _any(schema["default"]))
    out += b"".join(_text(19, each) for each in schema.get("required", ()))
    out += b"".join(_block(20, _any(each)) for each in schema.get("enum", ()))
    if "type" in schema:
        out += _block(22, _text(1, schema["type"]))
    if "items" in schema:
        out += _block(23, _block(1, _schema(schema["items"])))
    if "properties" in schema:
        out += _block(25, _each(schema["properties"], 1, _schema))
    return out + _extensions(31, schema)
