"""What the rows of `stat` look like: the columns and JSON names of `linkerd viz stat`, and ours behind them."""

from __future__ import annotations

from collections.abc import Iterator

from linkerdctl.kube.kinds import POD, POLICY_KINDS, SERVER
from linkerdctl.metrics.histogram import Quantile
from linkerdctl.render import numbers
from linkerdctl.render.golden import success_style
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, View
from linkerdctl.reports.policy import REFUSING, ROUTES, Access
from linkerdctl.reports.stat import StatRow


def stat_view(*, all_namespaces: bool, prefixed: bool, wide: bool, policy: bool = False) -> View[StatRow]:
    """`prefixed` writes `deploy/web`, for tables of several kinds; `wide` shows latencies to the tenth.

    `policy` has the columns of Servers and routes too.
    """
    quantiles = [_quantile_column(name, fine=wide) for name in ("p50", "p95", "p99")]
    return View(
        [
            Column("NAMESPACE", "namespace", lambda row: row.namespace, left=True, shown=lambda rows: all_namespaces),
            Column(key="kind", value=lambda row: row.kind.name),
            Column("NAME", "name", lambda row: row.name, text=_prefixed if prefixed else None, left=True),
            Column("STATUS", "status", lambda row: row.status, shown=lambda rows: rows[0].kind is POD),
            Column("MESHED", text=_meshed, shown=lambda rows: any(row.meshed is not None for row in rows)),
            *(_policy_columns() if policy else ()),
            Column("SUCCESS", "success", lambda row: row.golden.success_rate, _success, style=_style),
            Column("RPS", "rps", lambda row: row.golden.rps, lambda row: numbers.per_second(row.golden.rps, "rps")),
            *quantiles,
            Column(
                "TCP_CONN",
                "tcp_open_connections",
                lambda row: _whole(row.golden.tcp_open),
                lambda row: numbers.count(row.golden.tcp_open),
                shown=lambda rows: _has_sockets(rows[0]),
                short="TCP",
            ),
            *(_bytes_column(direction) for direction in ("read", "write")),
            Column("REQUESTS", "requests", lambda row: _whole(row.golden.requests), wide=True),
            Column("FAILURES", "failures", lambda row: _whole(row.golden.failures), wide=True),
            Column(
                "WINDOW", "window_seconds", _window, lambda row: numbers.seconds(row.golden.seconds or None), wide=True
            ),
            Column("PROXIES", text=_proxies, wide=True, shown=lambda rows: rows[0].proxies_asked is not None),
            Column(key="meshed", value=lambda row: row.meshed),
            Column(key="pods", value=lambda row: row.total),
            Column(key="proxies_asked", value=lambda row: row.proxies_asked),
            Column(key="proxies_answered", value=lambda row: row.proxies_answered),
        ],
        part=lambda row: row.kind.name,
    )


def stat_trends() -> list[Trend[StatRow]]:
    """What `--watch` follows from look to look; more latency is worse, more requests are neither."""

    def key(row: StatRow) -> tuple[str, str, str]:
        return row.kind.name, row.namespace, row.name

    return [
        Trend("RPS", lambda row: row.golden.rps, key),
        Trend("P95", lambda row: _milliseconds(row.golden.p95), key, unit="ms", rising="red", falling="green"),
    ]


def _quantile_column(name: str, *, fine: bool) -> Column[StatRow]:
    def quantile(row: StatRow) -> Quantile | None:
        found: Quantile | None = getattr(row.golden, name)
        return found

    return Column(
        f"LATENCY_{name.upper()}",
        f"latency_ms_{name}",
        lambda row: _milliseconds(quantile(row)),
        lambda row: numbers.milliseconds(quantile(row), fine=fine),
        short=name.upper(),
    )


def _bytes_column(direction: str) -> Column[StatRow]:
    def rate(row: StatRow) -> float | None:
        value: float | None = getattr(row.golden, f"{direction}_bytes_rate")
        return value

    return Column(
        f"{direction.upper()}_BYTES/SEC",
        f"tcp_{direction}_bytes_rate",
        rate,
        lambda row: numbers.per_second(rate(row), "B/s"),
        wide=True,
        shown=lambda rows: _has_sockets(rows[0]),
        short=direction.upper(),
    )


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


def _proxies(row: StatRow) -> str:
    return f"{row.proxies_answered}/{row.proxies_asked}"


def _success(row: StatRow) -> str:
    return numbers.percent(row.golden.success_rate)


def _style(row: StatRow) -> str:
    return success_style(row.golden.success_rate)


def _milliseconds(quantile: Quantile | None) -> float | None:
    """A number that the histogram cannot give is no number."""
    return None if quantile is None or quantile.beyond else round(quantile.value, 3)


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _window(row: StatRow) -> float | None:
    return round(row.golden.seconds, 3) if row.golden.seconds else None
