"""Every example of docs/tap.md, docs/top.md and docs/edges.md works, word for word."""

from __future__ import annotations

import pytest

from tests.docs.examples import Page, Reader, assert_as_shown

PAGES = [Page("docs/tap.md"), Page("docs/top.md"), Page("docs/edges.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_example_works_and_says_what_the_page_shows(page: Page, reader: Reader) -> None:
    assert len(page.examples) > 7
    for example in page.examples:
        assert_as_shown(reader.run(example))
