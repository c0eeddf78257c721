"""A live tap: through the viz extension's API, or the proxies themselves. Loaded only when there is a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer

from linkerdctl.cli import tap_doctor
from linkerdctl.cli.cluster import cluster_config
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.tap_request import Asked
from linkerdctl.cli.tap_show import Show
from linkerdctl.cli.tap_targets import Targets, load_targets
from linkerdctl.errors import ApiError, ExitCode, TapError, UsageError
from linkerdctl.kube.client import KubeClient
from linkerdctl.tap.doctor import findings
from linkerdctl.tap.query import TapQuery
from linkerdctl.tap.transports.mesh_tls import TlsFiles
from linkerdctl.tap.transports.protocol import TapTransport, Tell
from linkerdctl.tap.transports.proxies import ProxyTap, TapTarget
from linkerdctl.tap.transports.viz import VizTap


async def tap(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Show live requests."""
    show = Show(asked, options.terminal, max_rps=query.max_rps, advice="; --doctor tells what may be wrong")
    async with live_tap(options, query, options.terminal.note, asked.tls) as transport:
        await show.run(transport)


@asynccontextmanager
async def live_tap(
    options: GlobalOptions, query: TapQuery, tell: Tell, tls: TlsFiles | None
) -> AsyncIterator[TapTransport]:
    """Live requests, while they are wanted. What a cluster refuses is looked into, as far as that takes no time."""
    direct = _is_direct(options)
    if tls is not None and not direct:
        raise UsageError(
            "an identity is for the proxies themselves", next_step="give --via direct too, or no --tls-..."
        )
    async with KubeClient(cluster_config(options)) as client:
        try:
            yield await _transport(client, query, tell, tls, direct=direct)
        except (ApiError, TapError) as error:
            if error.next_step is not None or (isinstance(error, ApiError) and error.status == 0):
                raise
            facts, _ = await tap_doctor.examine(client, query, direct=direct)
            raise tap_doctor.explained(error, facts) from None


async def diagnose(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Tell why nothing comes; ends with the code of a failed check if something is wrong."""
    direct = _is_direct(options)
    async with KubeClient(cluster_config(options)) as client:
        facts, targets = await tap_doctor.examine(client, query, direct=direct)
        if targets is not None and not any(each.good is False for each in findings(facts)):

            def make(found: Targets) -> TapTransport:
                return _proxies(query, found, asked.tls, _silent) if direct else VizTap(client, query, _silent)

            facts = await tap_doctor.watch(options, client, facts, targets, make)
    if not tap_doctor.tell(options.terminal, findings(facts), asked.output.name):
        raise typer.Exit(ExitCode.GATE)


def _is_direct(options: GlobalOptions) -> bool:
    if options.via == "port-forward":
        raise UsageError(
            "tap does not go through port-forwards",
            next_step="leave --via out, to tap through the viz extension, or give --via direct",
        )
    return options.via == "direct"


async def _transport(
    client: KubeClient, query: TapQuery, tell: Tell, tls: TlsFiles | None, *, direct: bool
) -> TapTransport:
    if not direct:
        return VizTap(client, query, tell)
    targets = await load_targets(client, query.target, everywhere=True)
    return _proxies(query, targets, tls, tell)


def _proxies(query: TapQuery, targets: Targets, tls: TlsFiles | None, tell: Tell) -> TapTransport:
    """The proxies of the pods that can be tapped; raises `TapError` without any."""
    tappable = [TapTarget(pod.ref, pod.ip, pod.port, pod.identity) for pod in targets.pods if pod.tappable and pod.ip]
    if not tappable:
        raise TapError(f"there is no pod of {query.target} to tap")
    return ProxyTap(tappable, query, tell, tls=tls, hydrate=targets.hydration().hydrated)


def _silent(line: str) -> None:
    """The doctor tells in its own words."""
