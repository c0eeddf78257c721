"""Every example of docs/check.md, docs/identity.md, docs/list.md, docs/metrics.md and docs/rbac.md works, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.examples import ROOT, Page, Reader, assert_as_shown

RBAC = Page("docs/rbac.md")
PAGES = [Page("docs/check.md"), Page("docs/identity.md"), Page("docs/list.md"), Page("docs/metrics.md"), RBAC]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_example_works_and_says_what_the_page_shows(page: Page, reader: Reader) -> None:
    assert len(page.examples) >= 4
    for example in page.examples:
        ended = reader.run(example)
        assert_as_shown(ended)
        assert ended.out or "jq" in example.command or " > " in example.command


def test_what_rbac_is_shown_to_print_is_what_it_prints(reader: Reader) -> None:
    example = RBAC.examples[0]
    assert reader.run(example).out == example.shown


def test_every_check_is_in_the_table() -> None:
    from linkerdctl.reports import check_certificates, check_proxies, check_verdict

    sources = [Path(module.__file__ or "") for module in (check_certificates, check_proxies, check_verdict)]
    sources.append(ROOT / "linkerdctl" / "cli" / "check_cluster.py")
    code = "".join(source.read_text() for source in sources)
    page = Page("docs/check.md").text
    listed = {
        word for line in page.splitlines() if line.startswith("| `") for word in line.split("|")[1].split("`")[1::2]
    }
    dashed = {word for word in listed if not word.startswith("certificates-")}
    assert all(f'"{word}"' in code for word in dashed)
    assert all(word in listed for word in _ids(code))


def _ids(code: str) -> set[str]:
    import re

    return set(re.findall(r'(?:Check|Grant)\("([a-z-]+)"', code))
