"""`tap --doctor`: finds out what `tap.doctor` judges, and prints the verdict."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.tap_targets import Targets, load_targets
from linkerdctl.errors import ApiError, LinkerdctlError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.proxy_ways import proxy_access
from linkerdctl.kube.questions import TAP_SERVICE, allowed, api_state
from linkerdctl.kube.rbac import missing_rule
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.sources.proxies import ProxySource
from linkerdctl.tap.doctor import Facts, Finding, findings
from linkerdctl.tap.events import RequestInit
from linkerdctl.tap.query import TapQuery
from linkerdctl.tap.transports.protocol import TapTransport
from linkerdctl.tap.transports.viz import about_tap

WATCHED = 3.0
"""Seconds that requests are counted and tapped."""
_MARKS = {True: "ok  ", False: "fail", None: "?   "}

MakeTransport = Callable[[Targets], TapTransport]


async def examine(client: KubeClient, query: TapQuery, *, direct: bool = False) -> tuple[Facts, Targets | None]:
    """What can be told without waiting: the API, the permission, the pods."""
    about = about_tap(query.target)
    facts = Facts(
        query.target,
        matches=str(query.matches),
        direct=direct,
        rule=missing_rule(about.verb, about.group, about.resource, about.namespace),
    )
    if not direct:
        state, may = await asyncio.gather(api_state(client, TAP_SERVICE), allowed(client, about))
        facts = replace(facts, api=state.served, api_detail=state.detail, allowed=may)
    try:
        targets = await load_targets(client, query.target, everywhere=direct)
    except ApiError:
        return facts, None
    return replace(facts, pods=targets.pods), targets


async def watch(
    options: GlobalOptions, client: KubeClient, facts: Facts, targets: Targets, make: MakeTransport
) -> Facts:
    """Count for a moment what passes the proxies, and what a tap tells of it."""
    passed, (tapped, error, advice) = await asyncio.gather(_passed(options, client, targets), _tapped(make, targets))
    return replace(facts, seconds=WATCHED, passed=passed, tapped=tapped, tap_error=error, tap_advice=advice)


def tell(terminal: Terminal, found: list[Finding], output: str) -> bool:
    """Print what was found, the verdict at the end; whether all is well."""
    bad = [each for each in found if each.good is False]
    if output in ("json", "jsonl"):
        records = [{"good": each.good, "text": each.text, "advice": each.advice or None} for each in found]
        terminal.out(json.dumps(records, indent=2) + "\n")
        return not bad
    lines = []
    for each in found:
        lines.append(f"{_MARKS[each.good]}  {printable(each.text)}")
        lines += [f"      {printable(line)}" for line in each.advice.splitlines() if each.good is not True]
    lines.append("nothing is wrong" if not bad else f"so: {printable(bad[0].text)}")
    terminal.out("\n".join(lines) + "\n")
    return not bad


def explained(error: LinkerdctlError, facts: Facts) -> LinkerdctlError:
    """The error of a tap, with what the first bad finding says about it."""
    bad = next((each for each in findings(facts) if each.good is False), None)
    if bad is not None and error.next_step is None:
        error.next_step = f"{bad.text}\n{bad.advice}" if bad.advice else bad.text
    return error


async def _passed(options: GlobalOptions, client: KubeClient, targets: Targets) -> int | None:
    """Requests that the target's proxies count, in and out; None when none of them tells."""
    wanted = {pod.ref for pod in targets.pods if pod.tappable}
    proxies = [each for each in targets.inventory.targets() if each.pod in wanted]
    queries = [TrafficQuery(direction, (), needs=Need.REQUESTS) for direction in Direction]
    async with proxy_access(options.via, client, concurrency=options.concurrency) as access:
        source = ProxySource(
            access, window=WATCHED, peer_labels=targets.inventory.peer_labels, deadline=options.timeout
        )
        observation = await source.observe(queries, proxies)
    if not observation.coverage.answered:
        return None
    found = [traffic for answer in observation.answers for traffic in answer.values()]
    return round(sum((each.successes or 0) + (each.failures or 0) for each in found))


async def _tapped(make: MakeTransport, targets: Targets) -> tuple[int, str, str]:
    """Requests that a tap tells of; why it ended early, and what to do about it."""
    told = 0
    try:
        async with asyncio.timeout(WATCHED), aclosing(make(targets).batches()) as batches:
            async for batch in batches:
                told += sum(isinstance(event.http, RequestInit) for event in batch)
    except TimeoutError:
        return told, "", ""
    except LinkerdctlError as error:
        return told, error.message, error.next_step or ""
    return told, "", ""
