"""Rows of `list`: which annotation wins, which version is shown, who is left out."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.errors import ObjectError
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.reports.meshed_pods import UNREACHABLE, ListRequest, MeshedPod, MeshedPods

TAP, NO_TAP = "viz.linkerd.io/tap-enabled", "viz.linkerd.io/disable-tap"
ADMIN = [{"name": "linkerd-admin", "containerPort": 4191}]


def pod(name: str = "web", *, image: str = "", ports: Any = ADMIN, mesh: str = "linkerd") -> Any:
    return {
        "kind": "Pod",
        "metadata": {
            "namespace": "books",
            "name": name,
            "labels": {"linkerd.io/control-plane-ns": mesh} if mesh else {},
            "annotations": {},
        },
        "spec": {"containers": [{"name": "linkerd-proxy", "image": image, "ports": ports}]},
        "status": {"phase": "Running"},
    }


def annotated(**annotations: Any) -> Any:
    odd = pod()
    odd["metadata"]["annotations"] = annotations
    return odd


def listed(*manifests: Any, labels: str = "", mesh: str | None = None) -> MeshedPods:
    found = MeshedPods(ListRequest("books", parse_selector(labels) if labels else None, mesh))
    for each in manifests:
        found.add(each)
    return found


def row(manifest: Any) -> MeshedPod:
    [only] = listed(manifest).rows()
    return only


@pytest.mark.parametrize("true", ["1", "t", "T", "TRUE", "true", "True"])
def test_taps_are_enabled_by_any_word_for_true(true: str) -> None:
    assert row(annotated(**{TAP: true})).tap == "enabled"


def test_disabling_wins_over_enabling() -> None:
    assert row(annotated(**{TAP: "true", NO_TAP: "true"})).tap == "disabled"


@pytest.mark.parametrize("word", ["", "false", "yes", "on"])
def test_without_a_word_for_true_the_configuration_is_missing(word: str) -> None:
    assert row(annotated(**{TAP: word, NO_TAP: word})).tap == "missing"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("cr.l5d.io/linkerd/proxy:edge-26.8.3", "edge-26.8.3"),
        ("registry:5000/linkerd/proxy:v2.300.0@sha256:abcd", "v2.300.0"),
        ("registry:5000/linkerd/proxy", ""),
        ("proxy@sha256:abcd", ""),
    ],
)
def test_the_image_tells_the_version_where_no_annotation_does(image: str, version: str) -> None:
    assert row(pod(image=image)).version == version
    noted = pod(image=image)
    noted["metadata"]["annotations"]["linkerd.io/proxy-version"] = "stable-2.14.10"
    assert row(noted).version == "stable-2.14.10"


def test_pods_of_no_control_plane_are_left_out_and_the_rest_is_in_order() -> None:
    found = listed(pod("web"), pod("plain", mesh=""), pod("authors"))
    assert [each.name for each in found.rows()] == ["authors", "web"]


def test_a_control_plane_that_is_named_has_pods_of_its_own() -> None:
    both = pod("web"), pod("shadow", mesh="linkerd-next")
    assert [each.name for each in listed(*both).rows()] == ["shadow", "web"]
    assert [each.name for each in listed(*both, mesh="linkerd-next").rows()] == ["shadow"]


def test_why_there_is_none_is_told() -> None:
    plain = pod("plain", mesh="")
    assert listed().why_none() == "nothing to show: there is no pod in namespace books"
    assert listed(plain).why_none() == "nothing to show: of 1 pods in namespace books none is meshed"
    assert listed(plain, labels="app=x").why_none() == "nothing to show: no pod in namespace books is labelled app=x"
    assert listed(pod(), mesh="other").why_none().endswith("none is meshed by the control plane in namespace other")
    everywhere = MeshedPods(ListRequest(None))
    assert everywhere.why_none() == "nothing to show: there is no pod in the cluster"


def test_a_proxy_that_cannot_be_asked_is_remarked() -> None:
    assert row(pod(ports=[])).remark == UNREACHABLE
    assert row(pod()).remark == ""


def test_a_pod_in_any_phase_is_listed() -> None:
    finished = pod()
    finished["status"]["phase"] = "Succeeded"
    assert row(finished).status == "Succeeded"


def test_a_pod_that_is_none_is_named() -> None:
    with pytest.raises(ObjectError, match="pod books/web is not as it should be"):
        listed({**pod(), "spec": "none"})
