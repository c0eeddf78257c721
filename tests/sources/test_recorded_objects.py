"""What a recording keeps of objects: nothing that may hold secrets, everything that commands ask for."""

from __future__ import annotations

import json
from typing import Any

from linkerdctl.kube.inventory import Inventory
from linkerdctl.sources.objects import kept

CONTAINER: dict[str, Any] = {
    "name": "web",
    "image": "web:v1",
    "ports": [{"name": "http", "containerPort": 8080}],
    "env": [
        {"name": "PASSWORD", "value": "planted"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"key": "planted"}}},
    ],
    "envFrom": [{"secretRef": {"name": "planted"}}],
    "command": ["serve", "--password=planted"],
    "args": ["--token", "planted"],
    "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": "planted"}]}},
    "lifecycle": {"preStop": {"exec": {"command": ["curl", "-u", "planted"]}}},
}
SPEC: dict[str, Any] = {
    "containers": [CONTAINER],
    "initContainers": [{**CONTAINER, "name": "init"}],
    "ephemeralContainers": [{**CONTAINER, "name": "debugger"}],
    "volumes": [{"name": "share", "flexVolume": {"options": {"password": "planted"}}}],
    "imagePullSecrets": [{"name": "planted"}],
    "nodeName": "node-1",
    "serviceAccountName": "web",
}


def pod(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "emojivoto", **metadata}, "spec": SPEC,
        "status": {"phase": "Running"},
    }  # fmt: skip


def test_containers_lose_what_may_hold_secrets() -> None:
    spec = kept(pod())["spec"]
    assert "planted" not in json.dumps(spec)
    assert spec["containers"] == [{key: CONTAINER[key] for key in ("name", "image", "ports")}]
    assert [each["name"] for each in spec["initContainers"]] == ["init"]
    assert (spec["nodeName"], spec["serviceAccountName"]) == ("node-1", "web")


def test_so_do_templates_however_deep() -> None:
    workload = {
        "kind": "CronJob",
        "metadata": {"name": "x"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": SPEC}}}},
    }
    assert "planted" not in json.dumps(kept(workload))


def test_labels_called_env_args_or_data_are_labels() -> None:
    labels = {"env": "prod", "args": "none", "data": "here", "message": "hello"}
    cleaned = kept({**pod(labels=labels), "spec": {**SPEC, "selector": labels}})
    assert cleaned["metadata"]["labels"] == labels
    service = kept({"kind": "Service", "metadata": {"name": "x"}, "spec": {"selector": labels}})
    assert service["spec"]["selector"] == labels


def test_proxies_keep_what_linkerd_sets_of_them() -> None:
    own = [{"name": "LINKERD2_PROXY_INBOUND_DEFAULT_POLICY", "value": "deny"}, {"name": "OTHER", "value": "planted"}]
    spec = kept({**pod(), "spec": {"containers": [{"name": "linkerd-proxy", "env": own}]}})["spec"]
    assert spec["containers"][0]["env"] == own[:1]


def test_only_linkerds_annotations_stay() -> None:
    annotations = {
        "linkerd.io/inject": "enabled",
        "config.linkerd.io/proxy-cpu-request": "10m",
        "kubectl.kubernetes.io/last-applied-configuration": "planted",
        "objectset.rio.cattle.io/applied": "planted",
        "notlinkerd.io.example/x": "planted",
        "acme-linkerd.io/x": "planted",
    }
    mine = {"linkerd.io/inject": "enabled", "config.linkerd.io/proxy-cpu-request": "10m"}
    template = {"metadata": {"annotations": annotations}, "spec": SPEC}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "x", "annotations": annotations},
        "spec": {"template": template},
    }
    cleaned = kept(deployment)
    assert cleaned["metadata"]["annotations"] == mine
    assert cleaned["spec"]["template"]["metadata"]["annotations"] == mine


def test_the_rest_of_what_may_tell_too_much_goes() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "x", "managedFields": ["planted"]}, "data": {"a": "planted"}}
    terminated = {"state": {"terminated": {"reason": "Error", "message": "panic: planted"}}}
    modifier = {"set": [{"name": "Authorization", "value": "planted"}]}
    route = {"kind": "HTTPRoute", "spec": {"rules": [{"filters": [{"requestHeaderModifier": modifier}]}]}}
    for manifest in (secret, {"status": {"containerStatuses": [terminated]}}, route):
        assert "planted" not in json.dumps(kept(manifest))


def test_an_inventory_of_what_is_kept_is_that_of_the_whole() -> None:
    manifest = pod(labels={"linkerd.io/control-plane-ns": "linkerd", "env": "prod"})
    proxy = {"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}
    meshed = {**manifest, "spec": {**SPEC, "initContainers": [{**proxy, "restartPolicy": "Always"}]}}
    assert Inventory.from_objects([kept(meshed)]).targets() == Inventory.from_objects([meshed]).targets()
    assert len(Inventory.from_objects([meshed]).targets()) == 1
