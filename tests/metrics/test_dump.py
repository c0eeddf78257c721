"""Whole texts taken apart by family: which sample belongs where, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.dump import families, samples, written

HISTOGRAM = b"""# HELP took_ms How long.
# TYPE took_ms histogram
took_ms_bucket{le="1"} 1
took_ms_bucket{le="+Inf"} 2
took_ms_sum 3
took_ms_count 2
"""


def names(text: bytes) -> dict[str, int]:
    """Families and how many samples each has."""
    return {family.name: len(family.lines) for family in families(text)}


def test_a_histogram_is_one_family() -> None:
    [family] = families(HISTOGRAM)
    assert (family.name, family.type, len(family.lines)) == ("took_ms", "histogram", 4)
    assert family.size == len(HISTOGRAM)


def test_a_family_whose_type_is_told_without_its_ending_is_the_same() -> None:
    assert names(b"# TYPE hits counter\n# UNIT hits x\nhits_total 1\nhits_total 2\n# EOF\n") == {"hits": 2}


def test_a_sample_with_a_type_of_its_own_is_no_part_of_a_shorter_one() -> None:
    assert names(b"# TYPE hits gauge\nhits 1\n# TYPE hits_total counter\nhits_total 2\n") == {
        "hits": 1,
        "hits_total": 1,
    }


def test_what_nothing_is_said_of_is_its_own_family() -> None:
    [family] = families(b"up_count 1\n")
    assert (family.name, family.type, family.about) == ("up_count", "unknown", [])


def test_a_family_in_two_places_is_put_together() -> None:
    text = b"# TYPE a gauge\na 1\nb 2\na 3\n"
    assert names(text) == {"a": 2, "b": 1}
    assert written(families(text)) == b"# TYPE a gauge\na 1\na 3\nb 2\n"


@pytest.mark.parametrize(
    ("pattern", "fits"), [("took", True), ("^took_ms$", True), ("_bucket$", True), ("^ms", False), ("other", False)]
)
def test_a_family_is_found_by_its_name_or_that_of_a_sample(pattern: str, fits: bool) -> None:
    [family] = families(HISTOGRAM)
    assert family.matches(re.compile(pattern)) is fits
    assert family.matches(None)


def test_samples_are_read_with_escapes_and_without_what_json_has_no_number_for() -> None:
    [quoted, nothing] = samples(families(b'a{x="say \\"1 # 2\\"",y="}"} 1.5 # {id="1"} 1\na NaN 1700000000\n'))
    assert (quoted.labels, quoted.value) == ({"x": 'say "1 # 2"', "y": "}"}, 1.5)
    assert (nothing.labels, nothing.value) == ({}, None)


def test_pairs_are_names_and_values_as_they_are_written() -> None:
    [family] = families(b'a{x="1 # \\"2\\"",y="a=\\\\"} 1\n')
    assert family.lines[0].pairs() == [(b"x", b'1 # \\"2\\"'), (b"y", b"a=\\\\")]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b"a 1\n<html>\n", 2, 1),
        (b"a 1\na{x=1} 2\n", 2, 3),
        (b"a 1\nb one\n", 2, 3),
        (b"a 1\nb 2", 2, 4),
        (b"", 1, 1),
    ],
)
def test_what_is_malformed_is_told_with_its_place(text: bytes, line: int, column: int) -> None:
    with pytest.raises(ExpositionError) as raised:
        families(text)
    assert (raised.value.line, raised.value.column) == (line, column)


@given(
    st.lists(
        st.sampled_from([*HISTOGRAM.splitlines(), b"a 1", b"# TYPE a gauge", b"b_total 2", b"# a word"]), min_size=1
    )
)
def test_no_line_is_lost_but_words_of_nobody(lines: list[bytes]) -> None:
    text = b"".join(line + b"\n" for line in lines)
    kept = [line for line in lines if line != b"# a word"]
    assert sorted(written(families(text)).splitlines()) == sorted(kept)


def test_a_line_that_is_repeated_is_the_same_series() -> None:
    [family] = families(b'a{b="1"} 1\na{b="2"} 2\na{b="1"} 3\n')
    assert [line.value for line in family.lines] == [b"1", b"2", b"3"]
    assert [line.value for line in family.series()] == [b"1", b"2"]
