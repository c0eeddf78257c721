"""`record`: what the proxies count, to look at later or elsewhere."""

from __future__ import annotations

import asyncio
import shlex
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.traffic import TOLD_ONE_BY_ONE
from linkerdctl.durations import parse_duration
from linkerdctl.errors import RecordingError, UsageError
from linkerdctl.kube.selectors import LabelSelector, parse_selector
from linkerdctl.render.terminal import Terminal

if TYPE_CHECKING:
    from linkerdctl.sources.census import Census
    from linkerdctl.sources.recorder import Plan
    from linkerdctl.sources.recording_writer import RecordingWriter

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Record what the proxies count, to look at later or elsewhere.

\b
Examples:
  linkerdctl record -n emojivoto --for 60s --every 10s -o incident.tar.gz
  linkerdctl record -A --for 10m -o /tmp/incident
  linkerdctl record -n emojivoto --redact -o for-support.tar.gz
  linkerdctl --recording incident.tar.gz stat deploy -n emojivoto -t 60s

\b
A recording holds the proxies' texts and the cluster's objects, without environment values and Secrets. Every command
that reads proxies answers from it with --recording. Ctrl-C ends it early; what there is by then is valid.
"""


@app.command(help=HELP)
def record(
    ctx: typer.Context,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PATH", help="Directory, or a file ending in .tar.gz.")
    ],
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace to record.")] = None,
    all_namespaces: Annotated[bool, typer.Option("--all-namespaces", "-A", help="Record all namespaces.")] = False,
    selector: Annotated[str, typer.Option("--selector", "-l", help="Label selector for the pods.")] = "",
    seconds: Annotated[str, typer.Option("--for", metavar="DURATION", help="How long.")] = "60s",
    every: Annotated[str, typer.Option("--every", metavar="DURATION", help="How often.")] = "10s",
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace names, addresses and identities by hashes.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a recording that is there.")] = False,
) -> None:
    """Parse and record."""
    options = globals_of(ctx)
    if options.recording is not None:
        raise UsageError("record needs a cluster, and --recording is none", next_step="leave --recording out")
    if all_namespaces and namespace:
        raise UsageError("-A and -n exclude each other", next_step="give one of them")
    plan = _plan(options, seconds, every)
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.sources.recording_writer import RecordingWriter
    from linkerdctl.sources.redaction import Redaction

    labels = parse_selector(selector)
    where = None if all_namespaces else namespace or cluster_config(options).namespace
    writer = RecordingWriter(output, redaction=Redaction() if redact else None, overwrite=force)
    ended_by = asyncio.run(_record(options, writer, plan, where, labels))
    if ended_by:
        raise typer.Exit(128 + ended_by)


def _plan(options: GlobalOptions, seconds: str, every: str) -> Plan:
    from linkerdctl.sources.recorder import Plan

    length, interval = parse_duration(seconds), parse_duration(every)
    if interval < 1 or length < interval:
        raise UsageError(
            f"--for {seconds} --every {every} gives no two scrapes", next_step="--every 1s at least, --for no less"
        )
    return Plan(length, interval, options.timeout, options.concurrency)


async def _record(
    options: GlobalOptions, writer: RecordingWriter, plan: Plan, namespace: str | None, labels: LabelSelector
) -> int:
    """Record until the end, or until a signal asks for it: its number, or 0. What there is by then is a recording."""
    caught: list[int] = []
    this, loop = asyncio.current_task(), asyncio.get_running_loop()

    def end(number: int) -> None:
        caught.append(number)
        if this:
            this.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    try:
        await _pass_by_pass(options, writer, plan, namespace, labels)
    except asyncio.CancelledError:
        if not caught:
            raise
    finally:
        writer.close()
        _tell(options.terminal, writer)
    if not writer.proxies and not caught:
        raise _nobody_answered(writer)
    if not writer.proxies:
        options.terminal.note("ended before the first pass was over: nothing was written")
    return caught[0] if caught else 0


async def _pass_by_pass(
    options: GlobalOptions, writer: RecordingWriter, plan: Plan, namespace: str | None, labels: LabelSelector
) -> None:
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.kube.proxy_ways import proxy_access
    from linkerdctl.render.progress import progress_on
    from linkerdctl.sources.census import Census
    from linkerdctl.sources.recorder import record as record_passes

    async with KubeClient(cluster_config(options), concurrency=options.concurrency) as client:
        census = Census(client, namespace, labels)
        await census.read()
        _announce(options.terminal, census, plan, namespace)
        async with proxy_access(options.via, client, concurrency=options.concurrency) as access:
            left_out = await record_passes(writer, census, access, plan, progress_on(options.terminal))
    if left_out:
        were = "1 pass was" if left_out == 1 else f"{left_out} passes were"
        options.terminal.note(f"{were} left out: asking all proxies took longer than --every {plan.every:g}s")


def _announce(terminal: Terminal, census: Census, plan: Plan, namespace: str | None) -> None:
    proxies = len(census.targets())
    place = f"in namespace {namespace}" if namespace else "in this cluster"
    if not proxies:
        raise RecordingError(
            f"there is no meshed pod {place} to record",
            next_step="-n NAMESPACE or -A says where; meshed pods have the label linkerd.io/control-plane-ns",
        )
    for plural in census.refused:
        terminal.note(f"{plural} may not be listed and are not recorded")
    terminal.note(
        f"recording {_proxies(proxies)} {place}: {len(plan.moments)} passes in {plan.seconds:g}s, Ctrl-C ends it early"
    )


def _tell(terminal: Terminal, writer: RecordingWriter) -> None:
    """What there is now, who is missing, and what to do with it."""
    if not writer.proxies:
        return
    passes = "1 pass" if writer.passes == 1 else f"{writer.passes} passes"
    terminal.note(f"wrote {passes} over {_proxies(writer.proxies)} to {writer.output}")
    failures, answered = writer.coverage.failures, writer.coverage.answered
    for failure in failures[:TOLD_ONE_BY_ONE]:
        always = "always " if failure.pod in answered else ""
        terminal.note(f"  {failure.pod} did not {always}answer: {failure.reason}")
    if len(failures) > TOLD_ONE_BY_ONE:
        terminal.note(f"  and {len(failures) - TOLD_ONE_BY_ONE} more")
    for advice in dict.fromkeys(each.advice for each in failures if each.advice):
        for line in advice.splitlines():
            terminal.note(f"  {line}")
    if writer.passes > 1:
        terminal.note(f"look at it: linkerdctl --recording {shlex.quote(str(writer.output))} stat deploy -A")


def _nobody_answered(writer: RecordingWriter) -> RecordingError:
    """The reason of the first will do: it is mostly the same for all."""
    failures = writer.coverage.failures
    reason = f": {failures[0].reason}" if failures else ""
    return RecordingError(f"no proxy answered{reason}", next_step=failures[0].advice if failures else None)


def _proxies(number: int) -> str:
    return "1 proxy" if number == 1 else f"{number} proxies"
