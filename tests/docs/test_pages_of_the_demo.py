"""Every example of docs/demo.md works, word for word, with meshes of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.examples import Example, Page, Reader, assert_as_shown

PAGE = Page("docs/demo.md")


@pytest.mark.parametrize("example", [each for each in PAGE.examples if "requests.jsonl" not in each.command], ids=str)
def test_an_example_works(example: Example, tmp_path: Path) -> None:
    assert_as_shown(Reader(tmp_path).run(example))


def test_the_log_can_be_counted(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    run, count = (reader.run(each) for each in PAGE.examples if "requests.jsonl" in each.command)
    assert_as_shown(run)
    assert_as_shown(count)
    assert len(count.out.splitlines()) == 3
