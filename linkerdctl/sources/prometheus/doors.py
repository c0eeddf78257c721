"""Two ways to a Prometheus: straight to its URL, or to its Service through the API server."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from linkerdctl.errors import PrometheusError
from linkerdctl.kube.bodies import MOST_OF_A_DOCUMENT, BrokenEncodingError, TooLongError, whole_body
from linkerdctl.sources.prometheus.address import ServiceAddress, Url
from linkerdctl.sources.prometheus.api import QUERY_PATH, SHOWN, Prometheus, Reply
from linkerdctl.sources.prometheus.config import HttpConfig

if TYPE_CHECKING:
    import httpx

    from linkerdctl.kube.client import KubeClient


class UrlDoor:
    """Straight to a URL."""

    def __init__(self, client: httpx.AsyncClient, url: str, name: str, config: HttpConfig) -> None:
        self._client = client
        self._url = url + QUERY_PATH
        self._name = name
        self._extensions = {"sni_hostname": config.server_name} if config.server_name else {}

    async def ask(self, form: Mapping[str, str]) -> Reply:
        """POST, as queries are long; GET where that is not allowed."""
        import httpx

        try:
            reply = await self._send("POST", data=dict(form))
            return await self._send("GET", params=dict(form)) if reply.status in (405, 501) else reply
        except httpx.TimeoutException:
            raise TimeoutError from None
        except (httpx.HTTPError, OSError) as error:
            raise PrometheusError(
                f"cannot reach {self._name}: {_why(error)}", next_step="is the address right, and is it up?"
            ) from None
        except (TooLongError, BrokenEncodingError) as error:
            raise PrometheusError(
                f"{self._name} does not answer as it should: {error}",
                next_step="is it a Prometheus? if so, look at less: one namespace, fewer kinds",
            ) from None

    async def _send(self, method: str, **form: Any) -> Reply:
        async with self._client.stream(method, self._url, extensions=self._extensions, **form) as response:
            body = await whole_body(response, MOST_OF_A_DOCUMENT)
            return Reply(response.status_code, body, response.headers.get("location", ""))


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
        async with self._client.stream("GET", path, about, params=form, headers=self._headers, check=False) as response:
            body = await self._client.body(response, about)
            if _is_status(body):
                self._explain(response.status_code, body)
                await self._client.check(response, about)
            return Reply(response.status_code, body, response.headers.get("location", ""))

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
    import httpx

    own = [("Authorization", config.authorization)] if config.authorization else []
    headers = [("Accept-Encoding", "gzip"), *config.headers, *own]
    name = f"Prometheus at {address.url}"
    try:
        client = httpx.AsyncClient(
            headers=headers,
            verify=config.tls() if address.url.startswith("https") else False,
            proxy=config.proxy,
            timeout=config.timeout,
            trust_env=True,
        )
    except (ValueError, ImportError) as error:
        raise PrometheusError(f"the connection settings for {name} cannot be used: {error}") from None
    async with client:
        door = UrlDoor(client, address.url, name, config)
        yield Prometheus(door, name, timeout=config.timeout, authorized=config.authorization is not None)


def open_service(client: KubeClient, address: ServiceAddress, config: HttpConfig) -> Prometheus:
    """A Prometheus behind a Service."""
    door = ServiceDoor(client, address, config)
    return Prometheus(door, f"Prometheus at {address}", timeout=config.timeout, authorized=False)


def _why(error: BaseException) -> str:
    """The cause beneath what the library says, in few words."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return f"TLS fails ({(cause.reason or 'for no reason given').replace('_', ' ').lower()})"
        if isinstance(cause, ConnectionRefusedError):
            return "connection refused"
    spoken = next((each.strerror for each in causes if isinstance(each, OSError) and each.strerror), None)
    return spoken.lower() if spoken else _SILENT.get(type(error).__name__, type(error).__name__)


_SILENT = {
    "RemoteProtocolError": "it hung up, or does not speak HTTP",
    "ReadError": "its answer ended early",
    "ConnectError": "nothing answers there",
}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                yield from _causes(each)
        error = error.__cause__ or error.__context__
