"""The manifest of a meshed pod: the application and, as a native sidecar, its proxy."""

from __future__ import annotations

from typing import Any

from linkerdctl.demo.topology import ADMIN_PORT, CONTROL_PLANE, PROXY_VERSION, TAP_PORT, DemoPod

Manifest = dict[str, Any]
NODE = "demo-node"
NODE_IP = "127.0.0.1"
_CONDITIONS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def app_label(workload: str) -> str:
    """What `app` says: emojivoto's servers are called like their services."""
    return workload if workload in ("vote-bot", "linkerd-destination", "linkerd-identity") else f"{workload}-svc"


def app_container(workload: str) -> Manifest:
    """The application's container."""
    if workload.startswith("linkerd-"):
        component = workload.removeprefix("linkerd-")
        return {
            "name": component,
            "image": f"cr.l5d.io/linkerd/controller:{PROXY_VERSION}",
            "ports": _named(admin=9996),
        }
    ports = {"web": _named(http=8080), "vote-bot": []}.get(workload, _named(grpc=8080, prom=8801))
    return {"name": app_label(workload), "image": f"demo/emojivoto-{workload}:v12", "ports": ports}


def meshed_labels(pod: DemoPod) -> dict[str, str]:
    """A meshed pod's labels, those the injector adds among them."""
    labels = {
        "app": app_label(pod.workload),
        "pod-template-hash": pod.template_hash,
        "linkerd.io/control-plane-ns": CONTROL_PLANE,
        "linkerd.io/proxy-deployment": pod.workload,
        "linkerd.io/workload-ns": pod.namespace,
    }
    if pod.namespace == CONTROL_PLANE:
        labels["linkerd.io/control-plane-component"] = pod.workload.removeprefix("linkerd-")
    return labels


def pod_manifest(pod: DemoPod, created: str) -> tuple[Manifest, Manifest]:
    """What belongs to its metadata, and what stands beside it. `created` is RFC 3339."""
    annotations = {
        "linkerd.io/created-by": f"linkerd/proxy-injector {PROXY_VERSION}",
        "linkerd.io/inject": "enabled",
        "linkerd.io/proxy-version": PROXY_VERSION,
        "viz.linkerd.io/tap-enabled": "true",
    }
    proxy, application = _proxy_container(pod), app_container(pod.workload)
    spec = {
        "serviceAccountName": pod.service_account,
        "nodeName": NODE,
        "restartPolicy": "Always",
        "initContainers": [_init_container(), proxy],
        "containers": [application],
    }
    labels = meshed_labels(pod)
    return {"labels": labels, "annotations": annotations}, {
        "spec": spec,
        "status": _status(pod, created, proxy, application),
    }


def running_status(ip: str, created: str, containers: list[Manifest]) -> Manifest:
    """The status of a pod whose containers all run."""
    conditions = [{"type": each, "status": "True", "lastTransitionTime": created} for each in _CONDITIONS]
    return {
        "phase": "Running",
        "qosClass": "BestEffort",
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "hostIP": NODE_IP,
        "startTime": created,
        "conditions": conditions,
        "containerStatuses": [_running(each, created) for each in containers],
    }


def _status(pod: DemoPod, created: str, proxy: Manifest, application: Manifest) -> Manifest:
    init = _init_container()
    done = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": created, "finishedAt": created}}
    finished = {**_running(init, created), "started": False, "state": done}
    return {
        **running_status(pod.ip, created, [application]),
        "initContainerStatuses": [finished, _running(proxy, created)],
    }


def _running(container: Manifest, created: str) -> Manifest:
    return {
        "name": container["name"],
        "image": container["image"],
        "ready": True,
        "started": True,
        "restartCount": 0,
        "state": {"running": {"startedAt": created}},
    }


def _init_container() -> Manifest:
    return {"name": "linkerd-init", "image": "cr.l5d.io/linkerd/proxy-init:v2.4.3"}


def _proxy_container(pod: DemoPod) -> Manifest:
    environment = {
        "LINKERD2_PROXY_ADMIN_LISTEN_ADDR": f"0.0.0.0:{ADMIN_PORT}",
        "LINKERD2_PROXY_CONTROL_LISTEN_ADDR": f"0.0.0.0:{TAP_PORT}",
        "LINKERD2_PROXY_IDENTITY_LOCAL_NAME": pod.identity,
        "LINKERD2_PROXY_TAP_SVC_NAME": f"tap.linkerd-viz.serviceaccount.identity.{CONTROL_PLANE}.cluster.local",
    }
    return {
        "name": "linkerd-proxy",
        "image": f"cr.l5d.io/linkerd/proxy:{PROXY_VERSION}",
        "restartPolicy": "Always",
        "ports": _named(**{"linkerd-proxy": 4143, "linkerd-admin": ADMIN_PORT, "linkerd-tap": TAP_PORT}),
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "livenessProbe": {"httpGet": {"path": "/live", "port": ADMIN_PORT}, "periodSeconds": 10},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": ADMIN_PORT}, "periodSeconds": 10},
    }


def _named(**ports: int) -> list[Manifest]:
    return [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()]
