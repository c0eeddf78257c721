"""The shape of a ServiceProfile: known keys, types, and what the cluster's validator wants of it."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.profiles.documents import Path
from linkerdctl.profiles.findings import Problem, error, warning

LONGEST_NAME = 253

_NUMBER = (int, float)
_TYPES: dict[str, dict[str, Any]] = {
    "profile": {"apiVersion": str, "kind": str, "metadata": dict, "spec": dict, "status": dict},
    "spec": {"routes": list, "retryBudget": dict, "dstOverrides": list, "opaquePorts": list},
    "route": {"name": str, "condition": dict, "responseClasses": list, "isRetryable": bool, "timeout": str},
    "request match": {"all": list, "any": list, "not": dict, "pathRegex": str, "method": str},
    "response class": {"condition": dict, "isFailure": bool},
    "response match": {"all": list, "any": list, "not": dict, "status": dict},
    "status": {"min": int, "max": int},
    "retryBudget": {"retryRatio": _NUMBER, "minRetriesPerSecond": int, "ttl": str},
    "dstOverride": {"authority": str, "weight": (str, int)},
}
_WORDS = {str: "text", dict: "an object", list: "a list", bool: "true or false", int: "a whole number"}
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")


def problems(profile: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything wrong with the shape of a profile, in the order of its text."""
    yield from _typed(profile, "profile", ())
    yield from _name(profile.get("metadata"))
    spec = profile.get("spec")
    if not isinstance(spec, dict):
        return
    yield from _typed(spec, "spec", ("spec",))
    for index, route in enumerate(_items(spec.get("routes"))):
        yield from _route(route, ("spec", "routes", index))
    if isinstance(spec.get("retryBudget"), dict):
        yield from _budget(spec["retryBudget"], ("spec", "retryBudget"))
    for index, override in enumerate(_items(spec.get("dstOverrides"))):
        yield from _object(override, "dstOverride", ("spec", "dstOverrides", index), "a destination")
    if spec.get("opaquePorts"):
        yield error(
            ("spec", "opaquePorts"),
            "the schema wants a list of ports, the validator a map of them: no cluster takes either",
            "leave it out; annotate the Service with config.linkerd.io/opaque-ports",
        )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _typed(value: Mapping[str, Any], kind: str, path: Path) -> Iterator[Problem]:
    """Unknown keys and wrong types of one object."""
    known = _TYPES[kind]
    for key, given in value.items():
        if key not in known:
            yield _unknown(key, known, (*path, key))
        elif given is not None and not _fits(given, known[key]):
            wanted = "a number" if known[key] is _NUMBER else _WORDS.get(known[key], "text or a whole number")
            advice = "write it with its unit, like 300ms or 10s" if key in ("timeout", "ttl") else f"make it {wanted}"
            yield error((*path, key), f"{key} is {_shown(given)}, not {wanted}", advice)


def _unknown(key: str, known: Mapping[str, Any], path: Path) -> Problem:
    folded = {each.lower(): each for each in known}
    close = difflib.get_close_matches(key.strip().lower(), folded, n=1)
    hint = f"write {folded[close[0]]}" if close else f"known keys are {', '.join(known)}"
    return error(path, f"unknown key {key!r}: it has no effect, or the profile is refused", hint)


def _fits(given: Any, wanted: Any) -> bool:
    if isinstance(given, bool):
        return wanted is bool
    return isinstance(given, wanted)


def _shown(given: Any) -> str:
    if isinstance(given, dict | list):
        return "an object" if isinstance(given, dict) else "a list"
    return {True: "true", False: "false"}[given] if isinstance(given, bool) else repr(given)


def _object(value: Any, kind: str, path: Path, what: str) -> Iterator[Problem]:
    """The shape of an element of a list; nothing at all is a problem of its own."""
    if isinstance(value, dict):
        yield from _typed(value, kind, path)
    else:
        yield error(
            path, f"{what} is {'empty' if value is None else _shown(value)}", "give it its fields, or remove it"
        )


def _name(metadata: Any) -> Iterator[Problem]:
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        yield error(("metadata", "name"), "the profile has no name", "call it SERVICE.NAMESPACE.svc.cluster.local")
    elif len(name) > LONGEST_NAME or not _SUBDOMAIN.fullmatch(name):
        yield error(
            ("metadata", "name"),
            f"{name!r} is no DNS name: lower case letters, digits, '-' and '.', {LONGEST_NAME} at most",
            "call it SERVICE.NAMESPACE.svc.cluster.local",
        )


def _route(route: Any, path: Path) -> Iterator[Problem]:
    yield from _object(route, "route", path, "a route")
    if not isinstance(route, dict):
        return
    if not route.get("name"):
        yield error(
            path, "the route has no name", "give it one, like 'GET /authors/{id}'; metrics are labelled with it"
        )
    if isinstance(route.get("timeout"), str) and route["timeout"]:
        yield from _duration(route["timeout"], (*path, "timeout"))
    if not isinstance(route.get("condition"), dict):
        yield error(path, "the route has no condition", "give it a pathRegex, a method, or both")
    else:
        yield from _request_match(route["condition"], (*path, "condition"))
    for index, each in enumerate(_items(route.get("responseClasses"))):
        yield from _response_class(each, (*path, "responseClasses", index))


def _duration(text: str, path: Path) -> Iterator[Problem]:
    try:
        seconds = parse_duration(text)
    except UsageError as wrong:
        yield error(path, wrong.message, "write it like 300ms, 10s or 1m30s")
    else:
        if seconds <= 0:
            yield warning(path, f"{text} is no time at all", "give more, or leave it out for no limit")


def _request_match(match: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from _typed(match, "request match", path)
    if all(match.get(key) is None or match.get(key) == "" for key in _TYPES["request match"]):
        yield error(path, "the condition is empty", "give it at least one of pathRegex, method, all, any, not")
    for key in ("all", "any"):
        for index, each in enumerate(_items(match.get(key))):
            if isinstance(each, dict):
                yield from _request_match(each, (*path, key, index))
            else:
                yield error((*path, key, index), f"an element of {key} is empty", "give it a condition, or remove it")
    if isinstance(match.get("not"), dict):
        yield from _request_match(match["not"], (*path, "not"))
        if len(path) == 4:
            yield warning(
                (*path, "not"),
                "the schema of the cluster wants a list here, the validator an object: it may be refused",
                "nest it: all: [{not: ...}]",
            )


def _response_class(given: Any, path: Path) -> Iterator[Problem]:
    yield from _object(given, "response class", path, "a response class")
    if not isinstance(given, dict):
        return
    if not isinstance(given.get("condition"), dict):
        yield error(path, "the response class has no condition", "give it a status range")
    else:
        yield from _response_match(given["condition"], (*path, "condition"))


def _response_match(match: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from _typed(match, "response match", path)
    if all(match.get(key) is None for key in _TYPES["response match"]):
        yield error(path, "the condition is empty", "give it at least one of status, all, any, not")
    for key in ("all", "any"):
        for index, each in enumerate(_items(match.get(key))):
            if isinstance(each, dict):
                yield from _response_match(each, (*path, key, index))
            else:
                yield error((*path, key, index), f"an element of {key} is empty", "give it a condition, or remove it")
    if isinstance(match.get("status"), dict):
        yield from _status(match["status"], (*path, "status"))
    if isinstance(match.get("not"), dict):
        yield from _response_match(match["not"], (*path, "not"))


def _status(status: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from _typed(status, "status", path)
    bounds = {key: status.get(key) or 0 for key in ("min", "max")}
    if not all(_fits(each, int) for each in bounds.values()):
        return
    for key, bound in bounds.items():
        if bound and not 100 <= bound <= 599:
            yield error((*path, key), f"{bound} is no status code", "give 100 to 599")
    if bounds["min"] and bounds["max"] and bounds["max"] < bounds["min"]:
        yield error(path, f"max {bounds['max']} is less than min {bounds['min']}", "swap them")


def _budget(budget: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    yield from _typed(budget, "retryBudget", path)
    for key in _TYPES["retryBudget"]:
        if budget.get(key) is None or budget.get(key) == "":
            yield error(
                path, f"the retry budget has no {key}", "give retryRatio, minRetriesPerSecond and ttl, all three"
            )
    ratio, least = budget.get("retryRatio"), budget.get("minRetriesPerSecond")
    if isinstance(ratio, int | float) and (ratio < 0 or math.isnan(ratio)):
        yield error((*path, "retryRatio"), f"the ratio {ratio} is below zero", "0.2 allows a fifth more requests")
    if isinstance(least, int) and least < 0:
        yield error((*path, "minRetriesPerSecond"), f"{least} is below zero", "give zero or more")
    if isinstance(budget.get("ttl"), str) and budget["ttl"]:
        yield from _duration(budget["ttl"], (*path, "ttl"))
