"""Conditions hold as they do in a proxy, and coverage counts each request for the first route that takes it."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.profiles.conditions import condition
from linkerdctl.profiles.coverage import coverage
from linkerdctl.profiles.observed import ObservedRequest


@pytest.mark.parametrize(
    ("match", "method", "path", "holds"),
    [
        ({"method": "GET"}, "GET", "/a", True),
        ({"method": "get"}, "GET", "/a", True),
        ({"method": "GET"}, "PUT", "/a", False),
        ({"pathRegex": "/a"}, "GET", "/a", True),
        ({"pathRegex": "/a"}, "GET", "/a/b", False),
        ({"pathRegex": "/a", "method": "PUT"}, "GET", "/a", False),
        ({"all": [{"method": "GET"}, {"pathRegex": "/a"}]}, "GET", "/a", True),
        ({"all": [{"method": "GET"}, {"pathRegex": "/b"}]}, "GET", "/a", False),
        ({"all": []}, "GET", "/a", True),
        ({"any": [{"method": "PUT"}, {"pathRegex": "/a"}]}, "GET", "/a", True),
        ({"any": []}, "GET", "/a", False),
        ({"not": {"method": "GET"}}, "PUT", "/a", True),
        ({"not": {"method": "GET"}}, "GET", "/a", False),
        ({"not": {"all": [{"method": "GET"}, {"pathRegex": "/a"}]}, "pathRegex": "/.*"}, "GET", "/b", True),
        ({"pathRegex": "/a{id}"}, "GET", "/a{id}", False),
        ({"pathRegex": r"/\p{Greek}?a"}, "GET", "/a", False),
        ({"pathRegex": r"/\ba\b"}, "GET", "/a", True),
        ({}, "GET", "/a", False),
        (None, "GET", "/a", False),
        ("GET", "GET", "/a", False),
    ],
)
def test_whether_a_condition_holds(match: Any, method: str, path: str, holds: bool) -> None:
    assert condition(match)(method, path) is holds


ROUTES = [
    {"name": "one", "condition": {"method": "GET", "pathRegex": "/books/1"}},
    {"name": "any", "condition": {"method": "GET", "pathRegex": "/books/[^/]*"}},
    {"name": "none", "condition": {"method": "PUT", "pathRegex": "/books/[^/]*"}},
]


def test_the_first_route_that_matches_takes_the_request() -> None:
    found = coverage(ROUTES, [ObservedRequest("GET", "/books/1?q", count=3), ObservedRequest("GET", "/books/2")])
    assert found.routes == (("one", 3), ("any", 1), ("none", 0))
    assert found.never_seen == ("none",)
    assert (found.matched, found.total) == (4, 4)


def test_requests_of_no_route_are_gathered_into_those_that_are_alike() -> None:
    missed = [ObservedRequest("GET", f"/authors/{number}") for number in range(20)]
    found = coverage(
        ROUTES, [*missed, ObservedRequest("POST", "/", count=30), ObservedRequest("GET", "/books/1", count=50)]
    )
    assert [(row.state, row.name, row.requests, row.share) for row in found.rows()] == [
        ("seen", "one", 50, 0.5),
        ("never seen", "any", 0, 0.0),
        ("never seen", "none", 0, 0.0),
        ("no route", "POST /", 30, 0.3),
        ("no route", "GET /authors/{id}", 20, 0.2),
    ]


def test_without_requests_there_are_no_shares() -> None:
    assert {row.share for row in coverage(ROUTES, []).rows()} == {None}


def test_a_large_specification_looks_at_few_expressions_for_each_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most routes are out of the question by how the path begins; only the others are worth an automaton's steps."""
    from linkerdctl.profiles.language import PathLanguage

    routes = [{"name": str(n), "condition": {"pathRegex": f"/things{n}/[^/]*"}} for n in range(1000)]
    looked: list[str] = []
    matches = PathLanguage.matches
    monkeypatch.setattr(PathLanguage, "matches", lambda self, path: looked.append(path) or matches(self, path))
    found = coverage(routes, [ObservedRequest("GET", f"/things{n}/x") for n in range(1000)])
    assert len(found.never_seen) == 0
    assert len(looked) <= 2000
