"""`profile`: the whole process on a small proto as a multiple of a bare interpreter, and specifications of 1 MB.

Each round runs every command once, so that a slow moment of the machine hits all of them; medians of the ratios count.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bench_startup import CLI, heaviest_imports, seconds
from benchmarks.processes import measured
from benchmarks.table import Row

SIZE = 1_000_000
"""Bytes of a large specification."""
RPCS = "".join(f"  rpc Vote{index} (VoteRequest) returns (VoteResponse);\n" for index in range(20))
SMALL = f'syntax = "proto3";\npackage emojivoto.v1;\nservice VotingService {{\n{RPCS}}}\n'
ROUNDS, LARGE_ROUNDS = 15, 3
TARGET = 9.0
LONGEST = 2.0
"""Seconds for 1 MB."""


def proto(size: int) -> str:
    """Messages with fields of all sorts, and a service with options to each."""

    def blocks() -> Iterator[str]:
        yield 'syntax = "proto3";\npackage big.v1;\n'
        for index in range(size // 480):
            yield (
                f'// Holds {{thing {index}}}.\nmessage M{index} {{\n  string name = 1 [json_name = "n{index}"];\n'
                f"  repeated .big.v1.M{index} parts = 2;\n  map<string, int64> counts = 3;\n"
                "  oneof kind { int32 a = 4; string b = 5; }\n  enum E { A = 0; B = -1; }\n  reserved 7 to 9, 11;\n}\n"
                f"service S{index} {{\n  rpc Get (M{index}) returns (stream M{index}) {{\n"
                '    option (google.api.http) = { get: "/v1/{name=things/*}" additional_bindings { post: "/x" } };\n  }\n'
                f"  rpc Put (stream M{index}) returns (M{index});\n}}\n"
            )

    return "".join(blocks())


def openapi(size: int) -> dict[str, Any]:
    """Paths with parameters by reference, responses of all sorts, and words to read over."""

    def operation(index: int, verb: str) -> dict[str, Any]:
        ok = {
            "description": "fine",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
        }
        responses = {"200": ok, "404": {"$ref": "#/components/responses/None"}, "5XX": {"description": "bad"}}
        return {"operationId": f"{verb}{index}", "summary": "words " * 10, "responses": responses}

    identifier = {"name": "thing", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    paths = {
        f"/api/things{index}/{{thing}}": {
            "parameters": [{"$ref": "#/components/parameters/Thing"}],
            "get": operation(index, "get"),
            "post": operation(index, "post"),
        }
        for index in range(size // 660)
    }
    components = {
        "parameters": {"Thing": identifier},
        "responses": {"None": {"description": "there is none"}},
        "schemas": {"Thing": {"type": "object"}},
    }
    return {"openapi": "3.0.3", "servers": [{"url": "/v1"}], "paths": paths, "components": components}


def start(directory: Path) -> Row:
    """The small proto against a bare interpreter."""
    (directory / "small.proto").write_text(SMALL)
    command = profile("--proto", directory / "small.proto")
    bare = (sys.executable, "-c", "pass")
    for each in (bare, command):
        seconds(each)
    ratios = [seconds(command) / seconds(bare) for _ in range(ROUNDS)]
    remark = ", ".join(heaviest_imports(command))
    return Row("profile --proto, times a bare interpreter", ratios, TARGET, at_most=True, remark=remark)


def large(directory: Path) -> Iterator[Row]:
    """Large specifications, as whole processes: seconds."""
    import yaml

    document = openapi(SIZE)
    (directory / "large.proto").write_text(proto(SIZE))
    (directory / "large.json").write_text(json.dumps(document))
    (directory / "large.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    for name, option in (("large.proto", "--proto"), ("large.json", "--open-api"), ("large.yaml", "--open-api")):
        runs = [measured(profile(option, directory / name), os.environ) for _ in range(LARGE_ROUNDS)]
        routes = runs[-1].out.count("- condition:\n      method")
        remark = f"{(directory / name).stat().st_size / 1e6:.2f} MB, {routes} routes"
        taken = [each.seconds for each in runs]
        yield Row(f"profile {option} {name}, seconds", taken, LONGEST, at_most=True, remark=remark)


def profile(option: str, path: Path) -> tuple[str, ...]:
    """The command for one specification."""
    return (*CLI, "profile", "-n", "emojivoto", "voting-svc", "--ignore-cluster", option, str(path))


def rows() -> Iterator[Row]:
    """Specifications, small and large."""
    with tempfile.TemporaryDirectory() as directory:
        yield start(Path(directory))
        yield from large(Path(directory))
