"""What is shown of a stream, and what is counted."""

from __future__ import annotations

from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.filters import failed_filter, path_filter, status_filter
from linkerdctl.tap.flow import Flow
from tests.tap.tap_builders import answered, begun, ended, whole


def shown(flow: Flow, *events: TapEvent) -> list[TapEvent]:
    """One event in each batch."""
    return list(chain.from_iterable(flow.events([event], 0.0) for event in events))


def test_without_filters_everything_passes_at_once() -> None:
    flow, events = Flow(), [*whole(), *whole()]
    assert flow.events(events, 0.0) == events
    assert (flow.shown, flow.told) == (2, 2)


def test_events_are_held_back_until_the_filter_knows_and_then_come_in_order() -> None:
    flow = Flow([failed_filter])
    first, second, third = whole(status=500)
    assert shown(flow, first) == []
    assert shown(flow, second) == [first, second]
    assert shown(flow, third) == [third]


def test_what_is_not_wanted_never_shows() -> None:
    flow = Flow([failed_filter])
    assert shown(flow, *whole(), *whole(status=404)) == []
    assert (flow.shown, flow.told) == (0, 2)


def test_requests_that_overlap_are_kept_apart() -> None:
    flow = Flow([status_filter("500")])
    good, bad = whole(stream=1), whole(status=500, stream=2)
    mixed = [each for pair in zip(good, bad, strict=True) for each in pair]
    assert shown(flow, *mixed) == bad


def test_a_limit_is_in_requests_and_waits_for_their_ends() -> None:
    flow = Flow(limit=2)
    one, two, three = whole(stream=1), whole(stream=2), whole(stream=3)
    assert shown(flow, one[0], two[0], three[0], one[1], one[2]) == [one[0], two[0], one[1], one[2]]
    assert (flow.full, flow.done) == (True, False)
    assert shown(flow, three[1], two[1], three[2], two[2]) == [two[1], two[2]]
    assert flow.done


def test_a_limit_counts_what_is_shown_not_what_is_told() -> None:
    flow = Flow([failed_filter], limit=1)
    assert shown(flow, *whole(), *whole(status=500), *whole(status=500))
    assert (flow.shown, flow.told, flow.done) == (1, 3, True)


def test_grouped_requests_come_once_when_they_end() -> None:
    flow = Flow()
    one, two = whole("/one", stream=1), whole("/two", stream=2)
    assert flow.requests([*one[:2], *two], 0.0)[0].path == "/two"
    assert [request.path for request in flow.requests([one[2]], 0.0)] == ["/one"]
    assert (flow.shown, flow.told) == (2, 2)


def test_grouped_requests_are_filtered_and_limited() -> None:
    flow = Flow([path_filter("^/a", wanted=True)], limit=2)
    events = [each for path in ("/a1", "/b", "/a2", "/a3") for each in whole(path)]
    assert [request.path for request in flow.requests(events, 0.0)] == ["/a1", "/a2"]
    assert flow.done


def test_a_request_that_never_ends_holds_a_limit_up_but_not_the_rest() -> None:
    flow = Flow(limit=1)
    assert shown(flow, begun(stream=1), answered(stream=1)) == [begun(stream=1), answered(stream=1)]
    assert (flow.full, flow.done) == (True, False)
    assert shown(flow, ended(stream=1)) == [ended(stream=1)]


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 7))
def test_batches_do_not_matter(statuses: list[int], size: int) -> None:
    events = [each for number, status in enumerate(statuses) for each in whole(status=status * 100, stream=number)]
    whole_flow, cut_flow = Flow([status_filter("5xx,404")]), Flow([status_filter("5xx,404")])
    cut = [each for at in range(0, len(events), size) for each in cut_flow.events(events[at : at + size], 0.0)]
    assert list(whole_flow.events(events, 0.0)) == cut
    assert cut_flow.shown == sum(status == 5 for status in statuses)
