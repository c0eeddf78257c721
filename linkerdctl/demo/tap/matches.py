"""What a tap of a proxy asks for, applied as proxies apply it: at the request, never at the response. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from linkerdctl.demo.tap.events import Address, Sight
from linkerdctl.tap.wire import http_types_pb2 as http_types
from linkerdctl.tap.wire import proxy_tap_pb2 as wire

Match = wire.ObserveRequest.Match
Predicate = Callable[[Sight], bool]


class InvalidMatchError(ValueError):
    """A match that a proxy refuses as an invalid argument."""


def predicate(match: Match) -> Predicate:
    """Whether a request is wanted; raises `InvalidMatchError` for a match in which something is missing."""
    kind = match.WhichOneof("match")
    if kind is None:
        raise _missing()
    return _BY_KIND[kind](match)


def _missing() -> InvalidMatchError:
    return InvalidMatchError("missing required field")


def _all(match: Match) -> Predicate:
    parts = [predicate(each) for each in match.all.matches]
    return lambda sight: all(part(sight) for part in parts)


def _any(match: Match) -> Predicate:
    parts = [predicate(each) for each in match.any.matches]
    return lambda sight: any(part(sight) for part in parts)


def _not(match: Match) -> Predicate:
    inner = predicate(getattr(match, "not"))
    return lambda sight: not inner(sight)


def _source(match: Match) -> Predicate:
    fits = _address(match.source)
    return lambda sight: fits(sight.source)


def _destination(match: Match) -> Predicate:
    fits = _address(match.destination)
    return lambda sight: fits(sight.destination)


def _destination_label(match: Match) -> Predicate:
    key, value = match.destination_label.key, match.destination_label.value
    if not key or not value:
        raise _missing()
    return lambda sight: sight.destination_labels.get(key) == value


def _route_label(match: Match) -> Predicate:
    key, value = match.route_label.key, match.route_label.value
    if not key or not value:
        raise _missing()
    return lambda sight: key == "route" and sight.route == value


def _http(match: Match) -> Predicate:
    http = match.http
    kind = http.WhichOneof("match")
    if kind == "scheme":
        scheme = _word(http.scheme)
        return lambda sight: sight.hop.scheme.upper() == scheme
    if kind == "method":
        method = _word(http.method)
        return lambda sight: sight.hop.method == method
    if kind == "authority":
        authority = _text(http.authority)
        return lambda sight: authority(sight.hop.service.host)
    if kind == "path":
        path = _text(http.path)
        return lambda sight: path(sight.hop.path)
    raise _missing()


_BY_KIND: dict[str, Callable[[Match], Predicate]] = {
    "all": _all,
    "any": _any,
    "not": _not,
    "source": _source,
    "destination": _destination,
    "http": _http,
    "destination_label": _destination_label,
    "route_label": _route_label,
}


def _word(word: http_types.HttpMethod | http_types.Scheme) -> str:
    """The name of a method or a scheme, registered or not."""
    kind = word.WhichOneof("type")
    if kind is None:
        raise _missing()
    return word.unregistered if kind == "unregistered" else type(word).Registered.Name(word.registered)


def _text(wanted: Match.Http.StringMatch) -> Callable[[str], bool]:
    kind = wanted.WhichOneof("match")
    if kind is None:
        raise _missing()
    if kind == "exact":
        return lambda text: text == wanted.exact
    return lambda text: text.startswith(wanted.prefix)


def _address(tcp: Match.Tcp) -> Callable[[Address], bool]:
    kind = tcp.WhichOneof("match")
    if kind is None:
        raise _missing()
    if kind == "ports":
        first = tcp.ports.min or tcp.ports.max
        last = tcp.ports.max or tcp.ports.min
        return lambda address: first <= address[1] <= last
    network = ipaddress.ip_network((tcp.netmask.ip.ipv4, tcp.netmask.mask), strict=False)
    return lambda address: ipaddress.ip_address(address[0]) in network
