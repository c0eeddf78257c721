"""Edges as trees of calls: every caller that nobody calls is a root, its servers are its branches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from linkerdctl.render import numbers
from linkerdctl.render.layout import cells_wide
from linkerdctl.render.terminal import printable
from linkerdctl.reports.edges import EdgeRow, Party

Branches = dict[Party, list[EdgeRow]]


def tree_text(rows: Sequence[EdgeRow]) -> str:
    """One tree per root; what was drawn before is not drawn again, but pointed at (`...`)."""
    branches: defaultdict[Party, list[EdgeRow]] = defaultdict(list)
    for row in rows:
        branches[row.client].append(row)
    drawn: set[Party] = set()
    lines = [line for root in _roots(rows) if root not in drawn for line in _tree(root, branches, drawn)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _roots(rows: Sequence[EdgeRow]) -> list[Party]:
    """Callers that nobody calls first; then the others, in case they only call each other. Idle edges count last."""
    busy = [row for row in rows if row.golden.rps is not None]
    callers = list(dict.fromkeys(row.client for row in (*busy, *rows)))
    called = {row.server for row in busy}
    return sorted(callers, key=lambda party: party in called)


def _tree(root: Party, branches: Branches, drawn: set[Party]) -> Iterator[str]:
    yield _name(root)
    yield from _branches(root, branches, drawn, "")


def _branches(party: Party, branches: Branches, drawn: set[Party], indent: str) -> Iterator[str]:
    drawn.add(party)
    rows = branches.get(party, [])
    width = max((cells_wide(_name(row.server)) for row in rows), default=0)
    for number, row in enumerate(rows, start=1):
        last = number == len(rows)
        known = row.server in drawn and bool(branches.get(row.server))
        name = _name(row.server)
        blanks = " " * (width - cells_wide(name))
        yield f"{indent}{'└─' if last else '├─'} {name}{blanks}  {_told(row)}{'  ...' if known else ''}"
        if not known:
            yield from _branches(row.server, branches, drawn, f"{indent}{'   ' if last else '│  '}")


def _name(party: Party) -> str:
    return printable(f"{party.namespace}/{party.name}" if party.namespace else party.name)


def _told(row: EdgeRow) -> str:
    seen = row.golden
    if seen.rps is None:
        return f"{_lock(row)}  idle"
    latency = f"p95 {numbers.milliseconds(seen.p95)}"
    return f"{_lock(row)}  {numbers.per_second(seen.rps, 'rps')}  {numbers.percent(seen.success_rate)}  {latency}"


def _lock(row: EdgeRow) -> str:
    return "√" if row.secured else f"not secured ({row.reason})"
