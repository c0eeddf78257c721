"""Writes recordings: proxies' texts untouched, as they come, and the objects of the cluster without their secrets.

What has been written is a valid recording after every pass, however it ends.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from linkerdctl.errors import ProxyError, RecordingError, UsageError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import ProxyAccess
from linkerdctl.sources.objects import redacted
from linkerdctl.sources.protocol import Coverage, ProxyFailure
from linkerdctl.sources.recording import CLUSTER, INDEX, VERSION
from linkerdctl.sources.redaction import Redaction

ARCHIVES = (".tar.gz", ".tgz")
_OTHER_ARCHIVES = (".tar", ".zip", ".gz", ".bz2", ".xz", ".zst")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,239}")
"""What Kubernetes allows, and no longer than leaves room for endings."""
_WRITERS = 2
"""Threads that compress and write, so that the loop stays free to note when proxies answer."""


class RecordingWriter:
    """A recording under way. Close it, whatever happens: an archive is packed then, an unfinished pass taken away."""

    def __init__(self, output: Path, *, redaction: Redaction | None = None, overwrite: bool = False) -> None:
        self.output = output
        self._redaction = redaction
        self._is_archive = output.name.endswith(ARCHIVES)
        self._replaces = _may_be_written(output, is_archive=self._is_archive, overwrite=overwrite)
        self._root, self._made_root = self._open_root()
        self._threads = ThreadPoolExecutor(_WRITERS, thread_name_prefix="recorder")
        self._scrapes: list[dict[str, Any]] = []
        self._asked: set[PodRef] = set()
        self._answered: set[PodRef] = set()
        self._failures: dict[PodRef, ProxyFailure] = {}

    @property
    def passes(self) -> int:
        """How many rounds of scrapes are in it."""
        return len(self._scrapes)

    @property
    def proxies(self) -> int:
        """How many proxies at least one scrape of is in it."""
        return len(self._answered)

    @property
    def coverage(self) -> Coverage:
        """Who was asked, who answered at least once, and of those who did not always do so the last failure."""
        failures = tuple(self._failures[pod] for pod in sorted(self._failures))
        return Coverage(frozenset(self._asked), frozenset(self._answered), failures)

    def cluster(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Write the objects, in place of those written before. The first time, an older recording there gives way."""
        if self._replaces:
            self._replaces = False
            _clear(self._root)
        items = [redacted(each, self._redaction) if self._redaction else each for each in manifests]
        self._write(CLUSTER, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1).encode())

    async def scrape(
        self, targets: Sequence[Target], access: ProxyAccess, *, deadline: float, concurrency: int
    ) -> None:
        """One pass over all proxies, each written as it answers; those that did not are remembered."""
        folder, at, answered = self._folder(self.passes), dict[str, float](), set[PodRef]()
        places, loop = asyncio.Semaphore(concurrency), asyncio.get_running_loop()

        async def one(target: Target) -> None:
            if not _is_file_name(target.pod.namespace) or not _is_file_name(target.pod.name):
                self._failures[target.pod] = ProxyFailure(target.pod, "its name cannot be that of a file")
                return
            async with places:
                try:
                    fetched = await access.fetch(target, deadline=deadline)
                except ProxyError as error:
                    self._failures[target.pod] = ProxyFailure(target.pod, error.message, error.next_step)
                    return
                pod = await loop.run_in_executor(self._threads, self._store, folder, target.pod, fetched.text)
            at[str(pod)] = round(fetched.at, 3)
            answered.add(target.pod)

        self._asked.update(target.pod for target in targets)
        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(one(target))
        scrapes = [*self._scrapes, {"dir": folder, "at": dict(sorted(at.items()))}]
        self._write(INDEX, json.dumps({"version": VERSION, "scrapes": scrapes}, indent=1).encode())
        self._scrapes = scrapes
        self._answered |= answered

    def close(self) -> None:
        """Nothing more comes; when no proxy answered, nothing is left. Raises `RecordingError` for what cannot be packed."""
        self._threads.shutdown(cancel_futures=True)
        shutil.rmtree(self._root / self._folder(self.passes), ignore_errors=True)
        if self._is_archive and self.proxies:
            self._pack()
        if not self.proxies and not self._replaces:
            _clear(self._root)
        if self._is_archive or (not self.proxies and self._made_root):
            shutil.rmtree(self._root, ignore_errors=True)

    def _open_root(self) -> tuple[Path, bool]:
        """Where to write; an archive grows in a directory beside it, so that the same disk is found full, and early."""
        try:
            if self._is_archive:
                self.output.parent.mkdir(parents=True, exist_ok=True)
                return Path(tempfile.mkdtemp(prefix=f".{self.output.name}.", dir=self.output.parent)), True
            there = self.output.exists()
            self.output.mkdir(parents=True, exist_ok=True)
            return self.output, not there
        except (FileExistsError, NotADirectoryError):
            raise RecordingError(f"cannot write to {self.output}: a file is in the way") from None
        except OSError as error:
            raise RecordingError(f"cannot write to {self.output}: {error.strerror}") from None

    def _folder(self, number: int) -> str:
        return f"{number:04}"

    def _store(self, folder: str, pod: PodRef, text: bytes) -> PodRef:
        """Write what one proxy said; the name it goes by in the recording."""
        if self._redaction:
            pod, text = self._redaction.pod(pod), self._redaction.exposition(text)
        self._write(f"{folder}/{pod.namespace}/{pod.name}.prom.gz", gzip.compress(text, 6))
        return pod

    def _pack(self) -> None:
        """Beside its final place first, so that a half-written archive never has the name that was asked for."""
        unfinished = self._root.with_name(f"{self._root.name}.part")
        name = self.output.name
        for ending in ARCHIVES:
            name = name.removesuffix(ending)
        try:
            with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
                for part in sorted(self._root.iterdir(), key=lambda part: (part.is_dir(), part.name)):
                    archive.add(part, arcname=f"{name}/{part.name}")
            unfinished.replace(self.output)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise RecordingError(
                f"cannot write {self.output}: {error.strerror or error}",
                next_step=f"what was recorded is in {self._root}, which --recording reads as well",
            ) from None

    def _write(self, name: str, content: bytes) -> None:
        path = self._root / name
        unfinished = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise RecordingError(f"cannot write {self.output}: {error.strerror or error}") from None


def _may_be_written(output: Path, *, is_archive: bool, overwrite: bool) -> bool:
    """Whether there is an older recording to replace; raises for what must not be touched."""
    if not is_archive and output.name.endswith(_OTHER_ARCHIVES):
        raise UsageError(f"{output} is no name for a recording", next_step="a directory, or a name ending in .tar.gz")
    try:
        there = output.exists() and (is_archive or output.is_file() or any(output.iterdir()))
        ours = output.is_file() if is_archive else output.is_dir() and _is_recording(output)
    except OSError as error:
        raise RecordingError(f"cannot write to {output}: {error.strerror}") from None
    if there and not overwrite:
        raise RecordingError(f"{output} is there already", next_step="give another name, or --force")
    if there and not ours:
        raise RecordingError(
            f"{output} is no recording, and --force replaces nothing else", next_step="give another name"
        )
    return there


def _is_file_name(name: str) -> bool:
    """Names are the server's word: none may lead out of the recording, none be longer than files' names can be."""
    return _FILE_NAME.fullmatch(name) is not None


def _is_recording(directory: Path) -> bool:
    """Also one whose first pass never ended."""
    return (directory / INDEX).is_file() or all(map(_is_part, directory.iterdir()))


def _is_part(path: Path) -> bool:
    return path.name in (INDEX, CLUSTER) or (path.name.isdigit() and path.is_dir())


def _clear(directory: Path) -> None:
    """Take a recording away, and nothing else that lies there; its index first, so that none is left half."""
    try:
        (directory / INDEX).unlink(missing_ok=True)
        for path in filter(_is_part, list(directory.iterdir())):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as error:
        raise RecordingError(f"cannot replace {directory}: {error.strerror}") from None
