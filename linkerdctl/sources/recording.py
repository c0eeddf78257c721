"""A recording: scrapes of many proxies and the objects of their cluster, in a directory or a .tar.gz archive."""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from linkerdctl.errors import ExpositionError, RecordingError
from linkerdctl.kube.inventory import Inventory, PodRef, Target
from linkerdctl.metrics.deltas import Window
from linkerdctl.metrics.query import TrafficQuery
from linkerdctl.metrics.reduce import PeerLabels, sample_names
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.sources.protocol import Observation
from linkerdctl.sources.reduction import Reduction, concerned

VERSION = 1
INDEX = "recording.json"
CLUSTER = "cluster.json"


@dataclass(frozen=True, slots=True)
class Pass:
    """One round of scrapes: where their files are, and when each proxy was looked at (epoch seconds)."""

    directory: str
    at: Mapping[PodRef, float]


class Files(Protocol):
    """The files of a recording by their path inside it; None where there is none."""

    def read(self, path: str) -> bytes | None:
        """The bytes of one file."""
        ...


class Directory:
    """A recording that lies open in a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        """The bytes of one file."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


class Archive:
    """A recording in a .tar.gz, read once into memory. Only plain files inside the archive's own tree count."""

    def __init__(self, path: Path) -> None:
        self._files: dict[str, bytes] = {}
        try:
            with tarfile.open(path, "r:*") as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isfile() else None
                    if content:
                        self._files[str(PurePosixPath(member.name))] = content.read()
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise RecordingError(f"{path} is no archive that can be read: {error or 'it is cut short'}") from None
        index = next((name for name in sorted(self._files, key=len) if PurePosixPath(name).name == INDEX), INDEX)
        self._prefix = index.removesuffix(INDEX)

    def read(self, path: str) -> bytes | None:
        """The bytes of one file; archives often hold everything below one directory."""
        return self._files.get(self._prefix + path)


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
            return cls(path, Directory(path) if path.is_dir() else Archive(path))
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
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordingError(f"{self.path}: {CLUSTER} holds an object that is none: {error!r}") from None

    def text(self, looked: Pass, pod: PodRef) -> bytes | None:
        """What a proxy said in one pass, or None if it said nothing. Raises `RecordingError` for a broken file."""
        path = f"{looked.directory}/{pod.namespace}/{pod.name}.prom"
        plain = self._files.read(path)
        packed = self._files.read(f"{path}.gz") if plain is None else None
        if packed is None:
            return plain
        try:
            return gzip.decompress(packed)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise RecordingError(f"{path}.gz is cut short or no gzip") from None

    def pair(self, seconds: float) -> tuple[Pass, Pass]:
        """The last pass, and the one before it whose distance comes nearest to `seconds`."""
        if len(self.passes) < 2:
            raise RecordingError(
                f"{self.path} holds one scrape only, and rates need two", next_step="use --since-start"
            )
        *earlier, last = self.passes
        return min(earlier, key=lambda each: abs(_distance(each, last) - seconds)), last

    def _read_passes(self) -> tuple[Pass, ...]:
        index = self._json(INDEX)
        if index.get("version") != VERSION:
            raise RecordingError(
                f"{self.path} is a recording of version {index.get('version')!r}; this linkerdctl reads version {VERSION}"
            )
        try:
            passes = tuple(
                Pass(str(each["dir"]), {PodRef(*pod.split("/", 1)): float(at) for pod, at in each["at"].items()})
                for each in index["scrapes"]
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecordingError(f"{self.path}: {INDEX} is not as it should be: {error!r}") from None
        if not passes:
            raise RecordingError(f"{self.path} holds no scrapes", next_step="record again, for longer than --every")
        return passes

    def _json(self, name: str) -> dict[str, Any]:
        content = self._files.read(name)
        if content is None:
            raise RecordingError(f"{self.path} is no recording: it has no {name}", next_step="give what `record` wrote")
        try:
            document = json.loads(content)
        except ValueError as error:
            raise RecordingError(f"{self.path}: {name} is broken: {error}") from None
        if not isinstance(document, dict):
            raise RecordingError(f"{self.path}: {name} is broken: it is no JSON object")
        return document


def _distance(earlier: Pass, later: Pass) -> float:
    """The median time between two passes over the proxies that both have."""
    import statistics

    both = earlier.at.keys() & later.at.keys()
    return statistics.median(later.at[pod] - earlier.at[pod] for pod in both) if both else 0.0


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
        """Every pass with the one before it, once through, without waiting."""
        self._recording.pair(self._window)
        for before, after in zip(self._recording.passes, self._recording.passes[1:], strict=False):
            yield self._observe(before, after, queries, await targets())

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
        text = self._recording.text(looked, pod) if pod in looked.at else None
        if text is None:
            raise RecordingError("it did not answer when this was recorded")
        return Scrape.read(text, looked.at[pod], names)


def _since_it_came(later: Scrape, window_began: float) -> Window:
    """A proxy that was not there at first: new if its process is younger than the window, else it had just not answered."""
    if later.started is None or later.started < window_began:
        raise RecordingError("it did not answer the first scrape")
    return Window(None, later)
