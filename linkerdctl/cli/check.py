"""`check`: whether all is there that commands need."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import typer

from linkerdctl.cli.arguments import seconds
from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.traffic import finish
from linkerdctl.errors import ExitCode, UsageError
from linkerdctl.render.check import OUTPUTS, show_report
from linkerdctl.reports.check import CheckRequest, Facts, Report, Result
from linkerdctl.reports.check_verdict import verdict
from linkerdctl.reports.identity import parse_margin

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

AGAIN = 2.0
"""Seconds between two looks with --wait."""

HELP = """\b
Check what linkerdctl needs: API server, permissions, proxies, certificates, the tap API, a Prometheus if one is chosen.

\b
Examples:
  linkerdctl check
  linkerdctl check -n emojivoto --fail-on warn
  linkerdctl check --wait 2m -o short
  linkerdctl check --min-left 14d
  linkerdctl check --prometheus prometheus.monitoring:9090
  linkerdctl check -o json | jq '.categories[].checks[] | select(.result == "error")'
  linkerdctl --recording incident.tar.gz check

\b
Exits with 4 when a check fails; warnings count with --fail-on warn. Without -n it looks at all namespaces, or at the
context's if you may not. Issuer and trust anchors warn when less than 60 days and less than a fifth of their life are left.
"""


@app.command(help=HELP)
def check(
    ctx: typer.Context,
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace to look at.")] = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces (the default).")
    ] = False,
    fail_on: Annotated[Literal["error", "warn"], typer.Option(help="What makes it exit with 4.")] = "error",
    wait: Annotated[
        str, typer.Option(metavar="DURATION", help="Look again until all is well, for at most so long.")
    ] = "0s",
    min_left: Annotated[
        str | None, typer.Option(metavar="TIME|SHARE", help="Warn of certificates with less left: 14d, 36h, 30%.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="table, short or json.")] = "table",
) -> None:
    """Parse, look, tell."""
    options = globals_of(ctx)
    if output not in OUTPUTS:
        raise UsageError(f"unknown output format {output!r}", next_step=f"-o takes {', '.join(OUTPUTS)}")
    if all_namespaces and namespace:
        raise UsageError("-A and -n exclude each other", next_step="give one of them")
    request = CheckRequest(namespace, parse_margin(min_left) if min_left else None)
    worst = Result.WARNING if fail_on == "warn" else Result.ERROR
    finish(_check(options, request, worst, seconds(wait, "--wait", at_least=0), output), options)


async def _check(options: GlobalOptions, request: CheckRequest, worst: Result, wait: float, output: str) -> None:
    report = await _until_well(options, request, worst, time.monotonic() + wait)
    met = not report.failing(worst)
    show_report(report, output, options.terminal, met=met)
    if not met:
        raise typer.Exit(ExitCode.GATE)


async def _until_well(options: GlobalOptions, request: CheckRequest, worst: Result, deadline: float) -> Report:
    """Look, and look again until nothing fails or there is no time left."""
    told = ""
    while True:
        report = verdict(await _facts(options, request))
        failing = ", ".join(check.id for check in report.failing(worst))
        if not failing or options.recording is not None or time.monotonic() + AGAIN > deadline:
            return report
        if failing != told:
            options.terminal.note(f"waiting for {failing}")
        told = failing
        await _sleep(AGAIN)


async def _facts(options: GlobalOptions, request: CheckRequest) -> Facts:
    if options.recording is not None:
        from linkerdctl.cli.check_scene import recorded_facts

        return await recorded_facts(options, request)
    from linkerdctl.cli.check_cluster import live_facts

    return await live_facts(options, request)


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)
