"""Text in YAML documents, in quotes wherever some reader would take it for a number or a truth value."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import yaml

_OLD_BOOLEANS = frozenset({"y", "Y", "n", "N"})
_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?)"
)
"""Wider than YAML 1.1 has it, by which `1e3`, `08` and `0o17` are text: Kubernetes' reader takes these for numbers."""
_TEXT = "tag:yaml.org,2002:str"


@cache
def dumper() -> Any:
    """libyaml's safe dumper, without aliases, and minding readers other than our own."""
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    minding: Any = type("_Dumper", (base,), {"ignore_aliases": lambda self, data: True})
    minding.add_representer(str, _scalar)
    return minding


def _scalar(dumper: Any, value: str) -> yaml.ScalarNode:
    import yaml

    value = value.encode(errors="replace").decode()  # halves of surrogate pairs cannot be written
    if "\n" in value:
        return yaml.ScalarNode(_TEXT, value, style="|")
    reads_as = dumper.resolve(yaml.ScalarNode, value, (True, False))
    ambiguous = reads_as != _TEXT or value in _OLD_BOOLEANS or _NUMBER.fullmatch(value)
    return yaml.ScalarNode(_TEXT, value, style='"' if ambiguous else None)
