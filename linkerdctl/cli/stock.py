"""Taking stock again while a command watches, since pods come and go. In the background: no look waits for a list."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from linkerdctl.errors import LinkerdctlError, NotFoundError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.selection import Selection
from linkerdctl.render.terminal import Terminal

LEAST = 10.0
"""Seconds between two times."""
SHARE = 10
"""How many times as long as a list took none is asked for: those of a large cluster are dear."""

Load = Callable[[], Awaitable[Inventory]]


class Restock:
    """Keeps an inventory, which others hold, up to date.

    What fails is told once, where a view stands on the terminal when that has ended, and the inventory stays as it is.
    """

    def __init__(self, inventory: Inventory, load: Load, terminal: Terminal) -> None:
        self._inventory = inventory
        self._load = load
        self._terminal = terminal
        self._failing = False
        self._untold: list[str] = []
        self._due = time.monotonic() + LEAST
        self._taking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin, if it is time and the last one is over."""
        if time.monotonic() >= self._due and (self._taking is None or self._taking.done()):
            self._taking = asyncio.create_task(self._take())

    async def close(self) -> None:
        """Give up what is under way."""
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.gather(self._taking, return_exceptions=True)
        for line in self._untold:
            self._terminal.note(line)

    async def _take(self) -> None:
        began = time.monotonic()
        try:
            self._inventory.become(await self._load())
            self._failing = False
        except LinkerdctlError as error:
            if not self._failing:
                self._tell(f"pods that come or go are not noticed for now: {error.message}")
            self._failing = True
        ended = time.monotonic()
        self._due = ended + max(LEAST, SHARE * (ended - began))

    def _tell(self, line: str) -> None:
        if self._terminal.live:
            self._untold.append(line)
        else:
            self._terminal.note(line)


def check_all_there(selections: Sequence[Selection], before: Inventory, after: Inventory) -> None:
    """Raise `NotFoundError` when an object that was asked for by name is not there any more."""
    for each in selections:
        if each.name and _has(before, each) and not _has(after, each):
            raise NotFoundError(f"{each} is not there any more")


def _has(inventory: Inventory, selection: Selection) -> bool:
    try:
        inventory.rows(inventory.resolve(selection))
    except LinkerdctlError:
        return False
    return True
