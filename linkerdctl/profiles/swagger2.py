"""Swagger 2.0, read as the real tool reads it: strictly typed, references not followed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkerdctl.profiles.documents import Document, Path
from linkerdctl.profiles.operations import Naming, Operation
from linkerdctl.profiles.path_types import parameter_regexes
from linkerdctl.profiles.routes import ResponseClass

METHODS = ("delete", "get", "head", "options", "patch", "post", "put")
"""In the order of the routes of one path; TRACE is not known to Swagger 2."""

_STATUS = re.compile(r"[+-]?0*[0-9]{1,18}")
"""Whole numbers of 64 bits; what is longer is no status to the real tool either."""

_OPERATION = {
    "description": str, "summary": str, "operationId": str, "consumes": [str], "produces": [str], "schemes": [str],
    "tags": [str], "deprecated": bool, "parameters": [dict], "responses": dict, "security": [dict],
    "externalDocs": dict,
}  # fmt: skip
_PATH_ITEM = {"$ref": str, "parameters": [dict]}
_RESPONSE = {"description": str, "$ref": str, "schema": dict, "headers": dict, "examples": dict}
_ROOT = {
    "id": str, "swagger": str, "host": str, "basePath": str, "consumes": [str], "produces": [str], "schemes": [str],
    "info": dict, "paths": dict, "definitions": dict, "parameters": dict, "responses": dict,
    "securityDefinitions": dict, "security": [dict], "tags": [dict], "externalDocs": dict,
}  # fmt: skip
_INFO = {
    "title": str, "description": str, "termsOfService": str, "version": str, "contact": dict, "license": dict,
}  # fmt: skip

_WORDS: dict[Any, str] = {str: "text", bool: "true or false", dict: "an object"}


def operations(document: Document, naming: Naming) -> Iterator[Operation]:
    """Every operation, in the order of the routes; raises `SpecificationError` where a value has the wrong type."""
    root = document.data
    if root is None:
        return
    if not isinstance(root, dict):
        raise document.error((), f"holds {_described(root)} where an object belongs")
    _check(document, root, _ROOT, ())
    _check(document, root.get("info") or {}, _INFO, ("info",))
    base = (root.get("basePath") or "").rstrip("/")
    paths = root.get("paths") or {}
    for path in sorted((key for key in paths if key.startswith("/")), key=lambda key: key.encode()):
        where: Path = ("paths", path)
        item = _object(document, paths[path], where)
        _check(document, item, _PATH_ITEM, where)
        full = f"{base}/{path.lstrip('/')}"
        for method in METHODS:
            if item.get(method) is not None:
                yield _operation(document, item, method, full, where, naming)


def _operation(
    document: Document, item: Mapping[str, Any], method: str, full: str, where: Path, naming: Naming
) -> Operation:
    where = (*where, method)
    operation = _object(document, item[method], where)
    _check(document, operation, _OPERATION, where)
    timeout = operation.get("x-linkerd-timeout")
    types = (item.get("parameters"), operation.get("parameters")) if naming.typed else ()
    return Operation(
        method=method.upper(),
        path=full,
        where=where,
        responses=tuple(_responses(document, operation.get("responses") or {}, (*where, "responses"))),
        is_retryable=operation.get("x-linkerd-retryable") is True,
        timeout=timeout if isinstance(timeout, str) else "",
        identifier=operation.get("operationId") or "",
        parameters=parameter_regexes(document.data, *types),
    )


def _responses(document: Document, responses: Mapping[str, Any], where: Path) -> Iterator[ResponseClass]:
    """One class for each status given as a whole number; the rest only has to be well-formed."""
    for key, response in responses.items():
        if not key.lower().startswith("x-"):
            _check(document, _object(document, response, (*where, key)), _RESPONSE, (*where, key))
    for status in sorted({int(key) for key in responses if _STATUS.fullmatch(key)}):
        yield ResponseClass(status, status, status >= 500)


def _object(document: Document, value: Any, where: Path) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise document.error(where, f"is {_described(value)} where an object belongs")
    return value


def _check(document: Document, value: Mapping[str, Any], types: Mapping[str, Any], where: Path) -> None:
    """Raise `SpecificationError` for the first value of a wrong type; null is fine anywhere."""
    for key, wanted in types.items():
        given = value.get(key)
        if given is None:
            continue
        if isinstance(wanted, list):
            _check_list(document, given, wanted[0], (*where, key))
        elif not isinstance(given, wanted):
            raise document.error((*where, key), f"is {_described(given)} where {_WORDS[wanted]} belongs")


def _check_list(document: Document, given: Any, wanted: type, where: Path) -> None:
    if not isinstance(given, list):
        raise document.error(where, f"is {_described(given)} where a list belongs")
    for index, each in enumerate(given):
        if each is not None and not isinstance(each, wanted):
            raise document.error((*where, index), f"is {_described(each)} where {_WORDS[wanted]} belongs")


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"
