"""Events a second from recorded bytes to text on one core, and as multiples of the time that printing alone takes.

A real proxy's stream, headers extracted. Each round does everything once, so that a slow moment of the machine hits all
of it; medians count.
"""

from __future__ import annotations

import gzip
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

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
TARGETS = {"json": 20_000, "table": 10_000}
"""Events a second."""

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


def main() -> None:
    """Print the table."""
    data = gzip.decompress(RECORDED.read_bytes())
    works: dict[str, Work] = {"decode only": decoded, "-o table --failed": shown("table", filtered=True)}
    works["--group"] = shown("table", group=True)
    for output in OUTPUTS:
        works[f"-o {output}"] = shown(output)
        works[f"print {output}"] = printed(output, data)
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            rates[name].append(rate(work, data))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    print(f"{'recorded stream to text':24} {'events a second':>15}   times of printing alone")
    for output in OUTPUTS:
        whole, alone = medians[f"-o {output}"], medians[f"print {output}"]
        print(f"{'-o ' + output:24} {whole:15,.0f}   {alone / whole:.1f}")
    for name in ("decode only", "-o table --failed", "--group"):
        print(f"{name:24} {medians[name]:15,.0f}")
    for output, target in TARGETS.items():
        met = "met" if medians[f"-o {output}"] >= target else "missed"
        print(f"target for -o {output}: {target:,} events a second on one core: {met}")


if __name__ == "__main__":
    main()
