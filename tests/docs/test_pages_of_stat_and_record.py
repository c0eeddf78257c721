"""Every example of docs/stat.md and docs/record.md works, word for word."""

from __future__ import annotations

import pytest

from tests.docs.examples import Page, Reader, assert_as_shown

PAGES = [Page("docs/stat.md"), Page("docs/record.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_example_works_and_says_what_the_page_shows(page: Page, reader: Reader) -> None:
    assert len(page.examples) > 6
    for example in page.examples:
        ended = reader.run(example)
        assert_as_shown(ended)
        assert ended.out or " record " in example.command
        assert "nothing to show" not in ended.err
