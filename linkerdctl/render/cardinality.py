"""What series cost: tables by family, by label and by pod, and the rule that drops families."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from linkerdctl.render import numbers
from linkerdctl.render.view import Column, View
from linkerdctl.reports.cardinality import FamilyCost, LabelCost, PodCost


def family_view(rows: Sequence[FamilyCost]) -> View[FamilyCost]:
    """Families, and what share of all bytes each takes."""
    whole = sum(row.size for row in rows)

    return View(
        [
            Column("FAMILY", "family", lambda row: row.name, left=True),
            Column("TYPE", "type", lambda row: row.type, left=True),
            Column("SERIES", "series", lambda row: row.series),
            Column("BYTES", "bytes", lambda row: row.size),
            _share(whole),
            Column("PROXIES", "proxies", lambda row: row.proxies),
            Column("MOST", "series_most", lambda row: row.most, wide=True),
            Column("ON", "most_on", lambda row: str(row.most_on) if row.most_on else None, left=True, wide=True),
        ]
    )


def pod_view(rows: Sequence[PodCost]) -> View[PodCost]:
    """Pods, and what share of all bytes each takes."""
    whole = sum(row.size for row in rows)
    return View(
        [
            Column("NAMESPACE", "namespace", lambda row: row.pod.namespace, left=True),
            Column("POD", "pod", lambda row: row.pod.name, left=True),
            Column("SERIES", "series", lambda row: row.series),
            Column("BYTES", "bytes", lambda row: row.size),
            _share(whole),
            Column("FAMILIES", "families", lambda row: row.families),
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


def drop_rule(rows: Sequence[FamilyCost]) -> str:
    """What a scrape job of Prometheus needs to store none of these families, as YAML; nothing for families without series.

    Prometheus anchors regular expressions at both ends; an empty one would drop everything.
    """
    names = "|".join(sorted(name for row in rows for name in row.samples))
    if not names:
        return ""
    series, size = sum(row.series for row in rows), sum(row.size for row in rows)
    return (
        f"# drops {series} series, {size} bytes a scrape\n"
        f"metric_relabel_configs:\n- source_labels: [__name__]\n  regex: {names}\n  action: drop\n"
    )


def _share(whole: int) -> Column[Any]:
    def share(row: FamilyCost | PodCost) -> float | None:
        return round(row.size / whole, 6) if whole else None

    return Column("SHARE", "bytes_share", share, lambda row: numbers.percent(share(row)))


def _example(row: LabelCost) -> str:
    return min(row.values).decode(errors="replace")
