"""Questions about regular expressions are answered as an engine would answer them, path by path."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linkerdctl.profiles.language import PathLanguage
from linkerdctl.profiles.regex import anchored
from linkerdctl.profiles.regex_classes import RegexError, RegexLimitError

atoms = st.sampled_from(["a", "b", "/", ".", r"\d", r"\w", "[^/]", "[a-c]", "[^ab]", r"\.", "1", r"[\d.]"])
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{0,}"])).map(
            lambda part: f"(?:{part[0]}){part[1]}"
        )
        | st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({'|'.join(parts)})")
    ),
    max_leaves=6,
).map(lambda text: f"/{text}")
short_paths = ["/" + "".join(rest) for size in range(4) for rest in itertools.product("ab1/.", repeat=size)]


@given(expressions)
def test_matches_are_those_of_a_real_engine(regex: str) -> None:
    language, engine = PathLanguage(regex), re.compile(anchored(regex), re.ASCII)
    assert [path for path in short_paths if language.matches(path)] == [
        path for path in short_paths if engine.match(path)
    ]


@given(expressions)
def test_an_example_is_a_match(regex: str) -> None:
    example = PathLanguage(regex).example()
    if example is None:
        assert not any(re.fullmatch(regex, path) for path in short_paths)
    else:
        assert re.fullmatch(regex, example)


@given(expressions, expressions)
def test_one_includes_another_as_far_as_paths_show(wide: str, narrow: str) -> None:
    includes = PathLanguage(wide).includes(PathLanguage(narrow))
    assume(includes is not None)
    only_narrow = [path for path in short_paths if re.fullmatch(narrow, path) and not re.fullmatch(wide, path)]
    assert not (includes and only_narrow)


@given(expressions)
def test_everything_is_included_in_anything_and_in_itself(regex: str) -> None:
    assert PathLanguage(regex).includes(PathLanguage(regex)) is True
    assert PathLanguage("/.*").includes(PathLanguage(regex)) is True


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        ("/a/[^/]*", "/a/b", True),
        ("/a/[^/]+", "/a/[^/]*", False),
        ("/a/.*", "/a/[^/]*/c", True),
        ("/a/[^/]*", "/a/[^/]*/c", False),
        (r"/a/\d+", "/a/[0-9]+", True),
        ("/(a|b)", "/[ab]", True),
        ("(?i)/A", "/a", True),
    ],
)
def test_which_includes_which(wide: str, narrow: str, answer: bool) -> None:
    assert PathLanguage(wide).includes(PathLanguage(narrow)) is answer


@pytest.mark.parametrize(
    "regex",
    [
        "/a{id}",
        "/(a",
        "/a)",
        "/[a",
        "/(*)",
        "/a**{x}",
        "/(?=a)",
        "/(?<!a)",
        r"/(a)\1",
        r"/\q",
        "/a{3,1}",
        "/[z-a]",
        "/({2})",
    ],
)
def test_what_proxies_cannot_compile_is_an_error(regex: str) -> None:
    with pytest.raises(RegexError):
        PathLanguage(regex)


@pytest.mark.parametrize("regex", [r"/\bword\b", "/(?x) a", "/(a{1000}){1000}", r"/\p{Greek}"])
def test_what_is_not_looked_into_says_so(regex: str) -> None:
    with pytest.raises(RegexLimitError):
        PathLanguage(regex)
