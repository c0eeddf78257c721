"""Events to a file, as `--input` reads them: framed as the viz extension's API does, gzipped if the name says so."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from linkerdctl.errors import TapError
from linkerdctl.tap.encoding import encode, framed
from linkerdctl.tap.events import TapEvent


class SavedTap:
    """A file being written; a context manager. Raises `TapError` when it cannot be."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.events = 0
        try:
            self._file: IO[bytes] = gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb")  # type: ignore[assignment]  # noqa: SIM115
        except OSError as error:
            raise self._error(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            raise self._error(failure) from None

    def write(self, events: Iterable[TapEvent]) -> None:
        """Add events."""
        frames = [framed(encode(event)) for event in events]
        try:
            self._file.write(b"".join(frames))
        except OSError as error:
            raise self._error(error) from None
        self.events += len(frames)

    def _error(self, error: OSError) -> TapError:
        return TapError(f"cannot write {self._path}: {(error.strerror or str(error)).lower()}")
