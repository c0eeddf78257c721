"""Any OpenAPI document, sound or not, ends in routes or in one line; and the rules hold whatever the paths are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import SpecificationError
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.regex import path_regex

WORDS = """
paths /a /a/{id} get put trace responses 200 5XX default $ref parameters in name path schema type servers url variables
basePath x-linkerd-timeout x-linkerd-retryable description operationId components pattern enum additionalOperations oneOf
#/paths/~1a #/components
"""
words = st.sampled_from(WORDS.split())
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 600) | st.floats(allow_nan=False) | words | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)
versions = st.sampled_from([{"swagger": "2.0"}, {"openapi": "3.0.3"}, {"openapi": "3.1.0"}, {}])
operations = st.dictionaries(words, anything, max_size=4)
documents = st.builds(
    lambda version, paths, more: {**more, **version, "paths": paths},
    versions,
    st.dictionaries(
        st.sampled_from(["/a", "/a/{id}", "/", "//b", "c"]), st.dictionaries(words, operations | anything), max_size=3
    )
    | anything,
    st.dictionaries(words, anything, max_size=3),
)
paths = st.lists(st.text("/ab{}.-%é ", max_size=6), max_size=5, unique=True).map(
    lambda each: [f"/{path}" for path in each]
)


@given(documents, st.booleans(), st.booleans())
def test_nothing_whatever_ends_in_anything_but_routes_or_one_line(document: Any, typed: bool, by_id: bool) -> None:
    try:
        found = routes_of_openapi(json.dumps(document), "f.json", typed=typed, names_from_operation_id=by_id)
    except SpecificationError as error:
        lines = [error.message]
    else:
        lines = list(found.warnings)
    for line in lines:
        assert line.startswith("f.json")
        assert "\n" not in line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"/\ud800", "/\ufffd"),
        (r"/\uDC00\ud83d", "/\ufffd\ufffd"),
        (r"/\ud83d\ude00", "/\U0001f600"),
        (r"/\ud800\ud83d\ude00", "/\ufffd\U0001f600"),
        (r"/\\ud800", r"/\ud800"),
        (r"/\\\ud800", "/\\\ufffd"),
        (r"/\\\\ud800", r"/\\ud800"),
        (r"/\ud7ff\ue000", "/\ud7ff\ue000"),
    ],
)
def test_halves_of_surrogate_pairs_are_read_as_the_real_tool_reads_them(written: str, read: str) -> None:
    """Python would keep them, and then fail to write them out."""
    (route,) = routes_of_openapi(f'{{"swagger": "2.0", "paths": {{"{written}": {{"get": {{}}}}}}}}').routes
    assert route.name == f"GET {read}"


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    try:
        routes_of_openapi(text, "f.yaml")
    except SpecificationError as error:
        assert error.message.startswith("f.yaml")


@given(paths, st.sampled_from(["", "/", "/v1", "/v1/", "/v1//", "api"]))
def test_swagger_paths_are_joined_sorted_and_escaped_by_the_rules(keys: list[str], base: str) -> None:
    document = {"swagger": "2.0", "basePath": base, "paths": {key: {"get": {}} for key in keys}}
    full = [f"{base.rstrip('/')}/{key.lstrip('/')}" for key in sorted(keys, key=str.encode)]
    assert [(route.name, route.path_regex) for route in routes_of_openapi(json.dumps(document)).routes] == [
        (f"GET {path}", path_regex(path)) for path in full
    ]
