"""`top`: memory over a million events, and the time that adding them up takes, against decoding them."""

from __future__ import annotations

import gc
import gzip
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from linkerdctl.profiles.folding import folded
from linkerdctl.tap.events import Direction, Endpoint, Http, RequestInit, ResponseEnd, ResponseInit, StreamId, TapEvent
from linkerdctl.tap.top import Top

EVENTS = 1_000_000
EVENTS_PER_SECOND = 1_000
CLIENTS, SERVERS, WORDS = 40, 10, 25
ROUNDS = 5
SAMPLE = 60_000
PODS = [
    Endpoint(f"10.0.{side}.{number}", 8080, {"pod": f"pod-{side}-{number}", "namespace": "shop"})
    for side, pods in ((0, CLIENTS), (1, SERVERS))
    for number in range(pods)
]


def events(*, lost_every: int = 50) -> Iterator[TapEvent]:
    """Without end; paths never repeat, and now and then the end of a request is lost."""
    for request in count():
        source, destination = PODS[request % CLIENTS], PODS[CLIENTS + request % SERVERS]
        stream = StreamId(request // 100, request)
        path = f"/{'abcdefghijklmnopqrstuvwxyz'[request % WORDS]}/{request}/items"
        latency = 1_000_000 + request * 7_919 % 90_000_000
        parts: list[Http] = [
            RequestInit("GET", "HTTP", "shop:80", path),
            ResponseInit(latency, 500 if request % 20 == 0 else 200),
            ResponseEnd(latency, 0, 100),
        ]
        for part in parts[: 2 if request % lost_every == 0 else 3]:
            yield TapEvent(source, destination, Direction.INBOUND, stream, part)


def memory(top: Top) -> list[tuple[int, float]]:
    """Megabytes that a `Top` holds after each tenth of the events, which come a thousand a second."""
    measured: list[tuple[int, float]] = []
    step = EVENTS // 10
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for index, event in enumerate(islice(events(), EVENTS), 1):
        top.add((event,), index / EVENTS_PER_SECOND)
        if index % step == 0:
            gc.collect()
            measured.append((index, (tracemalloc.get_traced_memory()[0] - before) / 1e6))
    tracemalloc.stop()
    return measured


def pace() -> dict[str, float]:
    """Microseconds for each event: to add, and to decode from the bytes that a captured stream has."""
    from linkerdctl.tap.decoding import proxy_decoder
    from linkerdctl.tap.framing import Frames, prefix_of

    stream = _captured()
    prefix = prefix_of(stream[:64])
    assert prefix is not None
    frames = list(Frames(prefix).feed(stream))
    sample = list(islice(events(), SAMPLE))
    times: dict[str, list[float]] = {"add": [], "decode": []}
    for _ in range(ROUNDS):
        began = time.perf_counter()
        Top(folded).add(sample, 0.0)
        added = time.perf_counter()
        decode = proxy_decoder().decode
        for frame in frames:
            decode(frame)
        times["add"].append((added - began) / len(sample))
        times["decode"].append((time.perf_counter() - added) / len(frames))
    return {name: statistics.median(values) * 1e6 for name, values in times.items()}


def _captured() -> bytes:
    path = Path(__file__).parent.parent / "tests" / "fixtures" / "tap" / "web.observe.bin.gz"
    return gzip.decompress(path.read_bytes())


def main() -> None:
    """Print the tables."""
    for title, top in (("identifiers folded", Top(folded)), ("raw paths: every request a row of its own", Top())):
        measured = memory(top)
        print(f"top, {title}: {len(top.rows())} rows, {top.unfinished} requests under way")
        print("  " + "  ".join(f"{number // 1000}k {megabytes:.1f} MB" for number, megabytes in measured))
    took = pace()
    print(
        f"per event: {took['add']:.1f} us to add, {took['add'] / took['decode']:.1f} times what it takes to decode one"
    )


if __name__ == "__main__":
    main()
