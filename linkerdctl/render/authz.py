"""What the rows of `authz` look like: the columns and JSON names of `linkerd viz authz`, and ours behind them."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.kube.kinds import POLICY_KINDS
from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.golden import count_columns, coverage_columns, rate_columns
from linkerdctl.render.latencies import latency_columns
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, View
from linkerdctl.reports.authz import AuthzRow

_STYLES = {"denied": "red", "audited": "yellow"}
ANY = "*"
"""A route, where an authorization is for all of them and none was taken yet."""


def authz_view(rows: Sequence[AuthzRow], *, all_namespaces: bool, wide: bool) -> View[AuthzRow]:
    """Objects are named where rows are of several that the other columns do not name."""
    owners = {row.owner for row in rows if row.owner.kind not in POLICY_KINDS}
    prefixed = len({row.owner.kind.name for row in rows}) > 1
    return View(
        [
            Column(
                "NAMESPACE", "namespace", lambda row: row.owner.namespace, left=True, shown=lambda rows: all_namespaces
            ),
            Column(key="kind", value=lambda row: row.owner.kind.name),
            Column(
                "NAME",
                "name",
                lambda row: row.owner.name,
                _prefixed if prefixed else None,
                left=True,
                shown=lambda rows: len(owners) > 1 or prefixed,
            ),
            Column("ROUTE", "route", lambda row: row.rule.route, _route, left=True),
            Column("SERVER", "server", _server, left=True),
            Column("AUTHORIZATION", "authorization", _authorization, lambda row: _authorization(row) or "-", left=True,
                   style=_style),
            Column("VERDICT", "verdict", lambda row: row.verdict, left=True, wide=True, style=_style),
            Column(
                "UNAUTHORIZED",
                "unauthorized",
                lambda row: row.denied,
                lambda row: numbers.per_second(row.denied, "rps"),
                style=lambda row: "red" if row.denied else "",
                short="UNAUTH",
            ),
            Column(
                "AUDITED",
                "audited",
                _audited,
                lambda row: numbers.per_second(_audited(row), "rps"),
                style=lambda row: "yellow" if _audited(row) else "",
                shown=lambda rows: any(row.verdict == "audited" for row in rows),
            ),
            *rate_columns(_golden),
            *latency_columns(_golden, fine=wide),
            *_connections(),
            Column("CLIENTS", "clients", lambda row: ",".join(row.clients), _clients, left=True, wide=True),
            Column(key="allowed", value=lambda row: row.allowed),
            Column(key="route_kind", value=lambda row: row.rule.route_kind),
            Column(key="server_kind", value=lambda row: row.rule.server_kind),
            *count_columns(_golden),
            *coverage_columns(AuthzRow),
        ]
    )  # fmt: skip


def authz_trends() -> list[Trend[AuthzRow]]:
    """What `--watch` follows from look to look."""

    def key(row: AuthzRow) -> tuple[object, ...]:
        return row.owner, row.rule

    return [
        Trend("UNAUTH", lambda row: row.denied, key, rising="red", falling="green"),
        Trend("RPS", lambda row: row.golden.rps, key),
    ]


def _connections() -> list[Column[AuthzRow]]:
    """Connections that are no HTTP, in tables where there are some."""
    return [
        Column(
            "TCP_ALLOWED",
            "connections_allowed",
            lambda row: row.connections_allowed,
            lambda row: numbers.per_second(row.connections_allowed, "/s"),
            shown=lambda rows: any(row.connections_allowed for row in rows),
        ),
        Column(
            "TCP_DENIED",
            "connections_denied",
            lambda row: row.connections_denied,
            lambda row: numbers.per_second(row.connections_denied, "/s"),
            style=lambda row: "red" if row.connections_denied else "",
            shown=lambda rows: any(row.connections_denied for row in rows),
        ),
    ]


def _golden(row: AuthzRow) -> Golden:
    return row.golden


def _prefixed(row: AuthzRow) -> str:
    return f"{row.owner.kind.short}/{row.owner.name}"


def _route(row: AuthzRow) -> str:
    return row.rule.route or ("-" if row.is_used else ANY)


def _server(row: AuthzRow) -> str:
    name = row.rule.server
    return f"{DEFAULT}:{name}" if row.rule.server_kind == DEFAULT else name


def _authorization(row: AuthzRow) -> str:
    return f"{row.rule.kind}/{row.rule.name}" if row.rule.kind else ""


def _audited(row: AuthzRow) -> float | None:
    return row.allowed if row.verdict == "audited" else None


def _clients(row: AuthzRow) -> str:
    return ",".join(row.clients) or "-"


def _style(row: AuthzRow) -> str:
    return _STYLES.get(row.verdict or "", "")
