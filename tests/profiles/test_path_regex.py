"""Paths become the regular expressions of the real tool, byte for byte, and those match what they should."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.regex import anchored, escape, fixed_prefix, literal, path_regex

paths = st.lists(st.sampled_from([*"/ab1.{}^$+*?()|[]\\-_~%#& é", "{id}", "{a.b}"]), max_size=12).map("".join)
plain_paths = st.text("/ab1.+*()$-_~%", max_size=20).map(lambda text: f"/{text}")


@pytest.mark.parametrize(
    ("path", "regex"),
    [
        ("/authors/{id}", "/authors/[^/]*"),
        ("/a/{id}.json", r"/a/[^/]*\.json"),
        ("/x/{a}{b}", "/x/[^/]*[^/]*"),
        ("/x/{a.b}", "/x/[^/]*"),
        ("/{a/{b}}", r"/[^/]*\}"),
        ("/a/{id", r"/a/\{id"),
        ("/a}", r"/a\}"),
        ("/emojivoto.v1.VotingService/VoteFire", r"/emojivoto\.v1\.VotingService/VoteFire"),
        ("/a%20b?q=1", r"/a%20b\?q=1"),
        (r"\.+*?()|[]{}^$", r"\\\.\+\*\?\(\)\|\[\][^/]*\^\$"),
        ("/-_~%#& é", "/-_~%#& é"),
        ("", ""),
    ],
)
def test_a_path_becomes_this(path: str, regex: str) -> None:
    assert path_regex(path) == regex


def by_the_rules(path: str) -> str:
    """The two rules, literally: escape the special characters, then replace what stands between escaped braces."""
    escaped = "".join(f"\\{char}" if char in r"\.+*?()|[]{}^$" else char for char in path)
    return re.sub(r"\\\{[^}]*\\\}", "[^/]*", escaped)


@given(paths)
def test_any_path_becomes_what_the_two_rules_say(path: str) -> None:
    assert path_regex(path) == by_the_rules(path)


@given(plain_paths)
def test_a_path_without_parameters_matches_itself_and_reads_back(path: str) -> None:
    regex = path_regex(path)
    assert PathLanguage(regex).matches(path)
    assert literal(regex) == path
    assert re.fullmatch(regex, path)


@given(plain_paths, plain_paths)
def test_a_path_without_parameters_matches_no_other(one: str, other: str) -> None:
    assert PathLanguage(escape(one)).matches(other) == (one == other)


@given(st.lists(st.text("ab1.-", min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_parameter_stands_for_one_segment(segments: list[str]) -> None:
    language = PathLanguage(path_regex("".join(f"/{{p{index}}}" for index in range(len(segments)))))
    assert language.matches("/" + "/".join(segments))
    assert not language.matches("/" + "/".join([*segments, "more"]))


def test_braces_without_end_take_no_longer_than_others() -> None:
    """A quadratic search would run for an hour."""
    assert path_regex("{" * 500_000) == r"\{" * 500_000


def test_known_parameters_get_their_own_expression() -> None:
    assert path_regex("/a/{id}/{name}", {"id": "[0-9]+"}) == "/a/[0-9]+/[^/]*"


@pytest.mark.parametrize("regex", ["/a", "^/a", "/a$", "^/a$", "  /a "])
def test_the_proxy_anchors_whole_paths(regex: str) -> None:
    assert anchored(regex) == "^/a$"


@pytest.mark.parametrize(
    ("regex", "prefix"),
    [("/a/b", "/a/b"), ("^/a/[^/]*", "/a/"), ("/ab?", "/a"), ("/ab*", "/a"), ("/ab{2}", "/a"), ("/a|/b", ""), ("", ""),
     ("(?i)/a", ""), (r"/a\.b", "/a"), ("/(a|b)", "/")],
)  # fmt: skip
def test_what_every_match_begins_with(regex: str, prefix: str) -> None:
    assert fixed_prefix(regex) == prefix
