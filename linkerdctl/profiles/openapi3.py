"""OpenAPI 3.0, 3.1 and 3.2: servers, references, path-level parameters, status ranges, every method."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.documents import Document, Path, dotted
from linkerdctl.profiles.operations import Naming, Operation
from linkerdctl.profiles.path_types import parameter_regexes
from linkerdctl.profiles.references import Broken, resolve
from linkerdctl.profiles.routes import ResponseClass

METHODS = ("delete", "get", "head", "options", "patch", "post", "put", "query", "trace")
"""In the order of the routes of one path."""

_PARAMETER = re.compile(rb"\{[^{}/]*\}")
_WHOLE_SEGMENT = re.compile(rb"(?<=/)\xff(?=/|\Z)")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"([1-5])[xX]{2}")
_EXTENSIONS = ("x-linkerd-retryable", "x-linkerd-timeout")


def operations(document: Document, naming: Naming, notes: list[str]) -> Iterator[Operation]:
    """Every operation, in the order of the routes; what is odd goes to `notes`.

    Raises `SpecificationError` for what cannot be understood at all.
    """
    yield from _Reader(document, naming, notes).operations()


class _Reader:
    """One document, and what there is to note about it."""

    def __init__(self, document: Document, naming: Naming, notes: list[str]) -> None:
        self._document = document
        self._root: Mapping[str, Any] = document.data
        self._naming = naming
        self._notes = notes

    def operations(self) -> Iterator[Operation]:
        """Of all paths, by their bytes; what is fixed comes before parameters, as the first match wins."""
        paths = self._root.get("paths")
        if paths is not None and not isinstance(paths, dict):
            raise self._document.error(("paths",), "must be an object with paths for keys")
        if not paths and self._root.get("webhooks"):
            self._note(("webhooks",), "only has webhooks, which others serve; there are no routes")
        found: dict[str, Any] = paths or {}
        for path in sorted((key for key in found if key.startswith("/")), key=_order):
            yield from self._of_path(path, found[path])

    def _of_path(self, path: str, given: Any) -> Iterator[Operation]:
        where: Path = ("paths", path)
        item = self._resolved(given, where)
        if item is None:
            return
        for extension in _EXTENSIONS:
            if extension in item:
                self._note((*where, extension), "has no effect on a path; set it on the operations")
        for method in METHODS:
            if item.get(method) is not None:
                yield self._operation(path, item, method, item[method], (*where, method))
        more = item.get("additionalOperations")
        for method, operation in sorted(more.items()) if isinstance(more, dict) else ():
            yield self._operation(path, item, method, operation, (*where, "additionalOperations", method))

    def _resolved(self, value: Any, where: Path) -> Mapping[str, Any] | None:
        """The object itself or what it refers to; None, and a note, for a reference that leads nowhere."""
        found = resolve(self._root, value)
        if isinstance(found, Broken):
            self._note(where, f"is left out: $ref {found.reference} leads nowhere, {found.reason}")
            return None
        if found is not None and not isinstance(found, dict):
            raise self._document.error(where, "must be an object")
        return found

    def _operation(self, path: str, item: Mapping[str, Any], method: str, given: Any, where: Path) -> Operation:
        operation = self._resolved(given, where) or {}
        types = (item.get("parameters"), operation.get("parameters")) if self._naming.typed else ()
        identifier = operation.get("operationId")
        return Operation(
            method=method.upper(),
            path=f"{self._base(item, operation, where)}/{path.lstrip('/')}",
            where=where,
            responses=tuple(self._responses(operation.get("responses"), (*where, "responses"))),
            is_retryable=self._retryable(operation, where),
            timeout=self._timeout(operation, where),
            identifier=identifier if isinstance(identifier, str) else "",
            parameters=parameter_regexes(self._root, *types),
            encode=True,
        )

    def _base(self, item: Mapping[str, Any], operation: Mapping[str, Any], where: Path) -> str:
        """The path of the first server; those of the operation count before those of its path and of the document."""
        holders: tuple[tuple[Mapping[str, Any], Path], ...] = (
            (operation, (*where, "servers")),
            (item, (*where[:2], "servers")),
            (self._root, ("servers",)),
        )
        for holder, place in holders:
            servers = holder.get("servers")
            if isinstance(servers, list) and servers:
                bases = [self._server(server, (*place, index)) for index, server in enumerate(servers)]
                if len(set(bases)) > 1:
                    others = ", ".join(base or "/" for base in dict.fromkeys(bases[1:]) if base != bases[0])
                    self._note(place, f"have several base paths; {bases[0] or '/'} is used, not {others}")
                return bases[0]
        return ""

    def _server(self, server: Any, where: Path) -> str:
        """The path part of a server's URL, without slashes at its end."""
        url = server.get("url") if isinstance(server, dict) else None
        if not isinstance(url, str):
            raise self._document.error(where, "needs a url")
        given = server.get("variables")
        variables = given if isinstance(given, dict) else {}
        filled = _VARIABLE.sub(lambda match: _default(variables.get(match[1]), match[0]), url)
        try:
            path = urlsplit(filled).path
        except ValueError:
            raise self._document.error((*where, "url"), f"{url!r} is no URL") from None
        if not filled.startswith("/") and "://" not in filled:
            path = f"/{filled.removeprefix('./')}"
        return f"/{stripped}" if (stripped := path.strip("/")) else ""

    def _responses(self, responses: Any, where: Path) -> Iterator[ResponseClass]:
        """Single codes first, then ranges, then `default`: the first class that fits decides."""
        if responses is None:
            return
        if not isinstance(responses, dict):
            raise self._document.error(where, "must be an object with status codes for keys")
        codes: set[int] = set()
        ranges: set[int] = set()
        for key, response in responses.items():
            if key.startswith("x-") or self._resolved(response, (*where, key)) is None:
                continue
            if re.fullmatch(r"[1-5][0-9]{2}", key):
                codes.add(int(key))
            elif match := _RANGE.fullmatch(key):
                ranges.add(int(match[1]))
            elif key != "default":
                self._note((*where, key), "is no status code, no range like 5XX and not default; it is left out")
        yield from (ResponseClass(code, code, code >= 500) for code in sorted(codes))
        if "default" in responses and (codes or ranges):
            # Whatever has no entry of its own: as far as it fails, it fails as without any classes.
            ranges.add(5)
        yield from (ResponseClass(first * 100, first * 100 + 99, first >= 5) for first in sorted(ranges))

    def _retryable(self, operation: Mapping[str, Any], where: Path) -> bool:
        given = operation.get("x-linkerd-retryable")
        if given is not None and not isinstance(given, bool):
            self._note((*where, "x-linkerd-retryable"), "is neither true nor false; it is left out")
        return given is True

    def _timeout(self, operation: Mapping[str, Any], where: Path) -> str:
        given = operation.get("x-linkerd-timeout")
        if given is None:
            return ""
        try:
            if not isinstance(given, str):
                raise UsageError("it must be text, like 300ms")
            parse_duration(given)
        except UsageError as error:
            raise self._document.error((*where, "x-linkerd-timeout"), f"cannot be used: {error.message}") from None
        return given

    def _note(self, where: Path, what: str) -> None:
        self._notes.append(f"{self._document.where(where)}: {dotted(where)} {what}")


def _order(path: str) -> bytes:
    """Sorts `/a/{id}` behind all that is fixed there, `/a/~me` and `/a/{id}.json`, of which it would take the requests."""
    return _WHOLE_SEGMENT.sub(b"\xff\xff", _PARAMETER.sub(b"\xff", path.encode()))


def _default(variable: Any, written: str) -> str:
    """A server variable's value when nobody chose one; without a default it stays a parameter."""
    default = variable.get("default") if isinstance(variable, dict) else None
    return str(default) if default is not None else written
