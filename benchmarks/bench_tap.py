"""Events a second from recorded bytes to text on one core, beside the time that printing alone takes.

A real proxy's stream, headers extracted. Each round does everything once, so that a slow moment of the machine hits all
of it; medians count.
"""

from __future__ import annotations

import gzip
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.table import Row
from linkerdctl.render.tap import TapOutput
from linkerdctl.tap.decoding import proxy_decoder
from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.filters import failed_filter
from linkerdctl.tap.flow import Flow
from linkerdctl.tap.framing import varint_prefix
from linkerdctl.tap.redaction import redacted
from linkerdctl.tap.transports.reading import FrameReader

RECORDED = Path(__file__).parent.parent / "tests" / "fixtures" / "tap" / "web.observe.bin.gz"
CHUNK = 16 * 1024
"""Bytes that come at once, about thirty events."""
OUTPUTS = ("json", "jsonl", "table", "wide")
ROUNDS, REPEATS = 9, 4
TARGETS = {"json": 20, "table": 10}
"""Thousand events a second."""

Work = Callable[[bytes], int]


def shown(output: str, *, group: bool = False, filtered: bool = False) -> Work:
    """All that `tap -o OUTPUT` does to a stream, down to a null device; returns the number of events."""

    def work(data: bytes) -> int:
        reader, flow = FrameReader(varint_prefix, proxy_decoder()), Flow([failed_filter] if filtered else [])
        form, events = TapOutput(output), 0
        with open(os.devnull, "w", encoding="utf-8") as sink:  # noqa: PTH123 - a device, not a path
            for at in range(0, len(data), CHUNK):
                batch = [redacted(event) for event in reader.feed(data[at : at + CHUNK])]
                events += len(batch)
                sink.write(text_of(form, flow, batch, group=group))
                sink.flush()
        return events

    return work


def text_of(form: TapOutput, flow: Flow, batch: Sequence[TapEvent], *, group: bool) -> str:
    """What is printed of a batch."""
    if group:
        return "".join([form.request(each) for each in flow.requests(batch, 0.0)])
    return "".join([form.event(each) for each in flow.events(batch, 0.0)])


def decoded(data: bytes) -> int:
    """Bytes to events, and no more."""
    reader = FrameReader(varint_prefix, proxy_decoder())
    return sum(len(reader.feed(data[at : at + CHUNK])) for at in range(0, len(data), CHUNK))


def printed(output: str, data: bytes) -> Work:
    """Printing alone: the same text from events that are decoded already."""
    reader, flow, form = FrameReader(varint_prefix, proxy_decoder()), Flow(), TapOutput(output)
    batches = [reader.feed(data[at : at + CHUNK]) for at in range(0, len(data), CHUNK)]
    events = sum(map(len, batches))

    def work(_: bytes) -> int:
        with open(os.devnull, "w", encoding="utf-8") as sink:  # noqa: PTH123 - a device, not a path
            for batch in batches:
                sink.write(text_of(form, flow, batch, group=False))
                sink.flush()
        return events

    return work


def rate(work: Work, data: bytes) -> float:
    """Events a second of processor time."""
    started, events = time.process_time(), 0
    for _ in range(REPEATS):
        events += work(data)
    return events / (time.process_time() - started)


def rows() -> Iterator[Row]:
    """Thousand events a second; a round that loses an event is an error."""
    data = gzip.decompress(RECORDED.read_bytes())
    works: dict[str, Work] = {"decode": decoded, "-o table --failed": shown("table", filtered=True)}
    works["--group"] = shown("table", group=True)
    for output in OUTPUTS:
        works[f"-o {output}"] = shown(output)
        works[f"print {output}"] = printed(output, data)
    if len(counts := {work(data) for work in works.values()}) != 1:
        raise RuntimeError(f"events were lost: {counts}")
    rounds = [{name: rate(work, data) / 1000 for name, work in works.items()} for _ in range(ROUNDS)]

    def row(what: str, name: str, target: float | None = None, remark: str = "") -> Row:
        return Row(f"tap {what}, thousand events a second", [each[name] for each in rounds], target, remark=remark)

    for output in OUTPUTS:
        alone = statistics.median(each[f"print {output}"] / each[f"-o {output}"] for each in rounds)
        yield row(f"-o {output}", f"-o {output}", TARGETS.get(output), f"{alone:.1f} times printing alone; none lost")
    yield row("-o table --failed", "-o table --failed")
    yield row("--group", "--group")
    yield row("decoded only", "decode")
