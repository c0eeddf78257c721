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


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
