"""Between the tap server's words and the proxies': matches one way, events the other, with labels of peers added. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from linkerdctl.demo.topology import CONTROL_PLANE, DemoPod
from linkerdctl.kube.kinds import find_kind
from linkerdctl.tap.wire import http_types_pb2 as http_types
from linkerdctl.tap.wire import proxy_tap_pb2 as proxy
from linkerdctl.tap.wire import viz_tap_pb2 as viz

ProxyMatch = proxy.ObserveRequest.Match
DEFAULT_RPS = 100.0


class UnsupportedMatchError(ValueError):
    """A match that the tap server does not implement."""


def observe_request(request: viz.TapByResourceRequest, pods: int) -> proxy.ObserveRequest:
    """What each of so many pods is asked; raises `UnsupportedMatchError`."""
    per_pod = max((request.max_rps or DEFAULT_RPS) / max(pods, 1), 1)
    translated = proxy.ObserveRequest(limit=int(per_pod), match=_match(request.match))
    if request.extract.http.HasField("headers"):
        translated.extract.http.headers.SetInParent()
    return translated


def _match(match: viz.TapByResourceRequest.Match) -> ProxyMatch:
    if match.WhichOneof("match") not in ("all", None):
        raise UnsupportedMatchError(f"a match of kind {match.WhichOneof('match')!r} is not implemented")
    translated = ProxyMatch()
    translated.all.SetInParent()
    for each in match.all.matches:
        translated.all.matches.append(_leaf(each))
    return translated


def _leaf(match: viz.TapByResourceRequest.Match) -> ProxyMatch:
    kind = match.WhichOneof("match")
    if kind == "destinations":
        return _destinations(match.destinations)
    if kind == "http":
        return ProxyMatch(http=_http(match.http))
    raise UnsupportedMatchError(f"a match of kind {kind!r} inside another is not implemented")


def _destinations(selection: viz.ResourceSelection) -> ProxyMatch:
    """A conjunction of labels."""
    resource = selection.resource
    kind = find_kind(resource.type)
    if kind is None:
        raise UnsupportedMatchError(f"unknown resource type {resource.type!r}")
    labels = {kind.label: resource.name} if resource.name else {}
    if kind.name != "namespace" and resource.namespace:
        labels["namespace"] = resource.namespace
    match = ProxyMatch()
    match.all.SetInParent()
    for key, value in labels.items():
        match.all.matches.append(ProxyMatch(destination_label=ProxyMatch.Label(key=key, value=value)))
    return match


def _http(match: viz.TapByResourceRequest.Match.Http) -> ProxyMatch.Http:
    kind = match.WhichOneof("match")
    if kind == "scheme":
        return ProxyMatch.Http(scheme=_scheme(match.scheme.upper()))
    if kind == "method":
        return ProxyMatch.Http(method=_method(match.method.upper()))
    if kind == "authority":
        return ProxyMatch.Http(authority=ProxyMatch.Http.StringMatch(exact=match.authority))
    if kind == "path":
        return ProxyMatch.Http(path=ProxyMatch.Http.StringMatch(prefix=match.path))
    raise UnsupportedMatchError("an empty HTTP match is not implemented")


def _scheme(word: str) -> http_types.Scheme:
    registered = http_types.Scheme.Registered
    return http_types.Scheme(registered=word) if word in registered.keys() else http_types.Scheme(unregistered=word)  # noqa: SIM118


def _method(word: str) -> http_types.HttpMethod:
    if word in http_types.HttpMethod.Registered.keys():  # noqa: SIM118 - not a mapping
        return http_types.HttpMethod(registered=word)
    return http_types.HttpMethod(unregistered=word)


def translated(event: proxy.TapEvent, pods: Mapping[str, DemoPod]) -> viz.TapEvent:
    """A proxy's event as the tap server passes it on; `pods` are those whose labels it can add, by address."""
    inbound = event.proxy_direction == proxy.TapEvent.INBOUND
    source = {**_labels(event.source_meta), **_hydration(event.source.ip.ipv4, pods)}
    known = _hydration(event.destination.ip.ipv4, pods) if inbound else {}
    passed_on = viz.TapEvent(
        source_meta=viz.TapEvent.EndpointMeta(labels=source),
        destination_meta=viz.TapEvent.EndpointMeta(labels={**_labels(event.destination_meta), **known}),
        route_meta=viz.TapEvent.RouteMeta(labels={entry.key: entry.value for entry in event.route_meta.labels}),
        proxy_direction=proxy.TapEvent.ProxyDirection.Name(event.proxy_direction),
    )
    passed_on.source.ParseFromString(event.source.SerializeToString())
    passed_on.destination.ParseFromString(event.destination.SerializeToString())
    _pass_on_http(event.http, passed_on.http)
    return passed_on


def _pass_on_http(event: proxy.TapEvent.Http, passed_on: viz.TapEvent.Http) -> None:
    """Fields have the same numbers; only headers are other messages."""
    bare = proxy.TapEvent.Http()
    bare.CopyFrom(event)
    kind = event.WhichOneof("event")
    field = "trailers" if kind == "response_end" else "headers"
    headers = getattr(getattr(event, kind), field).headers if kind else ()
    if kind:
        getattr(bare, kind).ClearField(field)
    passed_on.ParseFromString(bare.SerializeToString())
    if headers:
        getattr(getattr(passed_on, kind or ""), field).headers.extend(map(_header, headers))


def _header(header: http_types.Headers.Header) -> viz.Headers.Header:
    try:
        return viz.Headers.Header(name=header.name, value_str=header.value.decode())
    except UnicodeDecodeError:
        return viz.Headers.Header(name=header.name, value_bin=header.value)


def _labels(meta: proxy.TapEvent.EndpointMeta) -> dict[str, str]:
    return {entry.key: entry.value for entry in meta.labels}


def _hydration(ipv4: int, pods: Mapping[str, DemoPod]) -> dict[str, str]:
    pod = pods.get(str(ipaddress.IPv4Address(ipv4)))
    if pod is None:
        return {}
    return {
        "pod": pod.name,
        "deployment": pod.workload,
        "serviceaccount": pod.service_account,
        "control_plane_ns": CONTROL_PLANE,
        "pod_template_hash": pod.template_hash,
        "namespace": pod.namespace,
    }
