"""Requests become few routes: identifiers are found by their looks and by their variety, names stay names."""

from __future__ import annotations

import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.observed import Inference, ObservedRequest, routes_of_requests

segments = st.sampled_from(
    ["users", "orders", "v1", "a.json", "42", "7", "b7e2c9d1", "2024-01-31", "", "x-1", "é", "%2F"]
)
requests = st.lists(
    st.builds(
        ObservedRequest,
        st.sampled_from(["GET", "POST", "get", "PURGE", ""]),
        st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts)),
        st.just(False),
        st.integers(1, 5),
    ),
    max_size=40,
)


def infer(*paths: str, method: str = "GET", limit: int = 100) -> Inference:
    return routes_of_requests([ObservedRequest(method, path) for path in paths], limit=limit)


def names(inference: Inference) -> list[str]:
    return [route.name for route in inference.routes]


@pytest.mark.parametrize(
    "identifier",
    [
        "1234", "-5", "3.14", "550e8400-e29b-41d4-a716-446655440000", "550E8400E29B41D4A716446655440000", "deadbeef01",
        "0xdeadbe1f", "2024-01-31", "2024-01", "2024-01-31T10:00:00Z", "507f1f77bcf86cd799439011", "user-12345",
        "my-first-post-2024", "order_998877", "jane@example.com", "jane%40example.com", "a%20b", "4f3a9c", "XK42PQ9",
        "abc123def456", "invoice-2024-03-17", "12:30:00", "42-the-answer",
    ],
)  # fmt: skip
def test_what_looks_like_an_identifier_is_one(identifier: str) -> None:
    assert names(infer(f"/users/{identifier}/orders")) == ["GET /users/{id}/orders"]


@pytest.mark.parametrize(
    "name",
    ["users", "v1", "v2.1", "v1beta1", "V3", "oauth2", "sha256", "iso8601", "index.html", "app.js", "a", "x", "log4j",
     "robots.txt", "favicon.ico", "api", "well-known", ".well-known", "ipv4", "base64", "health-check", "FindByShortcode",
     "snake_case", "CamelCase", "facade", "decade", "US", "utf8", "s3", "e2e"],
)  # fmt: skip
def test_what_looks_like_a_name_stays(name: str) -> None:
    assert names(infer(f"/{name}")) == [f"GET /{name}"]


def test_values_of_one_place_become_one_route_with_its_evidence() -> None:
    found = infer(*(f"/books/{number}" for number in range(50)), "/books")
    assert [(route.name, route.path_regex, route.requests) for route in found.routes] == [
        ("GET /books", "/books", 1),
        ("GET /books/{id}", "/books/[^/]+", 50),
    ]
    assert found.values["GET /books/{id}"] == 50


def test_words_that_are_ever_new_are_values_too() -> None:
    words = [f"/search/{first}{second}" for first in ("lin", "mar", "tor", "bel") for second in ("a", "o", "us", "ix")]
    assert names(infer(*words)) == ["GET /search/{id}"]


def test_words_that_come_again_and_again_are_names() -> None:
    words = ["/shop/cart", "/shop/checkout", "/shop/products", "/shop/login"]
    assert names(infer(*(words * 20))) == [f"GET {word}" for word in sorted(words)]


def test_a_name_among_ever_new_values_keeps_its_route_and_comes_first() -> None:
    slugs = [
        f"/posts/{first}-{second}" for first in ("red", "old", "big", "odd") for second in ("cat", "dog", "ant", "fox")
    ]
    assert names(infer(*slugs, *["/posts/latest"] * 60)) == ["GET /posts/latest", "GET /posts/{id}"]


def test_parts_of_a_segment_may_vary_alone() -> None:
    [route] = infer("/reports/2024-01-31.csv", "/reports/2024-02-29.csv").routes
    assert (route.name, route.path_regex) == ("GET /reports/{id}.csv", r"/reports/[^/]+\.csv")


def test_names_that_differ_in_their_number_alone_are_a_family() -> None:
    assert names(infer("/host1", "/host2", "/host3")) == ["GET /{id}"]


def test_methods_are_kept_apart() -> None:
    both = [ObservedRequest("GET", "/a/1"), ObservedRequest("DELETE", "/a/2"), ObservedRequest("", "/a/3")]
    assert [(route.name, route.requests) for route in routes_of_requests(both).routes] == [
        ("DELETE /a/{id}", 1),
        ("GET /a/{id}", 2),
    ]


def test_grpc_methods_are_names_whatever_they_look_like() -> None:
    calls = [ObservedRequest("POST", f"/emojivoto.v1.VotingService/Vote{number}", True) for number in range(100, 130)]
    found = routes_of_requests(calls)
    assert len(found.routes) == 30
    assert found.routes[0].path_regex == r"/emojivoto\.v1\.VotingService/Vote100"
    assert found.routes[0].grpc is not None


def test_the_root_is_a_route() -> None:
    assert names(infer("/", "/", "")) == ["GET /"]


def test_queries_are_not_looked_at() -> None:
    [route] = infer("/a?x=1", "/a?x=2").routes
    assert (route.name, route.requests) == ("GET /a", 2)


def test_above_the_limit_the_busiest_routes_stay() -> None:
    found = infer(*["/b"] * 3, *["/a"] * 2, "/c", limit=2)
    assert names(found) == ["GET /a", "GET /b"]
    assert [route.name for route in found.left_out] == ["GET /c"]
    assert (found.covered, found.total) == (5, 6)


def test_the_unseen_share_is_that_of_routes_seen_once() -> None:
    assert infer(*["/a"] * 8, "/b", "/c").unseen == pytest.approx(0.2)
    assert infer(*["/a"] * 8).unseen == 0
    assert infer().unseen is None


def test_the_unseen_share_comes_close_to_the_truth() -> None:
    """Requests over a thousand routes with a long tail: what a second look finds new is what the first one foretold."""
    chance = random.Random(7)
    weights = [1 / rank for rank in range(1, 1001)]
    routes = [f"/route{uuid.UUID(int=chance.getrandbits(128)).hex.translate(str.maketrans('0123456789', 'ghijklmnop'))}"
              for _ in weights]  # fmt: skip
    first, second = (chance.choices(routes, weights, k=3000) for _ in range(2))
    calls = [ObservedRequest("POST", path, True) for path in first]
    estimated = routes_of_requests(calls, limit=2000).unseen
    new = sum(path not in set(first) for path in second) / len(second)
    assert estimated == pytest.approx(new, abs=0.02)


def test_the_summary_tells_what_the_routes_rest_on() -> None:
    found = infer(*["/a"] * 7, "/b/1", "/b/2", "/c", limit=2)
    assert list(found.summary()) == [
        "     7 requests  GET /a",
        "     2 requests  GET /b/{id}, 2 different paths",
        "2 routes cover 9 of 10 requests (90.0%)",
        "1 routes are above the limit and left out: GET /c",
        "about 10.0% of requests go to routes that were not seen yet",
    ]


def test_collisions_are_told() -> None:
    found = infer(*["/a/list"] * 50, *(f"/a/{number}" for number in range(20)))
    assert found.collisions == (
        "GET /a/list and GET /a/{id} both match some paths; GET /a/list comes first and counts them",
    )


def test_without_requests_there_are_no_routes_and_the_summary_warns() -> None:
    assert infer().routes == ()
    assert "no requests for the service were seen" in next(iter(infer().summary()))


@given(requests)
def test_every_request_has_a_route_that_matches_it(seen: list[ObservedRequest]) -> None:
    found = routes_of_requests(seen, limit=1000)
    languages = [(route, PathLanguage(route.path_regex)) for route in found.routes]
    for request in seen:
        if request.path.isascii():
            method = request.method.upper() or "GET"
            assert any(route.method == method and language.matches(request.path) for route, language in languages)


@given(requests)
def test_no_request_is_lost_or_counted_twice(seen: list[ObservedRequest]) -> None:
    found = routes_of_requests(seen, limit=3)
    total = sum(request.count for request in seen)
    assert found.total == total
    assert sum(route.requests or 0 for route in (*found.routes, *found.left_out)) == total


@given(requests, st.randoms(use_true_random=False))
def test_the_order_of_requests_does_not_matter(seen: list[ObservedRequest], chance: random.Random) -> None:
    shuffled = list(seen)
    chance.shuffle(shuffled)
    assert routes_of_requests(shuffled) == routes_of_requests(seen)


@given(requests)
def test_no_two_routes_are_alike(seen: list[ObservedRequest]) -> None:
    found = routes_of_requests(seen, limit=1000)
    assert len({(route.method, route.path_regex) for route in found.routes}) == len(found.routes)
    assert len(set(names(found))) == len(found.routes)
