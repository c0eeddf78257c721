"""Schemas by name, with what they share at hand; documents held against them, in both directions."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "docs" / "schemas" / "v1"


@cache
def schema(name: str) -> dict[str, Any]:
    """One document."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@cache
def validator(name: str) -> Draft202012Validator:
    """With formats checked, and `common.json` to refer to."""
    common = Resource.from_contents(schema("common"))
    registry = Registry().with_resources([("common.json", common), ("urn:linkerdctl:v1:common.json", common)])
    return Draft202012Validator(schema(name), registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults(name: str, document: Any) -> list[str]:
    """Where a document is not as its schema says, and where it has what no schema tells of."""
    wrong = [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(document)]
    return [*wrong, *_untold(name, document)]


def _untold(name: str, document: Any) -> list[str]:
    """Fields are added to a version now and then, and readers must bear it; but not without being told of."""
    row = schema(name).get("$defs", {}).get("row") or schema(name)
    records = document if isinstance(document, list) else [document]
    return [f"{key} is not in the schema" for each in records for key in each if key not in row["properties"]]
