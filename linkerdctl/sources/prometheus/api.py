"""The query API of a Prometheus: one meaning of its answers, one line for whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from linkerdctl.errors import PrometheusError
from linkerdctl.sources.prometheus.config import VARIABLE
from linkerdctl.sources.prometheus.setup import Row

log = logging.getLogger("linkerdctl")

QUERY_PATH = "/api/v1/query"
SHOWN = 200
"""Characters of what a server says that are passed on."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whatever it was."""

    status: int
    body: bytes
    location: str = ""


@dataclass(frozen=True, slots=True)
class Vector:
    """An instant vector, when it was taken (epoch seconds, the server's clock), and what the engine warns of."""

    rows: list[Row]
    at: float | None
    warnings: tuple[str, ...] = ()


class Door(Protocol):
    """A way to a Prometheus."""

    async def ask(self, form: Mapping[str, str]) -> Reply:
        """One instant query; raises `PrometheusError` when there is no answer at all."""
        ...


class Prometheus:
    """The query API of whatever stands behind a door. Counts its `requests`."""

    def __init__(self, door: Door, name: str, *, timeout: float, authorized: bool, log_in: str = "") -> None:
        """`log_in` says how to, should that be necessary."""
        self._door = door
        self._log_in = log_in or LOG_IN
        self._name = name
        self._timeout = timeout
        self._authorized = authorized
        self.requests = 0

    async def query(self, promql: str, at: float | None = None) -> Vector:
        """Ask once, as of `at` (epoch seconds; the server's now). Raises `PrometheusError`."""
        form = {"query": promql, "timeout": f"{max(round(self._timeout), 1)}s"}
        if at is not None:
            form["time"] = f"{at:.3f}"
        self.requests += 1
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._door.ask(form)
        except TimeoutError:
            raise PrometheusError(
                f"{self._name} did not answer within {self._timeout:g}s",
                next_step="give it longer (--timeout 2m), or look at less: a shorter -t, one namespace",
            ) from None
        milliseconds = (time.perf_counter() - started) * 1000
        log.debug("query %s: %d, %d bytes, %.0f ms", promql, reply.status, len(reply.body), milliseconds)
        return self._vector(self._document(reply))

    def _document(self, reply: Reply) -> dict[str, Any]:
        """The answer of a success; everything else is raised."""
        try:
            document = json.loads(reply.body)
        except (ValueError, RecursionError):
            document = None
        if reply.status in (401, 403):
            raise self._refused(reply)
        if 300 <= reply.status < 400:
            raise self._moved(reply.location)
        if isinstance(document, dict) and document.get("status") == "error":
            raise self._complaint(document)
        if reply.status >= 400:
            raise self._failed(reply)
        if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
            looks = (
                "HTML" if reply.body.lstrip()[:1] == b"<" else "nothing" if not reply.body.strip() else "something else"
            )
            raise PrometheusError(
                f"{self._name} answers with {looks} where JSON belongs: is it a Prometheus?", next_step=_RIGHT_ADDRESS
            )
        return document

    def _vector(self, document: Mapping[str, Any]) -> Vector:
        try:
            result = document["data"]["result"]
            rows = [(_labels(each["metric"]), float(each["value"][1])) for each in result]
            at = float(result[0]["value"][0]) if result else None
        except (KeyError, TypeError, ValueError, IndexError):
            raise PrometheusError(f"{self._name} answers in JSON, but not as a Prometheus does") from None
        return Vector(rows, at, tuple(_warnings(document)))

    def _refused(self, reply: Reply) -> PrometheusError:
        what = "does not accept the credentials it was given" if self._authorized else "wants credentials"
        return PrometheusError(f"{self._name} {what} ({reply.status}{_said(reply)})", next_step=self._log_in)

    def _moved(self, location: str) -> PrometheusError:
        """What another address may be wanted for. Nothing is shown of it that may be secret."""
        to = urlsplit(location)
        host = to.netloc.rpartition("@")[2]
        if to.path.endswith(QUERY_PATH):
            address = f"{to.scheme}://{host}" if host else ""
            address += to.path.removesuffix(QUERY_PATH)
            return PrometheusError(
                f"{self._name} redirects to {address}", next_step="give that address; credentials are not sent after it"
            )
        return PrometheusError(
            f"{self._name} redirects to {host or 'somewhere else'}: is that a login page?", next_step=self._log_in
        )

    def _failed(self, reply: Reply) -> PrometheusError:
        if reply.status == 404:
            return PrometheusError(f"{self._name} has no Prometheus API: it answered 404", next_step=_RIGHT_ADDRESS)
        step = "try again; if it stays like this, look at its logs" if reply.status >= 500 else _RIGHT_ADDRESS
        if reply.status in _TOO_LONG:
            step = (
                "it, or a proxy on the way, takes no queries as long as these; look at less: fewer kinds, one namespace"
            )
        return PrometheusError(f"{self._name} answered {reply.status}{_said(reply)}", next_step=step)

    def _complaint(self, document: Mapping[str, Any]) -> PrometheusError:
        kind, error = str(document.get("errorType", "")), str(document.get("error", ""))[:SHOWN]
        if kind == "timeout":
            step = "give it longer (--timeout 2m), or look at less: a shorter -t, one namespace"
        elif _TOO_MUCH.search(error):
            step = "look at less: one namespace, fewer kinds"
        else:
            step = "linkerdctl needs an engine that speaks PromQL as Prometheus 2.25 or newer does; -v shows the query"
        return PrometheusError(f"{self._name} could not answer: {error or kind}", next_step=step)


def _labels(metric: Any) -> Mapping[str, str]:
    """Those of a series; raises `TypeError` for what is none."""
    if not isinstance(metric, dict) or not all(isinstance(value, str) for value in metric.values()):
        raise TypeError("these are no labels")
    return metric


_TOO_LONG = (413, 414, 431)
_TOO_MUCH = re.compile("too many|too long|exceed|limit")
LOG_IN = (
    f"credentials: {VARIABLE}_TOKEN, {VARIABLE}_TOKEN_FILE, {VARIABLE}_USER with {VARIABLE}_PASSWORD, or a "
    "--prometheus-config file; a tenant: --prometheus-header 'X-Scope-OrgID: NAME'"
)
_RIGHT_ADDRESS = (
    "the address is right when ADDRESS/api/v1/query?query=up answers; engines with tenants have longer paths"
)


def _warnings(document: Mapping[str, Any]) -> Iterator[str]:
    """What Prometheus and Thanos say in words, and VictoriaMetrics with a flag."""
    given = document.get("warnings")
    yield from (str(each)[:SHOWN] for each in (given if isinstance(given, list) else ()))
    if document.get("isPartial") is True:
        yield "its answer is partial: some of its storage nodes did not answer"


def _said(reply: Reply) -> str:
    """What a server says about it in a few plain words; nothing of HTML pages."""
    text = " ".join(reply.body.decode(errors="replace").split())
    return "" if not text or text[:1] in "<{" else f": {text[:SHOWN]}"
