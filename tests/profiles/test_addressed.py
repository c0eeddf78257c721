"""Of the requests that proxies saw, a profile is made of those for its service, each counted once."""

from __future__ import annotations

from collections import Counter

import pytest

from linkerdctl.profiles.addressed import SeenRequest, addressed_to, service_of_host
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.observed import ObservedRequest

WEB = ServiceName("web-svc", "emojivoto")


def inbound(
    path: str, authority: str = "web-svc.emojivoto:80", canonical: str = "", probe: bool = False
) -> SeenRequest:
    return SeenRequest("GET", path, authority, is_inbound=True, canonical=canonical, is_probe=probe)


def outbound(path: str, service: tuple[str, str] | None = ("web-svc", "emojivoto")) -> SeenRequest:
    return SeenRequest("GET", path, "somewhere:80", is_inbound=False, service=service)


def paths(name: ServiceName, *seen: SeenRequest) -> dict[str, int]:
    return {each.path: each.count for each in addressed_to(name, Counter(seen)).requests}


@pytest.mark.parametrize(
    ("authority", "service"),
    [
        ("web-svc", ("web-svc", "emojivoto")),
        ("web-svc:80", ("web-svc", "emojivoto")),
        ("web-svc.emojivoto", ("web-svc", "emojivoto")),
        ("Web-Svc.Emojivoto:8080", ("web-svc", "emojivoto")),
        ("web-svc.other.svc", ("web-svc", "other")),
        ("web-svc.other.svc.cluster.local:80", ("web-svc", "other")),
        ("web-svc.other.svc.cluster.local.:80", ("web-svc", "other")),
        ("web-svc.other", None),
        ("example.com", None),
        ("www.example.com:443", None),
        ("web-svc.other.svc.example.org", None),
        ("localhost:8080", None),
        ("10.1.2.3:8080", None),
        ("[::1]:8080", None),
        ("::1", None),
        ("", None),
        (":80", None),
    ],
)
def test_which_service_a_host_names(authority: str, service: tuple[str, str] | None) -> None:
    assert service_of_host(authority, WEB) == service


def test_what_came_in_for_the_service_counts() -> None:
    assert paths(WEB, inbound("/a"), inbound("/a"), inbound("/b", "web-svc")) == {"/a": 2, "/b": 1}


def test_what_the_proxy_asked_of_others_does_not() -> None:
    found = addressed_to(WEB, Counter([inbound("/a"), outbound("/b", ("emoji-svc", "emojivoto"))]))
    assert [each.path for each in found.requests] == ["/a"]
    assert found.others == {"emoji-svc.emojivoto": 1}


def test_what_came_in_for_another_service_of_the_same_pods_does_not() -> None:
    found = addressed_to(WEB, Counter([inbound("/a"), inbound("/b", "web-admin.emojivoto:80")]))
    assert [each.path for each in found.requests] == ["/a"]
    assert found.others == {"web-admin.emojivoto": 1}


def test_hosts_of_the_outside_world_come_in_for_the_service() -> None:
    assert paths(WEB, inbound("/a", "www.example.com"), inbound("/b", "10.0.0.1:8080")) == {"/a": 1, "/b": 1}


def test_the_name_that_a_client_resolved_is_better_than_the_one_it_wrote() -> None:
    other = inbound("/b", "www.example.com", canonical="other.emojivoto.svc.cluster.local:80")
    assert paths(WEB, inbound("/a", "x.y", canonical="web-svc.emojivoto.svc.cluster.local:80"), other) == {"/a": 1}


def test_clients_tell_of_a_service_whose_own_proxies_say_nothing() -> None:
    found = addressed_to(WEB, Counter([outbound("/a"), inbound("/mine", "10.0.0.1")]))
    assert [each.path for each in found.requests] == ["/a"]
    assert found.others == {"names that are no service's": 1}


def test_a_request_that_both_ends_tell_of_counts_once() -> None:
    found = addressed_to(WEB, Counter([inbound("/a"), outbound("/a")]))
    assert found.requests == (ObservedRequest("GET", "/a"),)
    assert found.others == {"the same service, by its clients": 1}


def test_a_service_of_the_same_name_elsewhere_is_another() -> None:
    assert paths(WEB, outbound("/a", ("web-svc", "other"))) == {}
    assert paths(ServiceName("web-svc", "other"), outbound("/a", ("web-svc", "other"))) == {"/a": 1}


def test_probes_are_nobodys_requests() -> None:
    found = addressed_to(WEB, Counter([inbound("/a"), inbound("/ready", "10.0.0.1:80", probe=True)]))
    assert [each.path for each in found.requests] == ["/a"]
    assert found.others == {"probes": 1}


def test_what_went_out_to_no_service_is_for_others() -> None:
    request = SeenRequest("GET", "/a", "api.example.com", is_inbound=False)
    assert addressed_to(WEB, Counter([request])).others == {"api.example.com": 1}
