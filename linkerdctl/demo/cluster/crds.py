"""The custom resources of Linkerd and its neighbours: names, versions, structural schemas, printed columns. Data only.

The ServiceProfile schema is enforced as a cluster's would be, quirks included; the others are looser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

FREE: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_STRING: Schema = {"type": "string"}
_INT_OR_STRING: Schema = {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}
_QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)


def _object(properties: Mapping[str, Schema], *required: str, about: str = "") -> Schema:
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    return schema | ({"description": about} if about else {})


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items} | ({"description": about} if about else {})


def _about(schema: Schema, about: str) -> Schema:
    return schema | {"description": about}


@dataclass(frozen=True, slots=True)
class Version:
    """A served version and its schema."""

    name: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Definition:
    """A custom resource. Every one here is namespaced; the first version is the stored one."""

    group: str
    plural: str
    kind: str
    versions: tuple[Version, ...]
    short_names: tuple[str, ...] = ()
    columns: tuple[Mapping[str, Any], ...] = ()
    has_status: bool = False

    def manifest(self) -> dict[str, Any]:
        """The CustomResourceDefinition that would declare it."""
        names = {
            "plural": self.plural,
            "singular": self.kind.lower(),
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "shortNames": list(self.short_names),
        }
        accepted = {"type": "Established", "status": "True", "reason": "InitialNamesAccepted"}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": names,
                "versions": [self._version(each) for each in self.versions],
            },
            "status": {
                "acceptedNames": names,
                "conditions": [accepted],
                "storedVersions": [self.versions[0].name],
            },
        }

    def _version(self, version: Version) -> dict[str, Any]:
        return {
            "name": version.name,
            "served": True,
            "storage": version is self.versions[0],
            "schema": {"openAPIV3Schema": version.schema},
            "additionalPrinterColumns": list(self.columns),
        }


def _root(spec: Schema, about: str, *required: str) -> Schema:
    own = {"apiVersion": _STRING, "kind": _STRING, "metadata": {"type": "object"}, "spec": spec}
    return _object(own, *required, about=about)


def _rooted_with_status(spec: Schema, about: str) -> Schema:
    schema = _root(spec, about, "spec")
    schema["properties"]["status"] = FREE
    return schema


_REQUEST_MATCH = _object(
    {
        "all": _list(FREE, "All of these must match."),
        "any": _list(FREE, "One of these must match."),
        "not": _list(FREE, "None of these may match."),
        "method": _about(_STRING, "The HTTP method."),
        "pathRegex": _about(_STRING, "A regular expression for the whole path."),
    },
    about="Which requests belong to this route.",
)
_STATUS_RANGE = _object(
    {"max": {"type": "integer", "format": "int32"}, "min": {"type": "integer", "format": "int32"}},
    about="A range of HTTP status codes, both ends included.",
)
_RESPONSE_MATCH = _object(
    {"all": _list(FREE), "any": _list(FREE), "not": FREE, "status": _STATUS_RANGE},
    about="Which responses belong to this class.",
)
_RESPONSE_CLASS = _object({"condition": _RESPONSE_MATCH, "isFailure": {"type": "boolean"}}, "condition")
_ROUTE = _object(
    {
        "condition": _REQUEST_MATCH,
        "isRetryable": _about({"type": "boolean"}, "Whether a failed request may be tried again."),
        "name": _about(_STRING, "What the route is called in metrics."),
        "responseClasses": _list(_RESPONSE_CLASS, "Which responses are failures; 5xx when nothing is said."),
        "timeout": _about(_STRING, "How long a request may take, with its retries (300ms)."),
    },
    "condition",
    "name",
)
_RETRY_BUDGET = _object(
    {
        "minRetriesPerSecond": _about({"type": "integer"}, "Retries per second that are always allowed."),
        "retryRatio": _about({"type": "number", "format": "float"}, "Retries to original requests."),
        "ttl": _about(_STRING, "How long a request counts toward the ratio (10s)."),
    },
    "minRetriesPerSecond",
    "retryRatio",
    "ttl",
    about="The bound on retries to the service.",
)
_DESTINATION = _object({"authority": _STRING, "weight": _INT_OR_STRING | {"pattern": _QUANTITY_PATTERN}})


def _service_profile(*required: str) -> Schema:
    spec = _object(
        {
            "dstOverrides": _list(_DESTINATION, "Weighted destinations instead of the service."),
            "opaquePorts": _list(_STRING, "Ports whose protocol is not detected."),
            "retryBudget": _RETRY_BUDGET,
            "routes": _list(_ROUTE, "The routes of the service; the first that matches wins."),
        },
        *required,
        about="What the proxies are told about a service.",
    )
    return _root(spec, "Routes, retries and timeouts of a service.")


_PROTOCOLS = {"type": "string", "enum": ["unknown", "HTTP/1", "HTTP/2", "gRPC", "opaque", "TLS"], "default": "unknown"}
_SERVER = _object(
    {
        "podSelector": FREE,
        "externalWorkloadSelector": FREE,
        "port": _INT_OR_STRING,
        "proxyProtocol": _PROTOCOLS,
        "accessPolicy": _STRING,
    },
    "port",
)
_REFERENCE = _object({"group": _STRING, "kind": _STRING, "name": _STRING, "namespace": _STRING}, "kind", "name")
_AUTHORIZATION_POLICY = _object(
    {"targetRef": _REFERENCE, "requiredAuthenticationRefs": _list(_REFERENCE)},
    "targetRef",
    "requiredAuthenticationRefs",
)
_NETWORKS = _object({"networks": _list(_object({"cidr": _STRING, "except": _list(_STRING)}, "cidr"))}, "networks")
_IDENTITIES = _object({"identities": _list(_STRING), "identityRefs": _list(_REFERENCE)})
_PARENT = FREE | {"properties": {"name": _STRING}, "required": ["name"]}
_ROUTE_SPEC = _object({"hostnames": _list(_STRING), "parentRefs": _list(_PARENT), "rules": _list(FREE)})


def _column(name: str, path: str, kind: str = "string") -> Mapping[str, Any]:
    return {"name": name, "type": kind, "jsonPath": path}


_AGE = _column("Age", ".metadata.creationTimestamp", "date")


def _same(schema: Schema, *names: str) -> tuple[Version, ...]:
    return tuple(Version(name, schema) for name in names)


_POLICY = "policy.linkerd.io"
_GATEWAY = "gateway.networking.k8s.io"
_HTTP_ROUTE = _rooted_with_status(_ROUTE_SPEC, "How HTTP requests are matched and routed.")
_GRPC_ROUTE = _rooted_with_status(_ROUTE_SPEC, "How gRPC calls are matched and routed.")
_HOSTNAMES = (_column("Hostnames", ".spec.hostnames"), _AGE)

DEFINITIONS = (
    Definition(
        "linkerd.io",
        "serviceprofiles",
        "ServiceProfile",
        (Version("v1alpha2", _service_profile()), Version("v1alpha1", _service_profile("routes"))),
        ("sp",),
    ),
    Definition(
        _POLICY,
        "servers",
        "Server",
        _same(_root(_SERVER, "A port of pods that policy applies to.", "spec"), "v1beta3", "v1beta2", "v1beta1"),
        ("srv",),
        (_column("Port", ".spec.port"), _column("Protocol", ".spec.proxyProtocol"),
         _column("Access Policy", ".spec.accessPolicy")),
    ),
    Definition(
        _POLICY,
        "serverauthorizations",
        "ServerAuthorization",
        _same(
            _root(_object({"client": FREE, "server": FREE}, "client", "server"), "Clients a server lets in.", "spec"),
            "v1beta1",
        ),
        ("saz", "serverauthz", "srvauthz"),
        (_column("Server", ".spec.server.name"),),
    ),
    Definition(
        _POLICY,
        "authorizationpolicies",
        "AuthorizationPolicy",
        _same(_root(_AUTHORIZATION_POLICY, "Who may reach a target.", "spec"), "v1alpha1"),
        ("authzpolicy", "ap"),
        (_column("Target", ".spec.targetRef.name"), _AGE),
    ),
    Definition(
        _POLICY,
        "meshtlsauthentications",
        "MeshTLSAuthentication",
        _same(_root(_IDENTITIES, "A set of mesh identities.", "spec"), "v1alpha1"),
        ("meshtlsauthn",),
    ),
    Definition(
        _POLICY,
        "networkauthentications",
        "NetworkAuthentication",
        _same(_root(_NETWORKS, "A set of client networks.", "spec"), "v1alpha1"),
        ("netauthn", "networkauthn"),
    ),
    Definition(
        _POLICY,
        "httproutes",
        "HTTPRoute",
        _same(_HTTP_ROUTE, "v1beta3", "v1beta2", "v1beta1", "v1alpha1"),
        columns=_HOSTNAMES,
        has_status=True,
    ),
    Definition(
        _GATEWAY, "httproutes", "HTTPRoute", _same(_HTTP_ROUTE, "v1", "v1beta1"), columns=_HOSTNAMES, has_status=True
    ),
    Definition(_GATEWAY, "grpcroutes", "GRPCRoute", _same(_GRPC_ROUTE, "v1"), columns=_HOSTNAMES, has_status=True),
    Definition(
        "argoproj.io",
        "rollouts",
        "Rollout",
        _same(_rooted_with_status(FREE, "A progressive rollout of pods."), "v1alpha1"),
        ("ro",),
        (_column("Desired", ".spec.replicas", "integer"), _column("Current", ".status.replicas", "integer"),
         _column("Available", ".status.availableReplicas", "integer"), _AGE),
        has_status=True,
    ),
)  # fmt: skip
