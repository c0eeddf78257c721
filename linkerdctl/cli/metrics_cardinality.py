"""`metrics cardinality`: series and bytes of proxies' metrics, by family or by label."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import typer

from linkerdctl.cli.metrics_texts import Asked, Family, each_text, pattern
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.shared_options import AllNamespaces, Namespace, Output, Selector, Strict
from linkerdctl.cli.traffic import finish
from linkerdctl.metrics.dump import families
from linkerdctl.render.cardinality import family_view, label_view
from linkerdctl.render.formats import check_output, render
from linkerdctl.render.sorting import sorted_rows
from linkerdctl.render.terminal import Terminal
from linkerdctl.reports.cardinality import BY_LABEL, Cardinality
from linkerdctl.sources.protocol import ProxyText

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
What metrics cost: series and bytes of many proxies, by family, or by label with the number of its values.

\b
Examples:
  linkerdctl metrics cardinality -n emojivoto
  linkerdctl metrics cardinality deploy/web -n emojivoto --sort-by bytes
  linkerdctl metrics cardinality -A --by label
  linkerdctl metrics cardinality -A --by label --family '^outbound_http_route' -o wide
  linkerdctl metrics cardinality -A -o csv > series.csv

\b
Series are counted as a Prometheus would: each bucket of a histogram is one, and the same one on two proxies is two.
Bytes are those of the text, before compression.
"""


@dataclass(slots=True)
class _Count:
    """Counts texts, and shows what was counted."""

    terminal: Terminal
    family: re.Pattern[str] | None
    by_label: bool
    output: str
    sort_by: str | None
    _found: Cardinality = field(default_factory=Cardinality)

    def take(self, number: int, of: int, said: ProxyText) -> None:
        """Count a proxy's text; raises `ExpositionError` before anything of it counts."""
        chosen = [] if said.failure else [each for each in families(said.text) if each.matches(self.family)]
        self._found.add(said.target.pod, chosen, by_label=self.by_label)

    def show(self) -> None:
        """The table, or what is wanted instead."""
        rows: list[Any] = [*(self._found.labels() if self.by_label else self._found.families())]
        view: Any = label_view(rows) if self.by_label else family_view(rows)
        ordered = sorted_rows(rows, view, self.sort_by)
        if ordered or self.output not in ("table", "wide"):
            render(ordered, view, self.output, self.terminal)
        if rows and not self.by_label:
            series, size = sum(row.series for row in rows), sum(row.size for row in rows)
            self.terminal.note(f"{series} series, {size} bytes")


@app.command("cardinality", help=HELP)
def cardinality(
    ctx: typer.Context,
    resource: Annotated[
        list[str] | None, typer.Argument(help="POD, TYPE/NAME or TYPE; all pods if left out.", show_default=False)
    ] = None,
    namespace: Namespace = None,
    all_namespaces: AllNamespaces = False,
    selector: Selector = "",
    by: Annotated[
        Literal["family", "label"], typer.Option(show_default=False, help="What a row is (default: family).")
    ] = "family",
    family: Family = None,
    output: Output = "table",
    sort_by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Sort by a column (series, bytes, values, ...).")
    ] = None,
    strict: Strict = False,
) -> None:
    """Parse, ask, count, show."""
    options = globals_of(ctx)
    check_output(output)
    asked = Asked.of(
        options, resource or (), namespace, all_namespaces=all_namespaces, selector=selector, strict=strict
    )
    count = _Count(options.terminal, pattern(family), by == BY_LABEL, output, sort_by)
    finish(each_text(asked, count.take, count.show), options)
