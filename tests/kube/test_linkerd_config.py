"""What the control plane says of itself."""

from __future__ import annotations

import pytest

from linkerdctl.errors import ApiError, ConfigError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.linkerd_config import read_cluster_domain
from tests.kube.fakes import Answer, FakeApi, config_for, serving, status

PATH = "/api/v1/namespaces/linkerd/configmaps/linkerd-config"


async def domain(answer: Answer) -> str | None:
    async with serving(FakeApi({PATH: answer})) as server, KubeClient(config_for(server)) as client:
        return await read_cluster_domain(client)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"values": "clusterDomain: example.org\nproxy: {}\n"}, "example.org"),
        ({"values": "proxy: {}"}, None),
        ({"values": "clusterDomain: ''"}, None),
        ({"values": "just words"}, None),
        ({"other": "x"}, None),
        (None, None),
    ],
)
async def test_the_domain_is_among_the_values_if_anywhere(data: object, found: str | None) -> None:
    assert await domain({"kind": "ConfigMap", "data": data}) == found


async def test_values_that_are_no_yaml_are_told() -> None:
    with pytest.raises(ConfigError, match="the values in ConfigMap linkerd/linkerd-config are no YAML"):
        await domain({"data": {"values": "a: ["}})


async def test_a_control_plane_that_may_not_be_read_is_an_error_that_knows_it() -> None:
    with pytest.raises(ApiError) as caught:
        await domain(status(403, "no", "Forbidden"))
    error = caught.value
    assert (error.verb, error.resource, error.namespace, error.name) == (
        "get",
        "configmaps",
        "linkerd",
        "linkerd-config",
    )
