"""What the rows of `stat` look like: the columns and JSON names of `linkerd viz stat`, and ours behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from linkerdctl.kube.kinds import POD, POLICY_KINDS, SERVER
from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.golden import count_columns, coverage_columns, rate_columns, socket_columns
from linkerdctl.render.latencies import latency_columns, latency_number
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, View
from linkerdctl.reports.policy import REFUSING, ROUTES, Access
from linkerdctl.reports.stat import StatRow


def stat_view(*, all_namespaces: bool, prefixed: bool, wide: bool, policy: bool = False) -> View[StatRow]:
    """`prefixed` writes `deploy/web`, for tables of several kinds; `wide` shows latencies to the tenth.

    `policy` has the columns of Servers and routes too.
    """
    return View(
        [
            Column("NAMESPACE", "namespace", lambda row: row.namespace, left=True, shown=lambda rows: all_namespaces),
            Column(key="kind", value=lambda row: row.kind.name),
            Column("NAME", "name", lambda row: row.name, text=_prefixed if prefixed else None, left=True),
            Column("STATUS", "status", lambda row: row.status, shown=lambda rows: rows[0].kind is POD),
            Column("MESHED", text=_meshed, shown=lambda rows: any(row.meshed is not None for row in rows)),
            *(_policy_columns() if policy else ()),
            *rate_columns(_golden),
            *latency_columns(_golden, fine=wide, buckets=""),
            *(replace(each, shown=lambda rows: _has_sockets(rows[0])) for each in socket_columns(_golden)),
            *count_columns(_golden),
            Column(key="meshed", value=lambda row: row.meshed),
            Column(key="pods", value=lambda row: row.total),
            *coverage_columns(StatRow),
        ],
        part=lambda row: row.kind.name,
    )


def stat_trends() -> list[Trend[StatRow]]:
    """What `--watch` follows from look to look; more latency is worse, more requests are neither."""

    def key(row: StatRow) -> tuple[str, str, str]:
        return row.kind.name, row.namespace, row.name

    return [
        Trend("RPS", lambda row: row.golden.rps, key),
        Trend("P95", lambda row: latency_number(row.golden.p95), key, unit="ms", rising="red", falling="green"),
    ]


def _policy_columns() -> Iterator[Column[StatRow]]:
    """`unauthorized` is the share that was turned away, as with the real tool; tables show how many a second."""
    yield Column(
        "SERVER",
        "server",
        lambda row: ",".join(row.servers) or None,
        left=True,
        shown=lambda rows: rows[0].kind in ROUTES,
    )
    yield Column(
        "ALLOWED",
        "allowed_rps",
        lambda row: _access(row).allowed_rps,
        lambda row: numbers.per_second(_access(row).allowed_rps, "rps"),
        wide=True,
        shown=lambda rows: rows[0].kind in REFUSING,
    )
    yield Column(
        "UNAUTHORIZED",
        "unauthorized_rps",
        lambda row: _access(row).denied_rps,
        lambda row: numbers.per_second(_access(row).denied_rps, "rps"),
        style=lambda row: "red" if _access(row).denied_rps else "",
        shown=lambda rows: rows[0].kind in REFUSING,
        short="UNAUTH",
    )
    yield Column(key="unauthorized", value=lambda row: _access(row).denied_share)


def _access(row: StatRow) -> Access:
    return row.access or Access()


def _has_sockets(row: StatRow) -> bool:
    return row.kind is SERVER or row.kind not in POLICY_KINDS


def _prefixed(row: StatRow) -> str:
    return f"{row.kind.short}/{row.name}"


def _meshed(row: StatRow) -> str:
    return "-" if row.meshed is None else f"{row.meshed}/{row.total}"


def _golden(row: StatRow) -> Golden:
    return row.golden
