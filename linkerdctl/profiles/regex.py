"""From paths to the regular expressions that proxies match whole paths against, and back where that is possible."""

from __future__ import annotations

import re

SPECIAL = r"\.+*?()|[]{}^$"
"""What must be escaped: exactly these, so that results are the real tool's byte for byte."""
ANY_SEGMENT = "[^/]*"
ONE_SEGMENT = "[^/]+"

_ESCAPES = str.maketrans({char: "\\" + char for char in SPECIAL})
_PARAMETER = re.compile(r"\\\{([^}]*)\\\}")
_PLAIN = re.compile(r"(?:[^\\.+*?()|\[\]{}^$]|\\[^A-Za-z0-9<>])*")


def escape(text: str) -> str:
    """A regular expression that matches just this text."""
    return text.translate(_ESCAPES)


def path_regex(path: str, parameters: dict[str, str] | None = None) -> str:
    """The expression for a path with `{parameters}`; each is `[^/]*` unless `parameters` has one for its name."""
    known = parameters or {}
    # No parameter ends behind the last brace; to look for one there from every '{' would take forever
    head, brace, tail = escape(path).rpartition("}")
    return _PARAMETER.sub(lambda match: known.get(_unescaped(match[1]), ANY_SEGMENT), head + brace) + tail


def literal(regex: str) -> str | None:
    """The only text that an expression matches, anchors aside; None when it may match others."""
    inner = regex.removeprefix("^")
    if inner.endswith("$") and not inner.endswith("\\$"):
        inner = inner[:-1]
    return _unescaped(inner) if _PLAIN.fullmatch(inner) else None


def anchored(regex: str) -> str:
    """The expression as a proxy compiles it: for the whole path."""
    bare = regex.strip()
    return f"{'' if bare.startswith('^') else '^'}{bare}{'' if bare.endswith('$') else '$'}"


def fixed_prefix(regex: str) -> str:
    """What every path that the expression matches begins with, or less."""
    if has_open_alternation(regex):
        return ""
    bare = regex.removeprefix("^")
    prefix = re.match(r"[^\\.+*?()|\[\]{}^$]*", bare)
    text = prefix[0] if prefix else ""
    return text[:-1] if bare[len(text) : len(text) + 1] in ("?", "*", "{") else text


def has_open_alternation(regex: str) -> bool:
    """Whether there is a `|` outside of all groups and classes."""
    depth, in_class, escaped = 0, False, False
    for char in regex:
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            return True
    return False


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
