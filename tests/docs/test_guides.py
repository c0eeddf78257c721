"""Every example of the guides works, word for word, one after the other as a reader would type them."""

from __future__ import annotations

import pytest

from tests.docs.examples import Page, Reader, assert_as_shown

PAGES = [Page("docs/from-viz.md"), Page("docs/scale.md"), Page("docs/troubleshooting.md")]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_example_works_and_says_what_the_page_shows(page: Page, reader: Reader) -> None:
    reader.keep(page.files)
    assert len(page.examples) >= 4
    for example in page.examples:
        assert_as_shown(reader.run(example))
