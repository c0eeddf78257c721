"""The pods that a tap is about, when the cluster's objects are not as they should be."""

from __future__ import annotations

from typing import Any

import pytest

from linkerdctl.cli.tap_targets import load_targets
from linkerdctl.errors import ObjectError
from linkerdctl.kube.selection import parse_target
from tests.kube.manifests import Cluster, made, pod


async def targets(*manifests: dict[str, Any]) -> list[str]:
    cluster: Any = Cluster([*manifests, made("Namespace", "ns")])
    found = await load_targets(cluster, parse_target("pod", namespace="ns"))
    return [each.ref.name for each in found.pods]


async def test_the_pods_of_the_target_are_found() -> None:
    assert await targets(pod("web"), pod("api")) == ["web", "api"]


@pytest.mark.parametrize(
    ("part", "value"),
    [("status", None), ("status", []), ("spec", {"containers": [{"name": "app", "ports": [{"name": "http"}]}]})],
)
async def test_a_pod_that_is_none_is_named(part: str, value: object) -> None:
    with pytest.raises(ObjectError, match="pod ns/web is not as it should be"):
        await targets({**pod("web"), part: value})
