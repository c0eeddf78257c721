"""`profile`: the whole process on a small proto as a multiple of a bare interpreter, and specifications of 1 MB.

Each round runs every command once, so that a slow moment of the machine hits all of them; medians of the ratios count.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.bench_startup import CLI, heaviest_imports, seconds

SIZE = 1_000_000
"""Bytes of a large specification."""
RPCS = "".join(f"  rpc Vote{index} (VoteRequest) returns (VoteResponse);\n" for index in range(20))
SMALL = f'syntax = "proto3";\npackage emojivoto.v1;\nservice VotingService {{\n{RPCS}}}\n'
ROUNDS = 15
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


def compare_starts(directory: Path) -> None:
    """The small proto against a bare interpreter."""
    (directory / "small.proto").write_text(SMALL)
    command = (
        *CLI,
        "profile",
        "-n",
        "emojivoto",
        "voting-svc",
        "--ignore-cluster",
        "--proto",
        str(directory / "small.proto"),
    )
    bare = (sys.executable, "-c", "pass")
    for each in (bare, command):
        seconds(each)
    quartiles = statistics.quantiles([seconds(command) / seconds(bare) for _ in range(ROUNDS)], n=4)
    spread = f"{quartiles[1]:.1f} ({quartiles[0]:.1f} to {quartiles[2]:.1f}), target {TARGET:g}"
    print(f"{'whole process':28} {'times a bare interpreter':30} heaviest imports")
    print(f"{'profile --proto':28} {spread:30} {', '.join(heaviest_imports(command))}")


def read_large(directory: Path) -> None:
    """Large specifications, as whole processes."""
    import yaml

    document = openapi(SIZE)
    (directory / "large.proto").write_text(proto(SIZE))
    (directory / "large.json").write_text(json.dumps(document))
    (directory / "large.yaml").write_text(yaml.dump(document, Dumper=yaml.CSafeDumper))
    print(f"\n{'whole process':28} {'input':>9} {'routes':>7} {'seconds':>8}  (at most {LONGEST:g} for 1 MB)")
    for name, option in (("large.proto", "--proto"), ("large.json", "--open-api"), ("large.yaml", "--open-api")):
        command = (*CLI, "profile", "-n", "n", "s", "--ignore-cluster", option, str(directory / name))
        times: list[float] = []
        for _ in range(3):
            start = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            times.append(time.perf_counter() - start)
        size = (directory / name).stat().st_size
        routes = done.stdout.count("- condition:\n      method")
        print(f"{option + ' ' + name:28} {size / 1e6:6.2f} MB {routes:7} {statistics.median(times):8.2f}")


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as directory:
        # As installed: with byte code at hand, whatever the shell says about writing it
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = directory
        compare_starts(Path(directory))
        read_large(Path(directory))


if __name__ == "__main__":
    main()
