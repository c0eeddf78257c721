"""What every command about traffic needs: the objects, a source, and to tell who did not answer."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.errors import ConfigError, NobodyAnsweredError, PartialDataError
from linkerdctl.kube.selection import Selection
from linkerdctl.render.terminal import Terminal
from linkerdctl.sources.protocol import Coverage

LONG_WAIT = 60.0
"""Seconds that nobody wonders about."""
TOLD_ONE_BY_ONE = 10
"""Failures named each on a line; above that they are counted by reason."""


def finish(command: Coroutine[Any, Any, None], options: GlobalOptions) -> None:
    """Run a command to its end. A recording never makes it wait, and asyncio takes longer to load than to answer."""
    if options.recording is None:
        import asyncio

        asyncio.run(command)
        return
    try:
        command.send(None)
    except StopIteration:
        return
    raise RuntimeError("a recording made its command wait")


@asynccontextmanager
async def open_scene(
    options: GlobalOptions,
    selections: Sequence[Selection],
    *,
    window: float,
    since_start: bool = False,
    all_pods: bool = False,
) -> AsyncIterator[Scene]:
    """Open the recording or the cluster, and look at the objects that `selections` need; `all_pods` in all namespaces."""
    if options.recording is not None:
        yield _recorded(options, window, since_start)
        return
    from linkerdctl.cli.cluster import open_cluster

    async with open_cluster(options, selections, window=window, since_start=since_start, all_pods=all_pods) as scene:
        yield scene


def _recorded(options: GlobalOptions, window: float, since_start: bool) -> Scene:
    from linkerdctl.sources.recording import Recording, RecordingSource

    assert options.recording is not None  # noqa: S101 - the caller has looked
    recording = Recording.open(options.recording)
    inventory = recording.inventory()
    source = RecordingSource(recording, window=window, since_start=since_start, peer_labels=inventory.peer_labels)

    async def manifests(group_version: str, plural: str, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        return [
            each
            for each in recording.manifests()
            if (each.get("apiVersion"), each.get("kind")) == (group_version, kind)
            and namespace in (None, each["metadata"].get("namespace"))
        ]

    return Scene(inventory, source, manifests)


def default_namespace(options: GlobalOptions) -> str:
    """What `-n` is when it is not given: the context's namespace; a recording has no context.

    Without a kubeconfig that can be used it is `default`: what is wrong with the kubeconfig is told by who opens the
    cluster, so that wrong usage is told before, and who needs no cluster is not kept from his work.
    """
    if options.recording is not None:
        return "default"
    from linkerdctl.cli.cluster import cluster_config

    try:
        return cluster_config(options).namespace
    except ConfigError:
        return "default"


def tell_wait(options: GlobalOptions, window: float, *, since_start: bool = False) -> None:
    """Where -t looks back, as in viz and Prometheus, nobody waits; who waits for minutes here should know, and why."""
    waits = options.recording is None and options.prometheus is None and not since_start
    if waits and window > LONG_WAIT:
        ends = time.strftime("%H:%M:%S", time.localtime(time.time() + window))
        options.terminal.note(
            f"watching for {window:g}s from now on, until {ends}; what was before only a Prometheus knows (--prometheus), "
            "or averages since the proxies started (--since-start)"
        )


def coverage_line(coverage: Coverage) -> str:
    """`6 of 7 proxies answered`; empty when all did."""
    return f"{len(coverage.answered)} of {len(coverage.asked)} proxies answered" if coverage.failures else ""


def coverage_notice(coverage: Coverage) -> str:
    """The same with a reason behind it, the most frequent one, where there is room for one line only."""
    if not coverage.failures:
        return ""
    reason, number = _main_reason(coverage)
    pod = next(failure.pod for failure in coverage.failures if failure.reason == reason)
    return f"{coverage_line(coverage)}: {reason} ({pod if number == 1 else f'{pod} and {number - 1} more'})"


def _main_reason(coverage: Coverage) -> tuple[str, int]:
    """Why most of those that did not answer did not, and how many these are."""
    return Counter(failure.reason for failure in coverage.failures).most_common(1)[0]


def tell_coverage(terminal: Terminal, coverage: Coverage) -> None:
    """Say who did not answer, and why, and who restarted; nothing when all was well."""
    for pod in coverage.restarted[:TOLD_ONE_BY_ONE]:
        terminal.note(f"{pod}: its proxy restarted in the window; what it counted before is lost")
    if not coverage.failures:
        return
    terminal.note(coverage_line(coverage))
    if len(coverage.failures) <= TOLD_ONE_BY_ONE:
        for failure in coverage.failures:
            terminal.note(f"  {failure.pod}: {failure.reason}")
    else:
        for reason, number in Counter(failure.reason for failure in coverage.failures).most_common(TOLD_ONE_BY_ONE):
            terminal.note(f"  {number} {'proxy' if number == 1 else 'proxies'}: {reason}")
    for advice in dict.fromkeys(failure.advice for failure in coverage.failures if failure.advice):
        for line in advice.splitlines():
            terminal.note(f"  {line}")


def check_coverage(coverage: Coverage, *, strict: bool) -> None:
    """What who did not answer means for the exit code; call it last, when everything is shown.

    Raises `PartialDataError` for anyone with `--strict`, and `NobodyAnsweredError` when not one proxy answered of those
    that were asked. A source that asks no proxies (Prometheus) fails by itself.
    """
    asked, failed = len(coverage.asked), len(coverage.failures)
    if strict and failed:
        raise PartialDataError(f"{failed} of {asked} proxies did not answer")
    if failed and not coverage.answered:
        whose = "the proxy that was asked did not answer" if asked == 1 else f"none of the {asked} proxies answered"
        raise NobodyAnsweredError(f"{whose}: {_main_reason(coverage)[0]}")
