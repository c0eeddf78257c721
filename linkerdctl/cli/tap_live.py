"""Opening a live tap: through the viz extension's API, or the proxies themselves. Loaded only when there is a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkerdctl.cli.cluster import cluster_config
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.tap_request import Asked
from linkerdctl.cli.tap_show import Show
from linkerdctl.kube.client import KubeClient
from linkerdctl.tap.query import TapQuery
from linkerdctl.tap.transports.protocol import TapTransport
from linkerdctl.tap.transports.viz import VizTap


async def tap(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Show live requests. What a cluster refuses is explained."""
    show = Show(asked, options.terminal, max_rps=query.max_rps, advice="; --doctor tells what may be wrong")
    async with KubeClient(cluster_config(options)) as client, _transport(options, asked, query, client) as transport:
        await show.run(transport)


async def diagnose(options: GlobalOptions, asked: Asked, query: TapQuery) -> None:
    """Tell why nothing comes."""


@asynccontextmanager
async def _transport(
    options: GlobalOptions, asked: Asked, query: TapQuery, client: KubeClient
) -> AsyncIterator[TapTransport]:
    yield VizTap(client, query, options.terminal.note)
