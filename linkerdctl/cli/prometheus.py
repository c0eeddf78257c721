"""Opening the Prometheus that the global options choose. Loaded only when there is one."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from linkerdctl.cli.options import PrometheusOptions
from linkerdctl.errors import UsageError
from linkerdctl.kube.client import KubeClient
from linkerdctl.metrics.query import Matcher
from linkerdctl.metrics.reduce import PeerLabels
from linkerdctl.render.progress import progress_on
from linkerdctl.render.terminal import Terminal
from linkerdctl.sources.prometheus.address import Url, parse_address
from linkerdctl.sources.prometheus.api import Prometheus
from linkerdctl.sources.prometheus.config import http_config
from linkerdctl.sources.prometheus.doors import open_service, open_url
from linkerdctl.sources.prometheus.setup import setup_query
from linkerdctl.sources.prometheus.source import PrometheusSource


@asynccontextmanager
async def open_prometheus(
    options: PrometheusOptions, client: KubeClient, terminal: Terminal, *, window: float, since_start: bool
) -> AsyncIterator[Callable[[PeerLabels], PrometheusSource]]:
    """What gives the source of traffic once the objects are known; how the store labels things is asked meanwhile.

    Raises `UsageError` and `ConfigError` for what was given wrongly.
    """
    only = label_matchers(options.labels)
    async with open_api(options, client) as prometheus:
        asked = asyncio.create_task(prometheus.query(setup_query(only)))
        try:
            yield lambda peer_labels: PrometheusSource(
                prometheus,
                window=window,
                peer_labels=peer_labels,
                since_start=since_start,
                only=only,
                asked=asked,
                note=terminal.note,
                progress=progress_on(terminal),
            )
        finally:
            asked.cancel()
            await asyncio.gather(asked, return_exceptions=True)


@asynccontextmanager
async def open_api(options: PrometheusOptions, client: KubeClient) -> AsyncIterator[Prometheus]:
    """The query API at the address, whichever way leads there."""
    address = parse_address(options.address)
    user = address.user if isinstance(address, Url) else None
    config = http_config(user=user, headers=options.headers, file=options.config, timeout=options.timeout)
    if isinstance(address, Url):
        async with open_url(address, config) as prometheus:
            yield prometheus
    else:
        yield open_service(client, address, config)


def label_matchers(texts: Sequence[str]) -> tuple[Matcher, ...]:
    """Conditions from `NAME=VALUE`; several values of one label are alternatives. Raises `UsageError`."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name):
            raise UsageError(f"--prometheus-label {text!r} is no condition", next_step="write it as cluster=west")
        values[name].append(value)
    return tuple(Matcher(name, tuple(each)) for name, each in values.items())
