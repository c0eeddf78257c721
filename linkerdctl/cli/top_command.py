"""The `tap` command that shows the requests of one row. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from linkerdctl.kube.selection import Selection
from linkerdctl.profiles.folding import ID, folded_pattern, literal_prefix
from linkerdctl.tap.query import TapQuery
from linkerdctl.tap.top import TopRow


def tap_command(query: TapQuery, row: TopRow) -> str:
    """To be typed into a shell; it asks what `top` asked, and what the row adds."""
    target = query.target
    name = f"{target.kind.short}/{target.name}" if target.name else target.kind.short
    where = ["-n", target.namespace] if target.kind.namespaced and target.namespace else []
    labels = ["-l", str(target.labels)] if target.labels else []
    return shlex.join(["linkerdctl", "tap", name, *where, *labels, *_peer(query, row), *_request(query, row)])


def _peer(query: TapQuery, row: TopRow) -> Iterator[str]:
    """The other side, where it is a pod or a service."""
    key = row.key
    if row.direction == "outbound" and key.destination.namespace:
        yield from ("--to", _named(key.destination.name), "--to-namespace", key.destination.namespace)
        return
    if query.matches.to:
        yield from _to(query.matches.to)
    if row.direction == "inbound" and key.source.namespace and "/" not in key.source.name:
        yield from ("--from", _named(key.source.name), "--from-namespace", key.source.namespace)


def _named(name: str) -> str:
    return name if "/" in name else f"pod/{name}"


def _to(selection: Selection) -> Iterator[str]:
    name = f"{selection.kind.short}/{selection.name}" if selection.name else selection.kind.short
    yield from ("--to", name)
    if selection.namespace and selection.kind.namespaced:
        yield from ("--to-namespace", selection.namespace)


def _request(query: TapQuery, row: TopRow) -> Iterator[str]:
    matches, path = query.matches, row.key.path or query.matches.path
    for option, value in (
        ("--method", row.key.method or matches.method),
        ("--path", literal_prefix(path)),
        ("--authority", matches.authority),
        ("--scheme", matches.scheme),
    ):
        if value:
            yield from (option, value)
    if ID in path:
        yield from ("--path-regex", folded_pattern(path))
