"""What the commands of `profile` take alike: the service, where routes come from, where requests come from."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.specifications import cluster_domain, namespace_of
from linkerdctl.errors import UsageError
from linkerdctl.profiles.names import CLUSTER_DOMAIN, ServiceName

Service = Annotated[str, typer.Argument(help="The service, without its namespace.", show_default=False)]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Namespace of the service.")]
OpenApi = Annotated[list[str] | None, typer.Option(metavar="FILE", help="Swagger 2 or OpenAPI 3 document; repeatable.")]
Proto = Annotated[list[str] | None, typer.Option(metavar="FILE", help="A .proto file; repeatable.")]
FromService = Annotated[
    str | None, typer.Option(metavar="NS/SVC[:PORT]/PATH", help="OpenAPI document that a service serves.")
]
Tap = Annotated[str | None, typer.Option(metavar="TYPE/NAME", help="Workload whose requests to watch.")]
TapDuration = Annotated[
    str, typer.Option(metavar="DURATION", show_default=False, help="How long to watch (default: 10s).")
]
Input = Annotated[
    str | None,
    typer.Option(
        "--input", metavar="FILE", help="Read the requests from a recorded tap instead; - for standard input."
    ),
]
Domain = Annotated[str | None, typer.Option("--cluster-domain", metavar="DOMAIN", help="DNS domain of the cluster.")]
IgnoreCluster = Annotated[bool, typer.Option("--ignore-cluster", help="Ask no cluster, not even for its domain.")]


def exactly_one(**sources: Any) -> None:
    """Raise `UsageError` unless one of the options was given, and no other."""
    given = [f"--{name.replace('_', '-')}" for name, value in sources.items() if value]
    if len(given) != 1:
        choices = ", ".join(f"--{name.replace('_', '-')}" for name in sources)
        what = f"{' and '.join(given)} exclude each other" if given else "nothing to make a profile from"
        raise UsageError(what, next_step=f"give exactly one of {choices}")


def name_of(
    options: GlobalOptions, service: str, namespace: str | None, domain: str | None, ignore_cluster: bool
) -> ServiceName:
    """The service, checked before any cluster is asked for its domain."""
    given = namespace_of(options, namespace)
    name = ServiceName(service, given, domain or CLUSTER_DOMAIN)
    if domain is None and not ignore_cluster:
        return ServiceName(service, given, cluster_domain(options))
    return name
