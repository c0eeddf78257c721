"""The parser on a real dump of 605 kB (a web pod's proxy): against its oracle, against reading the bytes, against itself.

Each round times everything, so that a slow moment of the machine hits all of it, and takes processor time, so that other
programs do not count. Nothing is left out of a time: labels are parsed, faults looked for.
"""

from __future__ import annotations

import gc
import gzip
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.table import Row
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.exposition import parse
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.query import Direction, TrafficQuery
from linkerdctl.metrics.reduce import reduce, sample_names
from linkerdctl.metrics.scrape import START_TIME, Scrape

PASSES = sorted((Path(__file__).parent.parent / "tests" / "fixtures" / "emojivoto-profiles").glob("0*"))
BEFORE, AFTER = (gzip.decompress(next(each.glob("emojivoto/web-*.gz")).read_bytes()) for each in PASSES)
STAT = [TrafficQuery(Direction.INBOUND, ("namespace", "deployment"))]
NAMES = sample_names(STAT) | {START_TIME}
POD = {"namespace": "emojivoto", "deployment": "web"}

ROUNDS = 15
REPEATS = 20
"""Times in a row within a round, for what takes a millisecond or less."""


def forget() -> None:
    """Make the next scrape the first of its proxy."""
    parse_labels.cache_clear()


def read_as_oracle() -> None:
    """All of the dump, as the oracle knows no other way."""
    for _ in text_string_to_metric_families(AFTER.decode()):
        pass


def read_first() -> None:
    """What `stat` wants, of a proxy never seen before."""
    parse(AFTER, NAMES)


def split_twice() -> None:
    """The bytes into lines, twice: next to nothing that Python could do with them."""
    AFTER.split(b"\n")
    AFTER.split(b"\n")


def answer() -> None:
    """Two scrapes of one proxy to its share in the answer of `stat`."""
    window = Window(Scrape.read(BEFORE, 0.0, NAMES), Scrape.read(AFTER, 30.0, NAMES))
    reduce(window, STAT, pod_labels=POD, admin_port=4191)


def seconds(work: Callable[[], None], *, repeats: int = REPEATS, prepare: Callable[[], None] = lambda: None) -> float:
    """The median processor time of one run; `prepare` is not timed."""
    times = []
    for _ in range(repeats):
        prepare()
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def one_round() -> dict[str, float]:
    """Milliseconds."""
    times = {
        "oracle": seconds(read_as_oracle, repeats=2),
        "first": seconds(read_first, prepare=forget),
        "again": seconds(read_first),
        "split": seconds(split_twice),
        "answer first": seconds(answer, prepare=forget),
        "answer again": seconds(answer),
    }
    return {name: taken * 1000 for name, taken in times.items()}


def rows() -> Iterator[Row]:
    """How many times faster."""
    seconds(read_first)
    gc.disable()
    rounds = [one_round() for _ in range(ROUNDS)]
    gc.enable()

    def row(what: str, slower: str, faster: str, target: float | None = None) -> Row:
        taken = statistics.median(each[faster] for each in rounds)
        ratios = [each[slower] / each[faster] for each in rounds]
        return Row(what, ratios, target, remark=f"{taken:.2f} ms for {len(AFTER) / 1000:.0f} kB")

    yield row("first scrape, faster than prometheus_client", "oracle", "first", 150)
    yield row("first scrape, faster than splitting lines twice", "split", "first", 1)
    yield row("second scrape, faster than the first", "first", "again", 2)
    yield row("two scrapes to an answer, faster than at first", "answer first", "answer again")
