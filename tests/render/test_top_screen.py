"""The screen of `top`: what keys do, and what its lines say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from linkerdctl.render.layout import Cell, cells_wide
from linkerdctl.render.top import TopShape
from linkerdctl.render.top_screen import Told, TopScreen, clipped
from linkerdctl.tap.top import Peer, TopKey, TopRow

TOLD = Told("deploy/web -n emojivoto", "10 requests", "12:00:00", "one proxy is gone")


def row(path: str, count: int = 1, *, worst: float | None = None, source: str = "bot", failures: int = 0) -> TopRow:
    key = TopKey(Peer(source, "emojivoto"), Peer("web", "emojivoto"), "GET", path)
    return TopRow(key, count, failures, worst=worst, direction="inbound")


ROWS = (row("/a", 5, worst=1.0), row("/b", 3, worst=9.0), row("/c", 1, worst=4.0, source="visitor", failures=1))


def screen_of(rows: Sequence[TopRow] = ROWS, **options: str) -> TopScreen:
    screen = TopScreen(TopShape(), **options)  # type: ignore[arg-type]
    screen.update(rows)
    return screen


def text(screen: TopScreen, width: int = 120, height: int = 20, told: Told = TOLD) -> list[str]:
    return ["".join(cell.text for cell in line).rstrip() for line in screen.lines(told, width, height)]


def paths(screen: TopScreen) -> list[str]:
    return [word for line in text(screen)[3:] for word in line.split() if word.startswith("/") and len(word) > 1]


def press(screen: TopScreen, *keys: str) -> TopScreen:
    for key in keys:
        screen.press(key)
    return screen


def test_it_says_what_is_looked_at_what_was_seen_and_what_is_wrong() -> None:
    first, second, *_, last = text(screen_of())
    assert first == "deploy/web -n emojivoto   10 requests   12:00:00"
    assert second == "one proxy is gone"
    assert last.startswith("q quit")


def test_before_the_first_request_it_says_so() -> None:
    assert "no requests yet" in text(screen_of(()))


def test_the_largest_rows_come_first_and_the_sorted_column_is_marked() -> None:
    screen = screen_of()
    assert paths(screen) == ["/a", "/b", "/c"]
    assert "COUNT↓" in text(screen)[2]


def test_it_sorts_by_any_column_in_both_directions() -> None:
    screen = press(screen_of(), "right", "right")
    assert "WORST↓" in text(screen)[2]
    assert paths(screen) == ["/b", "/c", "/a"]
    assert paths(press(screen, "r")) == ["/a", "/c", "/b"]
    assert "WORST↑" in text(screen)[2]
    titles = {press(screen, ">").sort for _ in range(12)}
    assert titles >= {"SOURCE", "DESTINATION", "METHOD", "PATH", "COUNT", "BEST", "WORST", "LAST", "P99", "SUCCESS"}


def test_it_filters_while_one_types() -> None:
    screen = press(screen_of(), "/", "v", "I", "s")
    assert paths(screen) == ["/c"]
    assert "filter: vIs█" in text(screen)[1]
    assert paths(press(screen, "q")) == [], "a letter, not the key"
    assert "nothing matches the filter" in text(screen)
    assert paths(press(screen, "backspace", "enter")) == ["/c"]
    assert "filter: vIs " in text(screen)[1]
    assert paths(press(screen, "escape")) == ["/a", "/b", "/c"]


def test_an_exclamation_mark_leaves_out() -> None:
    assert paths(press(screen_of(), "/", *"!visitor")) == ["/a", "/b"]
    assert paths(press(screen_of(), "/", "!")) == ["/a", "/b", "/c"], "nothing to leave out yet"


def test_paused_it_stands_still_and_then_catches_up() -> None:
    screen = press(screen_of(), "p")
    screen.update([row("/new", 9)])
    assert paths(screen) == ["/a", "/b", "/c"]
    assert text(screen)[1].startswith("PAUSED")
    press(screen, "p").update([row("/new", 9)])
    assert paths(screen) == ["/new"]


def test_even_paused_another_shape_needs_other_rows() -> None:
    screen = press(screen_of(), "p", "s")
    assert screen.shape == TopShape(sources=False)
    screen.update([row("/merged", 9, source="")])
    screen.update([row("/later", 10, source="")])
    assert paths(screen) == ["/merged"]


def test_sources_and_paths_give_way_to_routes_and_come_back() -> None:
    screen = press(screen_of(), "s", "t")
    assert (screen.shape.sources, screen.shape.routes) == (False, True)
    assert screen.sort == "COUNT"
    press(screen, "s", "t")
    assert screen.shape == TopShape()


def test_a_column_that_goes_is_no_longer_sorted_by() -> None:
    assert press(screen_of(sort="PATH"), "t").sort == "COUNT"


def reversed_lines(screen: TopScreen) -> list[str]:
    lines = screen.lines(TOLD, 120, 20)
    return ["".join(cell.text for cell in line) for line in lines if any(cell.style == "reverse" for cell in line)]


def test_the_chosen_row_stands_out_and_is_followed() -> None:
    screen = screen_of()
    assert reversed_lines(screen) == []
    [line] = reversed_lines(press(screen, "down", "down"))
    assert "/b" in line
    screen.update([row("/a", 5), row("/c", 7), row("/b", 1)])
    [line] = reversed_lines(screen)
    assert "/b" in line
    assert reversed_lines(press(screen, "escape")) == []


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [(["down"] * 9, "/c"), (["up"], "/a"), (["end"], "/a"), (["down", "end"], "/c"), (["down", "end", "home"], "/a")],
)
def test_it_cannot_be_moved_beyond_the_ends(keys: list[str], chosen: str) -> None:
    [line] = reversed_lines(press(screen_of(), *keys))
    assert chosen in line


def test_more_rows_than_lines_scroll_with_the_choice() -> None:
    screen = screen_of([row(f"/{number:02}", 100 - number) for number in range(50)])
    assert len(text(screen, height=10)) == 10
    text(screen, height=10)
    press(screen, "down", *["down"] * 20)
    shown = [line.split()[3] for line in text(screen, height=10)[3:-1]]
    assert shown[-1] == "/20"
    assert len(shown) == 6
    press(screen, *["up"] * 20)
    assert text(screen, height=10)[3].split()[3] == "/00"


def test_an_open_row_shows_its_command_and_its_latest_requests() -> None:
    screen = press(screen_of(), "down", "enter")
    assert screen.opened is not None
    assert screen.opened.key.path == "/a"
    told = Told("t", opened=["linkerdctl tap deploy/web", *(f"event {number}" for number in range(40))])
    lines = text(screen, height=10, told=told)
    assert lines[2] == "linkerdctl tap deploy/web"
    assert lines[8] == "event 39"
    assert lines[-1].startswith("Esc back")
    assert press(screen, "escape").opened is None
    assert paths(screen) == ["/a", "/b", "/c"]


def test_nothing_is_opened_without_a_choice_and_others_never() -> None:
    assert press(screen_of(), "enter").opened is None
    others = TopRow(TopKey(), 40, 0, others=12)
    assert press(screen_of([others]), "down", "enter").opened is None


def test_others_stay_at_the_end_and_out_of_filters() -> None:
    others = TopRow(TopKey(), 40, 0, others=12)
    screen = screen_of([*ROWS, others])
    assert "(others)" in text(screen)[6]
    assert not any("(others)" in line for line in text(press(screen, "/", "w", "e", "b")))


def test_q_ends_it() -> None:
    assert press(screen_of(), "q").done
    assert press(screen_of(), "down", "enter", "q").done


def test_keys_without_a_meaning_do_nothing() -> None:
    assert text(press(screen_of(), "z", "é", "backspace", "escape")) == text(screen_of())


@pytest.mark.parametrize("width", [10, 40, 60, 80, 200])
@pytest.mark.parametrize("height", [3, 5, 24])
def test_no_line_is_wider_and_no_screen_higher_than_the_terminal(width: int, height: int) -> None:
    screen = screen_of([row("/emojivoto.v1.VotingService/" + "长" * number, number) for number in range(1, 40)])
    lines = screen.lines(TOLD, width, height)
    assert len(lines) == height
    assert all(cells_wide("".join(cell.text for cell in line).rstrip()) <= width for line in lines)


def test_control_characters_of_others_stay_visible() -> None:
    screen = press(screen_of([row("/\x1b[2J")]), "down", "enter")
    lines = text(screen, told=Told("t", notice="a\x1bb", opened=["tap --path /\x1b[2J"]))
    assert not any("\x1b" in line for line in lines)


def test_what_is_cut_ends_in_an_ellipsis() -> None:
    line = clipped([Cell("abc"), Cell("defgh", "bold")], 6)
    assert line == [Cell("abc"), Cell("de…", "bold")]
