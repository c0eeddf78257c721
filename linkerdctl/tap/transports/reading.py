"""From bytes that come in pieces to events, past single events that cannot be read. Used by several transports."""

from __future__ import annotations

import codecs
import json
from typing import Protocol

from linkerdctl.errors import TapError
from linkerdctl.tap.decoding import Decoder
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.framing import LARGEST, Frames, Prefix
from linkerdctl.tap.json_form import from_json_form

LONG = 1024 * 1024
"""Characters of an object that is not read anew with each piece that comes; events have some thousand."""


class EventReader(Protocol):
    """One stream, read from its beginning."""

    broken: TapError | None
    """Why nothing more can be read of this stream."""
    unread: int
    """Events that were passed over because they could not be read."""

    def feed(self, data: bytes) -> list[TapEvent]:
        """The events that are complete with `data`; look at `broken` afterwards."""
        ...

    @property
    def left_over(self) -> int:
        """Bytes of an event that is not complete; at the end of a stream there should be none."""
        ...


class FrameReader:
    """Reads messages with their lengths before them."""

    def __init__(self, prefix: Prefix, decoder: Decoder) -> None:
        self._frames = Frames(prefix)
        self._decoder = decoder
        self.broken: TapError | None = None
        self.unread = 0

    def feed(self, data: bytes) -> list[TapEvent]:
        """A message that is none costs itself alone, a length that cannot be costs all that follows."""
        events: list[TapEvent] = []
        decode = self._decoder.decode
        try:
            for frame in self._frames.feed(data):
                try:
                    events.append(decode(frame))
                except TapError:
                    self.unread += 1
        except TapError as error:
            self.broken = error
        return events

    @property
    def left_over(self) -> int:
        """Bytes without an end."""
        return self._frames.left_over


class JsonReader:
    """Reads objects of `tap -o json` or `-o jsonl`: one after the other, however they are indented."""

    def __init__(self) -> None:
        self._bytes = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._enough = 0
        """Characters from which on it is worth looking again for the end of an object that had none before."""
        self._decoder = json.JSONDecoder()
        self.broken: TapError | None = None
        self.unread = 0

    def feed(self, data: bytes) -> list[TapEvent]:
        """An object that is no event costs itself alone, text that is no JSON costs all that follows."""
        events: list[TapEvent] = []
        try:
            self._text += self._bytes.decode(data)
            for record in self._objects():
                try:
                    events.append(from_json_form(record))
                except TapError:
                    self.unread += 1
        except UnicodeDecodeError:
            self.broken = TapError("the recorded lines are no UTF-8")
        except TapError as error:
            self.broken = error
        return events

    @property
    def left_over(self) -> int:
        """Characters without an end."""
        return len(self._text.strip())

    def _objects(self) -> list[object]:
        """Those that are complete; what follows is kept. A number or a word could go on, an object cannot."""
        objects: list[object] = []
        if len(self._text) < self._enough and not self._text.rstrip().endswith("}"):
            return objects
        at, text = 0, self._text
        while True:
            while at < len(text) and text[at].isspace():
                at += 1
            if at < len(text) and text[at] != "{":
                raise TapError(f"an object of `tap -o json` does not begin with {text[at]!r}")
            try:
                record, at = self._decoder.raw_decode(text, at)
            except RecursionError:
                raise TapError("a JSON object of the recorded lines is nested too deeply") from None
            except ValueError:
                self._text = text[at:]
                self._enough = len(self._text) * 2 if len(self._text) > LONG else 0
                if len(self._text) > LARGEST:
                    raise TapError("a JSON object of the recorded lines has no end") from None
                return objects
            objects.append(record)
