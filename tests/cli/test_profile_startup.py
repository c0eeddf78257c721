"""What a start of `profile` costs, counted in modules, and that large specifications take work in proportion."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.bench_profile import openapi, proto
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.proto import routes_of_proto
from tests.cli.test_startup import heavy, loaded_by

BUDGET = 260
"""Modules beyond a bare interpreter's."""


def test_a_proto_loads_nothing_heavy_and_stays_within_its_budget(tmp_path: Path) -> None:
    (tmp_path / "s.proto").write_text("package p; service S { rpc A (B) returns (C); }")
    modules = loaded_by("profile", "-n", "books", "webapp", "--ignore-cluster", "--proto", str(tmp_path / "s.proto"))
    assert heavy(modules) == set()
    assert len(modules) <= BUDGET
    assert not {
        name for name in modules if name.startswith(("linkerdctl.kube", "linkerdctl.tap", "linkerdctl.metrics"))
    }
    assert not {"linkerdctl.profiles.openapi", "linkerdctl.profiles.lint", "linkerdctl.profiles.observed"} & modules


def test_json_needs_no_yaml_library(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"swagger": "2.0", "paths": {"/a": {"get": {}}}}')
    modules = loaded_by("profile", "-n", "books", "webapp", "--ignore-cluster", "--open-api", str(tmp_path / "s.json"))
    assert heavy(modules) == set()


def calls(function: object, *args: object) -> int:
    """How many Python calls it takes: work that does not depend on the machine."""
    count = 0

    def seen(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(seen)
    try:
        function(*args)  # type: ignore[operator]
    finally:
        sys.setprofile(None)
    return count


def test_ten_times_the_proto_is_ten_times_the_work() -> None:
    small, large = proto(20_000), proto(200_000)
    assert calls(routes_of_proto, large) <= 11 * calls(routes_of_proto, small)


def test_ten_times_the_openapi_document_is_ten_times_the_work() -> None:
    import yaml

    small, large = (yaml.dump(openapi(size), Dumper=yaml.CSafeDumper) for size in (20_000, 200_000))
    assert calls(routes_of_openapi, large) <= 12 * calls(routes_of_openapi, small)


def test_every_operation_of_a_large_specification_is_there() -> None:
    document = openapi(1_000_000)
    import json

    found = routes_of_openapi(json.dumps(document))
    assert len(found.routes) == 2 * len(document["paths"])
    assert found.warnings == ()
    text = proto(1_000_000)
    assert len(routes_of_proto(text).routes) == text.count("\n  rpc ")
