"""Secrets in headers and queries are taken out; everything else stays the very same."""

from __future__ import annotations

import pytest

from linkerdctl.tap.events import Header, Headers, RequestInit, ResponseEnd, ResponseInit, TapEvent
from linkerdctl.tap.redaction import REDACTED, redacted
from tests.tap.tap_builders import begun, event, whole


def headers_of(found: TapEvent) -> Headers:
    assert isinstance(found.http, RequestInit)
    return found.http.headers or ()


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "Authorization",
        "proxy-authorization",
        "cookie",
        "Set-Cookie",
        "x-api-key",
        "X-API-Key",
        "apikey",
        "x-auth-token",
        "x-amz-security-token",
        "x-csrf-token",
        "x-vault-token",
        "x-forwarded-access-token",
        "x-goog-iap-jwt-assertion",
        "x-session-id",
        "client-secret",
        "x-password",
        "x-hub-signature-256",
        "dpop",
        "x-auth",
    ],
)
def test_credentials_do_not_show(name: str) -> None:
    assert headers_of(redacted(begun(headers={name: "s3cr3t"}))) == (Header(name, REDACTED),)


@pytest.mark.parametrize(
    "name",
    ["user-agent", "accept", ":authority", ":method", "l5d-client-id", "x-request-id", "content-type", "x-author"],
)
def test_other_headers_stay(name: str) -> None:
    before = begun(headers={name: "value"})
    assert redacted(before) is before


def test_binary_credentials_do_not_show_either() -> None:
    before = event(RequestInit("GET", "HTTP", "a", "/", (Header("authorization-bin", b"\xff"),)))
    assert headers_of(redacted(before)) == (Header("authorization-bin", REDACTED),)


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        (":path", "/a?token=1&b=2", f"/a?{REDACTED}"),
        (":path", "/a", "/a"),
        ("referer", "https://u:p@host/a?x=1", f"https://{REDACTED}@host/a?{REDACTED}"),
        (":authority", "me:pw@host:80", f"{REDACTED}@host:80"),
        ("Host", "me:pw@host", f"{REDACTED}@host"),
        ("location", "https://host/cb#access_token=1", f"https://host/cb#{REDACTED}"),
    ],
)
def test_addresses_lose_their_queries_and_users(name: str, value: str, left: str) -> None:
    assert headers_of(redacted(begun(headers={name: value}))) == (Header(name, left),)


def test_a_path_with_a_query_loses_it_wherever_it_comes_from() -> None:
    http = redacted(begun("/login?password=x")).http
    assert isinstance(http, RequestInit)
    assert http.path == f"/login?{REDACTED}"


def test_users_in_authorities_do_not_show() -> None:
    http = redacted(event(RequestInit("GET", "HTTP", "me:pw@host:80", "/"))).http
    assert isinstance(http, RequestInit)
    assert http.authority == f"{REDACTED}@host:80"


def test_answers_and_trailers_are_redacted_too() -> None:
    answer = redacted(event(ResponseInit(1, 200, (Header("set-cookie", "a=b"), Header("date", "now")))))
    end = redacted(event(ResponseEnd(1, 1, 0, trailers=(Header("x-token", "t"),))))
    assert isinstance(answer.http, ResponseInit)
    assert isinstance(end.http, ResponseEnd)
    assert answer.http.headers == (("set-cookie", REDACTED), ("date", "now"))
    assert end.http.trailers == (("x-token", REDACTED),)


def test_events_without_headers_are_not_touched() -> None:
    for each in [*whole("/a"), event(None)]:
        assert redacted(each) is each
