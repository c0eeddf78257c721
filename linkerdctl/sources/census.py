"""The objects of a cluster for a recording: everything read once, pods again and again, since they come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from linkerdctl.errors import ApiError
from linkerdctl.kube.discovery import Api
from linkerdctl.kube.inventory import Inventory, Target
from linkerdctl.kube.selectors import LabelSelector
from linkerdctl.sources.objects import kept

POLICY, GATEWAY = "policy.linkerd.io", "gateway.networking.k8s.io"
OBJECTS = (
    (("v1",), "services"),
    (("apps/v1",), "deployments"),
    (("apps/v1",), "replicasets"),
    (("apps/v1",), "statefulsets"),
    (("apps/v1",), "daemonsets"),
    (("batch/v1",), "jobs"),
    (("batch/v1", "batch/v1beta1"), "cronjobs"),
    (("v1",), "replicationcontrollers"),
    (("linkerd.io/v1alpha2",), "serviceprofiles"),
    ((f"{POLICY}/v1beta3", f"{POLICY}/v1beta2", f"{POLICY}/v1beta1"), "servers"),
    ((f"{POLICY}/v1beta1",), "serverauthorizations"),
    ((f"{POLICY}/v1alpha1",), "authorizationpolicies"),
    ((f"{POLICY}/v1alpha1",), "meshtlsauthentications"),
    ((f"{POLICY}/v1alpha1",), "networkauthentications"),
    ((f"{POLICY}/v1alpha1",), "egressnetworks"),
    ((f"{POLICY}/v1alpha1",), "httplocalratelimitpolicies"),
    ((f"{POLICY}/v1beta3", f"{POLICY}/v1beta2"), "httproutes"),
    ((f"{GATEWAY}/v1", f"{GATEWAY}/v1beta1"), "httproutes"),
    ((f"{GATEWAY}/v1", f"{GATEWAY}/v1alpha2"), "grpcroutes"),
)
"""What commands may want to know of later: the versions it may be served in, best first, and its plural."""
PODS_AGAIN = 10.0
"""Seconds between two lists of pods: in a large cluster they are dear."""

Manifest = dict[str, Any]


class Census:
    """The objects in one namespace, or with None in all; of pods, those that `selector` selects."""

    def __init__(self, client: Api, namespace: str | None, selector: LabelSelector) -> None:
        self._client = client
        self._namespace = namespace
        self._selector = selector
        self._objects: list[Manifest] = []
        self._pods: list[Manifest] = []
        self._pods_read = 0.0
        self.refused: list[str] = []
        """The kinds that may not be listed and are left out."""

    async def read(self) -> None:
        """Read everything; raises `ApiError` when pods cannot be listed, the rest may be refused or not exist."""
        self._pods = await self._listed_pods()
        lists = await asyncio.gather(self._namespaces(), *(self._optional(*each) for each in OBJECTS))
        self._objects = [manifest for each in lists for manifest in each]

    async def look_again(self) -> bool:
        """Read the pods again, unless that was just done; whether they changed. A failure leaves them as they were."""
        if time.monotonic() - self._pods_read < PODS_AGAIN:
            return False
        try:
            pods = await self._listed_pods()
        except ApiError:
            return False
        changed = set(map(_state, pods)) != set(map(_state, self._pods))
        self._pods = pods
        return changed

    def manifests(self) -> Iterable[Manifest]:
        """All objects, as they are kept in a recording."""
        return [*self._objects, *self._pods]

    def targets(self) -> tuple[Target, ...]:
        """The proxies there are."""
        return Inventory.from_objects(self.manifests()).targets()

    async def _listed_pods(self) -> list[Manifest]:
        pods = [kept(each) async for each in self._client.objects("v1", "pods", namespace=self._namespace)]
        self._pods_read = time.monotonic()
        return [each for each in pods if self._selector.matches(each["metadata"].get("labels") or {})]

    async def _namespaces(self) -> list[Manifest]:
        """Who may look at one namespace often may not list them; its name is known all the same."""
        try:
            found = [kept(each) async for each in self._client.objects("v1", "namespaces")]
        except ApiError as error:
            if error.status != 403:
                raise
            if self._namespace is None:
                self.refused.append("namespaces")
                return []
            return [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._namespace}}]
        return [each for each in found if self._namespace in (None, each["metadata"]["name"])]

    async def _optional(self, group_versions: tuple[str, ...], plural: str) -> list[Manifest]:
        for group_version in group_versions:
            try:
                return [
                    kept(each) async for each in self._client.objects(group_version, plural, namespace=self._namespace)
                ]
            except ApiError as error:
                if error.status == 403:
                    self.refused.append(plural)
                    return []
                if error.status != 404:
                    raise
        return []


def _state(pod: Manifest) -> tuple[str, str, str, bool]:
    """What makes a pod another one for who scrapes it."""
    metadata, status = pod["metadata"], pod.get("status", {})
    return (
        f"{metadata.get('namespace')}/{metadata['name']}/{metadata.get('uid')}",
        str(status.get("phase")),
        str(status.get("podIP")),
        "deletionTimestamp" in metadata,
    )
