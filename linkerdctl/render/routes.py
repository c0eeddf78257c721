"""What the rows of `routes` look like: the columns and JSON names of `linkerd viz routes`, and ours behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.golden import count_columns, coverage_columns, rate_columns, whole
from linkerdctl.render.latencies import latency_columns, latency_number
from linkerdctl.render.trends import Trend
from linkerdctl.render.view import Column, View
from linkerdctl.reports.routes import RouteRow
from linkerdctl.reports.routes_fate import Fate, Span

DEFAULT = "[DEFAULT]"

FATES = {
    "SUCCESS_1ST_TRY": ("success_first_try", lambda fate: fate.first_try),
    "SUCCESS_RETRIED": ("success_after_retry", lambda fate: fate.after_retry),
    "FAILED_1ST_TRY": ("failed_first_try", lambda fate: fate.failed_at_once),
    "FAILED_RETRIED": ("failed_after_retry", lambda fate: fate.failed_after_retry),
    "BUDGET_EXHAUSTED": ("budget_exhausted", lambda fate: Span(fate.budget_exhausted, fate.budget_exhausted)),
    "TIMED_OUT": ("timed_out", lambda fate: Span(fate.timed_out, fate.timed_out)),
    "RETRIES": ("retries", lambda fate: Span(fate.retries, fate.retries)),
}  # type: dict[str, tuple[str, Callable[[Fate], Span]]]
"""Title, key and count of what can become of a request, and the retries that it took."""


def routes_view(*, to: bool, wide: bool, all_namespaces: bool, several: bool, why: bool = False) -> View[RouteRow]:
    """`to` says that clients were asked, who know of retries; `several` that there is more than one object."""
    requests, failures, window = count_columns(_effective)
    return View(
        [
            *_names(all_namespaces=all_namespaces, several=several),
            *(_both_sides(wide) if to else rate_columns(_effective)),
            *latency_columns(_effective, fine=wide),
            requests,
            failures,
            *(_fates(titled=False) if to else ()),
            window,
            *coverage_columns(RouteRow),
            *([Column(key="why", value=lambda row: row.why)] if why else []),
        ],
        part=_object,
    )


def fate_view(*, all_namespaces: bool, several: bool) -> View[RouteRow]:
    """Requests by what became of them."""
    requests, *_ = count_columns(_effective)
    return View(
        [
            *_names(all_namespaces=all_namespaces, several=several),
            replace(requests, wide=False),
            *_fates(titled=True),
        ],
        part=_object,
    )


def routes_trends() -> list[Trend[RouteRow]]:
    """What `--watch` follows from look to look."""
    return [
        Trend("RPS", lambda row: row.effective.rps, lambda row: row.key),
        Trend(
            "P95",
            lambda row: latency_number(row.effective.p95),
            lambda row: row.key,
            unit="ms",
            rising="red",
            falling="green",
        ),
    ]


def _effective(row: RouteRow) -> Golden:
    return row.effective


def _actual(row: RouteRow) -> Golden:
    return row.actual or Golden()


def _object(row: RouteRow) -> str:
    return f"{row.kind.name}/{row.key.namespace}/{row.key.name}"


def _names(*, all_namespaces: bool, several: bool) -> Iterator[Column[RouteRow]]:
    yield Column("NAMESPACE", "namespace", lambda row: row.key.namespace, left=True, shown=lambda rows: all_namespaces)
    yield Column(key="kind", value=lambda row: row.kind.name)
    yield Column(
        "NAME",
        "name",
        lambda row: row.key.name,
        lambda row: f"{row.kind.short}/{row.key.name}",
        left=True,
        shown=lambda rows: several,
    )
    yield Column("ROUTE", "route", lambda row: row.route or DEFAULT, left=True)
    yield Column("SERVICE", "authority", lambda row: row.key.service, lambda row: row.key.service or "-", left=True)
    yield Column("KIND", "route_kind", lambda row: row.key.kind, left=True, wide=True)
    yield Column(key="service_namespace", value=lambda row: row.key.service_namespace)


def _both_sides(wide: bool) -> Iterator[Column[RouteRow]]:
    """Without `wide` the effective numbers go by the plain titles, as with the real tool."""
    prefix = "EFFECTIVE_" if wide else ""
    yield from rate_columns(_effective, prefix=prefix, success="effective_success", rps="effective_rps")
    yield from rate_columns(_actual, prefix="ACTUAL_", success="actual_success", rps="actual_rps", wide=True)


def _fates(*, titled: bool) -> Iterator[Column[RouteRow]]:
    for title, (key, span) in FATES.items():
        yield Column(title if titled else "", key, _exact(span), _span_text(span))
        if key.startswith(("success", "failed")):
            yield Column(key=f"{key}_at_least", value=_bound(span, "low"))
            yield Column(key=f"{key}_at_most", value=_bound(span, "high"))


def _exact(span: Callable[[Fate], Span]) -> Callable[[RouteRow], int | None]:
    return lambda row: _whole(row, span(row.fate).exact) if row.fate else None


def _bound(span: Callable[[Fate], Span], name: str) -> Callable[[RouteRow], int | None]:
    return lambda row: _whole(row, getattr(span(row.fate), name)) if row.fate else None


def _whole(row: RouteRow, number: float | None) -> int | None:
    """A count; of a route that no proxy tells of there is none."""
    return None if row.effective.requests is None else whole(number)


def _span_text(span: Callable[[Fate], Span]) -> Callable[[RouteRow], str]:
    def text(row: RouteRow) -> str:
        if row.fate is None or row.idle:
            return numbers.NOTHING
        found = span(row.fate)
        return f"{found.low:.0f}" if found.exact is not None else f"{found.low:.0f}-{found.high:.0f}"

    return text
