"""The OpenAPI documents of the API face: version 2 whole, version 3 by group version. Pure.

Version 2 defines custom resources only: for built-in kinds kubectl then uses what it knows itself, list merge keys and all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linkerdctl.demo.api.discovery import VERSION
from linkerdctl.demo.cluster.resources import Registry, ResourceType

Json = dict[str, Any]

_INFO = {"title": "linkerdctl demo", "version": VERSION["gitVersion"]}
_PATCH_PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")
_PATCH_TYPES = ("application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml")
_GVK = "x-kubernetes-group-version-kind"


def version_2(registry: Registry) -> Json:
    """`/openapi/v2` as JSON."""
    patchable = [each for each in registry.types if "patch" in each.verbs]
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": {_item_path(each): {"patch": _operation(each, "patch", _parameters_2())} for each in patchable},
        "definitions": {each.model: _definition(each) for each in registry.types if each.custom},
    }


def version_3_index(registry: Registry) -> Json:
    """`/openapi/v3`: where the document of each group version is."""
    prefixes = {each.base_path.removeprefix("/") for each in registry.types}
    return {"paths": {prefix: {"serverRelativeURL": f"/openapi/v3/{prefix}"} for prefix in sorted(prefixes)}}


def version_3(types: Iterable[ResourceType]) -> Json:
    """The document of one group version."""
    listed = list(types)
    return {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": {path: operations for each in listed for path, operations in _paths_3(each).items()},
        "components": {"schemas": {each.model: _tagged(each, each.schema or _loose()) for each in listed}},
    }


def _item_path(each: ResourceType) -> str:
    namespace = "/namespaces/{namespace}" if each.namespaced else ""
    return f"{each.base_path}{namespace}/{each.plural}/{{name}}"


def _kind_of(each: ResourceType) -> Json:
    return {"group": each.group, "version": each.version, "kind": each.kind}


def _operation(each: ResourceType, action: str, parameters: list[Json]) -> Json:
    return {
        "operationId": f"{action}{each.version}{each.kind}",
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action,
        _GVK: _kind_of(each),
    }


def _parameters_2() -> list[Json]:
    return [{"name": name, "in": "query", "type": "string"} for name in _PATCH_PARAMETERS]


def _parameters_3() -> list[Json]:
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in _PATCH_PARAMETERS]


def _paths_3(each: ResourceType) -> dict[str, Json]:
    item = _item_path(each)
    create = {"post": _operation(each, "post", _parameters_3()) | {"requestBody": _body(each, ["application/json"])}}
    if "patch" not in each.verbs:
        return {item.removesuffix("/{name}"): create}
    patch = _operation(each, "patch", _parameters_3()) | {"requestBody": _body(each, _PATCH_TYPES)}
    return {
        item.removesuffix("/{name}"): create,
        item: {
            "get": _operation(each, "get", []),
            "put": _operation(each, "put", _parameters_3()),
            "patch": patch,
        },
    }


def _body(each: ResourceType, media_types: Iterable[str]) -> Json:
    reference = {"schema": {"$ref": f"#/components/schemas/{each.model}"}}
    return {"content": dict.fromkeys(media_types, reference)}


def _loose() -> Json:
    free = {"type": "object"}
    text = {"type": "string"}
    known = {"apiVersion": text, "kind": text, "metadata": free, "spec": free, "status": free}
    return {"type": "object", "properties": known, "x-kubernetes-preserve-unknown-fields": True}


def _tagged(each: ResourceType, schema: Mapping[str, Any]) -> Json:
    return {**schema, _GVK: [_kind_of(each)]}


def _definition(each: ResourceType) -> Json:
    return _tagged(each, _version_2_schema(each.schema))


def _version_2_schema(schema: Mapping[str, Any]) -> Json:
    """What version 2 can say of a structural schema: no `anyOf`, nothing below what is left open."""
    kept = {key: value for key, value in schema.items() if key not in ("anyOf", "properties", "items", "required")}
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return kept
    if "required" in schema:
        kept["required"] = schema["required"]
    if "items" in schema:
        kept["items"] = _version_2_schema(schema["items"])
    if "properties" in schema:
        kept["properties"] = {key: _version_2_schema(each) for key, each in schema["properties"].items()}
    return kept
