"""Every value of any JSON is found by its path, however that is written; whatever else is given is refused in a line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkerdctl.errors import UsageError
from linkerdctl.render.tap_jsonpath import JsonPath

examples = settings(max_examples=int(os.environ.get("LINKERDCTL_EXAMPLES", "150")), deadline=None)

names = st.from_regex(r"[A-Za-z_][\w-]{0,5}", fullmatch=True) | st.text(max_size=5)
scalars = st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
documents: st.SearchStrategy[Any] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
Way = list[str | int]


def ways(value: Any, way: Way) -> Iterator[tuple[Way, Any]]:
    """Everything in a document, with the names and numbers that lead to it."""
    yield way, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in members:
        yield from ways(each, [*way, key])


def written(step: str | int, length: int, data: st.DataObject) -> str:
    """One step in one of the ways there are to write it."""
    if isinstance(step, int):
        return data.draw(st.sampled_from([f"[{step}]", f"[{step - length}]"]))
    quote = data.draw(st.sampled_from("'\""))
    quoted = "".join(f"\\{char}" if char in (quote, "\\") else char for char in step)
    forms = [f"[{quote}{quoted}{quote}]"]
    if step.isascii() and step.replace("-", "_").isidentifier() and not step.startswith("-"):
        forms.append(f".{step}")
    return data.draw(st.sampled_from(forms))


@examples
@given(documents, st.data())
def test_every_value_is_found_by_its_path(document: Any, data: st.DataObject) -> None:
    way, value = data.draw(st.sampled_from(list(ways(document, []))))
    if not way:
        return
    path, at = "", document
    for step in way:
        path += written(step, len(at), data)
        at = at[step]
    surround = data.draw(st.sampled_from(["{}", "{{{}}}", "{{${}}}", "${}", " {{ {} }} "]))
    assert JsonPath(surround.format(path)).find(document) == [value]


@examples
@given(st.lists(st.integers(0, 9), max_size=6), st.none() | st.integers(-7, 7), st.none() | st.integers(-7, 7))
def test_slices_are_pythons(items: list[int], first: int | None, last: int | None) -> None:
    text = f"{{.items[{'' if first is None else first}:{'' if last is None else last}][*]}}"
    nested = [[item] for item in items]
    assert JsonPath(text).find({"items": nested}) == items[first:last]


@examples
@given(documents, names)
def test_descent_finds_all_of_a_name_from_the_outside_in(document: Any, name: str) -> None:
    if not (name.isascii() and name.replace("-", "_").isidentifier()):
        return
    wanted = [value for way, value in ways(document, []) if way and way[-1] == name]
    assert sorted(map(json.dumps, JsonPath(f"{{..{name}}}").find(document))) == sorted(map(json.dumps, wanted))


@examples
@given(
    st.text(alphabet=".[]{}()*$@?:-'\"\\abc019=!<> ", max_size=14) | st.text(max_size=10),
    documents,
)
@example("{.items[-:]}", {"items": [1]})
@example("{.items[:-]}", {"items": [1]})
@example("{.items[" + "9" * 5000 + "]}", {"items": [1]})
@example("{.items[?(@.a>" + "9" * 5000 + ")]}", {"items": [{"a": 1}]})
@example("{[٣]}", [1])
def test_whatever_is_given_is_a_path_or_refused(text: str, document: Any) -> None:
    try:
        found = JsonPath(text).find(document)
    except UsageError as error:
        assert error.next_step
        return
    json.dumps(found)
