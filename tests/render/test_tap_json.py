"""The JSON of tap: what Go's encoder writes, and no terminal obeys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from linkerdctl.render.tap_json import JsonWriter, compact_text, json_lines, json_text
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.json_form import to_json_form
from tests.tap.tap_builders import answered, begun, ended, endpoint, event
from tests.tap.tap_strategies import events


def as_go_writes(record: dict[str, Any]) -> str:
    """Go's encoder with an indentation of two blanks, by way of the json module's."""
    text = json.dumps(record, indent=2, ensure_ascii=False)
    for char, escape in (
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("&", "\\u0026"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        text = text.replace(char, escape)
    return f"{text}\n"


@given(events)
def test_the_text_is_the_form_as_go_writes_it(told: TapEvent) -> None:
    text, record = JsonWriter().text(told), to_json_form(told)
    assert json.loads(text) == record
    wanted = as_go_writes(record)
    if wanted.replace("\n", "").isprintable():
        assert text == wanted


@given(events)
def test_no_text_has_anything_a_terminal_obeys(told: TapEvent) -> None:
    assert JsonWriter().text(told).replace("\n", "").isprintable()
    assert compact_text(told).removesuffix("\n").isprintable()


@given(st.text())
def test_any_text_is_the_same_when_it_is_read(text: str) -> None:
    written = json_text(text)
    assert written.isprintable()
    assert written == "".join(written.splitlines())
    if text.isprintable():
        assert json.loads(written) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("<a>&", '"\\u003ca\\u003e\\u0026"'),
        ("\n\r\t\b\f", '"\\n\\r\\t\\b\\f"'),
        ("\x00\x1f\x7f\x9b", '"\\u0000\\u001f\\u007f\\u009b"'),
        ("ü€", '"ü€"'),
        ("\u2028\u202e", '"\\u2028\\u202e"'),
        ("\U000e0001", '"\\udb40\\udc01"'),
    ],
)
def test_escapes(text: str, written: str) -> None:
    assert json_text(text) == written


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("ab c"),
        lambda s: st.lists(s) | st.dictionaries(st.text("xy"), s),
    )
)
def test_any_value_is_indented_as_the_json_module_does(value: Any) -> None:
    assert json_lines(value) == json.dumps(value, indent=2)


def test_labels_that_changed_place_in_memory_are_not_mixed_up() -> None:
    writer = JsonWriter()
    for number in range(500):
        name = f"pod-{number}"
        assert f'"pod": "{name}"' in writer.text(begun(source=endpoint(pod=name)))


def test_an_event_of_each_kind(snapshot: SnapshotAssertion) -> None:
    told = [
        begun("/a<b>", headers={"user-agent": "x", "empty": ""}, source=endpoint(), route={"route": "GET /a"}),
        answered(503, 1500),
        ended(0, reset=8, stream=2**40),
        event(None),
    ]
    assert "".join(map(JsonWriter().text, told)) == snapshot
