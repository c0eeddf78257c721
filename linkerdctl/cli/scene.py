"""What a command looks at: objects, and a source of traffic."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from linkerdctl.kube.inventory import Inventory, Target
from linkerdctl.sources.protocol import Source

if TYPE_CHECKING:
    from linkerdctl.kube.client import KubeClient

T = TypeVar("T")
ManifestLister = Callable[[str, str, str, str | None], Awaitable[list[dict[str, Any]]]]
"""Lists objects by group version, plural, object kind and namespace (None for all); raises `ApiError`."""


@dataclass(slots=True)
class Scene:
    """The cluster as it is, or as it was when recorded, and where its traffic comes from."""

    inventory: Inventory
    source: Source
    manifests: ManifestLister
    client: KubeClient | None = None
    """For what is in no list; a recording has none."""
    restock: Callable[[], None] = lambda: None
    """Brings the inventory up to date by and by, where there is a cluster to ask."""

    async def targets(self) -> Sequence[Target]:
        """The proxies to ask, as of now or of some seconds ago: who asks again and again learns who came and who went."""
        self.restock()
        return self.inventory.targets()


async def all_answers(asked: Sequence[Coroutine[Any, Any, T]], *, live: bool) -> Sequence[T]:
    """Of a `live` cluster asked at once; a recording makes nobody wait, and does without asyncio, which is slow to load."""
    if not live:
        return [await each for each in asked]
    import asyncio

    return await asyncio.gather(*asked)
