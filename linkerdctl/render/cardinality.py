"""What series cost: a table by family, and one by label."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.render import numbers
from linkerdctl.render.view import Column, View
from linkerdctl.reports.cardinality import FamilyCost, LabelCost


def family_view(rows: Sequence[FamilyCost]) -> View[FamilyCost]:
    """Families, and what share of all bytes each takes."""
    whole = sum(row.size for row in rows)

    def share(row: FamilyCost) -> float | None:
        return round(row.size / whole, 6) if whole else None

    return View(
        [
            Column("FAMILY", "family", lambda row: row.name, left=True),
            Column("TYPE", "type", lambda row: row.type, left=True),
            Column("SERIES", "series", lambda row: row.series),
            Column("BYTES", "bytes", lambda row: row.size),
            Column("SHARE", "bytes_share", share, lambda row: numbers.percent(share(row))),
            Column("PROXIES", "proxies", lambda row: row.proxies),
            Column("MOST", "series_most", lambda row: row.most, wide=True),
            Column("ON", "most_on", lambda row: str(row.most_on) if row.most_on else None, left=True, wide=True),
        ]
    )


def label_view(rows: Sequence[LabelCost]) -> View[LabelCost]:
    """Labels: how many different values they have, and in how many series they stand."""
    return View(
        [
            Column("LABEL", "label", lambda row: row.name, left=True),
            Column("VALUES", "values", lambda row: len(row.values)),
            Column("SERIES", "series", lambda row: row.series),
            Column("BYTES", "bytes", lambda row: row.size),
            Column("FAMILIES", "families", lambda row: len(row.families)),
            Column("EXAMPLE", key="example", value=_example, left=True, wide=True),
        ]
    )


def _example(row: LabelCost) -> str:
    return min(row.values).decode(errors="replace")
