"""The way straight to a URL: whose headers go out, through whose proxy, and what is sent how."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from linkerdctl.errors import PrometheusError
from linkerdctl.sources.prometheus.address import Url
from linkerdctl.sources.prometheus.config import HttpConfig
from linkerdctl.sources.prometheus.doors import open_url
from tests.kube.fakes import FakeApi, FakeProxy, proxying, serving

QUERY = "/api/v1/query"
FOUND = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1, "2"]}]}}


class Passing(FakeApi):
    """A proxy that has the answer at hand, whatever it is asked for."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests.append(Request(scope, receive))
        await JSONResponse(FOUND)(scope, receive, send)


async def asked(url: str, config: HttpConfig) -> None:
    async with open_url(Url(url), config) as prometheus:
        vector = await prometheus.query('up{a="ü &b"}', at=1.0)
    assert vector.rows == [({"a": "b"}, 2.0)]


async def test_a_query_is_posted_as_a_form() -> None:
    forms = []

    class Api(FakeApi):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            request = Request(scope, receive)
            forms.append((request.method, parse_qs((await request.body()).decode())))
            await JSONResponse(FOUND)(scope, receive, send)

    async with serving(Api()) as server:
        await asked(server, HttpConfig())
    assert forms == [("POST", {"query": ['up{a="ü &b"}'], "timeout": ["30s"], "time": ["1.000"]})]


async def test_where_that_is_not_allowed_it_stands_in_the_url() -> None:
    api = FakeApi(
        {QUERY: lambda request: Response(status_code=405) if request.method == "POST" else JSONResponse(FOUND)}
    )
    async with serving(api) as server:
        await asked(server, HttpConfig())
    assert [each.method for each in api.requests] == ["POST", "GET"]
    assert api.requests[1].query_params["query"] == 'up{a="ü &b"}'


async def test_headers_that_are_given_go_before_ours() -> None:
    api = FakeApi({QUERY: FOUND})
    async with serving(api) as server:
        await asked(
            server, HttpConfig(authorization="Bearer t", headers=(("user-agent", "me"), ("X-Scope-OrgID", "a")))
        )
        await asked(server, HttpConfig())
    assert api.headers("authorization") == ["Bearer t", None]
    assert api.headers("x-scope-orgid") == ["a", None]
    assert api.requests[0].headers.getlist("user-agent") == ["me"]
    assert str(api.headers("user-agent")[1]).startswith("linkerdctl/")
    assert api.headers("accept-encoding") == ["gzip", "gzip"]


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
async def test_the_proxy_of_the_environment_is_gone_through(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    proxy = Passing()
    async with serving(proxy) as place:
        monkeypatch.setenv(variable, place.replace("://", "://bob:planted@"))
        await asked("http://prometheus.example", HttpConfig())
    assert proxy.headers("host") == ["prometheus.example"]
    assert proxy.headers("proxy-authorization") == ["Basic Ym9iOnBsYW50ZWQ="]


async def test_the_proxy_that_is_configured_counts_more(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Passing()
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with serving(proxy) as place:
        await asked("http://prometheus.example", HttpConfig(proxy=place))
    assert proxy.headers("host") == ["prometheus.example"]


async def test_a_proxy_that_is_none_is_told_without_being_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://bob:planted")
    with pytest.raises(PrometheusError, match="connection settings for Prometheus at http://prometheus") as caught:
        await asked("http://prometheus.example", HttpConfig())
    assert "planted" not in caught.value.message


async def test_tls_goes_through_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = FakeProxy(refuse=True)
    async with proxying(proxy) as place:
        monkeypatch.setenv("HTTPS_PROXY", f"http://bob:planted@{place}")
        with pytest.raises(PrometheusError, match="cannot reach Prometheus") as caught:
            await asked("https://prometheus.example", HttpConfig())
    assert proxy.connects[0].startswith("CONNECT prometheus.example:443 ")
    assert "planted" not in caught.value.message
