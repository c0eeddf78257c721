"""What `profile` writes: a ServiceProfile, new or merged into one that is there, or Gateway API objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.specifications import CLUSTER, display_name, read, there_may_be_a_cluster
from linkerdctl.errors import UsageError
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import RetryBudget, Route

Kind = Literal["serviceprofile", "httproute", "grpcroute"]

_PROTOCOLS = {"httproute": ("http", "kubernetes.io/h2c"), "grpcroute": ("grpc", "http2", "h2c", "kubernetes.io/h2c")}
"""How `appProtocol`, or else the name, of a port begins that takes such requests."""


class Wanted(NamedTuple):
    """What is to be written, and how."""

    name: ServiceName
    kind: Kind
    output: Literal["yaml", "json"]
    port: int = 0
    """Of the service; 0 where none is needed."""
    budget: RetryBudget | None = None
    merge: str | None = None


class Written(NamedTuple):
    """The text for standard output, and what to say about it: what was lost, what was done."""

    text: str
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def written(options: GlobalOptions, wanted: Wanted, routes: Sequence[Route]) -> Written:
    """The manifest of the routes."""
    if wanted.merge:
        return _merged(options, wanted, wanted.merge, routes)
    if wanted.kind == "serviceprofile":
        from linkerdctl.profiles.encoding import json_text, yaml_text
        from linkerdctl.profiles.service_profile import service_profile

        manifest = service_profile(wanted.name, routes, wanted.budget)
        return Written(yaml_text(manifest) if wanted.output == "yaml" else json_text(manifest))
    return _gateway(wanted, routes)


def template(name: ServiceName, output: str) -> str:
    """The text to fill in; JSON has no comments."""
    from linkerdctl.profiles.template import template_manifest, template_text

    if output == "yaml":
        return template_text(name)
    from linkerdctl.profiles.encoding import json_text

    return f"{json_text(template_manifest(name))}\n"


def _gateway(wanted: Wanted, routes: Sequence[Route]) -> Written:
    from linkerdctl.profiles.encoding import json_text, yaml_documents
    from linkerdctl.profiles.gateway import GRPC_ROUTE, HTTP_ROUTE, gateway_objects

    kind = HTTP_ROUTE if wanted.kind == "httproute" else GRPC_ROUTE
    made = gateway_objects(kind, wanted.name, wanted.port, routes, wanted.budget)
    lost = tuple(f"not in the {kind}s: {each}" for each in made.lost)
    if wanted.output == "yaml":
        return Written(yaml_documents(made.manifests), lost)
    return Written(json_text({"apiVersion": "v1", "kind": "List", "items": list(made.manifests)}), lost)


def port_of(options: GlobalOptions, name: ServiceName, kind: Kind, *, ignore_cluster: bool) -> int:
    """The port that the cluster's Service has for such requests; raises `UsageError` when there is no telling."""
    if ignore_cluster or not there_may_be_a_cluster(options):
        raise UsageError(
            "routes of the Gateway API need the port of the service, and there is no cluster to ask",
            next_step="give --port, like --port 80",
        )
    from linkerdctl.cli.cluster_profiles import service_ports

    ports = service_ports(options, name)
    fitting = [port for port, protocol in ports.items() if protocol.startswith(_PROTOCOLS[kind])]
    candidates = list(ports) if len(ports) == 1 else fitting
    if len(candidates) != 1:
        listed = f"the ports {', '.join(map(str, ports))}" if ports else "no ports"
        raise UsageError(f"service {name.service} has {listed}", next_step="say which with --port")
    return candidates[0]


def _merged(options: GlobalOptions, wanted: Wanted, target: str, routes: Sequence[Route]) -> Written:
    from linkerdctl.profiles.encoding import json_text
    from linkerdctl.profiles.merge import merge_file, merge_manifest

    if target == CLUSTER:
        from linkerdctl.cli.cluster_profiles import read_profile

        result = merge_manifest(read_profile(options, wanted.name), CLUSTER, wanted.name, routes)
    else:
        result = merge_file(read(target), display_name(target), wanted.name, routes)
    text = result.text if wanted.output == "yaml" else json_text(result.manifest)
    done = f"{len(result.added)} routes added behind the {result.kept} that were there"
    return Written(text, tuple(f"merge: {each}" for each in result.warnings), (f"merge: {done}",))
