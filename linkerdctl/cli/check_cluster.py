"""What `check` finds out about a cluster. Nothing of it fails: what goes wrong is a fact."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Sequence
from dataclasses import replace

from linkerdctl.cli.check_scene import NAMES, answers_of, pod_facts
from linkerdctl.cli.cluster import cluster_config
from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import open_scene
from linkerdctl.errors import ApiError, ConfigError, LinkerdctlError, PrometheusError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.inventory import Target
from linkerdctl.kube.kinds import POD
from linkerdctl.kube.questions import TAP_SERVICE, allowed, api_state, server_version
from linkerdctl.kube.rbac import About
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.served import Served
from linkerdctl.kube.trust_reader import read_trust
from linkerdctl.metrics.query import Direction, Need, TrafficQuery
from linkerdctl.reports.check import ApiFacts, CheckRequest, Facts, Grant, PrometheusFacts

_COUNTED = TrafficQuery(Direction.INBOUND, (), needs=Need.REQUESTS)


async def live_facts(options: GlobalOptions, request: CheckRequest) -> Facts:
    """Everything; without an API server nothing but that."""
    facts = Facts(namespace=request.namespace, margin=request.margin, now=time.time())
    try:
        config = cluster_config(options)
        async with KubeClient(config, concurrency=options.concurrency) as client:
            return await _of_cluster(options, client, facts)
    except ConfigError as error:
        return replace(facts, api=ApiFacts("the API server", error=error.message, advice=error.next_step or ""))


async def _of_cluster(options: GlobalOptions, client: KubeClient, facts: Facts) -> Facts:
    server = f"the API server {client.config.server}"
    try:
        version = await server_version(client)
    except ApiError as error:
        return replace(facts, api=ApiFacts(server, error=error.message, advice=error.next_step or ""))
    facts = replace(facts, api=ApiFacts(server, version))
    if facts.namespace is None and await allowed(client, About("list", "pods")) is False:
        facts = replace(facts, namespace=client.config.namespace, narrowed=True)
    tap, trust, facts = await asyncio.gather(
        api_state(client, TAP_SERVICE), read_trust(client, options.control_plane), _of_proxies(options, facts)
    )
    grants = await _grants(options, client, facts.namespace, tap=tap.served is Served.AVAILABLE)
    return replace(facts, tap=tap, trust=trust, grants=grants)


async def _grants(options: GlobalOptions, client: KubeClient, namespace: str | None, *, tap: bool) -> tuple[Grant, ...]:
    """What one may do of what commands do most."""
    pods, owners = [About("list", "pods", namespace=namespace)], _owners(namespace)
    asked = {
        Grant("may-list-pods", "list pods", "all commands"): pods,
        Grant("may-list-owners", "list workloads and services", "stat, edges, routes"): owners,
    }
    if options.prometheus is None and options.via != "direct":
        verb, resource = {"api": ("get", "pods/proxy"), "port-forward": ("create", "pods/portforward")}[options.via]
        metrics = Grant("may-read-metrics", f"reach proxies ({verb} {resource})", "all metrics")
        asked[metrics] = [About(verb, resource, namespace=namespace)]
    if tap:
        tapping = Grant("may-tap", "tap workloads", "tap and top", essential=False, command="tap")
        asked[tapping] = [About("watch", "deployments/tap", "tap.linkerd.io", namespace)]
    answers = await asyncio.gather(*(_all_allowed(client, abouts) for abouts in asked.values()))
    return tuple(replace(grant, allowed=answer) for grant, answer in zip(asked, answers, strict=True))


def _owners(namespace: str | None) -> list[About]:
    apps = ("deployments", "replicasets", "statefulsets", "daemonsets")
    return [
        *(About("list", each, "apps", namespace) for each in apps),
        *(About("list", each, "batch", namespace) for each in ("jobs", "cronjobs")),
        *(About("list", each, "", namespace) for each in ("services", "replicationcontrollers")),
    ]


async def _all_allowed(client: KubeClient, abouts: Sequence[About]) -> bool | None:
    answers = await asyncio.gather(*(allowed(client, each) for each in abouts))
    return None if None in answers else all(answers)


async def _of_proxies(options: GlobalOptions, facts: Facts) -> Facts:
    """Pods, what their proxies say, and what the Prometheus says of itself if one is chosen."""
    notes = io.StringIO()
    listening = replace(options, terminal=replace(options.terminal, stderr=notes, progress=False, quiet=False))
    selections = [Selection(POD, facts.namespace)]
    try:
        async with open_scene(listening, selections, window=1.0, since_start=True) as scene:
            pods = await pod_facts(scene, facts.namespace)
            targets = scene.inventory.targets()
            facts = replace(facts, pods=pods, targets=targets)
            if options.prometheus is not None:
                return await _of_prometheus(scene, facts, targets, notes)
            return await _answered(scene, facts, targets)
    except ApiError as error:
        return replace(facts, pods_error=error.message, pods_advice=error.next_step or "")
    except (ConfigError, PrometheusError) as error:
        return replace(facts, prometheus=PrometheusFacts(error=error.message, advice=error.next_step or ""))


async def _answered(scene: Scene, facts: Facts, targets: Sequence[Target]) -> Facts:
    snapshot = await scene.source.snapshot(NAMES, targets)
    return replace(facts, answers=answers_of(snapshot), now=time.time(), own_clock=True)


async def _of_prometheus(scene: Scene, facts: Facts, targets: Sequence[Target], notes: io.StringIO) -> Facts:
    """Asked for traffic too, since that makes it tell how old its data are."""
    try:
        snapshot = await scene.source.snapshot(NAMES, targets)
    except LinkerdctlError as error:
        return replace(facts, prometheus=PrometheusFacts(error=error.message, advice=error.next_step or ""))
    try:
        await scene.source.observe([_COUNTED], targets)
        told = notes.getvalue().splitlines()
    except PrometheusError as error:
        told = [error.message]
    return replace(facts, answers=answers_of(snapshot), prometheus=PrometheusFacts(tuple(told)))
