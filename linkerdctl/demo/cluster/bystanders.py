"""Namespace `books`: a few workloads outside the mesh, one of each kind worth trying commands on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from linkerdctl.demo.cluster.objects import Manifest, Objects, owned_by
from linkerdctl.demo.cluster.pod_manifests import NODE, running_status
from linkerdctl.demo.topology import stable_word

NAMESPACE = "books"
_ROLLOUT_VERSION = "argoproj.io/v1alpha1"


def bystanders(objects: Objects) -> Iterator[Manifest]:
    """A Deployment, a StatefulSet, an Argo Rollout, and a CronJob with a job that is done."""
    labels = {"kubernetes.io/metadata.name": NAMESPACE}
    yield objects.make("v1", "Namespace", None, NAMESPACE, {"status": {"phase": "Active"}}, labels=labels)
    books = _Books(objects)
    yield from books.replicated("apps/v1", "Deployment", "webapp")
    yield from books.replicated(_ROLLOUT_VERSION, "Rollout", "authors")
    yield from books.stateful_set("mysql")
    yield from books.cron_job("nightly-report")


class _Books:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._addresses = (f"10.244.9.{number}" for number in count(1))

    def replicated(self, version: str, kind: str, name: str) -> Iterator[Manifest]:
        """A controller with a ReplicaSet and one pod."""
        template_hash = stable_word(f"{NAMESPACE}/{name}", 9)
        replica_set = f"{name}-{template_hash}"
        labels = {"app": name, "pod-template-hash": template_hash}
        status = {"observedGeneration": 1, "updatedReplicas": 1, **_one_replica()}
        yield self._make(version, kind, name, {"spec": _selecting(name), "status": _fitting(kind, status)})
        owner = owned_by(version, kind, NAMESPACE, name)
        rest = {"spec": _selecting(name), "status": _one_replica()}
        yield self._make("apps/v1", "ReplicaSet", replica_set, rest, labels=labels, ownerReferences=owner)
        owner = owned_by("apps/v1", "ReplicaSet", NAMESPACE, replica_set)
        yield self._pod(f"{replica_set}-{stable_word(replica_set, 5)}", name, labels, owner)

    def stateful_set(self, name: str) -> Iterator[Manifest]:
        status = {"observedGeneration": 1, "currentReplicas": 1, "updatedReplicas": 1, **_one_replica()}
        yield self._make(
            "apps/v1", "StatefulSet", name, {"spec": {**_selecting(name), "serviceName": name}, "status": status}
        )
        yield self._pod(f"{name}-0", name, {"app": name}, owned_by("apps/v1", "StatefulSet", NAMESPACE, name))

    def cron_job(self, name: str) -> Iterator[Manifest]:
        created, job = self._objects.created, f"{name}-29384640"
        template = {"spec": {"template": _template(name)}}
        spec = {"schedule": "0 3 * * *", "suspend": False, "jobTemplate": template}
        yield self._make("batch/v1", "CronJob", name, {"spec": spec, "status": {"lastScheduleTime": created}})
        done = {"succeeded": 1, "startTime": created, "completionTime": created,
                "conditions": [{"type": "Complete", "status": "True"}]}  # fmt: skip
        rest = {"spec": {"completions": 1, "parallelism": 1, "template": _template(name)}, "status": done}
        yield self._make("batch/v1", "Job", job, rest, ownerReferences=owned_by("batch/v1", "CronJob", NAMESPACE, name))
        pod = self._pod(
            f"{job}-{stable_word(job, 5)}", name, {"job-name": job}, owned_by("batch/v1", "Job", NAMESPACE, job)
        )
        yield _completed(pod, created)

    def _pod(self, name: str, container: str, labels: dict[str, str], owner: list[Manifest]) -> Manifest:
        containers = [_container(container)]
        spec = {"nodeName": NODE, "serviceAccountName": "default", "restartPolicy": "Always", "containers": containers}
        status = running_status(next(self._addresses), self._objects.created, containers)
        return self._make("v1", "Pod", name, {"spec": spec, "status": status}, labels=labels, ownerReferences=owner)

    def _make(self, version: str, kind: str, name: str, rest: Manifest, **metadata: Any) -> Manifest:
        return self._objects.make(version, kind, NAMESPACE, name, rest, **metadata)


def _container(name: str) -> Manifest:
    return {"name": name, "image": f"demo/books-{name}:v1"}


def _template(name: str) -> Manifest:
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [_container(name)]}}


def _selecting(name: str) -> Manifest:
    return {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": _template(name)}


def _one_replica() -> Manifest:
    return dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), 1)


def _fitting(kind: str, status: Manifest) -> Manifest:
    """Argo writes the generation it saw as text."""
    return {**status, "phase": "Healthy", "observedGeneration": "1"} if kind == "Rollout" else status


def _completed(pod: Manifest, at: str) -> Manifest:
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at}}
    statuses = [
        {**each, "ready": False, "started": False, "state": state} for each in pod["status"]["containerStatuses"]
    ]
    ready = ("Ready", "ContainersReady")
    conditions = [
        {**each, "status": "False", "reason": "PodCompleted"} if each["type"] in ready else each
        for each in pod["status"]["conditions"]
    ]
    status = {**pod["status"], "phase": "Succeeded", "containerStatuses": statuses, "conditions": conditions}
    return {**pod, "spec": {**pod["spec"], "restartPolicy": "OnFailure"}, "status": status}
