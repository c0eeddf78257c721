"""What `check` finds out about pods and proxies, from a cluster or a recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.scene import Scene
from linkerdctl.cli.traffic import open_scene
from linkerdctl.errors import ApiError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.kinds import NAMESPACE, POD
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.trust import Trust
from linkerdctl.metrics import certificates
from linkerdctl.reports import check_proxies
from linkerdctl.reports.check import Answers, CheckRequest, Facts, PodFacts, Silent
from linkerdctl.sources.protocol import Snapshot

NAMES = certificates.NAMES | check_proxies.NAMES
"""Every sample that is judged."""
INJECT = "linkerd.io/inject"
_WANTED = ("enabled", "ingress")

Manifest = Mapping[str, Any]


async def recorded_facts(options: GlobalOptions, request: CheckRequest) -> Facts:
    """Of a recording: what it holds of pods and proxies, as of its last pass."""
    async with open_scene(options, [], window=1.0) as scene:
        pods = await pod_facts(scene, request.namespace)
        targets = [each for each in scene.inventory.targets() if request.namespace in (None, each.pod.namespace)]
        snapshot = await scene.source.snapshot(NAMES, targets)
    return Facts(
        namespace=request.namespace,
        pods=pods,
        targets=targets,
        answers=answers_of(snapshot),
        trust=Trust(notes=("a recording holds neither the issuer's certificate nor the trust anchors",)),
        now=max((scrape.at for scrape in snapshot.scrapes.values()), default=0.0),
        margin=request.margin,
    )


def answers_of(snapshot: Snapshot) -> Answers:
    """What a source told."""
    silent = (Silent(each.pod, each.reason, each.advice or "") for each in snapshot.coverage.failures)
    return Answers(snapshot.scrapes, tuple(silent))


async def pod_facts(scene: Scene, namespace: str | None) -> PodFacts:
    """Which pods there are, and which of them are not as they should be."""
    rows = scene.inventory.rows(Selection(POD, namespace))
    meshed = [row for row in rows if row.meshed]
    waiting = tuple((PodRef(row.namespace, row.name), row.status) for row in meshed if row.status != "Running")
    others = [PodRef(row.namespace, row.name) for row in rows if not row.meshed]
    return PodFacts(len(rows), len(meshed), tuple(await _should_be_meshed(scene, others)), waiting)


async def _should_be_meshed(scene: Scene, pods: Iterable[PodRef]) -> list[PodRef]:
    """Of these pods those in whose namespaces injection is asked for, and which do not opt out of it.

    Who may not look at namespaces is not told. Pods are only looked at where there is reason to.
    """
    try:
        namespaces = await scene.manifests(NAMESPACE.group_version, NAMESPACE.plural, NAMESPACE.object_kind, None)
        injecting = {each["metadata"]["name"] for each in namespaces if _inject(each) in _WANTED}
        doubtful = {pod for pod in pods if pod.namespace in injecting}
        found: list[PodRef] = []
        for namespace in sorted({pod.namespace for pod in doubtful}):
            listed = await scene.manifests(POD.group_version, POD.plural, POD.object_kind, namespace)
            found += [ref for each in listed if (ref := _ref(each)) in doubtful and not _opts_out(each)]
    except ApiError as error:
        if error.status != 403:
            raise
        return []
    return sorted(found)


def _ref(pod: Manifest) -> PodRef:
    return PodRef(pod["metadata"]["namespace"], pod["metadata"]["name"])


def _inject(manifest: Manifest) -> str:
    """What an object says about injection; pods may say it in a label too."""
    metadata = manifest["metadata"]
    told = (metadata.get(place) for place in ("annotations", "labels"))
    return next((str(each[INJECT]) for each in told if isinstance(each, Mapping) and each.get(INJECT)), "")


def _opts_out(pod: Manifest) -> bool:
    """Those that say so, and those on the node's network, which are never injected."""
    return _inject(pod) == "disabled" or bool((pod.get("spec") or {}).get("hostNetwork"))
