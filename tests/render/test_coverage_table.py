"""The table of `profile coverage`."""

from __future__ import annotations

from linkerdctl.profiles.coverage import NO_ROUTE, SEEN, CoverageRow
from linkerdctl.render.lint import COVERAGE_VIEW
from linkerdctl.render.table import table_text


def test_a_request_in_a_million_without_a_route_shows_as_shares_do_elsewhere() -> None:
    rows = [CoverageRow(SEEN, "GET /", 999_999, 0.999999), CoverageRow(NO_ROUTE, "GET /odd", 1, 0.000001)]
    assert [line.split()[-1] for line in table_text(rows, COVERAGE_VIEW).splitlines()] == ["SHARE", "99.99%", "0.01%"]
    assert "-" in table_text([CoverageRow(SEEN, "GET /", 0, None)], COVERAGE_VIEW)
