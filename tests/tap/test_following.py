"""The requests of an open row."""

from __future__ import annotations

from builders_for_top import request

from linkerdctl.tap.events import RequestInit, TapEvent
from linkerdctl.tap.following import MOST_EVENTS, MOST_OPEN, Following


def votes(event: TapEvent) -> bool:
    return isinstance(event.http, RequestInit) and event.http.path == "/api/vote"


def test_all_events_of_wanted_requests_are_kept_in_their_order() -> None:
    following = Following(votes)
    wanted, other = list(request("/api/vote")), list(request("/api/list"))
    mixed = [wanted[0], other[0], other[1], wanted[1], other[2], wanted[2]]
    following.see(mixed)
    assert list(following.events) == wanted


def test_only_the_latest_are_kept() -> None:
    following = Following(votes)
    for _ in range(MOST_EVENTS):
        following.see(request("/api/vote"))
    assert len(following.events) == MOST_EVENTS
    assert following._open == {}


def test_requests_that_never_end_do_not_pile_up() -> None:
    following = Following(votes)
    for _ in range(MOST_OPEN + 50):
        following.see(list(request("/api/vote"))[:1])
    assert len(following._open) == MOST_OPEN
