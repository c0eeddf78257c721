"""Objects as the rows kubectl prints: the `Table` form of lists, single objects and watch events. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from linkerdctl.demo.cluster.resources import ResourceType
from linkerdctl.demo.cluster.table_cells import CELLS, Cell, age, at_path

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column and how its cell is found. Columns of priority 1 are for `-o wide`."""

    name: str
    cell: Callable[[Mapping[str, Any], datetime], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0

    def definition(self) -> Json:
        """As a Table declares it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": "",
            "priority": self.priority,
        }


def wants_table(accept: str) -> str | None:
    """The version of `meta.k8s.io` in which a client prefers a Table, or None when it wants plain objects."""
    for part in accept.split(","):
        words = {word.strip() for word in part.split(";")}
        if "as=Table" in words and "g=meta.k8s.io" in words:
            return "v1" if "v=v1" in words else "v1beta1"
        if words & {"application/json", "*/*"}:
            return None
    return None


def table(
    resource: ResourceType,
    manifests: Iterable[Mapping[str, Any]],
    *,
    version: str,
    include: str = "Metadata",
    metadata: Json | None = None,
    headed: bool = True,
) -> Json:
    """The Table of some objects; `include` says how much of each object a row carries: None, Metadata or Object."""
    columns, now = columns_of(resource), datetime.now(UTC)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata or {},
        "columnDefinitions": [each.definition() for each in columns] if headed else [],
        "rows": [
            {"cells": [column.cell(each, now) for column in columns], "object": _carried(each, version, include)}
            for each in manifests
        ],
    }


def _carried(manifest: Mapping[str, Any], version: str, include: str) -> Any:
    if include == "None":
        return None
    if include == "Object":
        return manifest
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": manifest["metadata"],
    }


def columns_of(resource: ResourceType) -> tuple[Column, ...]:
    """The columns kubectl shows for a kind."""
    name = Column("Name", _name, format="name")
    if resource.custom:
        extra = [_custom(each) for each in resource.columns]
        has_age = any(each.name == "Age" for each in extra)
        return (name, *extra) if extra else (name, *(() if has_age else (_AGE,)))
    cells = tuple(map(_built_in, CELLS.get(resource.kind, ())))
    if resource.kind == "Event":
        return cells
    return (name, *cells) if cells else (name, _AGE)


def _name(manifest: Mapping[str, Any], _now: datetime) -> str:
    return str(manifest["metadata"]["name"])


def _built_in(cell: Cell) -> Column:
    find = cell.find
    if find is age:
        return _AGE
    return Column(cell.name, lambda manifest, _now: find(manifest), cell.type, priority=cell.priority)


def _custom(declared: Mapping[str, Any]) -> Column:
    path = declared["jsonPath"]
    if declared["type"] == "date":
        return Column(declared["name"], lambda manifest, now: age(manifest, now))
    return Column(declared["name"], lambda manifest, _now: at_path(manifest, path), declared["type"])


_AGE = Column("Age", lambda manifest, now: age(manifest, now))
