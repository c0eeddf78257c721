"""Takes stock of a live cluster: just the lists a command needs, at once, and what to do when one is refused."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace

from linkerdctl.errors import ApiError
from linkerdctl.kube.discovery import Api, find_kind_in_cluster, kind_of_owner
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.kinds import (
    ALL,
    AUTHORITY,
    CRONJOB,
    DEPLOYMENT,
    JOB,
    KINDS,
    NAMESPACE,
    POD,
    POLICY_KINDS,
    REPLICASET,
    Kind,
    find_kind,
)
from linkerdctl.kube.selection import Selection, unknown_kind, word_for

Scopes = Mapping[Kind, frozenset[str | None]]
"""Where each kind is to be listed; {None} is everywhere."""

_ON_THE_WAY = {DEPLOYMENT: (REPLICASET,), CRONJOB: (JOB,)}
"""The kinds that must be read to know which pods are whose. Pods name all others' owners themselves."""


async def load_inventory(
    client: Api, selections: Sequence[Selection], *, all_pods: bool = False, all_owners: bool = False
) -> Inventory:
    """The objects that `selections` are about, with their pods; `all_pods` looks at pods in every namespace.

    Owners between a pod and an object are only read where a selected kind needs it, or with `all_owners`. Raises
    `ApiError` for what cannot be done without; the rest is noted in `Inventory.notes`.
    """
    known = await asyncio.gather(*(_known(client, selection) for selection in selections))
    loader = _Loader(client, known)
    await loader.load(all_pods=all_pods, all_owners=all_owners)
    return loader.inventory


async def check_namespaces(client: Api, selections: Iterable[Selection], inventory: Inventory) -> None:
    """Raise `NotFoundError` for a namespace that does not exist; asked only about those that nothing was found in."""
    named = {each.namespace for each in selections if each.namespace and each.kind.namespaced}
    for name in sorted(named):
        if not inventory.is_inhabited(name):
            await check_namespace(client, name)


async def check_namespace(client: Api, name: str) -> None:
    """Raise `NotFoundError` if there is no namespace of that name; who may not look is believed."""
    whole = Selection(NAMESPACE, None, name)
    try:
        found = await load_inventory(client, [whole])
    except ApiError:
        return
    found.rows(whole)


async def _known(client: Api, selection: Selection) -> Selection:
    """The selection with a custom kind found in the cluster."""
    if selection.kind in KINDS:
        return selection
    kind = await find_kind_in_cluster(client, selection.kind)
    if kind is None:
        raise unknown_kind(word_for(selection.kind))
    words = {selection.kind.name, selection.kind.plural, *selection.kind.aliases}
    return replace(selection, kind=find_kind(kind.name) or replace(kind, aliases=tuple(words)))


def _where(selection: Selection) -> str | None:
    """The namespace that a selection's pods are in; None is all."""
    return selection.name if selection.kind is NAMESPACE else selection.namespace


def _scopes(selections: Iterable[Selection], *, all_owners: bool) -> tuple[Scopes, Scopes]:
    """Where to list pods and the selected kinds, and where their owners on the way."""
    needed: defaultdict[Kind, set[str | None]] = defaultdict(set)
    owners: defaultdict[Kind, set[str | None]] = defaultdict(set)
    for each in selections:
        needed[POD].add(_where(each))
        if each.kind is not AUTHORITY:
            needed[each.kind].add(_where(each) if each.kind.namespaced else None)
        any_kind = all_owners or each.kind not in KINDS
        for kind in (REPLICASET, JOB) if any_kind else _ON_THE_WAY.get(each.kind, ()):
            owners[kind].add(_where(each))
    for kind in owners:
        owners[kind] -= {None} if None in needed[kind] else needed[kind]
    return _widest(needed), _widest(owners)


def _widest(places: Mapping[Kind, set[str | None]]) -> Scopes:
    everywhere: frozenset[str | None] = frozenset({None})
    return {kind: everywhere if None in where else frozenset(where) for kind, where in places.items() if where}


class _Loader:
    def __init__(self, client: Api, selections: Sequence[Selection]) -> None:
        self._client = client
        self._selections = selections
        self._read: set[str] = set()
        self.inventory = Inventory()

    async def load(self, *, all_pods: bool, all_owners: bool) -> None:
        needed, owners = _scopes(self._selections, all_owners=all_owners)
        custom = [kind for kind in needed if kind not in KINDS]
        for kind in custom:
            self.inventory.learn(kind)
        self._read.update(kind.name for kind in (*needed, *owners))
        everything = needed.keys() >= set(ALL)
        await _together(
            self._pods(needed[POD], everywhere=all_pods),
            *(
                self._selected(kind, where, optional=everything and kind in ALL)
                for kind, where in needed.items()
                if kind is not POD
            ),
            *(self._owners(kind, where) for kind, where in owners.items()),
        )
        if custom or all_owners:
            await self._walk_on(needed[POD])

    async def _pods(self, where: frozenset[str | None], *, everywhere: bool) -> None:
        if everywhere and None not in where:
            try:
                return await self._list(POD, None)
            except ApiError as error:
                if error.status != 403:
                    raise
                names = ", ".join(sorted(filter(None, where)))
                self._note(f"only clients in namespace {names} are seen: you may not list pods elsewhere")
        await _together(*(self._list(POD, namespace) for namespace in where))
        return None

    async def _selected(self, kind: Kind, where: frozenset[str | None], *, optional: bool) -> None:
        """A selected kind; of the many that `all` stands for, one that is refused costs itself alone."""
        if kind is NAMESPACE:
            await self._namespaces()
        elif kind in POLICY_KINDS:
            await _together(
                *(self._policies(kind, versions, each) for versions in kind.groups.values() for each in where)
            )
        elif optional:
            await _together(
                *(self._try(kind, each, f"{kind.plural} cannot be listed, so none is shown") for each in where)
            )
        else:
            await _together(*(self._list(kind, namespace) for namespace in where))

    async def _policies(self, kind: Kind, versions: Sequence[str], namespace: str | None) -> None:
        """Those of one API group, in the first version that is served; proxies tell of the others that have traffic."""
        for version in versions:
            try:
                return await self._list(replace(kind, group_version=version), namespace)
            except ApiError as error:
                if error.status == 403:
                    self._note(f"{kind.plural} cannot be listed: only those with traffic are shown")
                    return None
                if error.status != 404:
                    raise
        return None

    async def _namespaces(self) -> None:
        """Namespaces that are named need not be listed: who may look at one often may not look at all."""
        try:
            await self._list(NAMESPACE, None)
        except ApiError as error:
            names = [each.name for each in self._selections if each.kind is NAMESPACE]
            if error.status != 403 or not all(names):
                raise
            for name in names:
                self.inventory.add({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})

    async def _owners(self, kind: Kind, where: frozenset[str | None]) -> None:
        """Owners on the way: without them the walk ends earlier, at what the pods themselves tell."""
        note = f"{kind.plural} cannot be listed: what belongs to them is only known where Linkerd's labels tell"
        await _together(*(self._try(kind, namespace, note) for namespace in where))

    async def _try(self, kind: Kind, namespace: str | None, note: str) -> None:
        try:
            await self._list(kind, namespace)
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            self._note(note)

    async def _list(self, kind: Kind, namespace: str | None) -> None:
        async for manifest in self._client.objects(kind.group_version, kind.plural, namespace=namespace):
            self.inventory.add(manifest)

    async def _walk_on(self, where: frozenset[str | None]) -> None:
        """Read the owners of owners, list by list, until the topmost are reached."""
        while unread := {each.kind: each for each in self.inventory.unread_owners() if each.kind not in self._read}:
            for owner in unread.values():
                self._read.add(owner.kind)
                kind = find_kind(owner.kind) or await kind_of_owner(self._client, owner.kind, owner.group_version)
                if kind:
                    await self._owners(kind, where if kind.namespaced else frozenset({None}))

    def _note(self, note: str) -> None:
        if note not in self.inventory.notes:
            self.inventory.notes.append(note)


async def _together(*loads: Coroutine[None, None, None]) -> None:
    """Run them all at once; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for load in loads:
                group.create_task(load)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
