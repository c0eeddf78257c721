"""A cluster of three pods on loopback whose server does just what it is told, down to the byte and the broken socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.kube.fakes import kubeconfig
from tests.kube.manifests import made, owned_by, pod

NAMESPACE = "fire"
WORKLOADS = ("api", "bad", "web")
"""Each a deployment with one pod, `NAME-1`."""
SERVED = {
    f"{kind.lower()}s": kind
    for kind in (
        "Namespace",
        "Service",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
    )
}
"""Kinds of which there is a list, be it an empty one, by plural."""
Manifest = dict[str, Any]
ASKED: dict[str, Manifest] = {
    "/version": {"gitVersion": "v1.30.0"},
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {"status": {"allowed": True}},
}
"""What is answered about the server itself, and about what one may do."""


@dataclass
class Exchange:
    """One request and the way back."""

    method: str
    path: str
    headers: dict[str, str]
    writer: asyncio.StreamWriter
    time: int
    """Which request of this path it is, from 1 on."""

    @property
    def pod(self) -> str:
        """Whose proxy is asked."""
        return self.path.split("/")[6].partition(":")[0]

    async def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer."""
        await self.head(status, content_length=str(len(body)), **headers)
        await self.send(body)

    async def head(self, status: int, **headers: str) -> None:
        """Its beginning."""
        lines = [
            f"HTTP/1.1 {status} Whatever",
            *(f"{key.replace('_', '-')}: {value}" for key, value in headers.items()),
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def send(self, data: bytes) -> None:
        """Some bytes."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Break the connection as a process does that dies."""
        found: socket.socket = self.writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Exchange], Awaitable[None]]


def refusal(code: int, message: str, reason: str) -> bytes:
    """A Kubernetes Status."""
    return json.dumps(
        {"kind": "Status", "apiVersion": "v1", "code": code, "message": message, "reason": reason}
    ).encode()


def objects() -> list[Manifest]:
    """Namespace, service, deployments, replica sets and pods."""
    found = [
        made("Namespace", NAMESPACE),
        made("Service", "web", namespace=NAMESPACE, spec={"selector": {"app": "web"}}),
    ]
    for name in WORKLOADS:
        deployment = made("Deployment", name, namespace=NAMESPACE)
        replicas = made("ReplicaSet", f"{name}-r", owned_by("Deployment", name), namespace=NAMESPACE)
        found += [deployment, replicas]
        found.append(pod(f"{name}-1", owned_by("ReplicaSet", f"{name}-r"), namespace=NAMESPACE, labels={"app": name}))
    return found


def listed(kind: str, items: list[Any]) -> bytes:
    """A whole list."""
    return json.dumps({"kind": f"{kind}List", "apiVersion": "v1", "items": items}).encode()


@dataclass
class Cluster:
    """Serves `objects`; what a pod's proxy, a list or a tap answers can be replaced."""

    url: str = ""
    objects: list[Manifest] = field(default_factory=objects)
    proxies: dict[str, Behaviour] = field(default_factory=dict)
    """By pod."""
    paths: dict[str, Behaviour] = field(default_factory=dict)
    """By the end of a path; before all else."""
    token: str = ""
    """What must be presented, if anything."""
    requests: list[str] = field(default_factory=list)
    is_up: bool = True
    _seen: Counter[str] = field(default_factory=Counter)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with (
            contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError),
            contextlib.closing(writer),
        ):
            while self.is_up:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = {
                    key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:] if line)
                }
                await reader.readexactly(int(headers.get("content-length", 0)))
                path = urlsplit(target).path
                self.requests.append(path)
                self._seen[path] += 1
                await self._answer(Exchange(method, path, headers, writer, self._seen[path]))

    async def _answer(self, exchange: Exchange) -> None:
        if not self.is_up:
            exchange.reset()
        elif self.token and exchange.headers.get("authorization") != f"Bearer {self.token}":
            await exchange.answer(401, refusal(401, "Unauthorized", "Unauthorized"))
        elif found := next((each for end, each in self.paths.items() if exchange.path.endswith(end)), None):
            await found(exchange)
        elif exchange.path.endswith("/proxy/metrics"):
            await self.proxies.get(exchange.pod, healthy)(exchange)
        else:
            await self._list(exchange)

    async def _list(self, exchange: Exchange) -> None:
        if document := ASKED.get(exchange.path):
            await exchange.answer(200, json.dumps(document).encode())
            return
        kind = SERVED.get(exchange.path.rpartition("/")[2])
        if kind is None:
            await exchange.answer(404, refusal(404, "the server could not find the requested resource", "NotFound"))
            return
        await exchange.answer(200, listed(kind, [each for each in self.objects if each["kind"] == kind]))


async def healthy(exchange: Exchange) -> None:
    """What a proxy should answer."""
    await exchange.answer(200, exposition(exchange.time).encode())


REQUESTS, FAILURES = 50, 10
"""Each proxy counts so many more successes and failures from look to look."""
STARTED = 1_700_000_000.0
CERTIFICATE_HOLDS = STARTED + 86_400
"""Until when, each proxy's."""
CLIENT = "client.fire.serviceaccount.identity.linkerd.cluster.local"


def exposition(time: int, *, started: float = STARTED, more: str = "") -> str:
    """Metrics that every command reads something of, as they are at the nth look."""
    successes, failures = 100 + REQUESTS * time, FAILURES * time
    inbound = (
        f'direction="inbound",target_addr="10.0.0.1:8080",target_port="8080",tls="true",client_id="{CLIENT}",'
        'srv_kind="server",srv_name="http",route_kind="HTTPRoute",route_name="r1",'
        'authz_kind="authorizationpolicy",authz_name="p1"'
    )
    outbound = (
        'direction="outbound",target_addr="10.9.9.9:80",tls="true",server_id="sink.fire.serviceaccount.identity",'
        'authority="sink.fire",dst_namespace="fire",dst_pod="sink-1",dst_deployment="sink"'
    )
    route = (
        'parent_kind="Service",parent_namespace="fire",parent_name="sink",parent_port="80",'
        'route_kind="HTTPRoute",route_name="r2"'
    )
    backend = f'{route},backend_kind="Service",backend_namespace="fire",backend_name="sink",backend_port="80"'
    buckets = "".join(
        f'response_latency_ms_bucket{{{inbound},status_code="200",le="{bound}"}} {successes if bound != "1" else 0}\n'
        for bound in ("1", "2", "5", "+Inf")
    )
    return (
        "# HELP response_total Total count of HTTP responses.\n# TYPE response_total counter\n"
        f'response_total{{{inbound},status_code="200",classification="success"}} {successes}\n'
        f'response_total{{{inbound},status_code="500",classification="failure"}} {failures}\n'
        f'response_total{{{outbound},status_code="200",classification="success"}} {successes}\n'
        f"{buckets}"
        f'tcp_open_connections{{peer="src",{inbound}}} 3\n'
        f'tcp_open_connections{{peer="dst",{outbound}}} 2\n'
        f"inbound_http_authz_allow_total{{{inbound}}} {successes}\n"
        f'outbound_http_route_request_statuses_total{{{route},http_status="200",error=""}} {successes}\n'
        f'outbound_http_route_backend_response_statuses_total{{{backend},http_status="200",error=""}} {successes}\n'
        f"identity_cert_expiration_timestamp_seconds {CERTIFICATE_HOLDS}\nidentity_cert_refreshes_total 3\n"
        'proxy_build_info{version="2.1"} 1\n'
        f"process_start_time_seconds {started}\n{more}# EOF\n"
    )


@contextmanager
def running(folder: Path, token: str = "") -> Iterator[tuple[Cluster, Path]]:
    """A cluster, served from a thread of its own, and a kubeconfig that leads to it."""
    cluster, loop = Cluster(token=token), asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(cluster.handle, "127.0.0.1", 0)
        cluster.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait()
    (folder / "token").write_text(token)
    user = {"tokenFile": str(folder / "token")} if token else {}
    try:
        yield cluster, kubeconfig(folder / "kubeconfig", cluster.url, user)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
