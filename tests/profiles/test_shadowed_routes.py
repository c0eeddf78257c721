"""Routes that get no requests because an earlier one takes them: told when they are generated, avoided where it can be."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linkerdctl.profiles.joining import joined
from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.lint_routes import _SIMPLE, _sampled, shadowed
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.regex import path_regex
from linkerdctl.profiles.routes import Generated, GrpcMethod, Route

SWAGGER, OPENAPI = {"swagger": "2.0"}, {"openapi": "3.1.0"}


def generated(version: dict[str, str], *paths: str) -> Generated:
    document = {**version, "paths": {path: {"get": {}} for path in paths}}
    return joined([routes_of_openapi(json.dumps(document), "api.json")], ["api.json"])


def paths_of(found: Generated) -> list[str]:
    return [route.name.removeprefix("GET ") for route in found.routes]


def test_the_real_tools_order_is_kept_for_swagger_and_what_it_costs_is_told() -> None:
    found = generated(SWAGGER, "/users/~me", "/users/{id}", "/users/{id}.json", "/users/me")
    assert paths_of(found) == ["/users/me", "/users/{id}", "/users/{id}.json", "/users/~me"]
    assert found.warnings == (
        "GET /users/{id}.json gets no requests: GET /users/{id} comes first and matches all of them",
        "GET /users/~me gets no requests: GET /users/{id} comes first and matches all of them",
    )


@pytest.mark.parametrize(
    "fixed",
    ["/users/me", "/users/~me", "/users/|x", "/users/é", "/users/{id}.json", "/users/{id}:cancel", "/users/v{id}"],
)
def test_of_openapi_3_what_is_fixed_comes_before_parameters(fixed: str) -> None:
    found = generated(OPENAPI, "/users/{id}", fixed, "/users/{id}/friends")
    assert paths_of(found) == [fixed, "/users/{id}", "/users/{id}/friends"]
    assert not [warning for warning in found.warnings if "gets no requests" in warning]


def test_routes_of_other_sources_are_minded_too() -> None:
    groups = [generated(OPENAPI, "/a/{id}"), generated(OPENAPI, "/a/b")]
    assert joined(groups, ["one.json", "two.json"]).warnings == (
        "GET /a/b gets no requests: GET /a/{id} comes first and matches all of them",
    )


def test_another_method_takes_nothing_away() -> None:
    group = Generated((Route("GET /{id}", "GET", "/[^/]*"), Route("POST /a", "POST", "/a")))
    assert joined([group], ["api.json"]).warnings == ()


def test_one_that_matches_the_same_is_told_of_once() -> None:
    found = generated(SWAGGER, "/a/{id}", "/a/{name}")
    assert found.warnings == ("api.json: GET /a/{name} matches the same requests as GET /a/{id}, which comes first",)


def test_grpc_needs_no_looking_into() -> None:
    call = Route("Get", "POST", r"/a\.B/Get", grpc=GrpcMethod("a.B", "Get"))
    assert joined([Generated((call,))], ["a.proto"]) == Generated((call,))


pieces = st.sampled_from(
    ["a", "b", "{x}", "{y}", ".json", "/", "/", "~", ":", "|", "*", "+", "(", "$", "^", "]", "\\", "{", "}"]
)
paths = st.lists(pieces, max_size=8).map(lambda each: "/" + "".join(each))


@given(paths, paths)
def test_python_s_engine_tells_of_simple_expressions_what_the_automaton_does(path: str, other: str) -> None:
    regex = path_regex(path)
    assume(_SIMPLE.fullmatch(regex))
    sample, takes = _sampled(regex)
    assert sample is not None
    assert PathLanguage(regex).matches(sample)
    assert bool(takes(other)) == PathLanguage(regex).matches(other)


@given(st.lists(paths, max_size=6))
def test_who_gets_no_requests_is_who_is_included_in_an_earlier_one(written: list[str]) -> None:
    regexes = list(map(path_regex, written))
    languages = list(map(PathLanguage, regexes))
    included = {
        later: next(earlier for earlier in range(later) if languages[earlier].includes(languages[later]))
        for later in range(len(languages))
        if any(languages[earlier].includes(languages[later]) for earlier in range(later))
    }
    assert dict(shadowed([{"condition": {"pathRegex": regex}} for regex in regexes])) == included
