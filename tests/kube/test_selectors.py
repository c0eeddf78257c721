"""Label selectors: all forms of the command line and of manifests."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linkerdctl.errors import UsageError
from linkerdctl.kube.selectors import LabelSelector, Requirement, equal_to, parse_selector, selector_of

LABELS = {"app": "web", "tier": "front", "version": "3", "empty": "", "example.com/team": "votes"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ("  ", True),
        ("app=web", True),
        ("app==web", True),
        ("app = web , tier = front", True),
        ("app=emoji", False),
        ("app!=emoji", True),
        ("app!=web", False),
        ("gone!=x", True),
        ("gone=", False),
        ("empty=", True),
        ("empty", True),
        ("app", True),
        ("gone", False),
        ("!gone", True),
        ("! app", False),
        ("app in (web,emoji)", True),
        ("app in(web)", True),
        ("app in ( emoji , voting )", False),
        ("app notin (emoji)", True),
        ("app notin (web)", False),
        ("gone notin (x)", True),
        ("empty in ()", True),
        ("empty in (a,)", True),
        ("version>2", True),
        ("version > 3", False),
        ("version<4", True),
        ("app>1", False),
        ("gone<1", False),
        ("example.com/team=votes", True),
        ("app in (web),tier notin (back),!gone,version>1", True),
        ("app in (web),tier in (back)", False),
    ],
)
def test_what_a_selector_selects(text: str, selected: bool) -> None:
    assert parse_selector(text).matches(LABELS) is selected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("=", "cannot read '='"),
        ("a=b=c", "cannot read '=c'"),
        ("a in b", "cannot read 'in b'"),
        ("a in (b", "cannot read 'in (b'"),
        ("in(", "cannot read '('"),
        ("a,", "a condition is missing at its end"),
        (",a", "cannot read ',a'"),
        ("a,,b", "cannot read ',b'"),
        ("!", "cannot read '!'"),
        ("!a=b", "cannot read '=b'"),
        ("-a=b", "cannot read '-a=b'"),
        ("a=-b", "'-b' can be no label's value"),
        ("a=" + "x" * 64, "can be no label's value"),
        ("a in (b c)", "'b c' can be no label's value"),
        ("a>b", "'b' is no whole number"),
        ("a>٣", "can be no label's value"),
        ("a=ü", "can be no label's value"),
        ("a/b/c=d", "cannot read"),
    ],
)
def test_what_is_no_selector_is_wrong_usage(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_selector(text)
    assert caught.value.message.startswith(f"bad label selector {text!r}: ")
    assert why in caught.value.message
    assert "app=web" in str(caught.value.next_step)


PARTS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?", fullmatch=True)
KEYS = PARTS | st.builds("{}/{}".format, st.from_regex(r"[a-z0-9.-]{1,8}", fullmatch=True), PARTS)
VALUES = st.just("") | PARTS
NUMBERS = st.integers(0, 10**9).map(str)
REQUIREMENTS = (
    st.builds(Requirement, KEYS, st.sampled_from(["exists", "!"]))
    | st.builds(Requirement, KEYS, st.sampled_from(["gt", "lt"]), st.tuples(NUMBERS))
    | st.builds(
        Requirement, KEYS, st.sampled_from(["in", "notin"]), st.lists(VALUES, min_size=1, max_size=4).map(tuple)
    )
)
SELECTORS = st.builds(LabelSelector, st.lists(REQUIREMENTS, max_size=4).map(tuple))


@given(SELECTORS)
@example(LabelSelector((Requirement("in", "in", ("in", "notin")), Requirement("notin", "exists"))))
def test_a_selector_survives_being_written_and_read(selector: LabelSelector) -> None:
    assert parse_selector(str(selector)) == selector


@given(SELECTORS, st.lists(st.sampled_from(["", " ", "  "]), min_size=1, max_size=3))
def test_blanks_around_conditions_mean_nothing(selector: LabelSelector, blanks: list[str]) -> None:
    spaced = ",".join(
        f"{blanks[index % len(blanks)]}{each}{blanks[-1]}" for index, each in enumerate(selector.requirements)
    )
    assert parse_selector(spaced) == selector


@given(st.dictionaries(KEYS, VALUES, max_size=4), KEYS, st.lists(VALUES, min_size=1, max_size=3).map(tuple))
def test_notin_is_the_opposite_of_in(labels: dict[str, str], key: str, values: tuple[str, ...]) -> None:
    chosen = Requirement(key, "in", values).matches(labels)
    assert Requirement(key, "notin", values).matches(labels) is not chosen
    assert chosen is (key in labels and labels[key] in values)


@given(st.text(alphabet="ab/=!<>(), in", max_size=16) | st.text(max_size=12))
def test_whatever_is_given_is_read_or_refused(text: str) -> None:
    try:
        parse_selector(text)
    except UsageError as error:
        assert error.next_step


def test_a_service_without_a_selector_selects_nothing() -> None:
    assert equal_to(None) is None
    assert equal_to({}) is None
    found = equal_to({"app": "web", "version": 3})
    assert found is not None
    assert found.matches(LABELS)
    assert not found.matches({**LABELS, "version": "4"})


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "app", "operator": "In", "values": ["web"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "app", "operator": "OfTheFuture", "values": ["web"]}, False),
    ],
)
def test_a_manifests_expressions_count_with_its_labels(expression: dict[str, Any], selected: bool) -> None:
    found = selector_of({"matchLabels": {"tier": "front"}, "matchExpressions": [expression]})
    assert found is not None
    assert found.matches(LABELS) is selected
    assert not found.matches({"app": "web"})


def test_an_empty_manifest_selector_selects_everything_and_none_nothing() -> None:
    assert selector_of(None) is None
    everything = selector_of({})
    assert everything is not None
    assert everything.matches({})
