"""Recorded streams in every form, whole, cut and broken."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from linkerdctl.errors import TapError
from linkerdctl.render.tap_json import JsonWriter, compact_text
from linkerdctl.tap.encoding import encode, framed
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.saving import SavedTap
from linkerdctl.tap.transports.recorded import RecordedTap
from tests.tap.tap_builders import RECORDED, begun, event, whole

EVENTS = [each for path in ("/a", "/b", "/ü") for each in whole(path, grpc=3)]


async def read(path: Path | str) -> tuple[list[TapEvent], str, list[str]]:
    """The events, the error they end in, and what was told."""
    events: list[TapEvent] = []
    told: list[str] = []
    try:
        async for batch in RecordedTap(str(path), told.append).batches():
            events.extend(batch)
    except TapError as error:
        return events, error.message, told
    return events, "", told


def saved(events: list[TapEvent]) -> bytes:
    return b"".join(framed(encode(each)) for each in events)


def json_objects(events: list[TapEvent]) -> bytes:
    write = JsonWriter().text
    return "".join(write(each) for each in events).encode()


def json_lines(events: list[TapEvent]) -> bytes:
    return "".join(map(compact_text, events)).encode()


Form = Callable[[list[TapEvent]], bytes]


@pytest.mark.parametrize("form", [saved, json_objects, json_lines])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_each_form_is_known_by_its_beginning(form: Form, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "any-name"
    path.write_bytes(pack(form(EVENTS)))
    assert await read(path) == (EVENTS, "", [])


async def test_a_captured_stream_of_a_proxy_is_read() -> None:
    events, error, told = await read(RECORDED)
    assert (len(events), error, told) == (1500, "", [])


async def test_what_is_saved_is_read_again(tmp_path: Path) -> None:
    for name in ("plain.tap", "packed.tap.gz"):
        with SavedTap(tmp_path / name) as file:
            file.write(EVENTS[:4])
            file.write(EVENTS[4:])
        assert file.events == len(EVENTS)
        assert await read(tmp_path / name) == (EVENTS, "", [])
    assert (tmp_path / "packed.tap.gz").read_bytes()[:2] == b"\x1f\x8b"


@pytest.mark.parametrize("form", [saved, json_objects, json_lines])
async def test_a_cut_stream_gives_what_is_there_and_then_tells(form: Form, tmp_path: Path) -> None:
    path = tmp_path / "cut"
    path.write_bytes(form(EVENTS)[:-20])
    events, error, _ = await read(path)
    assert events == EVENTS[:-1]
    assert "ends in the middle of an event" in error


async def test_a_cut_gzip_gives_what_is_there_and_then_tells(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(RECORDED.read_bytes()[:-9000])
    events, error, _ = await read(path)
    assert 500 < len(events) < 1500
    assert "gzip ends early" in error


async def test_a_broken_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "broken.gz"
    path.write_bytes(RECORDED.read_bytes()[:1000] + random.Random(1).randbytes(2000))
    _, error, _ = await read(path)
    assert "gzip is broken" in error


async def test_a_message_that_is_none_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "garbage"
    path.write_bytes(saved(EVENTS[:3]) + framed(b"\xff" * 30) + saved(EVENTS[3:]))
    events, error, told = await read(path)
    assert (events, error) == (EVENTS, "")
    assert told == [f"{path}: 1 event could not be read, left out"]


async def test_an_object_that_is_no_event_costs_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(json_lines(EVENTS[:3]) + b'{"kind": "Pod"}\n' + json_lines(EVENTS[3:]))
    events, error, told = await read(path)
    assert (events, error) == (EVENTS, "")
    assert len(told) == 1


async def test_a_length_that_cannot_be_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "garbage"
    path.write_bytes(saved(EVENTS[:3]) + b"\xff\xff\xff\x7f" + saved(EVENTS[3:]))
    events, error, _ = await read(path)
    assert events == EVENTS[:3]
    assert "broken" in error


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"just some text, and more of it", "no tap stream"),
        (b"<html><body>502</body></html>", "no tap stream"),
        (b"\x00" * 64, "no tap stream"),
        (b'{"a": 1} and then text', "does not begin with"),
        (b'{"a": "\xff\xff"}   ' * 3, "no UTF-8"),
        (b"{}", ""),
        (b"hi", "no tap stream"),
    ],
)
async def test_what_is_no_stream_is_said_to_be_none(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    events, error, _ = await read(path)
    assert events == []
    assert words in error


async def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert await read(path) == ([], "", [f"{path} is empty"])


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "no such file" in (await read(tmp_path / "nowhere"))[1]
    assert "is a directory" in (await read(tmp_path))[1]


async def test_a_pipe_is_read_as_it_fills(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    writer = os.open(fifo, os.O_RDWR)
    try:
        os.write(writer, saved(EVENTS[:2]))
        batches = RecordedTap(str(fifo), print).batches()
        assert await asyncio.wait_for(anext(batches), 10) == EVENTS[:2]
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        os.write(writer, saved(EVENTS[2:3]))
        assert await asyncio.wait_for(waiting, 10) == EVENTS[2:3]
        await batches.aclose()
    finally:
        os.close(writer)


async def test_a_terminal_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert "is a terminal" in (await read("-"))[1]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(TapError, match="cannot write"):
        SavedTap(tmp_path / "no" / "such" / "directory")


async def test_events_with_anything_in_them_are_saved(tmp_path: Path) -> None:
    odd = [event(None), begun("", method="PURGE", headers={"a": ""})]
    with SavedTap(tmp_path / "odd") as file:
        file.write(odd)
    assert (await read(tmp_path / "odd"))[0] == odd
