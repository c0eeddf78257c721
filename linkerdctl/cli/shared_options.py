"""Options that commands about traffic share, spelled once: annotations for the parameters of their functions."""

from __future__ import annotations

from typing import Annotated

import typer

Resources = Annotated[list[str], typer.Argument(help="What to look at.", show_default=False)]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the resources.")]
AllNamespaces = Annotated[bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")]
Selector = Annotated[str, typer.Option("--selector", "-l", help="Label selector for the resources.")]
TimeWindow = Annotated[
    str,
    typer.Option("--time-window", "-t", metavar="DURATION", help="How long to watch: the time between two scrapes."),
]
Output = Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="table, wide, json, yaml or csv.")]
SortBy = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Sort by a column (rps, p99, success, ...), largest first.")
]
Watch = Annotated[
    str | None,
    typer.Option(
        "--watch",
        "-w",
        metavar="[EVERY]",
        help="Refresh again and again; every 2s if EVERY is left out.",
        show_default=False,
    ),
]
AllTraffic = Annotated[bool, typer.Option("--all-traffic", help="Count probes and scrapes of the proxies too.")]
SinceStart = Annotated[bool, typer.Option("--since-start", help="One scrape: averages since each proxy started.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 when a proxy did not answer.")]
To = Annotated[
    str | None, typer.Option("--to", metavar="TYPE[/NAME]", help="Only what the resources sent to TYPE[/NAME].")
]
ToNamespace = Annotated[str | None, typer.Option(help="Namespace of --to; alone: all that is there.")]
Ends = Annotated[list[str] | None, typer.Argument(help="TYPE or TYPE/NAME at either end.", show_default=False)]
NamespaceOfEnds = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of either end.")]
