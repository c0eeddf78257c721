"""Manifests as text: YAML and JSON that are the real tool's as data, and look like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from linkerdctl.profiles.plain_yaml import plain_yaml

if TYPE_CHECKING:
    import yaml

_OLD_BOOLEANS = frozenset({"y", "Y", "n", "N"})
"""Truth values to other YAML readers, though not to ours."""

_JSON_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def yaml_text(manifest: Mapping[str, Any]) -> str:
    """One document, keys in alphabetical order at every level."""
    return plain_yaml(manifest) or library_yaml(manifest)


def library_yaml(manifest: Mapping[str, Any]) -> str:
    """The same for manifests of any content."""
    import yaml

    text = yaml.dump(manifest, Dumper=_dumper(), default_flow_style=False, allow_unicode=True, sort_keys=True, width=80)
    return str(text)


def yaml_documents(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Several documents in one text."""
    return "---\n".join(yaml_text(manifest) for manifest in manifests)


def json_text(manifest: Mapping[str, Any]) -> str:
    """One line without its end, keys in the order they were put in."""
    import json

    return json.dumps(manifest, separators=(",", ":"), ensure_ascii=False).translate(_JSON_ESCAPES)


@cache
def _dumper() -> Any:
    """libyaml's, without aliases, and with double quotes where text would read as something else."""
    import yaml

    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumper: Any = type("_Dumper", (base,), {"ignore_aliases": lambda self, data: True})
    dumper.add_representer(str, _text)
    return dumper


def _text(dumper: Any, value: str) -> yaml.ScalarNode:
    import yaml

    tag = "tag:yaml.org,2002:str"
    if "\n" in value:
        return yaml.ScalarNode(tag, value, style="|")
    reads_as = dumper.resolve(yaml.ScalarNode, value, (True, False))
    ambiguous = reads_as != tag or value in _OLD_BOOLEANS
    return yaml.ScalarNode(tag, value, style='"' if ambiguous else None)
