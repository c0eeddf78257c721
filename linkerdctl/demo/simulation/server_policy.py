"""Servers and authorizations that hold in the mesh at this moment: what a server's proxy makes of a request that comes."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from linkerdctl.demo.cluster.pod_manifests import app_container, meshed_labels
from linkerdctl.demo.cluster.store import Event, Manifest, name_of
from linkerdctl.demo.simulation.gateway_policy import best_match
from linkerdctl.demo.simulation.taken import InboundPolicy, written_policy
from linkerdctl.demo.topology import DemoPod, identity_of
from linkerdctl.kube.selectors import selector_of

GROUP = "policy.linkerd.io"
ROUTES = (
    (GROUP, "httproutes"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("gateway.networking.k8s.io", "grpcroutes"),
)
_KINDS = {
    "servers", "serverauthorizations", "authorizationpolicies", "meshtlsauthentications", "networkauthentications",
}  # fmt: skip
_OPEN = ("all-unauthenticated", "all-authenticated", "cluster-authenticated", "cluster-unauthenticated", "audit")
"""Access policies that let every client of this mesh in."""


class ServerPolicies:
    """What was applied so far; without any Server everything is let in as by default."""

    def __init__(self) -> None:
        self._objects: defaultdict[str, dict[tuple[str, str], Manifest]] = defaultdict(dict)
        self._routes: dict[tuple[str, str, str, str], Manifest] = {}

    def changed(self, event: Event) -> None:
        """An object was written or deleted."""
        group, plural = event.key
        gone, name = event.type == "DELETED", name_of(event.object)
        if group == GROUP and plural in _KINDS:
            self._objects[plural].pop(name, None)
            if not gone:
                self._objects[plural][name] = event.object
        elif event.key in ROUTES:
            self._routes.pop((*event.key, *name), None)
            if not gone:
                self._routes[(*event.key, *name)] = event.object

    def admitted(self, client: DemoPod, server: DemoPod, port: int, method: str, path: str) -> InboundPolicy | None:
        """What the policy for a port says of a request; None where there is no Server for it."""
        guard = next(self._guards(server, port), None)
        if guard is None:
            return None
        name = guard["metadata"]["name"]
        attached = (route for route in self._routes.values() if _hangs_on(route, server.namespace, name))
        match = best_match(attached, method, path)
        route = match[0] if match else None
        named = (_group(route), route["kind"], route["metadata"]["name"]) if route else None
        return written_policy(name, port, named, self._authorization(client, guard, route))

    def _guards(self, server: DemoPod, port: int) -> Iterator[Manifest]:
        """Servers about a port, by name."""
        names = {each["name"]: each["containerPort"] for each in app_container(server.workload)["ports"]}
        labels = meshed_labels(server)
        for (namespace, _), each in sorted(self._objects["servers"].items()):
            selector = selector_of(each["spec"].get("podSelector"))
            wanted = each["spec"]["port"]
            about = namespace == server.namespace and selector is not None and selector.matches(labels)
            if about and port in (wanted, names.get(wanted)):
                yield each

    def _authorization(self, client: DemoPod, guard: Manifest, route: Manifest | None) -> tuple[str, str] | None:
        """Kind and name of what lets a client in: one for the route, one for the Server, its access policy, or nothing."""
        for kind, policy in (*self._policies(guard, route), *self._server_authorizations(guard)):
            if self._holds(policy, client):
                return kind, policy["metadata"]["name"]
        access = guard["spec"].get("accessPolicy") or "deny"
        return ("default", access) if access in _OPEN else None

    def _policies(self, guard: Manifest, route: Manifest | None) -> Iterator[tuple[str, Manifest]]:
        namespace = guard["metadata"]["namespace"]
        targets = [("Server", guard["metadata"]["name"]), ("Namespace", namespace)]
        if route:
            targets.insert(0, (route["kind"], route["metadata"]["name"]))
        for kind, name in targets:
            for (its_namespace, _), each in sorted(self._objects["authorizationpolicies"].items()):
                target = each["spec"]["targetRef"]
                if (its_namespace, target["kind"], target["name"]) == (namespace, kind, name):
                    yield "authorizationpolicy", each

    def _server_authorizations(self, guard: Manifest) -> Iterator[tuple[str, Manifest]]:
        metadata = guard["metadata"]
        for (namespace, _), each in sorted(self._objects["serverauthorizations"].items()):
            told = each["spec"]["server"]
            selector = selector_of(told.get("selector"))
            selected = selector is not None and selector.matches(metadata.get("labels") or {})
            if namespace == metadata["namespace"] and (told.get("name") == metadata["name"] or selected):
                yield "serverauthorization", each

    def _holds(self, policy: Manifest, client: DemoPod) -> bool:
        namespace = policy["metadata"]["namespace"]
        if "client" in policy["spec"]:
            return _is_one_of(policy["spec"]["client"], client, namespace)
        return all(self._is_met(ref, client, namespace) for ref in policy["spec"]["requiredAuthenticationRefs"])

    def _is_met(self, ref: Mapping[str, Any], client: DemoPod, namespace: str) -> bool:
        where, name = ref.get("namespace") or namespace, ref["name"]
        if ref["kind"] == "ServiceAccount":
            return client.identity == identity_of(name, where)
        plural = f"{ref['kind'].lower()}s"
        spec = self._objects[plural].get((where, name), {}).get("spec") or {}
        if plural == "networkauthentications":
            return _is_inside(spec.get("networks") or (), client)
        return _is_called(spec.get("identities") or (), client) or any(
            _is_referred(each, client, where) for each in spec.get("identityRefs") or ()
        )


def _group(route: Manifest) -> str:
    return str(route["apiVersion"]).partition("/")[0]


def _hangs_on(route: Manifest, namespace: str, server: str) -> bool:
    parents = (route.get("spec") or {}).get("parentRefs") or ()
    return name_of(route)[0] == namespace and any(
        (parent.get("kind"), parent.get("name")) == ("Server", server) for parent in parents
    )


def _is_one_of(clients: Mapping[str, Any], client: DemoPod, namespace: str) -> bool:
    """A ServerAuthorization's clients; all in this mesh have an identity."""
    if clients.get("networks") and not _is_inside(clients["networks"], client):
        return False
    mesh = clients.get("meshTLS") or {}
    accounts = (
        client.identity == identity_of(each["name"], each.get("namespace") or namespace)
        for each in mesh.get("serviceAccounts") or ()
    )
    everybody = clients.get("unauthenticated") or mesh.get("unauthenticatedTLS")
    return bool(everybody or _is_called(mesh.get("identities") or (), client) or any(accounts))


def _is_inside(networks: Iterable[Mapping[str, Any]], client: DemoPod) -> bool:
    address = ipaddress.ip_address(client.ip)

    def among(cidr: str) -> bool:
        return address in ipaddress.ip_network(cidr, strict=False)

    return any(among(each["cidr"]) and not any(map(among, each.get("except") or ())) for each in networks)


def _is_called(identities: Iterable[str], client: DemoPod) -> bool:
    return any(
        each in ("*", client.identity) or (each.startswith("*.") and client.identity.endswith(each[1:]))
        for each in identities
    )


def _is_referred(ref: Mapping[str, Any], client: DemoPod, namespace: str) -> bool:
    if ref["kind"] == "Namespace":
        return bool(client.namespace == ref["name"])
    return client.identity == identity_of(ref["name"], ref.get("namespace") or namespace)
