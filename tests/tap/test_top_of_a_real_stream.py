"""The captured stream of real proxies in `top`, against its other form: lines of JSON."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

from linkerdctl.tap.events import TapEvent
from linkerdctl.tap.top import Top
from linkerdctl.tap.transports.recorded import RecordedTap

STREAM = Path(__file__).parent.parent / "fixtures" / "tap"


def lines() -> list[dict[str, Any]]:
    with gzip.open(STREAM / "web.observe.jsonl.gz", "rt") as text:
        return [json.loads(line) for line in text]


def nanoseconds(text: str) -> int:
    return round(float(text.removesuffix("s")) * 1e9)


async def events() -> list[TapEvent]:
    transport = RecordedTap(str(STREAM / "web.observe.bin.gz"), lambda line: None)
    return [event async for batch in transport.batches() for event in batch]


def top_of(events: list[TapEvent]) -> Top:
    top = Top()
    top.add(events, 0.0)
    return top


async def test_it_counts_every_request_that_ended() -> None:
    assert sum(row.count for row in top_of(await events()).rows()) == 499


async def test_rows_are_what_the_lines_say() -> None:
    begun: dict[tuple[str, str], tuple[str, str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    worst: dict[tuple[str, str], int] = {}
    for line in lines():
        [(kind, facts)] = line["http"].items()
        key = line["proxyDirection"], json.dumps(facts["id"], sort_keys=True)
        if kind == "requestInit":
            begun[key] = facts["method"]["registered"], facts["path"]
        elif kind == "responseEnd":
            counts[begun[key]] += 1
            worst[begun[key]] = max(worst.get(begun[key], 0), nanoseconds(facts["sinceRequestInit"]))

    rows = top_of((await events())[: len(lines())]).rows(sources=False)
    assert Counter({(row.key.method, row.key.path): row.count for row in rows}) == counts
    assert {(row.key.method, row.key.path): round((row.worst or 0) * 1e6) for row in rows} == worst
