"""What edges look like: the columns and JSON names of `linkerd viz edges` and ours behind them; DOT and Mermaid."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence

from linkerdctl.kube.kinds import Kind, find_kind
from linkerdctl.metrics.golden import Golden
from linkerdctl.render import numbers
from linkerdctl.render.golden import rate_columns, whole
from linkerdctl.render.latencies import latency_column
from linkerdctl.render.terminal import printable
from linkerdctl.render.view import Column, View
from linkerdctl.reports.edges import EdgeRow, Party

SECURED = "√"


def edges_view(kinds: Sequence[Kind]) -> View[EdgeRow]:
    """`kinds` are those asked for; a party of another kind is written `sts/db`, as are all when there are several."""

    def named(party: Party) -> str:
        return _named(party, kinds)

    return View(
        [
            _end("SRC", "src", lambda row: row.client, named),
            _end("DST", "dst", lambda row: row.server, named),
            _text("SRC_NS", "src_namespace", lambda row: row.client.namespace),
            _text("DST_NS", "dst_namespace", lambda row: row.server.namespace),
            _text("CLIENT_ID", "client_id", lambda row: ",".join(row.client_ids), wide=True),
            _text("SERVER_ID", "server_id", lambda row: ",".join(row.server_ids), wide=True),
            Column("SECURED", text=_secured, left=True, style=lambda row: "green" if row.secured else "yellow"),
            Column(key="no_tls_reason", value=lambda row: row.reason),
            Column(key="secured", value=lambda row: row.secured),
            Column(key="src_kind", value=lambda row: row.client.kind),
            Column(key="dst_kind", value=lambda row: row.server.kind),
            *rate_columns(_golden, wide=True),
            latency_column("LATENCY_P95", "latency_ms_p95", lambda row: row.golden.p95, wide=True),
            Column(
                "TCP_CONN",
                "tcp_open_connections",
                lambda row: whole(row.golden.tcp_open),
                lambda row: numbers.count(row.golden.tcp_open),
                wide=True,
            ),
        ]
    )


def _end(title: str, key: str, end: Callable[[EdgeRow], Party], named: Callable[[Party], str]) -> Column[EdgeRow]:
    return Column(title, key, lambda row: end(row).name, lambda row: named(end(row)), left=True)


def _text(title: str, key: str, value: Callable[[EdgeRow], str], *, wide: bool = False) -> Column[EdgeRow]:
    return Column(title, key, value, lambda row: value(row) or numbers.NOTHING, left=True, wide=wide)


def _named(party: Party, kinds: Sequence[Kind]) -> str:
    if not party.inside or [party.kind] == [kind.name for kind in kinds]:
        return party.name
    known = find_kind(party.kind)
    return f"{known.short if known else party.kind}/{party.name}"


def _secured(row: EdgeRow) -> str:
    return row.reason or SECURED


def _golden(row: EdgeRow) -> Golden:
    return row.golden


def dot(rows: Iterable[EdgeRow]) -> str:
    """A Graphviz digraph: what is not secured is dashed."""
    lines = ["digraph edges {", "  rankdir=LR; node [shape=box];"]
    for row in rows:
        style = "" if row.secured else ", style=dashed"
        ends = f"{_quoted(_full(row.client))} -> {_quoted(_full(row.server))}"
        lines.append(f"  {ends} [label={_quoted(_label(row))}{style}];")
    return "\n".join([*lines, "}", ""])


def mermaid(rows: Sequence[EdgeRow]) -> str:
    """A Mermaid flowchart: what is not secured is dotted."""
    names = list(dict.fromkeys(_full(end) for row in rows for end in (row.client, row.server)))
    numbered = {name: f"n{number}" for number, name in enumerate(names)}
    lines = ["flowchart LR", *(f"  {number}[{_mermaid_text(name)}]" for name, number in numbered.items())]
    for row in rows:
        arrow = "-->" if row.secured else "-.->"
        ends = numbered[_full(row.client)], numbered[_full(row.server)]
        lines.append(f"  {ends[0]} {arrow}|{_mermaid_text(_label(row))}| {ends[1]}")
    return "\n".join([*lines, ""])


def _full(party: Party) -> str:
    return f"{party.namespace}/{party.name}" if party.namespace else party.name


def _label(row: EdgeRow) -> str:
    seen = row.golden
    told = [numbers.per_second(seen.rps, "rps"), numbers.percent(seen.success_rate)] if seen.rps is not None else []
    return ", ".join([*told, *([row.reason] if row.reason else [])]) or "idle"


def _quoted(text: str) -> str:
    return json.dumps(printable(text), ensure_ascii=False)


def _mermaid_text(text: str) -> str:
    return f'"{printable(text).replace(chr(34), "#quot;")}"'
