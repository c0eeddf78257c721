"""When stock is taken again, and what is told of it."""

from __future__ import annotations

import asyncio
import io
from types import SimpleNamespace

import pytest

from linkerdctl.cli import stock
from linkerdctl.cli.stock import LEAST, SHARE, Restock
from linkerdctl.errors import LinkerdctlError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.render.terminal import Terminal
from tests.kube.manifests import pod

OLD, NEW = (Inventory.from_objects([pod(name)]) for name in ("old-1", "new-1"))


class Cluster:
    """Gives the new inventory after so many seconds of its clock, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, takes: float = 1.0) -> None:
        self.now = 0.0
        self.takes = takes
        self.asked = 0
        self.broken = False
        monkeypatch.setattr(stock, "time", SimpleNamespace(monotonic=lambda: self.now))

    async def load(self) -> Inventory:
        self.asked += 1
        self.now += self.takes
        if self.broken:
            raise LinkerdctlError("it is gone")
        return NEW


def kept() -> Inventory:
    inventory = Inventory()
    inventory.become(OLD)
    return inventory


async def looked(restock: Restock) -> None:
    restock.look()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def names(inventory: Inventory) -> list[str]:
    return [target.pod.name for target in inventory.targets()]


async def test_stock_is_taken_when_it_is_due_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, inventory = Cluster(monkeypatch), kept()
    restock = Restock(inventory, cluster.load, Terminal())
    cluster.now = LEAST - 0.1
    await looked(restock)
    assert (cluster.asked, names(inventory)) == (0, ["old-1"])
    cluster.now = LEAST
    await looked(restock)
    await looked(restock)
    assert (cluster.asked, names(inventory)) == (1, ["new-1"])


async def test_a_cluster_that_is_slow_to_list_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(monkeypatch, takes=30.0)
    restock = Restock(kept(), cluster.load, Terminal())
    cluster.now = LEAST
    await looked(restock)
    cluster.now += 30.0 * SHARE - 1
    await looked(restock)
    assert cluster.asked == 1
    cluster.now += 1
    await looked(restock)
    assert cluster.asked == 2


@pytest.mark.parametrize("live", [False, True])
async def test_each_time_it_begins_to_fail_is_told_once_below_a_view_when_that_has_ended(
    monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    cluster, inventory, told = Cluster(monkeypatch), kept(), io.StringIO()
    restock = Restock(inventory, cluster.load, Terminal(stderr=told, live=live))
    for broken in (True, True, False, True):
        cluster.broken = broken
        cluster.now += 2 * LEAST
        await looked(restock)
    during = told.getvalue()
    await restock.close()
    lines = told.getvalue().splitlines()
    assert lines == ["pods that come or go are not noticed for now: it is gone"] * 2
    assert (during == "") is live
    assert names(inventory) == ["new-1"]


async def test_what_is_under_way_ends_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, ended = Cluster(monkeypatch), asyncio.Event()

    async def never() -> Inventory:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return NEW

    restock = Restock(kept(), never, Terminal())
    cluster.now = LEAST
    await looked(restock)
    await restock.close()
    assert ended.is_set()
