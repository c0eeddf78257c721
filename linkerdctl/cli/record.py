"""`record`: what the proxies count, to look at later or elsewhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.durations import parse_duration
from linkerdctl.errors import ApiError, ExitCode, RecordingError, UsageError
from linkerdctl.kube.selectors import LabelSelector, parse_selector

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
OBJECTS = (
    ("v1", "namespaces", False),
    ("v1", "pods", True),
    ("v1", "services", True),
    ("apps/v1", "deployments", True),
    ("apps/v1", "replicasets", True),
    ("apps/v1", "statefulsets", True),
    ("apps/v1", "daemonsets", True),
    ("batch/v1", "jobs", True),
    ("batch/v1", "cronjobs", True),
    ("v1", "replicationcontrollers", True),
    ("linkerd.io/v1alpha2", "serviceprofiles", True),
    ("policy.linkerd.io/v1beta3", "servers", True),
    ("policy.linkerd.io/v1beta1", "serverauthorizations", True),
    ("policy.linkerd.io/v1alpha1", "authorizationpolicies", True),
    ("policy.linkerd.io/v1alpha1", "meshtlsauthentications", True),
    ("policy.linkerd.io/v1alpha1", "networkauthentications", True),
    ("policy.linkerd.io/v1beta3", "httproutes", True),
    ("gateway.networking.k8s.io/v1", "httproutes", True),
    ("gateway.networking.k8s.io/v1", "grpcroutes", True),
)
"""API, plural, namespaced: what commands may want to know of later. All but pods may be refused or not exist."""


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
    length, interval = parse_duration(seconds), parse_duration(every)
    if interval < 1 or length < interval:
        raise UsageError(
            f"--for {seconds} --every {every} gives no two scrapes", next_step="--every 1s at least, --for more"
        )
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.sources.recorder import RecordingWriter
    from linkerdctl.sources.redaction import Redaction

    where = None if all_namespaces else namespace or cluster_config(options).namespace
    writer = RecordingWriter(output, redaction=Redaction() if redact else None, overwrite=force)
    interrupted = asyncio.run(_record(options, writer, where, parse_selector(selector), length, interval))
    _tell(options, writer)
    if interrupted:
        raise typer.Exit(ExitCode.INTERRUPTED)


async def _record(
    options: GlobalOptions,
    writer: Any,
    namespace: str | None,
    selector: LabelSelector,
    seconds: float,
    every: float,
) -> bool:
    """True when the user ended it."""
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.kube.inventory import Inventory
    from linkerdctl.kube.proxy_access import proxy_access
    from linkerdctl.render.progress import progress_on
    from linkerdctl.sources.recorder import record as record_passes

    try:
        async with KubeClient(cluster_config(options), concurrency=options.concurrency) as client:
            manifests = [each async for each in _manifests(client, namespace, options)]
            chosen = [each for each in manifests if each["kind"] != "Pod" or _chosen(each, selector)]
            targets = Inventory.from_objects(chosen).targets()
            if not targets:
                place = f"in namespace {namespace}" if namespace else "in this cluster"
                raise RecordingError(f"there is no meshed pod {place} to record")
            writer.cluster(chosen)
            async with proxy_access(options.via, client, concurrency=options.concurrency) as access:
                passes = asyncio.ensure_future(
                    record_passes(
                        writer, targets, access, seconds=seconds, every=every, deadline=options.timeout,
                        concurrency=options.concurrency, progress=progress_on(options.terminal),
                    )
                )  # fmt: skip
                asyncio.get_running_loop().add_signal_handler(signal.SIGINT, passes.cancel)
                try:
                    await passes
                except asyncio.CancelledError:
                    return True
        return False
    finally:
        writer.close()


def _chosen(pod: dict[str, Any], selector: LabelSelector) -> bool:
    return selector.matches(pod["metadata"].get("labels") or {})


async def _manifests(client: Any, namespace: str | None, options: GlobalOptions) -> AsyncIterator[dict[str, Any]]:
    for group_version, plural, namespaced in OBJECTS:
        try:
            async for manifest in client.objects(group_version, plural, namespace=namespace if namespaced else None):
                if namespaced or namespace in (None, manifest["metadata"]["name"]):
                    yield manifest
        except ApiError as error:
            if plural == "pods" or error.status not in (403, 404):
                raise
            if error.status == 403:
                options.terminal.note(f"{plural} may not be listed and are not recorded")


def _tell(options: GlobalOptions, writer: Any) -> None:
    if not writer.passes:
        options.terminal.note("ended before the first pass: nothing was written")
        return
    options.terminal.note(f"wrote {writer.passes} scrapes to {writer.output}")
    for failure in list(writer.failures.values())[:10]:
        options.terminal.note(f"  {failure.pod} did not always answer: {failure.reason}")
    if writer.passes > 1:
        options.terminal.note(f"look at it: linkerdctl --recording {writer.output} stat deploy -A")
