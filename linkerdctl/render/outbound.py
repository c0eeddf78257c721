"""What the rows of `stat-outbound` look like: routes and below each its backends; the real tool's names, and ours behind.

Sorting moves routes; backends stay with theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from linkerdctl.metrics.families import DEFAULT
from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.golden import count_columns, coverage_columns, rate_columns
from linkerdctl.render.latencies import latency_columns
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, Value, View
from linkerdctl.reports.outbound import BackendRef, OutboundRow

NOBODYS = "[default]"
BRANCH, LAST_BRANCH = "├─►", "└─►"


def outbound_view(rows: Sequence[OutboundRow], *, all_namespaces: bool, wide: bool) -> View[OutboundRow]:
    """Names are prefixed (`deploy/web`) in tables of several kinds."""
    prefixed = len({row.owner.kind.name for row in rows}) > 1
    return View(
        [
            _of_route("NAMESPACE", "namespace", lambda row: row.owner.namespace, shown=lambda rows: all_namespaces),
            Column(key="kind", value=lambda row: row.owner.kind.name),
            _of_route("NAME", "name", lambda row: row.owner.name, _prefixed if prefixed else None),
            _of_route("SERVICE", "service", lambda row: row.route.parent, _service),
            Column(key="port", value=lambda row: row.route.port),
            Column("ROUTE", "route", _route, lambda row: _branch(row) or _route(row), left=True),
            _of_route("TYPE", "routeType", _type, lambda row: _type(row) or "-"),
            Column("BACKEND", "backend", _backend_field("name"), _backend, left=True),
            Column(key="backendPort", value=_backend_field("port")),
            *rate_columns(_golden, success="successRate"),
            *latency_columns(
                _golden, fine=wide, key="latencyMs{}", buckets="latencyBucket{}", named=lambda name: name.upper()
            ),
            Column("TIMEOUTS", "timeoutRate", lambda row: row.timeouts, lambda row: numbers.percent(row.timeouts)),
            Column("RETRIES", "retryRate", lambda row: row.retries, _retries),
            *count_columns(_golden),
            *coverage_columns(OutboundRow),
            Column(key="serviceKind", value=lambda row: row.route.parent_kind),
            Column(key="serviceNamespace", value=lambda row: row.route.parent_namespace),
            Column(key="backendNamespace", value=_backend_field("namespace")),
        ]
    )


def sorted_tree(rows: Sequence[OutboundRow], view: View[OutboundRow], by: str | None) -> list[OutboundRow]:
    """Routes as `--sort-by` says, each with its backends below it."""
    below: dict[tuple[object, ...], list[OutboundRow]] = {}
    for row in rows:
        if row.backend is not None:
            below.setdefault((row.owner, row.route), []).append(row)
    routes = sorted_rows([row for row in rows if row.backend is None], view, by)
    return [each for route in routes for each in (route, *below.get((route.owner, route.route), ()))]


def outbound_trends() -> list[Trend[OutboundRow]]:
    """What `--watch` follows from look to look."""
    return [Trend("RPS", lambda row: row.golden.rps, lambda row: (row.owner, row.route, row.backend))]


def _of_route(
    title: str,
    key: str,
    value: Callable[[OutboundRow], str],
    text: Callable[[OutboundRow], str] | None = None,
    shown: Callable[[Sequence[OutboundRow]], bool] = lambda rows: True,
) -> Column[OutboundRow]:
    """A column that tables leave empty beside backends; machines get it in every row."""
    told = text or value
    return Column(title, key, value, lambda row: "" if row.backend else told(row), left=True, shown=shown)


def _golden(row: OutboundRow) -> Golden:
    return row.golden


def _prefixed(row: OutboundRow) -> str:
    return f"{row.owner.kind.short}/{row.owner.name}"


def _service(row: OutboundRow) -> str:
    return _place(row.route.parent, row.route.parent_namespace, row.route.port, row)


def _place(name: str, namespace: str, port: str, row: OutboundRow) -> str:
    """`web-svc:80`, with the namespace where it is another than the client's."""
    home = row.owner.namespace or row.owner.name
    named = name if namespace in ("", home) else f"{name}.{namespace}"
    return f"{named}:{port}" if port else named


def _branch(row: OutboundRow) -> str:
    if row.backend is None:
        return ""
    return LAST_BRANCH if row.is_last else BRANCH


def _route(row: OutboundRow) -> str:
    return NOBODYS if DEFAULT in (row.route.kind, row.route.name) else row.route.name


def _type(row: OutboundRow) -> str:
    return "" if row.route.kind == DEFAULT else row.route.kind


def _backend(row: OutboundRow) -> str:
    return _place(row.backend.name, row.backend.namespace, row.backend.port, row) if row.backend else ""


def _backend_field(name: str) -> Callable[[OutboundRow], Value]:
    def value(row: OutboundRow) -> Value:
        backend: BackendRef | None = row.backend
        found: str | None = getattr(backend, name) if backend else None
        return found

    return value


def _retries(row: OutboundRow) -> str:
    return "" if row.backend else numbers.percent(row.retries)
