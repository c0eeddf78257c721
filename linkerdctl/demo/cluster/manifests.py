"""The Kubernetes objects of a topology, complete enough that kubectl's tables look as they do on a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from linkerdctl.demo.cluster.bystanders import bystanders
from linkerdctl.demo.cluster.objects import Manifest, Objects, owned_by, uid_of
from linkerdctl.demo.cluster.pod_manifests import NODE, NODE_IP, app_container, app_label, pod_manifest
from linkerdctl.demo.topology import CONTROL_PLANE, DemoPod, Service, Topology


def manifests_of(topology: Topology) -> Iterator[Manifest]:
    """Namespaces, the node, workloads with their pods, services with their endpoints, and the bystanders."""
    objects = Objects(topology.started)
    names = dict.fromkeys([CONTROL_PLANE, *(pod.namespace for pod in topology.pods)])
    yield from (_namespace(objects, name) for name in names)
    yield _node(objects)
    values = {"values": "clusterDomain: cluster.local\nidentityTrustDomain: cluster.local\n"}
    yield objects.make("v1", "ConfigMap", CONTROL_PLANE, "linkerd-config", {"data": values})
    for where, workload in topology.workloads():
        yield from _workload(objects, topology.of_workload(where, workload))
    for service in topology.services:
        yield from _service(objects, service, topology.of_workload(service.namespace, service.workload))
    yield from bystanders(objects)


def _namespace(objects: Objects, name: str) -> Manifest:
    """A namespace; meshed ones ask for injection."""
    labels = {"kubernetes.io/metadata.name": name}
    annotations = {} if name == CONTROL_PLANE else {"linkerd.io/inject": "enabled"}
    rest = {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    return objects.make("v1", "Namespace", None, name, rest, labels=labels, annotations=annotations)


def _node(objects: Objects) -> Manifest:
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": objects.created}
    machine = {
        "kubeletVersion": "v1.32.4", "osImage": "loopback", "kernelVersion": "6.1.0", "operatingSystem": "linux",
        "architecture": "amd64", "containerRuntimeVersion": "containerd://2.0.5",
    }  # fmt: skip
    addresses = [{"type": "InternalIP", "address": NODE_IP}, {"type": "Hostname", "address": NODE}]
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "node-role.kubernetes.io/control-plane": ""}
    status = {"conditions": [ready], "addresses": addresses, "nodeInfo": machine}
    return objects.make("v1", "Node", None, NODE, {"spec": {}, "status": status}, labels=labels)


def _workload(objects: Objects, pods: list[DemoPod]) -> Iterator[Manifest]:
    pod = pods[0]
    yield objects.make("v1", "ServiceAccount", pod.namespace, pod.service_account, {})
    yield _deployment(objects, pods)
    yield _replica_set(objects, pods)
    replica_set = f"{pod.workload}-{pod.template_hash}"
    owner = owned_by("apps/v1", "ReplicaSet", pod.namespace, replica_set)
    for each in pods:
        metadata, rest = pod_manifest(each, objects.created)
        yield objects.make("v1", "Pod", each.namespace, each.name, rest, **metadata, ownerReferences=owner)


def _deployment(objects: Objects, pods: list[DemoPod]) -> Manifest:
    pod, count = pods[0], len(pods)
    labels = {"app": app_label(pod.workload)}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [app_container(pod.workload)]}}
    spec = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
    return objects.make(
        "apps/v1", "Deployment", pod.namespace, pod.workload, labels=labels, generation=1,
        annotations={"deployment.kubernetes.io/revision": "1"},
        rest={"spec": {**spec, "strategy": _ROLLING}, "status": _rolled_out(objects, count)},
    )  # fmt: skip


_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}


def _rolled_out(objects: Objects, count: int) -> Manifest:
    reasons = {"Available": "MinimumReplicasAvailable", "Progressing": "NewReplicaSetAvailable"}
    conditions = [
        {"type": each, "status": "True", "reason": why, "lastTransitionTime": objects.created}
        for each, why in reasons.items()
    ]
    counts = dict.fromkeys(("replicas", "readyReplicas", "updatedReplicas", "availableReplicas"), count)
    return {"observedGeneration": 1, **counts, "conditions": conditions}


def _replica_set(objects: Objects, pods: list[DemoPod]) -> Manifest:
    pod, count = pods[0], len(pods)
    labels = {"app": app_label(pod.workload), "pod-template-hash": pod.template_hash}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [app_container(pod.workload)]}}
    counts = dict.fromkeys(("replicas", "readyReplicas", "availableReplicas"), count)
    return objects.make(
        "apps/v1", "ReplicaSet", pod.namespace, f"{pod.workload}-{pod.template_hash}", labels=labels, generation=1,
        ownerReferences=owned_by("apps/v1", "Deployment", pod.namespace, pod.workload),
        rest={
            "spec": {"replicas": count, "selector": {"matchLabels": labels}, "template": template},
            "status": {"observedGeneration": 1, **counts},
        },
    )  # fmt: skip


def _service(objects: Objects, service: Service, pods: list[DemoPod]) -> Iterator[Manifest]:
    ports = [
        {"name": name, "port": port, "targetPort": target, "protocol": "TCP"} for name, port, target in _ports(service)
    ]
    selector = {"app": app_label(service.workload)}
    spec = {
        "type": "ClusterIP", "clusterIP": service.ip, "clusterIPs": [service.ip], "selector": selector, "ports": ports,
    }  # fmt: skip
    yield objects.make("v1", "Service", service.namespace, service.name, {"spec": spec, "status": {"loadBalancer": {}}})
    yield _endpoints(objects, service, pods)
    yield _endpoint_slice(objects, service, pods)


def _ports(service: Service) -> list[tuple[str, int, int]]:
    """Name, port and target port; gRPC servers have one for Prometheus besides."""
    if service.port == 80:
        return [("http", 80, service.target_port)]
    return [("grpc", service.port, service.target_port), ("prom", 8801, 8801)]


def _pod_reference(pod: DemoPod) -> Manifest:
    uid = uid_of("Pod", pod.namespace, pod.name)
    return {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": uid}


def _endpoints(objects: Objects, service: Service, pods: list[DemoPod]) -> Manifest:
    addresses = [{"ip": pod.ip, "nodeName": NODE, "targetRef": _pod_reference(pod)} for pod in pods]
    ports = [{"name": name, "port": target, "protocol": "TCP"} for name, _, target in _ports(service)]
    rest = {"subsets": [{"addresses": addresses, "ports": ports}]}
    return objects.make("v1", "Endpoints", service.namespace, service.name, rest)


def _endpoint_slice(objects: Objects, service: Service, pods: list[DemoPod]) -> Manifest:
    ready = {"ready": True, "serving": True, "terminating": False}
    endpoints = [
        {"addresses": [pod.ip], "conditions": ready, "nodeName": NODE, "targetRef": _pod_reference(pod)} for pod in pods
    ]
    ports = [{"name": name, "port": target, "protocol": "TCP"} for name, _, target in _ports(service)]
    return objects.make(
        "discovery.k8s.io/v1", "EndpointSlice", service.namespace, f"{service.name}-{pods[0].suffix}",
        labels={"kubernetes.io/service-name": service.name},
        ownerReferences=owned_by("v1", "Service", service.namespace, service.name),
        rest={"addressType": "IPv4", "endpoints": endpoints, "ports": ports},
    )  # fmt: skip
