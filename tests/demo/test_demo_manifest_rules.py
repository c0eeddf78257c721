"""The pure parts of the API face: patches, server-side apply, schemas, the protobuf forms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.demo.api import openapi, openapi_wire, protobuf_bodies
from linkerdctl.demo.cluster import crds
from linkerdctl.demo.cluster.patches import json_patch, merge_patch, strategic_merge
from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.cluster.schemas import pruned, unknown_fields, violations
from linkerdctl.demo.cluster.server_side_apply import apply
from linkerdctl.demo.cluster.status import StatusError
from linkerdctl.demo.cluster.store import timestamp
from linkerdctl.demo.cluster.table_cells import human_duration

PROFILE = crds.DEFINITIONS[0].versions[0].schema
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def containers(*items: dict[str, Any]) -> dict[str, Any]:
    return {"containers": list(items)}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, "bar", "bar"),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_as_its_rfc_says(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


@given(json_values, json_values)
def test_a_merge_patch_applied_again_changes_nothing_more(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


def test_a_json_patch_operates_in_order_and_leaves_its_target_alone() -> None:
    target = {"a": [1, 2], "b": {"c/d": 1}}
    operations = [
        {"op": "test", "path": "/b/c~1d", "value": 1},
        {"op": "add", "path": "/a/1", "value": 9},
        {"op": "add", "path": "/a/-", "value": 10},
        {"op": "move", "from": "/b/c~1d", "path": "/e"},
        {"op": "copy", "from": "/a/0", "path": "/f"},
        {"op": "remove", "path": "/a/0"},
    ]

    assert json_patch(target, operations) == {"a": [9, 2, 10], "b": {}, "e": 1, "f": 1}
    assert target == {"a": [1, 2], "b": {"c/d": 1}}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "remove", "path": "/nope"},
        {"op": "replace", "path": "/nope", "value": 1},
        {"op": "add", "path": "/list/9", "value": 1},
        {"op": "shuffle", "path": "/a"},
        {"path": "/a"},
    ],
)
def test_a_json_patch_that_does_not_apply_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(StatusError) as refused:
        json_patch({"a": 1, "list": []}, [operation])
    assert refused.value.code == 422


def test_a_strategic_merge_knows_the_keys_of_lists() -> None:
    target = containers({"name": "a", "image": "1"}, {"name": "b", "image": "1"})

    assert strategic_merge(target, containers({"name": "b", "image": "2"})) == containers(
        {"name": "a", "image": "1"}, {"name": "b", "image": "2"}
    )
    assert strategic_merge(target, containers({"name": "a", "$patch": "delete"})) == containers(
        {"name": "b", "image": "1"}
    )
    assert strategic_merge(target, {"containers": [{"$patch": "replace"}, {"name": "c"}]}) == containers({"name": "c"})
    order = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert strategic_merge(target, order) == containers(target["containers"][1], target["containers"][0])


def test_a_strategic_merge_replaces_other_lists() -> None:
    assert strategic_merge({"args": ["a", "b"]}, {"args": ["c"]}) == {"args": ["c"]}
    assert strategic_merge({"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a"]}) == {
        "finalizers": ["b"]
    }
    retained = strategic_merge({"s": {"a": 1, "b": 2}}, {"s": {"$retainKeys": ["b", "c"], "c": 3}})
    assert retained == {"s": {"b": 2, "c": 3}}


def manifest(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}


def test_an_apply_takes_away_what_its_manager_no_longer_says() -> None:
    first = apply(None, manifest(a=1, b={"c": 2}, **containers({"name": "n", "image": "i"})), manager="me", force=False)
    both = apply(first, manifest(a=1), manager="other", force=False)

    after = apply(both, manifest(d=4), manager="me", force=False)

    assert after["spec"] == {"a": 1, "d": 4, "containers": []}
    assert apply(after, manifest(d=4), manager="other", force=False)["spec"] == {"d": 4, "containers": []}


def test_an_apply_conflicts_only_where_values_differ() -> None:
    first = apply(None, manifest(a=1), manager="me", force=False)

    assert apply(first, manifest(a=1), manager="other", force=False)["spec"] == {"a": 1}
    with pytest.raises(StatusError, match=r'conflict with "me": \.spec\.a'):
        apply(first, manifest(a=2), manager="other", force=False)
    assert apply(first, manifest(a=2), manager="other", force=True)["spec"] == {"a": 2}


def profile(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile", "metadata": {"name": "x"}, "spec": spec}


def told(value: Any) -> list[str]:
    return [str(cause) for cause in violations(value, PROFILE)]


def test_a_right_profile_breaks_no_rule() -> None:
    route = {"name": "r", "condition": {"all": [{"anything": {"goes": 1}}], "not": [{}]}, "isRetryable": True}
    right = profile(routes=[route], dstOverrides=[{"weight": 1}, {"weight": "500m"}], opaquePorts=["25"])

    assert told(right) == []
    assert list(unknown_fields(right, PROFILE)) == []
    assert pruned(right, PROFILE) == right


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"routes": [{"name": "r"}]}, "spec.routes[0].condition: Required value"),
        ({"retryBudget": {"ttl": "1s", "retryRatio": 1}}, "spec.retryBudget.minRetriesPerSecond: Required value"),
        ({"routes": {}}, "spec.routes in body must be of type array"),
        ({"dstOverrides": [{"weight": "much"}]}, "spec.dstOverrides[0].weight in body should match"),
        ({"dstOverrides": [{"weight": True}]}, "must be of type integer,string"),
        ({"routes": [{"name": "r", "condition": {"not": {}}}]}, "spec.routes[0].condition.not in body must be of type"),
        ({"opaquePorts": [25]}, "spec.opaquePorts[0] in body must be of type string"),
    ],
)
def test_a_wrong_profile_is_told_field_by_field(spec: dict[str, Any], reason: str) -> None:
    [found] = told(profile(**spec))
    assert reason in found


def test_fields_nobody_knows_are_named_and_pruned() -> None:
    route = {"name": "r", "condition": {}, "retryable": True}
    wrong = profile(routes=[route], bogus={})

    assert list(unknown_fields(wrong, PROFILE)) == ["spec.routes[0].retryable", "spec.bogus"]
    assert pruned(wrong, PROFILE)["spec"] == {"routes": [{"name": "r", "condition": {}}]}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (3600, "60m"), (5 * 3600 + 600, "5h10m"),
     (30 * 3600, "30h"), (3 * 86400 + 4 * 3600, "3d4h"), (12 * 86400, "12d")],
)  # fmt: skip
def test_ages_are_shortened_as_kubectl_does(seconds: int, shown: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert human_duration(timestamp(now - timedelta(seconds=seconds)), now) == shown


def openapi_messages() -> Any:
    """The part of the OpenAPI v2 messages that matters, built here from the public field numbers."""
    text, block, flag = (descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
                         descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE, True)  # fmt: skip
    shapes = {
        "Any": [("yaml", 2, text, None, False)],
        "NamedAny": [("name", 1, text, None, False), ("value", 2, block, "Any", False)],
        "NamedSchema": [("name", 1, text, None, False), ("value", 2, block, "Schema", False)],
        "Properties": [("additional_properties", 1, block, "NamedSchema", flag)],
        "TypeItem": [("value", 1, text, None, flag)],
        "ItemsItem": [("schema", 1, block, "Schema", flag)],
        "Schema": [
            ("description", 4, text, None, False),
            ("required", 19, text, None, flag),
            ("type", 22, block, "TypeItem", False),
            ("items", 23, block, "ItemsItem", False),
            ("properties", 25, block, "Properties", False),
            ("vendor_extension", 31, block, "NamedAny", flag),
        ],
        "Document": [("swagger", 1, text, None, False), ("definitions", 9, block, "Properties", False)],
    }
    file = descriptor_pb2.FileDescriptorProto(name="openapi.proto", package="t", syntax="proto3")
    for name, fields in shapes.items():
        message = file.message_type.add(name=name)
        for field, number, kind, of, repeated in fields:
            added = message.field.add(name=field, number=number, type=kind, label=3 if repeated else 1)
            if of:
                added.type_name = f".t.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Document"))


def test_the_protobuf_form_of_openapi_says_what_the_json_says() -> None:
    document = openapi.version_2(REGISTRY)

    read = openapi_messages().FromString(openapi_wire.encode(document))

    definitions = {each.name: each.value for each in read.definitions.additional_properties}
    assert set(definitions) == set(document["definitions"])
    for name, schema in document["definitions"].items():
        same_schema(definitions[name], schema)


def same_schema(message: Any, schema: dict[str, Any]) -> None:
    assert list(message.required) == schema.get("required", [])
    assert list(message.type.value) == ([schema["type"]] if "type" in schema else [])
    assert message.description == schema.get("description", "")
    assert [each.name for each in message.vendor_extension] == [key for key in schema if key.startswith("x-")]
    properties = {each.name: each.value for each in message.properties.additional_properties}
    assert set(properties) == set(schema.get("properties", {}))
    for name, inner in schema.get("properties", {}).items():
        same_schema(properties[name], inner)
    if "items" in schema:
        same_schema(message.items.schema[0], schema["items"])


def block(number: int, payload: bytes) -> bytes:
    assert len(payload) < 128
    return bytes([number << 3 | 2, len(payload)]) + payload


def envelope(kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + block(1, block(1, b"v1") + block(2, kind.encode())) + block(2, raw)


def test_a_config_map_in_protobuf_becomes_a_manifest() -> None:
    metadata = block(1, b"c") + block(2, b"") + block(11, block(1, b"app") + block(2, b"web")) + bytes([7 << 3, 1])
    data = block(1, b"key") + block(2, b"value")

    read = protobuf_bodies.decode(envelope("ConfigMap", block(1, metadata) + block(2, data)))

    assert read == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "labels": {"app": "web"}},
        "data": {"key": "value"},
    }


def test_other_protobuf_is_refused() -> None:
    assert protobuf_bodies.decode(envelope("Deployment", b"")) is None
    whole = envelope("ConfigMap", block(1, block(1, b"c")))
    for cut in (whole[:-1], whole[4:], b"", b"k8s\x00\x0a"):
        with pytest.raises(ValueError, match=r"ends after|missing|does not end"):
            protobuf_bodies.decode(cut)
