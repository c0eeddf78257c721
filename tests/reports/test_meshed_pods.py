"""Rows of `list`: which annotation wins, which version is shown, who is left out."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.errors import ObjectError
from linkerdctl.reports.meshed_pods import UNREACHABLE, MeshedPod, meshed_pods

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


def row(manifest: Any) -> MeshedPod:
    [only] = meshed_pods([manifest])
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
    found = meshed_pods([pod("web"), pod("plain", mesh=""), pod("authors")])
    assert [each.name for each in found] == ["authors", "web"]


def test_a_proxy_that_cannot_be_asked_is_remarked() -> None:
    assert row(pod(ports=[])).remark == UNREACHABLE
    assert row(pod()).remark == ""


def test_a_pod_in_any_phase_is_listed() -> None:
    finished = pod()
    finished["status"]["phase"] = "Succeeded"
    assert row(finished).status == "Succeeded"


def test_a_pod_that_is_none_is_named() -> None:
    with pytest.raises(ObjectError, match="pod books/web is not as it should be"):
        meshed_pods([{**pod(), "spec": "none"}])
