"""`--typed`: path parameters get expressions as tight as their schemas allow, and no tighter."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.path_types import parameter_regexes, schema_regex

ANYTHING = "[^/]+"


@pytest.mark.parametrize(
    ("schema", "regex"),
    [
        ({"type": "integer"}, "-?[0-9]+"),
        ({"type": "integer", "minimum": 0}, "[0-9]+"),
        ({"type": "integer", "exclusiveMinimum": True}, "-?[0-9]+"),
        ({"type": "number", "minimum": 0}, r"[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"),
        ({"type": "boolean"}, "(true|false)"),
        ({"type": "string"}, ANYTHING),
        ({"type": "string", "format": "uuid"}, "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
        ({"type": "string", "format": "date"}, "[0-9]{4}-[0-9]{2}-[0-9]{2}"),
        ({"type": "string", "format": "email"}, ANYTHING),
        ({"type": "string", "enum": ["a.b", "c d", "é"]}, r"(a\.b|c%20d|%C3%A9)"),
        ({"type": "integer", "enum": [1, 2]}, "(1|2)"),
        ({"const": True}, "true"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "[a-z]+"),
        ({"type": "string", "pattern": "[a-z]+"}, "[^/]*([a-z]+)[^/]*"),
        ({"type": "string", "pattern": "^a|b$"}, ANYTHING),
        ({"type": "string", "pattern": "^(a|b)$"}, "(a|b)"),
        ({"type": "string", "pattern": "a|b"}, "[^/]*(a|b)[^/]*"),
        ({"type": "string", "pattern": "^(?=a).$"}, ANYTHING),
        ({"type": "string", "pattern": "^.*$"}, ANYTHING),
        ({"type": "string", "pattern": "^a/b$"}, ANYTHING),
        ({"type": "string", "pattern": "^[^a]+$"}, ANYTHING),
        ({"type": "string", "pattern": "^(unclosed$"}, ANYTHING),
        ({"type": "string", "minLength": 3}, "[^/]{3,}"),
        ({"type": "string", "maxLength": 3}, ANYTHING),
        ({"type": ["integer", "null"]}, "-?[0-9]+"),
        ({"type": ["integer", "boolean"]}, "(-?[0-9]+|(true|false))"),
        ({"type": ["integer", "string"]}, ANYTHING),
        ({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}, "(-?[0-9]+|(true|false))"),
        ({"anyOf": [{"type": "integer"}, {}]}, ANYTHING),
        ({"allOf": [{}, {"type": "integer"}]}, "-?[0-9]+"),
        ({"$ref": "#/components/schemas/Id"}, "-?[0-9]+"),
        ({"$ref": "#/components/schemas/None"}, ANYTHING),
        ({"$ref": "#/components/schemas/Loop"}, ANYTHING),
        ({"type": "array", "items": {"type": "integer"}}, ANYTHING),
        ({}, ANYTHING),
        (5, ANYTHING),
    ],
)  # fmt: skip
def test_a_schema_becomes_this(schema: Any, regex: str) -> None:
    loop = {"oneOf": [{"$ref": "#/components/schemas/Loop"}]}
    root = {"components": {"schemas": {"Id": {"type": "integer"}, "Loop": loop}}}
    assert schema_regex(root, schema) == regex


@given(st.integers())
def test_every_integer_matches_its_type(number: int) -> None:
    assert re.fullmatch(schema_regex({}, {"type": "integer"}), str(number))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_matches_its_type(number: float) -> None:
    assert re.fullmatch(schema_regex({}, {"type": "number"}), str(number))


@given(st.uuids())
def test_every_uuid_matches_its_format(uuid: Any) -> None:
    assert re.fullmatch(schema_regex({}, {"type": "string", "format": "uuid"}), str(uuid))


@given(st.from_regex(r"[a-z]{1,3}[0-9]?", fullmatch=True))
def test_what_has_a_pattern_anywhere_in_it_matches(text: str) -> None:
    regex = schema_regex({}, {"type": "string", "pattern": "[a-z]{1,3}"})
    assert PathLanguage(f"/{regex}").matches(f"/x{text}y")


def test_parameters_of_the_operation_win_over_those_of_the_path() -> None:
    path = [{"name": "id", "in": "path", "schema": {"type": "integer"}}, {"$ref": "#/nowhere"}, 5]
    operation = [{"name": "id", "in": "path", "schema": {"type": "boolean"}}, {"name": "q", "in": "query"}]
    assert parameter_regexes({}, path, operation, None) == {"id": "(true|false)"}


@pytest.mark.parametrize("more", [{"style": "matrix"}, {"style": "label"}, {"content": {"application/json": {}}}])
def test_parameters_in_other_forms_stay_open(more: dict[str, Any]) -> None:
    parameter = {"name": "id", "in": "path", "schema": {"type": "integer"}, **more}
    assert parameter_regexes({}, [parameter]) == {"id": ANYTHING}


def test_swagger_2_has_types_on_the_parameter_itself() -> None:
    text = "swagger: '2.0'\npaths: {'/a/{id}': {get: {parameters: [{name: id, in: path, type: integer}]}}}"
    [route] = routes_of_openapi(text, typed=True).routes
    assert route.path_regex == "/a/-?[0-9]+"


def test_without_typed_every_parameter_is_the_real_tools() -> None:
    text = "openapi: 3.0.0\npaths: {'/a/{id}': {get: {parameters: [{name: id, in: path, schema: {type: integer}}]}}}"
    [route] = routes_of_openapi(text).routes
    assert route.path_regex == "/a/[^/]*"
