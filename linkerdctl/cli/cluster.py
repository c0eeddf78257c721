"""Opening a live cluster for a command: configuration, client, inventory, proxies. Loaded only when there is one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.stock import Restock, check_all_there
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.cluster import check_namespaces, load_inventory
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kubeconfig import ClusterConfig, Impersonation, load_config
from linkerdctl.kube.proxy_ways import proxy_access
from linkerdctl.kube.selection import Selection
from linkerdctl.metrics.reduce import PeerLabels
from linkerdctl.render.progress import progress_on
from linkerdctl.sources.protocol import Source
from linkerdctl.sources.proxies import ProxySource


def cluster_config(options: GlobalOptions) -> ClusterConfig:
    """The cluster and user that the global options choose."""
    impersonation = Impersonation(options.impersonate, options.impersonate_groups, options.impersonate_uid)
    return load_config(options.kubeconfig, options.context, impersonation)


@asynccontextmanager
async def open_cluster(
    options: GlobalOptions,
    selections: Sequence[Selection],
    *,
    window: float,
    since_start: bool,
    all_pods: bool,
) -> AsyncIterator[Scene]:
    """A scene whose traffic comes from the proxies themselves, or from the Prometheus that is chosen."""
    async with (
        KubeClient(cluster_config(options), concurrency=options.concurrency) as client,
        _sources(options, client, window=window, since_start=since_start) as source_for,
    ):
        inventory = await load_inventory(client, selections, all_pods=all_pods)
        await check_namespaces(client, selections, inventory)

        async def load_again() -> Inventory:
            found = await load_inventory(client, selections, all_pods=all_pods)
            check_all_there(selections, inventory, found)
            return found

        async def manifests(group_version: str, plural: str, kind: str, namespace: str | None) -> list[dict[str, Any]]:
            return [each async for each in client.objects(group_version, plural, namespace=namespace)]

        stock = Restock(inventory, load_again, options.terminal)
        try:
            yield Scene(inventory, source_for(inventory.peer_labels), manifests, client, stock.look)
        finally:
            await stock.close()


@asynccontextmanager
async def _sources(
    options: GlobalOptions, client: KubeClient, *, window: float, since_start: bool
) -> AsyncIterator[Callable[[PeerLabels], Source]]:
    """What gives the source of traffic once the objects are known."""
    if options.prometheus is not None:
        from linkerdctl.cli.prometheus import open_prometheus

        chosen, terminal = options.prometheus, options.terminal
        async with open_prometheus(chosen, client, terminal, window=window, since_start=since_start) as store_for:
            yield store_for
        return
    async with proxy_access(options.via, client, concurrency=options.concurrency) as access:
        yield lambda peer_labels: ProxySource(
            access,
            window=window,
            peer_labels=peer_labels,
            concurrency=options.concurrency,
            deadline=options.timeout,
            since_start=since_start,
            progress=progress_on(options.terminal),
        )
