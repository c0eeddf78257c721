"""What manifests say of taps, and labels by address."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.tap.events import Direction
from linkerdctl.tap.hydration import Hydration
from linkerdctl.tap.pods import TapPod, tap_pod
from tests.tap.tap_builders import begun, endpoint

Manifest = dict[str, Any]


def manifest(
    name: str = "web-1",
    *,
    ip: str = "10.0.0.1",
    phase: str = "Running",
    annotations: dict[str, str] | None = None,
    environment: dict[str, str] | None = None,
    ports: dict[str, int] | None = None,
    init_args: list[str] | None = None,
    meshed: bool = True,
    **spec: Any,
) -> Manifest:
    proxy = {
        "name": "linkerd-proxy",
        "ports": [
            {"name": key, "containerPort": port} for key, port in {"linkerd-admin": 4191, **(ports or {})}.items()
        ],
        "env": [{"name": key, "value": value} for key, value in (environment or {}).items()],
    }
    application = {"name": "web", "ports": [{"containerPort": 8080}, {"containerPort": 3306}]}
    return {
        "metadata": {
            "name": name,
            "namespace": "emojivoto",
            "labels": {"linkerd.io/control-plane-ns": "linkerd", "pod-template-hash": "abc"} if meshed else {},
            "annotations": annotations or {},
        },
        "spec": {
            "serviceAccountName": "web",
            "initContainers": [{"name": "linkerd-init", "args": init_args or []}],
            "containers": [application, proxy] if meshed else [application],
            **spec,
        },
        "status": {"phase": phase, "podIP": ip},
    }


ENABLED = {"viz.linkerd.io/tap-enabled": "true"}
IDENTITY = "LINKERD2_PROXY_IDENTITY_LOCAL_NAME"


def read(**given: Any) -> TapPod:
    return tap_pod(manifest(**given))


def test_a_pod_is_tappable_when_everything_says_so() -> None:
    assert read(annotations=ENABLED).tappable
    assert read(environment={"LINKERD2_PROXY_TAP_SVC_NAME": "tap.linkerd-viz..."}).tappable
    assert not read().tappable
    assert not read(annotations={**ENABLED, "viz.linkerd.io/disable-tap": "true"}).tappable
    assert not read(annotations=ENABLED, phase="Pending").tappable
    assert not read(annotations=ENABLED, meshed=False).tappable


def test_the_tap_port_is_found_by_name_by_what_the_proxy_is_told_or_is_the_usual_one() -> None:
    assert read().port == 4190
    assert read(environment={"LINKERD2_PROXY_CONTROL_LISTEN_ADDR": "[::]:5190"}).port == 5190
    assert read(ports={"linkerd-tap": 6190}, environment={"LINKERD2_PROXY_CONTROL_LISTEN_ADDR": "0:5190"}).port == 6190


@pytest.mark.parametrize(
    ("told", "identity"),
    [
        ("a.b.serviceaccount.identity.linkerd.example.org", "a.b.serviceaccount.identity.linkerd.example.org"),
        (
            "$(_pod_sa).$(_pod_ns).serviceaccount.identity.l5d.my.org",
            "web.emojivoto.serviceaccount.identity.l5d.my.org",
        ),
        ("", "web.emojivoto.serviceaccount.identity.linkerd.cluster.local"),
        ("$(_x)", "web.emojivoto.serviceaccount.identity.linkerd.cluster.local"),
    ],
)
def test_a_proxy_s_identity_is_worked_out(told: str, identity: str) -> None:
    assert read(environment={IDENTITY: told}).identity == identity


def test_ports_that_taps_do_not_see_are_those_the_application_listens_on() -> None:
    found = read(
        annotations={"config.linkerd.io/skip-inbound-ports": "25,8000-8090", "config.linkerd.io/opaque-ports": "3306"}
    )
    assert (found.skipped, found.opaque) == ((8080,), (3306,))
    assert read(init_args=["--inbound-ports-to-ignore", "4190,3306"]).skipped == (3306,)
    assert read(environment={"LINKERD2_PROXY_INBOUND_PORTS_DISABLE_PROTOCOL_DETECTION": "25,3306"}).opaque == (3306,)
    assert (read().skipped, read().opaque) == ((), ())


def hydration(*pods: Manifest) -> Hydration:
    return Hydration(
        (each, {"namespace": "emojivoto", "pod": each["metadata"]["name"], "deployment": "web"}) for each in pods
    )


def test_sources_get_their_pod_s_labels_and_keep_their_own() -> None:
    found = hydration(manifest()).hydrated(begun(source=endpoint("10.0.0.1", tls="true")))
    assert found.source.labels == {
        "tls": "true",
        "namespace": "emojivoto",
        "pod": "web-1",
        "deployment": "web",
        "serviceaccount": "web",
        "control_plane_ns": "linkerd",
        "pod_template_hash": "abc",
    }


def test_destinations_get_labels_only_where_the_proxy_is_their_own() -> None:
    to_web = {"source": endpoint("10.0.0.9"), "destination": endpoint("10.0.0.1")}
    known = hydration(manifest())
    assert known.hydrated(begun(direction=Direction.INBOUND, **to_web)).destination.name == "web-1"
    outbound = begun(direction=Direction.OUTBOUND, **to_web)
    assert known.hydrated(outbound) is outbound


def test_an_address_of_several_pods_is_the_running_one_s_or_nobody_s() -> None:
    asked = begun(source=endpoint("10.0.0.1"))
    done = manifest("old", phase="Succeeded")
    assert hydration(done, manifest()).hydrated(asked).source.name == "web-1"
    assert hydration(manifest("one"), manifest("two")).hydrated(asked) is asked


def test_pods_in_their_host_s_network_share_its_address() -> None:
    asked = begun(source=endpoint("10.0.0.1"))
    assert hydration(manifest(hostNetwork=True)).hydrated(asked) is asked


def test_equal_labels_stay_one_mapping() -> None:
    known, asked = hydration(manifest()), begun(source=endpoint("10.0.0.1", tls="true"))
    assert known.hydrated(asked).source.labels is known.hydrated(asked).source.labels
