"""What `top` adds up: rows, their numbers, and what is forgotten so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from builders_for_top import pod, request
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.tap.events import Direction, Endpoint, RequestInit, TapEvent
from linkerdctl.tap.requests import LONGEST_OPEN
from linkerdctl.tap.top import Peer, Top, TopKey, TopRow


def top_of(*requests: Iterable[TapEvent], **options: int) -> Top:
    top = Top(**options)  # type: ignore[arg-type]
    for now, events in enumerate(requests):
        top.add(events, float(now))
    return top


def the_row(top: Top, **shown: bool) -> TopRow:
    [row] = top.rows(**shown)
    return row


def test_requests_of_one_sort_are_one_row() -> None:
    row = the_row(top_of(request(ms=9), request(ms=3), request(ms=5, status=503)))

    assert row.key == TopKey(Peer("bot", "emojivoto"), Peer("web", "emojivoto"), "GET", "/api/vote")
    assert (row.count, row.failures) == (3, 1)
    assert (row.best, row.worst, row.last) == (3.0, 9.0, 5.0)
    assert row.success_rate == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "other",
    [
        request("/api/list"),
        request(method="POST"),
        request(source="bot-2"),
        request(destination="web-2"),
        request(destination=pod("web", "emojivoto-2")),
    ],
)
def test_what_differs_in_anything_shown_is_another_row(other: Iterable[TapEvent]) -> None:
    assert len(top_of(request(), other).rows()) == 2


def test_the_largest_row_comes_first_and_equal_ones_in_the_order_they_came() -> None:
    rows = top_of(request("/a"), request("/b"), request("/c"), request("/c")).rows()
    assert [row.key.path for row in rows] == ["/c", "/a", "/b"]


def test_routes_and_no_routes_are_kept_apart_only_when_shown() -> None:
    top = top_of(request("/a", route="A"), request("/a"), request("/b"))

    assert {(row.key.route, row.count) for row in top.rows(routes=True)} == {("A", 1), ("[DEFAULT]", 2)}
    assert {(row.key.path, row.key.route, row.count) for row in top.rows()} == {("/a", "", 2), ("/b", "", 1)}


def test_without_sources_their_rows_are_one() -> None:
    top = top_of(request(source="bot-1", ms=2), request(source="bot-2", ms=8), request(source="bot-2", ms=5))
    row = the_row(top, sources=False)

    assert row.key.source == Peer("")
    assert (row.count, row.best, row.worst, row.last) == (3, 2.0, 8.0, 5.0)
    assert row.quantiles[0] is not None
    assert row.quantiles[0].value == pytest.approx(5, rel=0.02)
    assert len(top.rows()) == 2, "nothing is lost by looking"


def test_an_address_stands_for_who_has_no_name() -> None:
    outside = Endpoint("fd00::7", 5000, {"tls": "no_tls_from_remote"})
    assert the_row(top_of(request(source=outside))).key.source == Peer("fd00::7")


def test_a_request_that_both_proxies_told_of_counts_once() -> None:
    by_client, by_server = Direction.OUTBOUND, Direction.INBOUND
    row = the_row(
        top_of(request(direction=by_client), request(direction=by_server), request(direction=by_client, status=500))
    )

    assert (row.count, row.failures) == (2, 1)
    assert row.direction == "outbound"


def test_grpc_and_resets_fail_as_the_metrics_say() -> None:
    row = the_row(top_of(request(grpc=0), request(grpc=2), request(grpc=7), request(grpc=5)))
    assert row.failures == 2


def test_a_request_without_times_is_counted_all_the_same() -> None:
    row = the_row(top_of(request(ms=None)))
    assert (row.count, row.best, row.quantiles) == (1, None, (None, None, None))


def test_only_what_has_ended_and_was_seen_to_begin_is_counted() -> None:
    begun, answered, ended = request()
    top = Top()
    top.add([begun, answered], 0.0)
    assert top.rows() == []
    assert top.unfinished == 1
    top.add([ended, ended], 1.0)
    assert the_row(top).count == 1


def test_requests_that_never_end_are_forgotten() -> None:
    top = Top()
    for number in range(50):
        top.add(list(request(f"/{number}"))[:2], float(number))
    top.add(list(request())[:1], LONGEST_OPEN + 100)
    assert top.unfinished == 1


def test_paths_are_folded_as_asked() -> None:
    top = Top(lambda method, path: f"{method} folded")
    top.add(request("/users/1"), 0.0)
    top.add(request("/users/2"), 0.0)
    assert the_row(top).key.path == "GET folded"


def test_the_row_of_a_request_is_known_when_it_begins() -> None:
    begun, answered, _ = events = list(request())
    top = top_of(events)
    assert top.key_of(begun) == TopKey(
        Peer("bot", "emojivoto"), Peer("web", "emojivoto"), "GET", "/api/vote", "[DEFAULT]"
    )
    assert top.key_of(answered) is None


def test_what_was_sampled_is_known() -> None:
    top = top_of(request(), request())
    assert top.sampling.told == 2


def test_rows_that_are_too_many_become_others_the_smallest_first() -> None:
    large = [request("/large") for _ in range(5)]
    top = top_of(*large, *(request(f"/{number}", status=500) for number in range(30)), most=10)
    rows = top.rows()

    assert len(rows) <= 11
    assert rows[0].key.path == "/large"
    assert rows[-1].key == TopKey()
    assert rows[-1].others == rows[-1].count == rows[-1].failures == 35 - sum(row.count for row in rows[:-1])
    assert "/29" in {row.key.path for row in rows}, "the newest are kept"


def test_among_others_too_a_request_that_both_proxies_told_of_counts_once() -> None:
    by_client, by_server = Direction.OUTBOUND, Direction.INBOUND
    small = [request("/small", direction=each) for each in (by_client, by_client, by_server)]
    large = [request(f"/large/{number}") for number in range(19) for _ in range(3)]
    rows = top_of(*small, *large, request("/new"), most=20).rows()

    assert {row.key.path for row in rows[:-1]} == {f"/large/{number}" for number in range(19)}
    assert (rows[-1].others, rows[-1].count) == (2, 3)


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=120), st.integers(1, 20))
def test_no_request_is_lost_in_folding(asked: list[tuple[int, bool]], most: int) -> None:
    top = top_of(*(request(f"/{path}", status=500 if failed else 200) for path, failed in asked), most=most)

    assert top.totals() == (len(asked), sum(failed for _, failed in asked))
    assert top.totals() == (sum(row.count for row in top.rows()), sum(row.failures for row in top.rows()))
    assert len(top._tallies) <= most
    worst = max((row.worst or 0 for row in top.rows()), default=0)
    assert worst == (5.0 if asked else 0)


def test_an_event_of_an_unknown_kind_harms_nobody() -> None:
    begun, _, ended = request()
    unknown = TapEvent(begun.source, begun.destination, begun.direction, begun.id, None)
    top = Top()
    top.add([begun, unknown, ended], 0.0)
    assert the_row(top).count == 1
    assert isinstance(begun.http, RequestInit)
