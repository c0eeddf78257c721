"""Every example of docs/profile.md works, word for word, one after the other as a reader would type them."""

from __future__ import annotations

from tests.docs.examples import Page, Reader, assert_as_shown

PAGE = Page("docs/profile.md")


def test_every_example_works_and_manifests_are_shown_to_the_letter(reader: Reader) -> None:
    assert set(PAGE.files) == {"Voting.proto", "web.yaml"}
    assert len(PAGE.examples) >= 15
    reader.keep(PAGE.files)
    for example in PAGE.examples:
        ended = reader.run(example)
        assert_as_shown(ended)
        assert not example.shown or ended.out == example.shown
        assert "error" not in ended.err.replace("0 errors", "")
