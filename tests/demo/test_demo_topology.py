"""Who is in the demo mesh, and that commands and kubectl find it as they would on a cluster."""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from typing import Any

import pytest

from linkerdctl.demo.cluster.manifests import manifests_of
from linkerdctl.demo.topology import Topology
from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import Inventory
from linkerdctl.kube.pods import status_of

STARTED = 1_795_000_000.0


def topology(pods: int = 4) -> Topology:
    return Topology.emojivoto(pods=pods, started=STARTED)


def objects(kind: str, pods: int = 4) -> dict[str, dict[str, Any]]:
    found = [each for each in manifests_of(topology(pods)) if each["kind"] == kind]
    return {f"{each['metadata'].get('namespace', '')}/{each['metadata']['name']}": each for each in found}


@pytest.mark.parametrize("pods", [4, 5, 6, 7, 8, 11, 1000, 3002])
def test_there_are_as_many_pods_as_asked_for_each_with_a_name_and_an_address_of_its_own(pods: int) -> None:
    mesh = topology(pods)
    applications = [pod for pod in mesh.pods if pod.namespace != "linkerd"]
    assert len(applications) == pods
    assert len({pod.key for pod in mesh.pods}) == len({pod.ip for pod in mesh.pods}) == len(mesh.pods)
    assert all(ipaddress.ip_address(pod.ip).is_loopback for pod in mesh.pods)
    assert len({service.ip for service in mesh.services}) == len(mesh.services)


def test_every_copy_is_whole_and_what_is_left_over_serves_the_web() -> None:
    copies = Counter((pod.namespace, pod.workload) for pod in topology(14).pods if pod.namespace != "linkerd")
    whole = {
        (f"emojivoto{suffix}", each): 1
        for suffix in ("", "-2", "-3")
        for each in ("web", "emoji", "voting", "vote-bot")
    }
    assert copies == whole | {("emojivoto", "web"): 3}


@pytest.mark.parametrize("pods", [-1, 0, 3, 60_001])
def test_too_few_or_too_many_pods_are_refused(pods: int) -> None:
    with pytest.raises(UsageError, match=f"--pods {pods}"):
        topology(pods)


def test_names_do_not_depend_on_how_many_there_are() -> None:
    assert {pod.key for pod in topology().pods} < {pod.key for pod in topology(40).pods}


def test_the_inventory_finds_every_meshed_pod_and_its_owners() -> None:
    mesh = topology(6)
    inventory = Inventory.from_objects(manifests_of(mesh))
    targets = {(target.pod.namespace, target.pod.name): target for target in inventory.targets()}
    assert set(targets) == {pod.key for pod in mesh.pods}
    for pod in mesh.pods:
        target = targets[pod.key]
        assert (target.ip, target.admin_port) == (pod.ip, 4191)
        assert target.labels["deployment"] == pod.workload
        assert target.labels["replicaset"] == f"{pod.workload}-{pod.template_hash}"


def test_owners_referred_to_are_there_under_the_uid_referred_to() -> None:
    manifests = list(manifests_of(topology(9)))
    uids = {(each["kind"], each["metadata"]["name"], each["metadata"]["uid"]) for each in manifests}
    assert len({uid for _, _, uid in uids}) == len(manifests)
    owners = [owner for each in manifests for owner in each["metadata"].get("ownerReferences", ())]
    assert len(owners) > 20
    assert {(owner["kind"], owner["name"], owner["uid"]) for owner in owners} <= uids


def test_services_lead_to_the_pods_their_selectors_choose() -> None:
    pods, endpoints, slices = objects("Pod", 6), objects("Endpoints", 6), objects("EndpointSlice", 6)
    for key, service in objects("Service", 6).items():
        [wanted] = service["spec"]["selector"].items()
        chosen = {pod["status"]["podIP"] for pod in pods.values() if wanted in pod["metadata"]["labels"].items()}
        assert {each["ip"] for each in endpoints[key]["subsets"][0]["addresses"]} == chosen != set()
        [mine] = [
            each for each in slices.values() if each["metadata"]["ownerReferences"][0]["name"] == key.partition("/")[2]
        ]
        assert {address for each in mine["endpoints"] for address in each["addresses"]} == chosen


def test_a_meshed_pod_is_what_an_injector_would_make_of_it() -> None:
    pod = next(each for key, each in objects("Pod").items() if key.startswith("emojivoto/vote-bot-"))
    proxy = pod["spec"]["initContainers"][-1]
    assert (proxy["name"], proxy["restartPolicy"]) == ("linkerd-proxy", "Always")
    assert {"name": "linkerd-admin", "containerPort": 4191, "protocol": "TCP"} in proxy["ports"]
    identity = {each["name"]: each["value"] for each in proxy["env"]}["LINKERD2_PROXY_IDENTITY_LOCAL_NAME"]
    assert identity == "default.emojivoto.serviceaccount.identity.linkerd.cluster.local"
    assert pod["metadata"]["labels"]["linkerd.io/proxy-deployment"] == "vote-bot"
    assert pod["spec"]["serviceAccountName"] == "default"
    assert status_of(pod) == "Running"


def test_outside_the_mesh_there_is_one_of_each_other_kind() -> None:
    books = [each for each in manifests_of(topology()) if each["metadata"].get("namespace") == "books"]
    kinds = Counter(each["kind"] for each in books)
    assert {"Deployment", "StatefulSet", "Rollout", "CronJob", "Job"} <= set(kinds)
    assert kinds["Pod"] == 4
    statuses = Counter(status_of(each) for each in books if each["kind"] == "Pod")
    assert statuses == {"Running": 3, "Completed": 1}


def test_every_account_a_pod_runs_under_is_there() -> None:
    accounts = set(objects("ServiceAccount"))
    meshed = [each for key, each in objects("Pod").items() if not key.startswith("books/")]
    assert {f"{each['metadata']['namespace']}/{each['spec']['serviceAccountName']}" for each in meshed} <= accounts


def test_all_of_it_is_plain_json() -> None:
    manifests = list(manifests_of(topology()))
    assert json.loads(json.dumps(manifests)) == manifests
