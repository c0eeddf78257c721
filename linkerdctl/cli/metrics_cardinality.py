"""`metrics cardinality`: series and bytes of proxies' metrics, by family, by label or by pod."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.metrics_texts import Asked, Family, each_text
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.traffic import finish
from linkerdctl.errors import UsageError
from linkerdctl.metrics.dump import families
from linkerdctl.render.cardinality import drop_rule, family_view, label_view, pod_view
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.sorting import check_sort, sorted_rows
from linkerdctl.render.view import View
from linkerdctl.reports.cardinality import BY_FAMILY, BY_LABEL, BY_POD, Cardinality
from linkerdctl.sources.protocol import ProxyText

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
What metrics cost: series and bytes of many proxies, by family, by pod, or by label with the number of its values.

\b
Examples:
  linkerdctl metrics cardinality -n emojivoto
  linkerdctl metrics cardinality deploy/web -n emojivoto --sort-by bytes
  linkerdctl metrics cardinality -A --by pod
  linkerdctl metrics cardinality -A --by label
  linkerdctl metrics cardinality -A --by label --family '^outbound_http_route' -o wide
  linkerdctl metrics cardinality -A -o csv > series.csv
  linkerdctl metrics cardinality -A --family '^route_response_latency_ms' -o relabel

\b
Series are counted as a Prometheus would: each bucket of a histogram is one, and the same one on two proxies is two.
Bytes are those of the text, before compression. -o relabel prints the rule for a Prometheus that is to store none of the
families of --family.
"""
RELABEL = "relabel"


@dataclass(slots=True)
class _Count:
    """Counts texts, and shows what was counted."""

    asked: Asked
    output: str
    sort_by: str | None
    found: Cardinality
    _proxies: int = 0

    def take(self, _number: int, _of: int, said: ProxyText) -> bool:
        """Count a proxy's text; raises `ExpositionError` before anything of it counts."""
        if said.failure:
            return False
        chosen = [each for each in families(said.text) if each.matches(self.asked.family)]
        self.found.add(said.target.pod, chosen)
        self._proxies += 1
        return bool(chosen)

    def rows(self) -> Sequence[Any]:
        """Of families, labels or pods."""
        return _ROWS[self.found.by](self.found)

    def view(self, rows: Sequence[Any]) -> View[Any]:
        """Their columns."""
        return _VIEWS[self.found.by](rows)

    def show(self) -> None:
        """The table, or what is wanted instead."""
        rows, terminal = self.rows(), self.asked.options.terminal
        if self.output == RELABEL:
            terminal.out(drop_rule(rows))
            return
        view = self.view(rows)
        ordered = sorted_rows(rows, view, self.sort_by)
        if ordered or self.output not in ("table", "wide"):
            render(ordered, view, self.output, terminal)
        if rows and self.found.by != BY_LABEL:
            series, size = sum(row.series for row in rows), sum(row.size for row in rows)
            terminal.note(f"{series} series, {size} bytes on {self._proxies} proxies")


_ROWS: dict[str, Callable[[Cardinality], Sequence[Any]]] = {
    BY_FAMILY: Cardinality.families,
    BY_LABEL: Cardinality.labels,
    BY_POD: Cardinality.pods,
}
_VIEWS: dict[str, Callable[[Sequence[Any]], View[Any]]] = {
    BY_FAMILY: family_view,
    BY_LABEL: label_view,
    BY_POD: pod_view,
}


@app.command("cardinality", help=HELP)
def cardinality(
    ctx: typer.Context,
    resource: Annotated[
        list[str] | None, typer.Argument(help="POD, TYPE/NAME or TYPE; all pods if left out.", show_default=False)
    ] = None,
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    by: Annotated[
        Literal["family", "label", "pod"], typer.Option(show_default=False, help="What a row is (default: family).")
    ] = "family",
    family: Family = None,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, yaml, csv or relabel.")
    ] = "table",
    sort_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by a column (series, bytes, values, ...).")
    ] = None,
    strict: option.Strict = False,
) -> None:
    """Parse, ask, count, show."""
    options = globals_of(ctx)
    check_output(output, RELABEL)
    if output == RELABEL and (by != BY_FAMILY or not family):
        raise UsageError("-o relabel is about families", next_step="say which are not to be stored: --family REGEX")
    asked = Asked.of(
        options,
        resource or (),
        namespace,
        all_namespaces=all_namespaces,
        selector=selector,
        family=family,
        strict=strict,
    )
    count = _Count(asked, output, sort_by, Cardinality(by))
    check_sort(count.view([]), sort_by)
    finish(each_text(asked, count.take, count.show), options)
