"""The files of a recording, read no further than they may be long: it may have been made by anybody."""

from __future__ import annotations

import gzip
import lzma
import stat
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from linkerdctl.errors import RecordingError

KEPT_PASSES = 2
"""Of an archive, in memory."""
MOST_OF_A_PASS = 1024 * 1024 * 1024
"""Bytes of one round of scrapes that are kept of an archive, in which they mostly are packed."""
_GZIP_WINDOW = 31


class TooLongError(Exception):
    """A file holds more than `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__(f"is larger than {most // 2**20} MiB")


class Files(Protocol):
    """The files of a recording by their path inside it."""

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of one plain file, None where there is none; raises `TooLongError` and `OSError`."""
        ...


class Directory:
    """A recording that lies open in a directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of one file; pipes and devices are none."""
        try:
            place = self._root / path
            if not stat.S_ISREG(place.stat().st_mode):
                return None
            with place.open("rb") as file:
                content = file.read(most + 1)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        if len(content) > most:
            raise TooLongError(most)
        return content


class Archive:
    """A recording in a .tar.gz. Only plain files inside the archive's own tree count.

    It may hold many more passes than are looked at, so what lies in their directories is read when it is asked for, and two
    of them are kept. The names in `top` lie beside each other; the first of them tells where.
    """

    def __init__(self, path: Path, *, top: Sequence[str]) -> None:
        self._path = path
        self._top = self._contents(lambda name: name.name in top)
        index = next((name for name in sorted(self._top, key=len) if PurePosixPath(name).name == top[0]), top[0])
        self._prefix = index.removesuffix(top[0])
        self._directories: dict[str, dict[str, bytes | None]] = {}

    def read(self, path: str, most: int) -> bytes | None:
        """The bytes of one file; archives often hold everything below one directory."""
        directory, slash, _ = path.partition("/")
        found = self._directory(directory) if slash else self._top
        name = self._prefix + path
        content = found.get(name)
        if name in found and (content is None or len(content) > most):
            raise TooLongError(most)
        return content

    def _directory(self, directory: str) -> dict[str, bytes | None]:
        if directory not in self._directories:
            for oldest in list(self._directories)[: -KEPT_PASSES + 1]:
                del self._directories[oldest]
            root = PurePosixPath(self._prefix + directory)
            self._directories[directory] = self._contents(lambda name: root in name.parents)
        return self._directories[directory]

    def _contents(self, wanted: Callable[[PurePosixPath], bool]) -> dict[str, bytes | None]:
        """Files by name; None stands for those for which there is no room any more."""
        found: dict[str, bytes | None] = {}
        left = MOST_OF_A_PASS
        for name, size, read in self._members(wanted):
            found[name] = read() if size <= left else None
            left -= min(size, left) if found[name] is not None else 0
        return found

    def _members(self, wanted: Callable[[PurePosixPath], bool]) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
        import tarfile

        try:
            with tarfile.open(self._path, "r:*") as archive:
                for member in archive:
                    content = (
                        archive.extractfile(member) if member.isreg() and wanted(PurePosixPath(member.name)) else None
                    )
                    if content:
                        yield member.name, member.size, content.read
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile):
            raise RecordingError(
                f"{self._path} is no archive that can be read, or it is cut short", next_step="give what `record` wrote"
            ) from None


def inflated(packed: bytes, most: int) -> bytes:
    """What a gzip holds. Raises `TooLongError`, and `EOFError` for one that is cut short or none."""
    inflater = zlib.decompressobj(_GZIP_WINDOW)
    try:
        text = inflater.decompress(packed, most + 1)
    except zlib.error:
        raise EOFError from None
    if len(text) > most:
        raise TooLongError(most)
    if not inflater.eof:
        raise EOFError
    more = inflater.unused_data.lstrip(b"\0")
    return text + inflated(more, most - len(text)) if more else text
