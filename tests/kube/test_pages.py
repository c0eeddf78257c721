"""Lists are decoded one object at a time, and read as any JSON reader would read the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.kube.pages import NoListError, Page

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.text().filter(lambda name: name != "items"), VALUES, max_size=4)


def read(text: str) -> tuple[list[Any], dict[str, Any]]:
    page = Page(text.encode())
    return list(page.items()), page.fields


@given(FIELDS, st.lists(VALUES, max_size=4), FIELDS, st.sampled_from([None, 0, 2]), st.booleans())
def test_any_document_is_read_as_json_loads_reads_it(
    before: dict[str, Any], items: list[Any], after: dict[str, Any], indent: int | None, escaped: bool
) -> None:
    text = json.dumps(before | {"items": items} | after, indent=indent, ensure_ascii=escaped)
    document = json.loads(text)
    found, fields = read(text)
    assert found == document.pop("items")
    assert fields == document


def test_objects_are_decoded_when_they_are_taken() -> None:
    items = Page(b'{"kind":"PodList","items":[{"a":1},{"b":2},broken').items()
    assert next(items) == {"a": 1}
    assert next(items) == {"b": 2}
    with pytest.raises(ValueError, match="Expecting value"):
        next(items)


def test_the_kind_is_known_when_the_first_object_is_taken_wherever_it_stands() -> None:
    page = Page(b'{"apiVersion":"x/v1","items":[{"a":1}],"kind":"ThingList","metadata":{"continue":"t"}}')
    assert next(page.items()) == {"a": 1}
    assert page.fields["kind"] == "ThingList"
    assert page.token == "t"


@pytest.mark.parametrize("items", ['"items":null,', '"items":[],', ""])
def test_a_list_without_objects_is_one(items: str) -> None:
    assert read(f'{{"kind":"PodList",{items}"metadata":{{}}}}') == ([], {"kind": "PodList", "metadata": {}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[]",
        "null",
        '{"kind":"PodList","items":[{}]',
        '{"kind":"PodList","items":[{} {}]}',
        '{"kind":"PodList","items":[{},]}',
        '{"kind" "PodList"}',
        '{1:"PodList"}',
        '{"kind":"PodList"} {}',
        '{"kind":"PodList","items":nullo}',
    ],
)
def test_what_is_no_list_is_told_apart(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


@pytest.mark.parametrize("text", ['{"items":{}}', '{"items":7}', '{"items":[],"metadata":[1]}', '{"metadata":"x"}'])
def test_what_is_well_formed_but_no_list_is_told_from_what_is_not(text: str) -> None:
    with pytest.raises(NoListError):
        read(text)


def test_bytes_that_are_no_text_do_not_cost_the_list() -> None:
    assert [*Page(b'{"kind":"L","items":[{"name":"\xff"}]}').items()] == [{"name": "\ufffd"}]
