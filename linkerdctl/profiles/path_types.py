"""Tighter regular expressions for path parameters, from the schemas that specifications give them (`--typed`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from linkerdctl.profiles.references import Broken, resolve
from linkerdctl.profiles.regex import ONE_SEGMENT, escape, has_open_alternation
from linkerdctl.profiles.regex_classes import RegexError, RegexLimitError
from linkerdctl.profiles.regex_syntax import parse

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_FORMATS = {
    "uuid": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "date": _DATE,
    "date-time": f"{_DATE}[Tt][^/]+",
    "ipv4": r"[0-9]{1,3}(\.[0-9]{1,3}){3}",
}
_LONGEST_REPEAT = 255
"""Larger bounds make expressions that cost a proxy much and tell it little."""


def parameter_regexes(root: Any, *lists: Any) -> dict[str, str]:
    """Expressions by parameter name, from parameter lists of which later ones win; only what can be made tighter."""
    found: dict[str, str] = {}
    for each in lists:
        for entry in each if isinstance(each, list) else ():
            parameter = resolve(root, entry)
            if isinstance(parameter, dict) and parameter.get("in") == "path" and isinstance(parameter.get("name"), str):
                found[parameter["name"]] = _parameter(root, parameter)
    return found


def _parameter(root: Any, parameter: Mapping[str, Any]) -> str:
    if parameter.get("style", "simple") != "simple" or "content" in parameter:
        return ONE_SEGMENT
    return schema_regex(root, parameter.get("schema", parameter))


def schema_regex(root: Any, schema: Any, depth: int = 0) -> str:
    """What a segment that satisfies a schema looks like; never narrower than the schema, `[^/]+` when it tells nothing."""
    schema = resolve(root, schema)
    if isinstance(schema, Broken) or not isinstance(schema, dict) or depth > 8:
        return ONE_SEGMENT
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list) and values:
        return _one_of(escape(_on_the_wire(value)) for value in values)
    for key in ("oneOf", "anyOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return _one_of(schema_regex(root, each, depth + 1) for each in schema[key])
    if isinstance(schema.get("allOf"), list) and "type" not in schema:
        return next(
            (found for each in schema["allOf"] if (found := schema_regex(root, each, depth + 1)) != ONE_SEGMENT),
            ONE_SEGMENT,
        )
    return _typed(schema)


def _typed(schema: Mapping[str, Any]) -> str:
    kinds = schema.get("type")
    kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds]
    return _one_of(_of_type(kind, schema) for kind in kinds) if kinds else ONE_SEGMENT


def _of_type(kind: Any, schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    sign = "" if isinstance(least, int | float) and not isinstance(least, bool) and least >= 0 else "-?"
    if kind == "integer":
        return f"{sign}[0-9]+"
    if kind == "number":
        return rf"{sign}[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
    if kind == "boolean":
        return "(true|false)"
    return _string(schema) if kind == "string" else ONE_SEGMENT


def _string(schema: Mapping[str, Any]) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if isinstance(schema.get("pattern"), str) and (pattern := _pattern(schema["pattern"])):
        return pattern
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(most, int) and not isinstance(most, bool) and 0 < most <= _LONGEST_REPEAT:
        # One character may take up to twelve on the wire, percent-encoded: an upper bound on it would be a wrong one.
        return ONE_SEGMENT
    if isinstance(least, int) and not isinstance(least, bool) and 1 < least <= _LONGEST_REPEAT:
        return f"[^/]{{{least},}}"
    return ONE_SEGMENT


def _pattern(pattern: str) -> str | None:
    """A schema's pattern as a part of a path's; None when proxies cannot take it, or it allows for a slash.

    Patterns of schemas may match anywhere inside; what they leave open is left open here too.
    """
    inner = pattern.removeprefix("^")
    ended = inner.endswith("$") and not inner.endswith("\\$")
    core = inner[:-1] if ended else inner
    if core != pattern and has_open_alternation(core):
        return None  # An anchor belongs to one alternative, the others stand anywhere
    try:
        parse(core)
    except (RegexError, RegexLimitError):
        return None
    if re.search(r"(?<!\\)[$^](?!\])", re.sub(r"\[\^", "[", core)) or re.search(r"(?<![\\\[^])\.|/|\\[DSW]|\[\^", core):
        return None
    head = "" if pattern.startswith("^") else "[^/]*"
    return f"{head}({core}){'' if ended else '[^/]*'}" if head or not ended else core


def _one_of(choices: Iterable[str]) -> str:
    distinct = list(dict.fromkeys(choices))
    if ONE_SEGMENT in distinct:
        return ONE_SEGMENT
    return distinct[0] if len(distinct) == 1 else f"({'|'.join(distinct)})"


def _on_the_wire(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return quote(text, safe="-._~!$&'()*+,;=:@")
