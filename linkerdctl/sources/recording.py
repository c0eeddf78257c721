"""A recording: scrapes of many proxies and the objects of their cluster, in a directory or a .tar.gz archive."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from linkerdctl.errors import ExpositionError, ObjectError, RecordingError
from linkerdctl.kube.inventory import Inventory, PodRef, Target
from linkerdctl.metrics.deltas import Window, median
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.sources.protocol import Observation, ProxyFailure, ProxyText, Snapshot
from linkerdctl.sources.recording_files import Archive, Directory, Files, TooLongError, inflated
from linkerdctl.sources.reduction import Reduction, concerned
from linkerdctl.sources.snapshots import Album

VERSION = 1
INDEX = "recording.json"
CLUSTER = "cluster.json"
MOST_OF_A_SCRAPE = 64 * 1024 * 1024
"""Bytes of inflated text, as when proxies are asked themselves."""
MOST_OF_THE_OBJECTS = 256 * 1024 * 1024
"""Bytes of the index, and of the cluster's objects."""
LATEST = 253_402_300_800.0
"""The epoch second at which the year 10000 begins; nothing was recorded after that."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One round of scrapes: where their files are, and when each proxy was looked at (epoch seconds)."""

    directory: str
    at: Mapping[PodRef, float]


class Recording:
    """An opened recording. Raises `RecordingError` for what is none."""

    def __init__(self, path: Path, files: Files) -> None:
        self.path = path
        self._files = files
        self.passes = self._read_passes()

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Open a directory or an archive."""
        if not path.exists():
            raise RecordingError(
                f"there is no recording at {path}", next_step="make one: linkerdctl record -n NS -o DIR"
            )
        try:
            return cls(path, Directory(path) if path.is_dir() else Archive(path, top=(INDEX, CLUSTER)))
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from None

    def manifests(self) -> list[dict[str, Any]]:
        """The objects of the cluster as they were."""
        items = self._json(CLUSTER).get("items")
        if not isinstance(items, list):
            raise RecordingError(f"{self.path}: {CLUSTER} is no Kubernetes List: it has no items")
        return items

    def inventory(self) -> Inventory:
        """The same, taken stock of."""
        try:
            return Inventory.from_objects(self.manifests())
        except ObjectError as error:
            raise RecordingError(f"{self.path}: {CLUSTER} holds an object that is none: {error.message}") from None

    def text(self, looked: Pass, pod: PodRef) -> bytes | None:
        """What a proxy said in one pass, or None if it said nothing. Raises `RecordingError` for a broken file."""
        path = f"{looked.directory}/{pod.namespace}/{pod.name}.prom"
        try:
            plain = self._files.read(path, MOST_OF_A_SCRAPE)
            packed = self._files.read(f"{path}.gz", MOST_OF_A_SCRAPE) if plain is None else None
            return plain if packed is None else inflated(packed, MOST_OF_A_SCRAPE)
        except TooLongError as error:
            raise RecordingError(f"{path} {error}") from None
        except EOFError:
            raise RecordingError(f"{path}.gz is cut short or no gzip") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}") from None

    def pair(self, seconds: float, last: int = -1) -> tuple[Pass, Pass]:
        """A pass, by default the last one, and the one before it whose distance comes nearest to `seconds`.

        One at which none of the proxies answered has no distance, and is taken only where there is no other.
        """
        if len(self.passes) < 2:
            raise RecordingError(
                f"{self.path} holds one scrape only, and rates need two", next_step="use --since-start"
            )
        later = self.passes[last]
        told = [each for each in self.passes[:last] if each.at.keys() & later.at.keys()] or self.passes[:last]
        return min(told, key=lambda each: abs(_distance(each, later) - seconds)), later

    def _read_passes(self) -> tuple[Pass, ...]:
        index = self._json(INDEX)
        if index.get("version") != VERSION:
            raise RecordingError(
                f"{self.path} is a recording of version {index.get('version')!r}; this linkerdctl reads version {VERSION}"
            )
        try:
            passes = tuple(_pass(each) for each in index["scrapes"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordingError(f"{self.path}: {INDEX} is not as it should be: {error!r}") from None
        if not passes:
            raise RecordingError(f"{self.path} holds no scrapes", next_step="record again, for longer than --every")
        return passes

    def _json(self, name: str) -> dict[str, Any]:
        try:
            content = self._files.read(name, MOST_OF_THE_OBJECTS)
        except TooLongError as error:
            raise RecordingError(f"{self.path}: {name} {error}") from None
        if content is None:
            raise RecordingError(f"{self.path} is no recording: it has no {name}", next_step="give what `record` wrote")
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise RecordingError(f"{self.path}: {name} is broken: {error}") from None
        if not isinstance(document, dict):
            raise RecordingError(f"{self.path}: {name} is broken: it is no JSON object")
        return document


def _pass(scrape: Mapping[str, Any]) -> Pass:
    """Raises KeyError, TypeError or ValueError for what is none, and for paths that lead out of the recording."""
    at = {PodRef(*pod.split("/")): float(seconds) for pod, seconds in scrape["at"].items()}
    parts = {str(scrape["dir"]), *(part for pod in at for part in (pod.namespace, pod.name))}
    if strange := [part for part in parts if "/" in part or part in ("", ".", "..")]:
        raise ValueError(f"{strange[0]!r} is no name of a directory")
    if not all(0 <= seconds < LATEST for seconds in at.values()):
        raise ValueError("a time is no number of seconds since 1970")
    return Pass(str(scrape["dir"]), at)


def _distance(earlier: Pass, later: Pass) -> float:
    """The median time between two passes over the proxies that both have."""
    return median(later.at[pod] - earlier.at[pod] for pod in earlier.at.keys() & later.at.keys())


class RecordingSource:
    """Answers from a recording as `ProxySource` would have answered then."""

    def __init__(
        self, recording: Recording, *, window: float, since_start: bool = False, peer_labels: PeerLabels
    ) -> None:
        self._recording = recording
        self._window = window
        self._since_start = since_start
        self._peer_labels = peer_labels

    async def observe(self, queries: Sequence[TrafficQuery], targets: Sequence[Target]) -> Observation:
        """The pair of passes nearest to the window, ending at the last; or the last alone, since the proxies' start."""
        if self._since_start:
            return self._observe(None, self._recording.passes[-1], queries, targets)
        return self._observe(*self._recording.pair(self._window), queries, targets)

    async def watch(
        self,
        queries: Sequence[TrafficQuery],
        targets: Callable[[], Awaitable[Sequence[Target]]],
        every: float,
    ) -> AsyncIterator[Observation]:
        """Every pass with the one before it that is nearest to the window, once through, without waiting."""
        self._recording.pair(self._window)
        for number in range(1, len(self._recording.passes)):
            yield self._observe(*self._recording.pair(self._window, last=number), queries, await targets())

    async def snapshot(self, names: Iterable[str], targets: Sequence[Target]) -> Snapshot:
        """The last pass."""
        album, wanted = Album(targets), frozenset(names)
        for target in targets:
            try:
                album.add(target, self._scrape(target.pod, self._recording.passes[-1], wanted))
            except (RecordingError, ExpositionError) as error:
                album.fail(target, error)
        return album.snapshot()

    async def texts(self, targets: Sequence[Target]) -> AsyncGenerator[ProxyText, None]:
        """The last pass."""
        looked = self._recording.passes[-1]
        for target in targets:
            try:
                yield ProxyText(target, self._text(target.pod, looked), looked.at[target.pod])
            except RecordingError as error:
                yield ProxyText(target, failure=ProxyFailure(target.pod, error.message, error.next_step))

    def _observe(
        self, before: Pass | None, after: Pass, queries: Sequence[TrafficQuery], targets: Sequence[Target]
    ) -> Observation:
        asked = concerned(queries, targets)
        reduction = Reduction(queries, asked, self._peer_labels)
        names = sample_names(queries)
        for target in asked:
            try:
                reduction.add(target, self._window_of(target.pod, before, after, names))
            except (RecordingError, ExpositionError) as error:
                reduction.fail(target, error)
        return reduction.observation()

    def _window_of(self, pod: PodRef, before: Pass | None, after: Pass, names: frozenset[str]) -> Window:
        later = self._scrape(pod, after, names)
        if before is None:
            return Window(None, later)
        if pod not in before.at:
            return _since_it_came(later, min(before.at.values(), default=later.at))
        return Window(self._scrape(pod, before, names), later)

    def _scrape(self, pod: PodRef, looked: Pass, names: frozenset[str]) -> Scrape:
        return Scrape.read(self._text(pod, looked), looked.at[pod], names)

    def _text(self, pod: PodRef, looked: Pass) -> bytes:
        text = self._recording.text(looked, pod) if pod in looked.at else None
        if text is None:
            raise RecordingError("it did not answer when this was recorded")
        return text


def _since_it_came(later: Scrape, window_began: float) -> Window:
    """A proxy that was not there at first: new if its process is younger than the window, else it had just not answered."""
    if not later.began_since(window_began):
        raise RecordingError("it did not answer the first scrape")
    return Window(None, later)
