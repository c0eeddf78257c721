"""Manifests as text: YAML and JSON that are the real tool's as data, and look like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linkerdctl.profiles.plain_yaml import plain_yaml

_CONTROLS = "".join(map(chr, range(0x7F, 0xA0)))
"""Those that JSON lets stand, and terminals obey; the others are always escaped."""
_JSON_ESCAPES = str.maketrans({char: f"\\u{ord(char):04x}" for char in f"<>&\u2028\u2029{_CONTROLS}"})


def yaml_text(manifest: Mapping[str, Any]) -> str:
    """One document, keys in alphabetical order at every level."""
    return plain_yaml(manifest) or library_yaml(manifest)


def library_yaml(manifest: Mapping[str, Any]) -> str:
    """The same for manifests of any content."""
    import yaml

    from linkerdctl.yaml_text import dumper

    text = yaml.dump(manifest, Dumper=dumper(), default_flow_style=False, allow_unicode=True, sort_keys=True, width=80)
    return str(text)


def yaml_documents(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Several documents in one text."""
    return "---\n".join(yaml_text(manifest) for manifest in manifests)


def json_text(manifest: Mapping[str, Any]) -> str:
    """One line without its end, keys in the order they were put in."""
    import json

    return json.dumps(manifest, separators=(",", ":"), ensure_ascii=False).translate(_JSON_ESCAPES)
