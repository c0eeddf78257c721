"""The session of docs/routes.md runs word for word."""

from __future__ import annotations

from tests.docs.examples import Page, Reader, assert_as_shown

PAGE = Page("docs/routes.md")


def test_every_command_of_the_page_works_and_shows_the_columns_it_promises(reader: Reader) -> None:
    assert len(PAGE.examples) > 10
    for example in PAGE.examples:
        ended = reader.run(example)
        assert_as_shown(ended)
        assert ended.out or example.command.startswith("cat"), example.command
