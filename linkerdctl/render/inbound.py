"""What the rows of `stat-inbound` look like: the columns and JSON names of the real tool, and ours behind them."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import Golden
from linkerdctl.render.golden import count_columns, coverage_columns, rate_columns
from linkerdctl.render.latencies import latency_columns
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, View
from linkerdctl.reports.inbound import InboundRow

NOBODYS = "[default]"


def inbound_view(rows: Sequence[InboundRow], *, all_namespaces: bool, wide: bool) -> View[InboundRow]:
    """Names are prefixed (`deploy/web`) in tables of several kinds."""
    prefixed = len({row.owner.kind.name for row in rows}) > 1
    return View(
        [
            Column(
                "NAMESPACE", "namespace", lambda row: row.owner.namespace, left=True, shown=lambda rows: all_namespaces
            ),
            Column(key="kind", value=lambda row: row.owner.kind.name),
            Column("NAME", "name", lambda row: row.owner.name, _prefixed if prefixed else None, left=True),
            Column("SERVER", "server", _server, lambda row: f"{_server(row)}:{row.place.port}", left=True),
            Column(key="port", value=lambda row: row.place.port),
            Column("ROUTE", "route", _route, left=True),
            Column("TYPE", "routeType", _type, lambda row: _type(row) or "-", left=True),
            *rate_columns(_golden, success="successesRate"),
            *latency_columns(
                _golden, fine=wide, key="latencyMs{}", buckets="latencyBucket{}", named=lambda name: name.upper()
            ),
            *count_columns(_golden),
            *coverage_columns(InboundRow),
        ]
    )


def inbound_trends() -> list[Trend[InboundRow]]:
    """What `--watch` follows from look to look."""
    return [Trend("RPS", lambda row: row.golden.rps, lambda row: (row.owner.kind.name, *row.owner[1:], *row.place))]


def _golden(row: InboundRow) -> Golden:
    return row.golden


def _prefixed(row: InboundRow) -> str:
    return f"{row.owner.kind.short}/{row.owner.name}"


def _server(row: InboundRow) -> str:
    return NOBODYS if row.place.server_kind == DEFAULT else row.place.server


def _route(row: InboundRow) -> str:
    return NOBODYS if row.place.route == DEFAULT else row.place.route


def _type(row: InboundRow) -> str:
    return "" if row.place.route_kind == DEFAULT else row.place.route_kind
