"""What the rows of `top` look like: the columns of `linkerd viz top`, percentiles, and how they yield on narrow terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render import numbers
from linkerdctl.render.golden import success_style
from linkerdctl.render.latencies import PERCENTILES, latency_column
from linkerdctl.render.layout import Grid, laid_out
from linkerdctl.render.view import Column, View
from linkerdctl.reports.top import EdgeRow
from linkerdctl.tap.top import Peer, TopKey, TopRow

YIELDING = ("LAST", "BEST", "P50", "P99", "METHOD", "WORST", "RPS", "P95", "SOURCE")
"""Columns in the order in which a narrow terminal does without them."""
READABLE_NAMES = ((4, 24), (6, 18), (len(YIELDING), 12))
"""So long names must stay while no more than so many columns are left out."""


@dataclass(frozen=True, slots=True)
class TopShape:
    """Which columns there are: `routes` have the place of methods and paths; without tap there are rates, no extremes."""

    sources: bool = True
    routes: bool = False
    tapped: bool = True


def top_view(shape: TopShape) -> View[TopRow]:
    """The columns for a shape; the names of JSON fields do not depend on it."""
    return View([*_key_columns(shape), *_number_columns(shape), *_machine_columns()])


def _key_columns(shape: TopShape) -> Iterator[Column[TopRow]]:
    yield _words(shape.sources, "SOURCE", "source", lambda row: row.key.source.name, text=_source)
    yield _words(True, "DESTINATION", "destination", lambda row: row.key.destination.name, text=_destination)
    yield _words(shape.tapped and not shape.routes, "METHOD", "method", lambda row: row.key.method)
    yield _words(shape.tapped and not shape.routes, "PATH", "path", lambda row: row.key.path)
    yield _words(shape.routes or not shape.tapped, "ROUTE", "route", lambda row: row.key.route)


def _words(
    shown: bool, title: str, key: str, value: Callable[[TopRow], str], text: Callable[[TopRow], str] | None = None
) -> Column[TopRow]:
    return Column(title if shown else "", key, lambda row: value(row) or None, text, left=True)


def _number_columns(shape: TopShape) -> Iterator[Column[TopRow]]:
    yield Column("COUNT", "count", lambda row: row.count)
    if not shape.tapped:
        yield Column("RPS", "rps", lambda row: row.rps, lambda row: numbers.per_second(row.rps, "rps"))
    for name in ("best", "worst", "last"):
        yield _latency(name.upper() if shape.tapped else "", f"{name}_ms", name)
    for index, name in enumerate(PERCENTILES):
        yield _quantile(name, index)
    yield Column("SUCCESS", "success", lambda row: row.success_rate, _success, style=_success_style)


def _machine_columns() -> Iterator[Column[TopRow]]:
    yield Column(key="failures", value=lambda row: row.failures)
    yield Column(key="direction", value=lambda row: row.direction or None)
    yield Column(key="source_namespace", value=lambda row: row.key.source.namespace or None)
    yield Column(key="destination_namespace", value=lambda row: row.key.destination.namespace or None)
    yield Column(key="others", value=lambda row: row.others)


def _latency(title: str, key: str, name: str) -> Column[TopRow]:
    def value(row: TopRow) -> float | None:
        found: float | None = getattr(row, name)
        return None if found is None else round(found, 3)

    return Column(title, key, value, lambda row: milliseconds(value(row)))


def _quantile(name: str, index: int) -> Column[TopRow]:
    return latency_column(name.upper(), f"latency_ms_{name}", lambda row: row.quantiles[index])


def milliseconds(value: float | None) -> str:
    """As percentiles are shown."""
    return numbers.milliseconds(None if value is None else Quantile(value, value, value))


def _source(row: TopRow) -> str:
    return row.key.source.name or numbers.NOTHING


def _destination(row: TopRow) -> str:
    return "(others)" if row.others else row.key.destination.name or numbers.NOTHING


def _success(row: TopRow) -> str:
    return numbers.percent(row.success_rate)


def _success_style(row: TopRow) -> str:
    return success_style(row.success_rate)


def edge_as_row(edge: EdgeRow) -> TopRow:
    """An edge out of metrics in the same table."""
    key, found = edge.key, edge.golden
    return TopRow(
        TopKey(Peer(*key.source), Peer(*key.destination), route=key.route),
        round(found.requests or 0),
        round(found.failures or 0),
        quantiles=(found.p50, found.p95, found.p99),
        rps=edge.rps,
        direction=key.direction,
    )


def fitting_grid(rows: Sequence[TopRow], view: View[TopRow], width: int) -> Grid:
    """The table for a terminal so wide: fewer columns rather than names that nobody can read."""
    natural = {lane.title: lane.width for lane in laid_out(rows, view)[0].lanes if lane.left}
    grid = None
    for dropped in range(len(YIELDING) + 1):
        reduced = _without(view, YIELDING[:dropped])
        grid = laid_out(rows, reduced, width=width)[0]
        least = next(length for most, length in READABLE_NAMES if dropped <= most)
        if grid.width <= width and all(
            lane.width >= min(natural[lane.title], least) for lane in grid.lanes if lane.left
        ):
            return grid
    assert grid is not None  # noqa: S101 - there is a first one
    return grid


def _without(view: View[TopRow], titles: Sequence[str]) -> View[TopRow]:
    return replace(view, columns=[column for column in view.columns if column.title.rstrip("↓↑") not in titles])
