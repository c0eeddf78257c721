"""Paths that differ in identifiers only become one."""

from __future__ import annotations

import re

import pytest

from linkerdctl.profiles.folding import folded, folded_pattern, literal_prefix


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/users/1234", "/users/{id}"),
        ("/users/1234/orders/b5f1e1a2-1111-4222-8333-444455556666", "/users/{id}/orders/{id}"),
        ("/v1/users", "/v1/users"),
        ("/static/main.8f3a2b1c.js", "/static/main.{id}.js"),
        ("/", "/"),
        ("", ""),
        ("/a//b/", "/a//b/"),
    ],
)
def test_identifiers_are_folded_and_words_are_not(path: str, expected: str) -> None:
    assert folded("GET", path) == expected


def test_methods_of_grpc_services_are_names() -> None:
    assert folded("POST", "/emojivoto.v1.VotingService/Vote100") == "/emojivoto.v1.VotingService/Vote100"
    assert folded("GET", "/files/Vote100") == "/files/{id}"


@pytest.mark.parametrize("path", ["/users/1234", "/static/main.8f3a2b1c.js", "/a.b/c+d", "/users/7/orders/9"])
def test_a_pattern_matches_what_was_folded_and_its_kind(path: str) -> None:
    pattern = folded_pattern(folded("GET", path))

    assert re.search(pattern, path)
    assert not re.search(pattern, path + "/more")
    assert not re.search(pattern, "/other" + path)
    assert path.startswith(literal_prefix(folded("GET", path)))
