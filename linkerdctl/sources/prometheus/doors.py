"""Two ways to a Prometheus: straight to its URL, or to its Service through the API server."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import httpcore

from linkerdctl import __version__
from linkerdctl.errors import PrometheusError
from linkerdctl.kube.bodies import MOST_OF_A_DOCUMENT, BrokenEncodingError, TooLongError, whole_body
from linkerdctl.kube.causes import cause_in_words, causes
from linkerdctl.kube.environment_proxy import environment_proxy
from linkerdctl.kube.http import FAILURES, Patience, check_url, new_request
from linkerdctl.kube.lanes import Lanes
from linkerdctl.sources.prometheus.address import ServiceAddress, Url
from linkerdctl.sources.prometheus.api import QUERY_PATH, SHOWN, Prometheus, Reply
from linkerdctl.sources.prometheus.config import HttpConfig

if TYPE_CHECKING:
    from linkerdctl.kube.client import KubeClient

MOST_AT_ONCE = 8
"""Queries; one answer takes fewer."""
_HEADERS = (("Accept-Encoding", "gzip"), ("User-Agent", f"linkerdctl/{__version__}"))


class UrlDoor:
    """Straight to a URL. `config` says how to present oneself; its TLS and proxy are the lanes' affair."""

    def __init__(self, lanes: Lanes, url: str, name: str, config: HttpConfig) -> None:
        own = [("Authorization", config.authorization)] if config.authorization else []
        self._lanes = lanes
        self._url = url + QUERY_PATH
        self._name = name
        given = {name.lower() for name, _ in config.headers}
        self._headers = (*(each for each in _HEADERS if each[0].lower() not in given), *config.headers, *own)
        self._patience = Patience(config.timeout, config.timeout, config.timeout)
        self._server_name = config.server_name
        self._presents = config.certificate is not None
        self._posts = True

    async def ask(self, form: Mapping[str, str]) -> Reply:
        """POST, as queries are long; GET where that is not allowed, from then on."""
        try:
            reply = await self._post(form) if self._posts else await self._get(form)
            if self._posts and reply.status in (405, 501):
                self._posts = False
                return await self._get(form)
            return reply
        except httpcore.TimeoutException:
            raise TimeoutError from None
        except (*FAILURES, OSError) as error:
            raise PrometheusError(f"cannot reach {self._name}: {_why(error)}", next_step=self._advice(error)) from None
        except (TooLongError, BrokenEncodingError) as error:
            raise PrometheusError(
                f"{self._name} does not answer as it should: {error}",
                next_step="is it a Prometheus? if so, look at less: one namespace, fewer kinds",
            ) from None

    def _advice(self, error: BaseException) -> str:
        """A server that wants a client's certificate closes the connection when it gets none, with or without a word."""
        step = "is the address right, and is it up?"
        refused = any(isinstance(each, ssl.SSLCertVerificationError | ConnectionRefusedError) for each in causes(error))
        if not self._url.startswith("https") or refused or isinstance(error, httpcore.ConnectError):
            return step
        if self._presents:
            return f"{step} does it trust the client certificate?"
        return f"{step} does it want a client certificate (tls_config of --prometheus-config)?"

    async def _post(self, form: Mapping[str, str]) -> Reply:
        headers = (*self._headers, ("Content-Type", "application/x-www-form-urlencoded"))
        content, name = urlencode(form).encode(), self._server_name
        return await self._reply(
            new_request("POST", self._url, headers, self._patience, content=content, server_name=name)
        )

    async def _get(self, form: Mapping[str, str]) -> Reply:
        name = self._server_name
        return await self._reply(
            new_request("GET", self._url, self._headers, self._patience, params=form, server_name=name)
        )

    async def _reply(self, request: httpcore.Request) -> Reply:
        async with aclosing(await self._lanes.send(request)) as answer:
            body = await whole_body(answer, MOST_OF_A_DOCUMENT)
            return Reply(answer.status, body, answer.headers.get("location", ""))


class ServiceDoor:
    """Through the API server's proxy, with the kubeconfig's credentials; what stands there gets the extra headers alone."""

    def __init__(self, client: KubeClient, address: ServiceAddress, config: HttpConfig) -> None:
        self._client = client
        self._address = address
        self._headers = dict(config.headers)
        self._namespace = address.namespace or client.config.namespace

    async def ask(self, form: Mapping[str, str]) -> Reply:
        """GET: it needs the verb that readers have."""
        from linkerdctl.kube.rbac import About

        address, namespace = self._address, quote(self._namespace, safe="")
        service = quote(f"{address.name}:{address.port}", safe=":")
        path = f"/api/v1/namespaces/{namespace}/services/{service}/proxy{address.path}{QUERY_PATH}"
        about = About("get", "services/proxy", namespace=self._namespace, name=f"{address.name}:{address.port}")
        async with self._client.stream("GET", path, about, params=form, headers=self._headers, check=False) as answer:
            body = await self._client.body(answer, about)
            if not answer.is_success and _is_status(body):
                self._explain(answer.status, body)
                await self._client.check(answer, about)
            return Reply(answer.status, body, answer.headers.get("location", ""))

    def _explain(self, status: int, body: bytes) -> None:
        """What the API server says of a Service that it cannot lead to; the rest is for `check`."""
        message = str(json.loads(body).get("message", ""))
        if status == 404 or (status == 503 and "endpoints" in message):
            what = "there is no such Service, or no such port" if status == 404 else "no pod of it is ready"
            raise PrometheusError(
                f"cannot reach {self._address} in namespace {self._namespace}: {what}",
                next_step=f"kubectl get services,endpoints -n {self._namespace}; "
                "the Service is given as NAME[.NAMESPACE][:PORT]",
            )
        if status >= 500:
            reason = message.rpartition("error trying to reach service: ")[2]
            raise PrometheusError(f"cannot reach {self._address} through the API server: {reason[:SHOWN]}")


def _is_status(body: bytes) -> bool:
    """Whether the API server speaks for itself."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("kind") == "Status"


@asynccontextmanager
async def open_url(address: Url, config: HttpConfig) -> AsyncIterator[Prometheus]:
    """A Prometheus at a URL."""
    name = f"Prometheus at {address.url}"
    tls = config.tls() if address.url.startswith("https") else None
    try:
        check_url(address.url)
        lanes = Lanes(MOST_AT_ONCE, tls, config.proxy or _proxy_for(address.url))
    except (ValueError, ImportError) as error:
        raise PrometheusError(f"the connection settings for {name} cannot be used: {error}") from None
    async with aclosing(lanes):
        door = UrlDoor(lanes, address.url, name, config)
        yield Prometheus(door, name, timeout=config.timeout, authorized=config.authorization is not None)


def _proxy_for(url: str) -> str | None:
    """The one of the environment."""
    _, proxy = environment_proxy(url, "ALL_PROXY", "all_proxy") or (None, None)
    return proxy


def open_service(client: KubeClient, address: ServiceAddress, config: HttpConfig) -> Prometheus:
    """A Prometheus behind a Service."""
    door = ServiceDoor(client, address, config)
    return Prometheus(door, f"Prometheus at {address}", timeout=config.timeout, authorized=False, log_in=_LOG_IN_BEHIND)


_LOG_IN_BEHIND = (
    "credentials for it cannot go through the API server, which takes them for its own: give a URL "
    "(kubectl port-forward, an Ingress); a tenant: --prometheus-header 'X-Scope-OrgID: NAME'"
)


def _why(error: BaseException) -> str:
    """The cause beneath what the library says, in few words."""
    if any(isinstance(each, ssl.SSLError) and each.reason == "WRONG_VERSION_NUMBER" for each in causes(error)):
        return "it does not speak TLS; with http:// perhaps?"
    return cause_in_words(error) or _SILENT.get(type(error).__name__, type(error).__name__)


_SILENT = {
    "RemoteProtocolError": "it hung up, or does not speak HTTP",
    "ReadError": "its answer ended early",
    "ConnectError": "nothing answers there",
}
