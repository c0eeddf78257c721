"""Takes stock of a live cluster: just the lists a command needs, at once, and what to do when one is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from linkerdctl.errors import ApiError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.discovery import find_kind_in_cluster, kind_of_owner
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import AUTHORITY, JOB, KINDS, NAMESPACE, POD, REPLICASET, SERVICE, Kind, find_kind
from linkerdctl.kube.selection import Selection, unknown_kind


async def load_inventory(client: KubeClient, selections: Sequence[Selection], *, all_pods: bool = False) -> Inventory:
    """The objects that `selections` are about, with their pods; `all_pods` looks at pods in every namespace.

    Raises `ApiError` for what cannot be done without; the rest is noted in `Inventory.notes`.
    """
    known = await asyncio.gather(*(_known(client, selection) for selection in selections))
    loader = _Loader(client, _namespaces(known), {each.kind.name: each.kind for each in known})
    await loader.load(all_pods=all_pods)
    return loader.inventory


async def _known(client: KubeClient, selection: Selection) -> Selection:
    """The selection with a custom kind found in the cluster."""
    if selection.kind in KINDS:
        return selection
    kind = await find_kind_in_cluster(client, selection.kind)
    if kind is None:
        raise unknown_kind(selection.kind.name)
    words = {selection.kind.name, selection.kind.plural, *selection.kind.aliases}
    return replace(selection, kind=find_kind(kind.name) or replace(kind, aliases=tuple(words)))


def _namespaces(selections: Iterable[Selection]) -> frozenset[str | None]:
    """Where to look; {None} is everywhere."""
    wanted = {each.name if each.kind is NAMESPACE else each.namespace for each in selections}
    return frozenset({None}) if None in wanted else frozenset(wanted)


class _Loader:
    def __init__(self, client: KubeClient, namespaces: frozenset[str | None], kinds: dict[str, Kind]) -> None:
        self._client = client
        self._namespaces = namespaces
        self._kinds = kinds
        self._read: set[str] = set()
        self.inventory = Inventory()

    async def load(self, *, all_pods: bool) -> None:
        custom = [kind for kind in self._kinds.values() if kind not in KINDS]
        for kind in custom:
            self.inventory.learn(kind)
        wanted = [kind for kind in self._kinds.values() if kind not in (POD, AUTHORITY)]
        owners = [kind for kind in (REPLICASET, JOB) if kind.name not in self._kinds]
        await asyncio.gather(
            self._pods(everywhere=all_pods),
            *(self._list(kind) for kind in wanted),
            *(self._list_optional(kind) for kind in owners),
        )
        if custom:
            await self._walk_on()

    async def _pods(self, *, everywhere: bool) -> None:
        if everywhere and None not in self._namespaces:
            try:
                await self._list(POD, frozenset({None}))
                return
            except ApiError as error:
                if error.status != 403:
                    raise
                names = ", ".join(sorted(filter(None, self._namespaces)))
                self.inventory.notes.append(
                    f"only clients in namespace {names} are seen: you may not list pods elsewhere"
                )
        await self._list(POD)

    async def _list(self, kind: Kind, namespaces: frozenset[str | None] | None = None) -> None:
        self._read.add(kind.name)
        scopes = (namespaces or self._namespaces) if kind.namespaced else frozenset({None})
        await asyncio.gather(*(self._list_in(kind, namespace) for namespace in scopes))

    async def _list_in(self, kind: Kind, namespace: str | None) -> None:
        async for manifest in self._client.objects(kind.group_version, kind.plural, namespace=namespace):
            self.inventory.add(manifest)

    async def _list_optional(self, kind: Kind) -> None:
        """Owners on the way: without them the walk ends earlier, and the direct owner is what is known."""
        try:
            await self._list(kind)
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            self.inventory.notes.append(f"{kind.plural} cannot be listed, so what they belong to is not known")

    async def _walk_on(self) -> None:
        """Read the owners of owners, list by list, until the topmost are reached."""
        while unread := {each.kind: each for each in self.inventory.unread_owners() if each.kind not in self._read}:
            for owner in unread.values():
                self._read.add(owner.kind)
                kind = find_kind(owner.kind) or await kind_of_owner(self._client, owner.kind, owner.group_version)
                if kind and kind is not SERVICE:
                    await self._list_optional(kind)
