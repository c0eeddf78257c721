"""`top`: memory over a million requests, the time of a refresh, and what adding events up costs against decoding them."""

from __future__ import annotations

import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from benchmarks.table import Row
from linkerdctl.profiles.folding import folded
from linkerdctl.render.top import TopShape
from linkerdctl.render.top_screen import Told, TopScreen
from linkerdctl.tap.events import Direction, Endpoint, Http, RequestInit, ResponseEnd, ResponseInit, StreamId, TapEvent
from linkerdctl.tap.top import Top

REQUESTS = 1_000_000
SETTLED = 300_000
"""Requests after which every row has met all its sizes of latency."""
STEP = 100_000
RAW = 100_000
"""Requests with a path each: there are as many rows as there may be long before."""
REQUESTS_PER_SECOND = 330
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


def feed(top: Top, requests: int) -> Iterator[int]:
    """Let `top` have so many requests; stops after each `STEP`."""
    begun = 0
    for event in events():
        if isinstance(event.http, RequestInit):
            if begun and begun % STEP == 0:
                yield begun
            if begun == requests:
                return
            begun += 1
        top.add((event,), begun / REQUESTS_PER_SECOND)


def refreshes(top: Top) -> list[float]:
    """Milliseconds of the processor that one refresh of a large screen takes."""
    screen, taken = TopScreen(TopShape()), []
    for _ in range(ROUNDS):
        began = time.process_time()
        screen.update(top.rows())
        requests, failures = top.totals()
        screen.lines(Told("top", f"{requests} requests, {failures} failed"), 160, 50)
        taken.append((time.process_time() - began) * 1000)
    return taken


def long_run() -> None:
    """In a process of its own: print megabytes resident by requests, and then the milliseconds of refreshes, as JSON."""
    top = Top(folded)
    resident = [(begun, _resident_mb()) for begun in feed(top, REQUESTS)]
    print(json.dumps([resident, refreshes(top), len(top.rows())]))


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def pace() -> dict[str, float]:
    """Microseconds of the processor for each event: to add, and to decode from the bytes that a captured stream has."""
    from linkerdctl.tap.decoding import proxy_decoder
    from linkerdctl.tap.framing import Frames, prefix_of

    stream = _captured()
    prefix = prefix_of(stream[:64])
    assert prefix is not None
    frames = list(Frames(prefix).feed(stream))
    sample = list(islice(events(), SAMPLE))
    began = time.process_time()
    Top(folded).add(sample, 0.0)
    added = time.process_time()
    decode = proxy_decoder().decode
    for frame in frames:
        decode(frame)
    decoded = time.process_time()
    return {"add": (added - began) / len(sample) * 1e6, "decode": (decoded - added) / len(frames) * 1e6}


def _captured() -> bytes:
    path = Path(__file__).parent.parent / "tests" / "fixtures" / "tap" / "web.observe.bin.gz"
    return gzip.decompress(path.read_bytes())


def rows() -> Iterator[Row]:
    """Some minutes: a million requests are three million events."""
    command = (sys.executable, "-c", "from benchmarks.bench_top import long_run; long_run()")
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout
    resident, taken, number = json.loads(told)
    settled = dict(resident)[SETTLED]
    growth = [megabytes - settled for begun, megabytes in resident if begun > SETTLED]
    remark = f"{resident[-1][1]:.0f} MB, python and all"
    yield Row("top: megabytes more after 1,000,000 requests than 300,000", growth, 1, at_most=True, remark=remark)
    yield Row("top: milliseconds of a refresh then", taken, 50, at_most=True, remark=f"{number} rows")
    raw = Top()
    for _ in feed(raw, RAW):
        pass
    yield Row(
        "the same, as many rows as there can be", refreshes(raw), 50, at_most=True, remark=f"{len(raw.rows())} rows"
    )
    took = [pace() for _ in range(ROUNDS)]
    remark = f"{statistics.median(each['add'] for each in took):.0f} µs an event"
    ratios = [each["add"] / each["decode"] for each in took]
    yield Row("top: adding an event up, times decoding it", ratios, remark=remark)
