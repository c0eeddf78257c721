"""Looks profiles over, as text or as objects of a cluster, before and after they are applied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from linkerdctl.profiles import lint_routes, lint_schema
from linkerdctl.profiles.documents import Document, Path, lookup
from linkerdctl.profiles.findings import Finding, Problem, error, warning
from linkerdctl.profiles.names import is_label
from linkerdctl.profiles.service_profile import API_VERSION, KIND

_ROUTE_KINDS = ("HTTPRoute", "GRPCRoute")
_VERSIONS = (API_VERSION, "linkerd.io/v1alpha1")
_NAME = re.compile(r"(?P<service>[^.]+)\.(?P<namespace>[^.]+)\.svc\.(?P<domain>.+)")


def lint_objects(manifests: Iterable[Mapping[str, Any]], source: str) -> tuple[Finding, ...]:
    """Of every ServiceProfile among objects of a cluster."""
    return lint_documents([Document(manifest, "", source) for manifest in manifests])


def lint_documents(documents: Iterable[Document]) -> tuple[Finding, ...]:
    """Of every ServiceProfile in documents, also inside Lists, by document and place.

    Raises `SpecificationError` for a document that is no Kubernetes object.
    """
    everything = [each for document in documents for each in _objects(document)]
    routed = {
        service: manifest for _, manifest, _ in everything if _is_route(manifest) for service in _parents(manifest)
    }
    findings: list[Finding] = []
    for document, manifest, path in everything:
        if manifest.get("kind") == KIND:
            found = [_finding(document, manifest, path, problem) for problem in _problems(manifest, routed)]
            findings.extend(sorted(found, key=lambda each: (each.line, each.column)))
    return tuple(findings)


def profiles_in(documents: Iterable[Document]) -> int:
    """How many ServiceProfiles there are to look at."""
    return sum(manifest.get("kind") == KIND for each in documents for _, manifest, _ in _objects(each))


def _objects(document: Document) -> Iterator[tuple[Document, Mapping[str, Any], Path]]:
    """The manifests of a document, with the way to each."""
    data = document.data
    if not isinstance(data, dict):
        raise document.error((), "is no Kubernetes object")
    if isinstance(data.get("items"), list):
        for index, item in enumerate(data["items"]):
            if isinstance(item, dict):
                yield document, item, ("items", index)
    else:
        yield document, data, ()


def _problems(manifest: Mapping[str, Any], routed: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[Problem]:
    yield from lint_schema.problems(manifest)
    yield from lint_routes.problems(manifest)
    yield from _identity(manifest)
    yield from _overridden(manifest, routed)


def _finding(document: Document, manifest: Mapping[str, Any], path: Path, problem: Problem) -> Finding:
    line, column = document.place((*path, *problem.path))
    route = lookup(manifest, problem.path[:3]) if problem.path[:2] == ("spec", "routes") else None
    return Finding(
        severity=problem.severity,
        source=document.source,
        line=line,
        column=column,
        profile=str(lookup(manifest, ("metadata", "name")) or ""),
        route=str(route.get("name") or "") if isinstance(route, dict) else "",
        what=problem.what,
        advice=problem.advice,
    )


def _identity(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Names under which no proxy looks, and namespaces in which only some do."""
    if manifest.get("apiVersion") not in _VERSIONS:
        yield error(("apiVersion",), f"there is no {KIND} in {manifest.get('apiVersion')}", f"write {API_VERSION}")
    name, namespace = lookup(manifest, ("metadata", "name")), lookup(manifest, ("metadata", "namespace"))
    if not isinstance(name, str) or not name:
        return
    match = _NAME.fullmatch(name)
    if not match or not is_label(match["service"]) or not is_label(match["namespace"]):
        yield error(
            ("metadata", "name"),
            f"no proxy looks for a profile called {name}",
            "call it SERVICE.NAMESPACE.svc.cluster.local, as `linkerdctl profile` does",
        )
    elif isinstance(namespace, str) and namespace != match["namespace"]:
        yield warning(
            ("metadata", "namespace"),
            f"it is about a service in {match['namespace']} but lives in {namespace}: "
            f"it counts for clients in {namespace} alone",
            f"for all clients put it into {match['namespace']}",
        )


def _is_route(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("kind") in _ROUTE_KINDS


def _parents(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The services, as (namespace, name), that a route is attached to."""
    own = lookup(manifest, ("metadata", "namespace")) or "default"
    parents = lookup(manifest, ("spec", "parentRefs"))
    for parent in parents if isinstance(parents, list) else ():
        if isinstance(parent, dict) and parent.get("kind") == "Service":
            yield str(parent.get("namespace") or own), str(parent.get("name"))


def _overridden(manifest: Mapping[str, Any], routed: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[Problem]:
    match = _NAME.fullmatch(str(lookup(manifest, ("metadata", "name"))))
    if not match or not (lookup(manifest, ("spec", "routes")) or lookup(manifest, ("spec", "dstOverrides"))):
        return
    route = routed.get((match["namespace"], match["service"]))
    if route:
        called = f"{route['kind']} {lookup(route, ('metadata', 'name'))}"
        yield warning(
            ("spec",),
            f"it overrides {called}: proxies ignore routes, retries and timeouts of the Gateway API beside a profile",
            f"keep one of them: delete this profile, or {called}",
        )
