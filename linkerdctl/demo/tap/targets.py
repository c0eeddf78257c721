"""Which pods a tap of a resource means, as the viz extension's tap server finds them, and what it says if there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from linkerdctl.demo.cluster.resources import REGISTRY, ResourceType
from linkerdctl.demo.cluster.store import Manifest, ObjectStore, name_of
from linkerdctl.demo.tap.kinds import KINDS
from linkerdctl.demo.topology import DemoPod
from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import NAMESPACE, POD, WORKLOADS, Kind
from linkerdctl.kube.owners import Key, OwnerRef, owner_of, walk
from linkerdctl.kube.pods import is_alive, is_meshed
from linkerdctl.kube.selectors import parse_selector

ENABLED, DISABLED = "viz.linkerd.io/tap-enabled", "viz.linkerd.io/disable-tap"


class TapRefusedError(ValueError):
    """Told to the client as the tap server's own error; more lines than one at times."""


class TapTargets:
    """Asks the store, and finds the simulated pods behind its objects."""

    def __init__(self, store: ObjectStore, pods: Mapping[tuple[str, str], DemoPod]) -> None:
        self._store = store
        self._pods = pods

    def pods_of(self, kind_name: str, namespace: str, name: str, selector: str) -> list[DemoPod]:
        """The tappable pods of an object, or of those of its kind that a label selector chooses.

        Raises `TapRefusedError` for another kind, a selector that cannot be read, an object that is not there, no pods.
        """
        kind = next((each for each in KINDS if each.name == kind_name), None)
        if kind is None:
            raise TapRefusedError(f"unsupported resource type [{kind_name}]")
        pods = [pod for each in self._objects(kind, namespace, name, selector) for pod in self._members(kind, each)]
        alive = {name_of(pod): pod for pod in pods if is_alive(pod)}
        tappable = [key for key, pod in alive.items() if is_meshed(pod) and _is_enabled(pod)]
        if not tappable:
            raise TapRefusedError("\n".join(_why_none(kind, name, list(alive.values()))))
        return [self._pods[key] for key in tappable if key in self._pods]

    def _objects(self, kind: Kind, namespace: str, name: str, selector: str) -> list[Manifest]:
        resource = _resource(kind)
        where = namespace if kind.namespaced else ""
        if name:
            found = self._store.find(resource, where, name)
            if found is None:
                raise TapRefusedError(f'{kind.plural} "{name}" not found')
            return [found]
        try:
            wanted = parse_selector(selector)
        except UsageError as error:
            raise TapRefusedError(f"unable to read the label selector: {error.message}") from error
        members = self._store.members(resource, where)
        return [each for each in members if wanted.matches(each["metadata"].get("labels") or {})]

    def _members(self, kind: Kind, manifest: Manifest) -> Iterator[Manifest]:
        """The pods of an object: itself, what lives in it, what it owns."""
        namespace, name = name_of(manifest)
        if kind is POD:
            yield manifest
            return
        pods = self._store.members(_resource(POD), name if kind is NAMESPACE else namespace)
        if kind is NAMESPACE:
            yield from pods
            return
        parents = self._parents(namespace)
        for pod in pods:
            if any(owner.key == (kind.name, namespace, name) for owner in walk(owner_of(pod), parents)):
                yield pod

    def _parents(self, namespace: str) -> dict[Key, OwnerRef | None]:
        owned = {}
        for kind in WORKLOADS:
            for each in self._store.members(_resource(kind), namespace):
                owned[kind.name, namespace, name_of(each)[1]] = owner_of(each)
        return owned


def _resource(kind: Kind) -> ResourceType:
    return REGISTRY.served(kind.group_version, kind.object_kind)


def _annotated(pod: Manifest, annotation: str) -> bool:
    return (pod["metadata"].get("annotations") or {}).get(annotation) == "true"


def _is_enabled(pod: Manifest) -> bool:
    return _annotated(pod, ENABLED) and not _annotated(pod, DISABLED)


def _why_none(kind: Kind, name: str, pods: list[Manifest]) -> Iterator[str]:
    yield f"no pods to tap for type={kind.name}, name={name}"
    disabled = [pod for pod in pods if _annotated(pod, DISABLED)]
    if disabled:
        yield f"{len(disabled)} pods found with tap disabled via the {DISABLED} annotation:"
        yield from (f"\t* {pod['metadata']['name']}" for pod in disabled)
        yield "remove the annotation to make these pods valid tap targets"
    lacking = [pod for pod in pods if is_meshed(pod) and not _annotated(pod, ENABLED) and pod not in disabled]
    if lacking:
        yield f"{len(lacking)} pods found without the annotation {ENABLED}:"
        yield from (f"\t* {pod['metadata']['name']}" for pod in lacking)
        yield "restart these pods to enable tap and make them valid tap targets"
