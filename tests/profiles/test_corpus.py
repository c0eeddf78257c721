"""Every specification of the corpus becomes the routes that stand beside it, and every broken one its line of `broken.txt`.

`NAME.routes` has a line `METHOD REGEX = NAME; STATUSES; retryable; timeout=T` for each route, and a line `~ WARNING` for
each warning, where it was told.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from linkerdctl.errors import SpecificationError
from linkerdctl.profiles.decoding import decoded
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.proto import routes_of_proto
from linkerdctl.profiles.routes import Generated, ResponseClass, Route

CORPUS = Path(__file__).parent / "corpus"
BROKEN = {line.partition(":")[0]: line for line in (CORPUS / "broken.txt").read_text().splitlines()}
GOOD = sorted(path for kind in ("openapi", "proto") for path in (CORPUS / kind).iterdir() if path.suffix != ".routes")


def read(path: Path, name: str) -> Generated:
    """The routes of a file that is called `name` in messages."""
    text = decoded(path.read_bytes(), name)
    return routes_of_proto(text, name) if path.suffix == ".proto" else routes_of_openapi(text, name)


def line_of(route: Route) -> str:
    parts = [f"{route.method} {route.path_regex} = {route.name}"]
    parts += [" ".join(map(status_of, route.responses))] if route.responses else []
    parts += ["retryable"] if route.is_retryable else []
    parts += [f"timeout={route.timeout}"] if route.timeout else []
    return "; ".join(parts)


def status_of(each: ResponseClass) -> str:
    codes = str(each.low) if each.low == each.high else f"{each.low}-{each.high}"
    return f"{codes}!" if each.is_failure else codes


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_a_specification_becomes_the_routes_beside_it(path: Path) -> None:
    lines = path.with_suffix(".routes").read_text().splitlines()
    found = read(path, "FILE")
    assert [line_of(route) for route in found.routes] == [line for line in lines if not line.startswith("~")]
    assert sorted(found.warnings) == sorted(line.removeprefix("~ ") for line in lines if line.startswith("~"))


@pytest.mark.parametrize("path", sorted((CORPUS / "broken").glob("*.*")), ids=lambda path: path.name)
def test_a_broken_specification_is_told_of_in_one_line_with_its_place(path: Path) -> None:
    with pytest.raises(SpecificationError) as caught:
        read(path, path.name)
    assert caught.value.message == BROKEN[path.name]


def test_every_broken_specification_is_known() -> None:
    assert sorted(BROKEN) == sorted(path.name for path in (CORPUS / "broken").iterdir())


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(GOOD) + len(BROKEN) >= 60
