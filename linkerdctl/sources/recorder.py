"""Writes recordings: proxies' texts untouched, as they come, and the objects of the cluster without their secrets."""

from __future__ import annotations

import asyncio
import gzip
import json
import tarfile
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from linkerdctl.errors import ProxyError, RecordingError
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.proxy_access import ProxyAccess
from linkerdctl.progress import NoProgress, Progress
from linkerdctl.sources.protocol import ProxyFailure
from linkerdctl.sources.recording import CLUSTER, INDEX, VERSION
from linkerdctl.sources.redaction import Redaction

KEPT_ENVIRONMENT = ("LINKERD2_PROXY_IDENTITY_LOCAL_NAME", "LINKERD2_PROXY_INBOUND_DEFAULT_POLICY")
_ARCHIVE_ENDINGS = (".tar.gz", ".tgz")


class RecordingWriter:
    """A recording under way. What has been written is a valid recording after every pass."""

    def __init__(self, output: Path, *, redaction: Redaction | None = None, overwrite: bool = False) -> None:
        if output.exists() and not overwrite and (output.is_file() or any(output.iterdir())):
            raise RecordingError(f"{output} is there already", next_step="give another name, or --force")
        self.output = output
        self.failures: dict[str, ProxyFailure] = {}
        self._redaction = redaction
        self._is_archive = output.name.endswith(_ARCHIVE_ENDINGS)
        self._scratch = tempfile.TemporaryDirectory(prefix="linkerdctl-") if self._is_archive else None
        self._root = Path(self._scratch.name) if self._scratch else output
        self._scrapes: list[dict[str, Any]] = []
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RecordingError(f"cannot write to {output}: {error.strerror}") from None

    @property
    def passes(self) -> int:
        """How many rounds of scrapes are in it."""
        return len(self._scrapes)

    def cluster(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Write the objects."""
        items = [without_secrets(manifest) for manifest in manifests]
        if self._redaction:
            items = [self._redaction.manifest(item) for item in items]
        self._write(CLUSTER, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1).encode())

    async def scrape(
        self,
        targets: Sequence[Target],
        access: ProxyAccess,
        *,
        deadline: float,
        concurrency: int,
        progress: Progress | None = None,
    ) -> None:
        """One pass over all proxies, each written as it answers; those that did not are remembered."""
        told = progress or NoProgress()
        folder, at = f"{len(self._scrapes):04}", dict[str, float]()
        places = asyncio.Semaphore(concurrency)

        async def one(target: Target) -> None:
            try:
                async with places:
                    fetched = await access.fetch(target, deadline=deadline)
            except ProxyError as error:
                self.failures[str(target.pod)] = ProxyFailure(target.pod, error.message, error.next_step)
                return
            finally:
                told.advance()
            text = self._redaction.exposition(fetched.text) if self._redaction else fetched.text
            pod = self._redaction.pod(target.pod) if self._redaction else target.pod
            self._write(f"{folder}/{pod.namespace}/{pod.name}.prom.gz", gzip.compress(text, 6))
            at[str(pod)] = round(fetched.at, 3)

        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(one(target))
        self._scrapes.append({"dir": folder, "at": dict(sorted(at.items()))})
        self._write(INDEX, json.dumps({"version": VERSION, "scrapes": self._scrapes}, indent=1).encode())

    def close(self) -> None:
        """Nothing more comes; an archive is packed now."""
        if self._scratch:
            if self._scrapes:
                self._pack()
            self._scratch.cleanup()

    def _pack(self) -> None:
        """Beside its final place first, so that a half-written archive never has the name that was asked for."""
        self.output.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.output.with_name(f".{self.output.name}.part")
        name = self.output.name
        for ending in _ARCHIVE_ENDINGS:
            name = name.removesuffix(ending)
        with tarfile.open(unfinished, "w:gz", compresslevel=1) as archive:
            archive.add(self._root, arcname=name)
        unfinished.replace(self.output)

    def _write(self, name: str, content: bytes) -> None:
        path = self._root / name
        unfinished = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            unfinished.replace(path)
        except OSError as error:
            raise RecordingError(f"cannot write {path}: {error.strerror}") from None


def without_secrets(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what may hold secrets or only takes room: environment values, data, applied configuration."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    if annotations := metadata.get("annotations"):
        own = {key: value for key, value in annotations.items() if not key.startswith("kubectl.kubernetes.io/")}
        metadata["annotations"] = own
    kept = {key: value for key, value in manifest.items() if key not in ("data", "stringData", "binaryData")}
    return {**_without_environment(kept), "metadata": metadata}


def _without_environment(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_environment(each) for each in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _without_environment(each) for key, each in value.items() if key not in ("env", "envFrom", "args")}
    if isinstance(value.get("env"), list):
        cleaned["env"] = [each for each in value["env"] if each.get("name") in KEPT_ENVIRONMENT]
    return cleaned


async def record(
    writer: RecordingWriter,
    targets: Sequence[Target],
    access: ProxyAccess,
    *,
    seconds: float,
    every: float,
    deadline: float,
    concurrency: int,
    progress: Progress | None = None,
) -> None:
    """Passes `every` seconds apart until `seconds` are over, the first at once, the last at the end."""
    told = progress or NoProgress()
    rounds = max(round(seconds / every), 1) + 1
    began = time.monotonic()
    try:
        for number in range(rounds):
            await asyncio.sleep(max(began + number * every - time.monotonic(), 0.0))
            told.start(f"recording, pass {number + 1} of {rounds}", len(targets))
            await writer.scrape(targets, access, deadline=deadline, concurrency=concurrency, progress=told)
    finally:
        told.stop()
