"""What the control plane says of itself: the ConfigMap `linkerd-config`."""

from __future__ import annotations

from linkerdctl.errors import ConfigError
from linkerdctl.kube.client import KubeClient
from linkerdctl.kube.rbac import About


async def read_cluster_domain(client: KubeClient, namespace: str = "linkerd") -> str | None:
    """The cluster's DNS domain, None when the control plane does not say; raises `ApiError`, `ConfigError`."""
    import yaml

    about = About("get", "configmaps", namespace=namespace, name="linkerd-config")
    found = await client.get(f"/api/v1/namespaces/{namespace}/configmaps/linkerd-config", about)
    try:
        values = yaml.safe_load(str((found.get("data") or {}).get("values", "")))
    except yaml.YAMLError:
        raise ConfigError(f"the values in ConfigMap {namespace}/linkerd-config are no YAML") from None
    domain = values.get("clusterDomain") if isinstance(values, dict) else None
    return str(domain) if domain else None
