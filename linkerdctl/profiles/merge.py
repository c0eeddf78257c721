"""`--merge`: new routes into a profile that a person has worked on, whose every byte stays where it is."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from linkerdctl.profiles.documents import Document, load_all, lookup
from linkerdctl.profiles.encoding import yaml_text
from linkerdctl.profiles.lint_routes import shadowed
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import Route
from linkerdctl.profiles.service_profile import KIND, route_entry

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BOOKKEEPING = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
"""What the cluster writes into metadata; a manifest to apply must not have it."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The profile with the new routes behind its own."""

    text: str
    manifest: Mapping[str, Any]
    added: tuple[Route, ...]
    kept: int
    """Routes that were there."""
    warnings: tuple[str, ...] = ()


def merge_file(text: str, source: str, name: ServiceName, routes: Sequence[Route]) -> Merged:
    """Into the text of a file; raises `SpecificationError` when it is not the profile of that service.

    Comments, order and layout stay; only a file in flow style or JSON is written anew.
    """
    document = _profile(text, source, name)
    added, told = _new(document.data, routes)
    entries = [route_entry(route) for route in added]
    manifest = _with(document.data, entries)
    kept = len(_routes(document.data))
    written = _inserted(text, document, entries) if entries else text
    warnings = (*document.warnings, *told)
    if written is not None and _reads_as(written, source, manifest):
        return Merged(written, manifest, added, kept, warnings)
    if "#" in text:
        warnings = (*warnings, f"{source} is not written one key to a line, so comments could not be kept")
    return Merged(yaml_text(manifest), manifest, added, kept, warnings)


def merge_manifest(existing: Mapping[str, Any], source: str, name: ServiceName, routes: Sequence[Route]) -> Merged:
    """Into a profile as the API server has it; what the cluster added to it is left out."""
    metadata = {key: value for key, value in (existing.get("metadata") or {}).items() if key not in _BOOKKEEPING}
    annotations = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != _LAST_APPLIED
    }
    metadata |= {"annotations": annotations} if annotations else {}
    clean = {key: value for key, value in existing.items() if key != "status"} | {"metadata": metadata}
    _check(Document(clean, "", source), name)
    added, told = _new(clean, routes)
    manifest = _with(clean, [route_entry(route) for route in added])
    return Merged(yaml_text(manifest), manifest, added, len(_routes(clean)), told)


def profile_of_file(text: str, source: str, name: ServiceName) -> Mapping[str, Any]:
    """The manifest in a file; raises `SpecificationError` when it is not the profile of that service."""
    found: Mapping[str, Any] = _profile(text, source, name).data
    return found


def _profile(text: str, source: str, name: ServiceName) -> Document:
    documents = load_all(text, source)
    if len(documents) != 1:
        raise Document(None, "", source).error((), f"holds {len(documents)} documents; one profile is wanted")
    _check(documents[0], name)
    return documents[0]


def _check(document: Document, name: ServiceName) -> None:
    """Raise `SpecificationError` unless it is a profile of the service, well-formed where routes are added."""
    if lookup(document.data, ("kind",)) != KIND:
        raise document.error((), f"is no {KIND}")
    found = lookup(document.data, ("metadata", "name"))
    if found != name.profile:
        raise document.error(("metadata", "name"), f"is {found}, not {name.profile}")
    if not isinstance(lookup(document.data, ("spec",)) or {}, dict):
        raise document.error(("spec",), "must be an object")
    if not isinstance(lookup(document.data, ("spec", "routes")) or [], list):
        raise document.error(("spec", "routes"), "must be a list")


def _routes(manifest: Any) -> list[Any]:
    return lookup(manifest, ("spec", "routes")) or []


def _new(existing: Any, routes: Sequence[Route]) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """The routes that the profile has not, and what is to be told of the others.

    A person may have given a name to something else, or cover with one route what several would.
    """
    there = _routes(existing)
    matched = {_match(route) for route in there if isinstance(route, dict)}
    names = {str(route.get("name")) for route in there if isinstance(route, dict)}
    missing = [route for route in routes if (route.method, route.path_regex) not in matched]
    told = [
        f"{route.name} is there, with another condition; it stays as it is" for route in missing if route.name in names
    ]
    missing = [route for route in missing if route.name not in names]
    covered = dict(shadowed([*there, *map(route_entry, missing)]))
    added: list[Route] = []
    for index, route in enumerate(missing, len(there)):
        earlier = covered.get(index, index)
        if earlier < len(there):
            told.append(
                f"{route.name} is left out: {there[earlier].get('name')}, which is there, takes all its requests"
            )
        else:
            added.append(route)
    return tuple(added), tuple(told)


def _match(route: Mapping[str, Any]) -> tuple[str, str] | None:
    """Method and expression; None for a condition with more to it."""
    condition = route.get("condition")
    if not isinstance(condition, dict) or not set(condition) <= {"method", "pathRegex"}:
        return None
    return str(condition.get("method") or ""), str(condition.get("pathRegex") or "")


def _with(existing: Mapping[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    spec = dict(existing.get("spec") or {})
    if entries:
        spec["routes"] = [*(spec.get("routes") or []), *entries]
    return {**existing, "spec": spec}


def _reads_as(text: str, source: str, manifest: Mapping[str, Any]) -> bool:
    documents = load_all(text, source)
    return len(documents) == 1 and documents[0].data == manifest


def _inserted(text: str, document: Document, entries: list[dict[str, Any]]) -> str | None:
    """The text with the entries behind the last route; None when routes are not one to a line."""
    routes = lookup(document.data, ("spec", "routes"))
    if not routes:
        return None
    line, column = document.place(("spec", "routes", len(routes) - 1))
    lines = text.splitlines(keepends=True)
    dash = re.match(r"( *)- ", lines[line - 1])
    if dash is None or column <= len(dash[1]) + 1:
        return None
    end = _end_of_item(lines, line, len(dash[1]))
    if not lines[end - 1].endswith("\n"):
        lines[end - 1] += "\n"
    block = yaml_text({"routes": entries}).partition("\n")[2]
    return "".join([*lines[:end], textwrap.indent(block, dash[1]), *lines[end:]])


def _end_of_item(lines: list[str], line: int, indent: int) -> int:
    """The line after which a list item that begins in `line` is over; comments and blanks behind it are not its own."""
    end = line
    for number, each in enumerate(lines[line:], line + 1):
        content = each.strip()
        if content and not content.startswith("#"):
            if len(each) - len(each.lstrip(" ")) <= indent:
                break
            end = number
        elif content and len(each) - len(each.lstrip(" ")) > indent:
            end = number
    return end
