"""Where specifications and profiles come from: files, standard input, URLs, services of the cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.errors import LinkerdctlError, SpecificationError, UsageError
from linkerdctl.profiles.names import CLUSTER_DOMAIN

STDIN = "-"
CLUSTER = "cluster"
URL_TIMEOUT = 10.0
"""Seconds to connect, and between two pieces of an answer."""


def read_all(names: Sequence[str]) -> list[tuple[str, str]]:
    """Name and text of each file, URL or `-`; raises `SpecificationError` or `UsageError`."""
    if list(names).count(STDIN) > 1:
        raise UsageError("standard input can be read only once", next_step="give '-' once")
    return [(display_name(name), read(name)) for name in names]


def read(name: str) -> str:
    """The text of a file, a URL or, for `-`, standard input."""
    from linkerdctl.profiles.decoding import decoded

    if name == STDIN:
        return decoded(sys.stdin.buffer.read(), display_name(name))
    if name.startswith(("http://", "https://")):
        return decoded(_fetched(name), display_name(name))
    try:
        return decoded(Path(name).read_bytes(), name)
    except OSError as error:
        raise SpecificationError(f"{name}: {(error.strerror or str(error)).lower()}") from None


def display_name(name: str) -> str:
    """How messages call it; without what a URL may hold of secrets."""
    if name == STDIN:
        return "<stdin>"
    if name.startswith(("http://", "https://")):
        scheme, _, rest = name.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
    return name


def _fetched(url: str) -> bytes:
    import httpx

    shown = display_name(url)
    try:
        response = httpx.get(url, follow_redirects=True, timeout=URL_TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise SpecificationError(f"{shown}: cannot be read: {str(error).lower() or type(error).__name__}") from None
    if not response.is_success:
        raise SpecificationError(f"{shown}: the server answered {response.status_code}")
    return response.content


def read_from_service(options: GlobalOptions, where: str) -> tuple[str, str]:
    """Name and text of what a service answers at NS/SVC[:PORT]/PATH, asked through the API server."""
    namespace, _, rest = where.partition("/")
    service, slash, path = rest.partition("/")
    if not namespace or not service or not slash or not path:
        raise UsageError(
            f"--from-service {where!r} is no place in a service",
            next_step="write NAMESPACE/SERVICE[:PORT]/PATH, like books/webapp:7000/openapi.json",
        )
    import asyncio

    return f"{service}.{namespace}/{path}", asyncio.run(_asked(options, namespace, service, path))


async def _asked(options: GlobalOptions, namespace: str, service: str, path: str) -> str:
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.kube.rbac import About
    from linkerdctl.profiles.decoding import decoded

    about = About("get", "services/proxy", namespace=namespace, name=service)
    async with KubeClient(cluster_config(options)) as client:
        place = f"/api/v1/namespaces/{namespace}/services/{service}/proxy/{path}"
        async with client.stream("GET", place, about) as response:
            return decoded(await client.body(response, about), f"{service}.{namespace}/{path}")


def namespace_of(options: GlobalOptions, given: str | None) -> str:
    """`-n`, else the context's namespace; `default` where there is no kubeconfig to say."""
    if given is not None:
        return given
    if not there_may_be_a_cluster(options):
        return "default"
    from linkerdctl.kube.kubeconfig import load_config

    try:
        return load_config(options.kubeconfig, options.context).namespace
    except LinkerdctlError:
        if options.kubeconfig or options.context:
            raise
        return "default"


def there_may_be_a_cluster(options: GlobalOptions) -> bool:
    """Whether looking for a cluster is worth loading what it takes."""
    if options.recording is not None:
        return False
    known = options.kubeconfig or options.context or os.environ.get("KUBECONFIG")
    return bool(known or os.environ.get("KUBERNETES_SERVICE_HOST")) or (Path.home() / ".kube" / "config").exists()


def cluster_domain(options: GlobalOptions) -> str:
    """What the control plane says, where there is one to ask; otherwise the usual domain, and a note why."""
    if not there_may_be_a_cluster(options):
        return CLUSTER_DOMAIN
    import asyncio

    from linkerdctl.errors import ConfigError

    try:
        return asyncio.run(asyncio.wait_for(_domain(options), options.timeout)) or CLUSTER_DOMAIN
    except ConfigError as error:
        if options.kubeconfig or options.context:
            raise
        reason = error.message
    except (LinkerdctlError, TimeoutError) as error:
        reason = error.message if isinstance(error, LinkerdctlError) else "the cluster does not answer"
    options.terminal.note(f"the cluster domain is taken to be {CLUSTER_DOMAIN} ({reason}); --cluster-domain sets it")
    return CLUSTER_DOMAIN


async def _domain(options: GlobalOptions) -> str | None:
    from linkerdctl.cli.cluster import cluster_config
    from linkerdctl.kube.client import KubeClient
    from linkerdctl.kube.linkerd_config import read_cluster_domain

    async with KubeClient(cluster_config(options)) as client:
        return await read_cluster_domain(client)
