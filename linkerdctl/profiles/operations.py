"""Operations of any OpenAPI version, and the routes they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from linkerdctl.profiles.documents import Document, Path
from linkerdctl.profiles.regex import path_regex
from linkerdctl.profiles.routes import Generated, ResponseClass, Route


@dataclass(frozen=True, slots=True)
class Naming:
    """How routes are to look: `typed` for tighter path parameters, `by_id` for names from operationId."""

    typed: bool = False
    by_id: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as its specification has it; `path` includes the base path."""

    method: str
    path: str
    where: Path
    responses: tuple[ResponseClass, ...] = ()
    is_retryable: bool = False
    timeout: str = ""
    identifier: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    encode: bool = False
    """Write what cannot stand in a path on the wire percent-encoded into the expression."""


def generated(document: Document, operations: Iterable[Operation], naming: Naming, notes: list[str]) -> Generated:
    """The routes of all operations, in their order; `notes` grows while operations are read and comes first."""
    routes: list[Route] = []
    warnings: list[str] = []
    taken: dict[str, Path] = {}
    for operation in operations:
        routes.append(_route(operation, _name(document, operation, naming, taken, warnings)))
        warnings.extend(_never_matches(document, operation, routes[-1]))
    return Generated(tuple(routes), (*document.warnings, *dict.fromkeys(notes), *warnings))


def _route(operation: Operation, name: str) -> Route:
    path = quote(operation.path, safe="/{}-._~!$&'()*+,;=:@%?#\"<>[]\\^`|") if operation.encode else operation.path
    return Route(
        name=name,
        method=operation.method,
        path_regex=path_regex(path, dict(operation.parameters)),
        responses=operation.responses,
        is_retryable=operation.is_retryable,
        timeout=operation.timeout,
    )


def _name(document: Document, operation: Operation, naming: Naming, taken: dict[str, Path], warnings: list[str]) -> str:
    plain = f"{operation.method} {operation.path}"
    if not naming.by_id:
        return plain
    if not operation.identifier:
        warnings.append(f"{document.where(operation.where)}: {plain} has no operationId; it is called {plain}")
        return plain
    if operation.identifier in taken:
        warnings.append(
            f"{document.where(operation.where)}: operationId {operation.identifier} is taken; this one is called {plain}"
        )
        return plain
    taken[operation.identifier] = operation.where
    return operation.identifier


def _never_matches(document: Document, operation: Operation, route: Route) -> Iterator[str]:
    reason = ""
    bare = route.path_regex.replace("[^/]*", "").replace("[^/]+", "")
    if "?" in operation.path or "#" in operation.path:
        reason = "proxies match the path without what follows '?' or '#'"
    elif not operation.path.startswith("/"):
        reason = "paths of requests begin with '/'"
    elif not bare.isascii() or " " in bare:
        reason = "blanks and characters beyond ASCII are percent-encoded in requests"
    if reason:
        yield f"{document.where(operation.where)}: {route.name} never matches: {reason}"
