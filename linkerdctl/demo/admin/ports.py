"""The proxies' admin ports: an address of its own for every pod, one server behind all of them."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any

from linkerdctl.demo.admin.answers import ProxyAnswers, Scope, Send
from linkerdctl.demo.http_server import server_for
from linkerdctl.demo.topology import ADMIN_PORT, DemoPod
from linkerdctl.errors import LinkerdctlError

if TYPE_CHECKING:
    import uvicorn

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_SPARE_FILES = 1024
_FIRST_NETWORK, _LAST_NETWORK = 66, 126
_CLAIM = "127.0.255.254"
"""No pod has this address (in any network); whoever listens there has the network, dead proxies or not."""


def claim_network() -> tuple[int, socket.socket]:
    """The second octet of a loopback network in which no other demo runs, and what keeps others out until it is closed.

    Raises `LinkerdctlError` when none is left.
    """
    for network in range(_FIRST_NETWORK, _LAST_NETWORK + 1):
        address = moved(_CLAIM, network)
        try:
            return network, _bound(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _unusable(address, error) from error
    raise LinkerdctlError(
        f"port {ADMIN_PORT} is busy on every loopback network from 127.{_FIRST_NETWORK} to 127.{_LAST_NETWORK}",
        next_step="stop other demos; they take one network each",
    )


def moved(ip: str, network: int) -> str:
    """The address in another loopback network."""
    first, _, rest = ip.split(".", 2)
    return f"{first}.{network}.{rest}"


def allow_open_files(count: int) -> None:
    """Raise this process's own limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class ProxyServer:
    """Listens for every proxy that is alive. `sync` follows faults that begin or end meanwhile."""

    def __init__(self, pods: Iterable[DemoPod], answers: ProxyAnswers) -> None:
        self._pods = {pod.ip: pod for pod in pods}
        self._answers = answers
        self._server: uvicorn.Server = server_for(self._serve)
        self._listening: dict[str, asyncio.Server] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind and listen; raises `LinkerdctlError` for an address that cannot be had."""
        allow_open_files(3 * len(self._pods))
        alive = [ip for ip, pod in self._pods.items() if not self._answers.is_dead(pod)]
        sockets = _all_bound(alive)
        self._task = asyncio.create_task(self._server.serve(sockets))
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.005)
        self._listening = dict(zip(alive, self._server.servers, strict=True))

    async def sync(self) -> None:
        """Close the ports of proxies that are dead now, open those of the revived."""
        for ip, pod in self._pods.items():
            dead = self._answers.is_dead(pod)
            if dead and ip in self._listening:
                self._kill(ip)
            elif not dead and ip not in self._listening:
                await self._revive(ip)

    async def stop(self) -> None:
        """Close everything."""
        if self._task is not None and not self._task.done():
            self._server.should_exit = True
            await self._task

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        pod = self._pods[scope["server"][0]]
        await self._answers.send(pod, scope["path"], scope, send)

    def _kill(self, ip: str) -> None:
        self._listening.pop(ip).close()
        for connection in list(self._server.server_state.connections):
            transport: Any = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("sockname")[0] == ip:
                transport.abort()

    async def _revive(self, ip: str) -> None:
        config, state = self._server.config, self._server.server_state
        protocol: Any = config.http_protocol_class
        server = await asyncio.get_running_loop().create_server(
            lambda: protocol(config=config, server_state=state, app_state={}), sock=_bound(ip)
        )
        self._listening[ip] = server
        self._server.servers.append(server)


def bound(ip: str, port: int) -> socket.socket:
    """A socket that listens there; raises `LinkerdctlError` for an address that cannot be had."""
    try:
        return _bound(ip, port)
    except OSError as error:
        raise _unusable(ip, error, port) from error


def _bound(ip: str, port: int = ADMIN_PORT) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((ip, port))
        bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _all_bound(ips: Iterable[str]) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for ip in ips:
        try:
            sockets.append(_bound(ip))
        except OSError as error:
            for bound in sockets:
                bound.close()
            raise _unusable(ip, error) from error
    return sockets


def _unusable(ip: str, error: OSError, port: int = ADMIN_PORT) -> LinkerdctlError:
    steps = {
        errno.EADDRINUSE: f"something else listens there: ss -ltnp 'sport = :{port}'",
        errno.EADDRNOTAVAIL: f"give the loopback interface that address first (macOS: sudo ifconfig lo0 alias {ip} up)",
        errno.EMFILE: "allow more open files (ulimit -n) or ask for fewer --pods",
    }
    reason = (error.strerror or str(error)).lower()
    return LinkerdctlError(
        f"a demo proxy cannot listen on {ip}:{port}: {reason}", next_step=steps.get(error.errno or 0)
    )
