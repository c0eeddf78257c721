"""The running demo: mesh, API face and proxies in one event loop, on a thread of its own, with a kubeconfig to reach it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from linkerdctl.demo.admin.answers import ProxyAnswers
from linkerdctl.demo.admin.ports import ProxyServer, claim_network, moved
from linkerdctl.demo.api.access import Access, Denial
from linkerdctl.demo.api.rbac import Roles
from linkerdctl.demo.cluster.store import ObjectStore
from linkerdctl.demo.faults import parse_faults
from linkerdctl.demo.http_server import require_server_packages, server_for
from linkerdctl.demo.kubeconfig import write_kubeconfig
from linkerdctl.demo.mesh import PAST, Mesh
from linkerdctl.demo.simulation.request_log import RequestLog
from linkerdctl.demo.topology import Topology
from linkerdctl.errors import LinkerdctlError

if TYPE_CHECKING:
    from linkerdctl.demo.api.server import ApiServer

T = TypeVar("T")
HOST = "127.0.0.1"
_OTHER_SOURCES = ("LINKERDCTL_RECORDING", "LINKERDCTL_PROMETHEUS")
"""What would make a command look elsewhere than at the demo."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a demo is made of.

    `faults` are texts as `--fault` takes them; `rps` is how many requests all vote-bots begin a second; `port` is the API
    face's, any free one for 0; a `token`, when given, must be presented by every client. `idle_routes` make the texts of
    all proxies as long as those of large real ones.
    """

    pods: int = 4
    rps: float | None = None
    faults: tuple[str, ...] = ()
    log: Path | None = None
    port: int = 0
    token: str | None = None
    denials: tuple[Denial, ...] = ()
    seed: int = 1
    idle_routes: int = 0


class DemoMesh:
    """A context manager: inside it the mesh runs. `mesh`, `log`, `store` and `access` belong to its loop; go through
    `call` to change them or to read what must not move meanwhile."""

    def __init__(self, options: DemoOptions | None = None) -> None:
        require_server_packages()
        self.options = options or DemoOptions()
        anywhere = Topology.emojivoto(pods=self.options.pods, started=time.time() - PAST)
        faults = parse_faults(list(self.options.faults), anywhere)
        self.log = _open_log(self.options.log)
        network, self._claim = claim_network()
        topology = _in_network(network, anywhere)
        self.mesh = Mesh(
            topology,
            rps=self.options.rps,
            seed=self.options.seed,
            faults=faults,
            log=self.log,
            idle_routes=self.options.idle_routes,
        )
        self.store = _filled_store(topology)
        self.store.listen(self.mesh.policies.changed)
        self.access = Access(self.options.token, list(self.options.denials), Roles(self.store).refuses)
        self.kubeconfig = Path()
        self.url = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="demo-mesh", daemon=True)
        self._ready: Future[None] = Future()
        self._stopping: asyncio.Event | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._claim.close()
        self.log.close()

    def environment(self) -> dict[str, str]:
        """This process's environment with KUBECONFIG pointing here, and this linkerdctl at the end of PATH."""
        kept = {name: value for name, value in os.environ.items() if name not in _OTHER_SOURCES}
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
        cache = str(self.kubeconfig.parent / "cache")
        return {**kept, "PATH": path, "KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": cache}

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the mesh's loop and return what it returns."""

        async def run() -> T:
            return function()

        return self._in_loop(run())

    def set_faults(self, *texts: str) -> None:
        """Let these faults, and no others, hold from now on; none at all heals every proxy."""
        faults = parse_faults(list(texts), self.mesh.topology)

        async def change() -> None:
            self.mesh.faults.clear()
            self.mesh.faults.update(faults)
            await asyncio.gather(self._proxies.sync(), self._tap_ports.sync())

        self._in_loop(change())

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None  # noqa: S101 - only inside the context
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    async def _serve(self) -> None:
        from linkerdctl.demo.api.server import ApiServer
        from linkerdctl.demo.api.tap import TapApi
        from linkerdctl.demo.tap.ports import TapPorts

        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        answers = ProxyAnswers(self.mesh)
        pods = {pod.key: pod for pod in self.mesh.topology.pods}
        self.mesh.advance()
        listener = _listener(self.options.port)
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self._proxies = ProxyServer(self.mesh.topology.pods, answers)
        directory = Path(tempfile.mkdtemp(prefix="linkerdctl-demo-"))
        try:
            self.kubeconfig = write_kubeconfig(directory, self.url, self.options.token)
            tap_api = TapApi(self.mesh, self.store, self.access)
            self._tap_ports = TapPorts(self.mesh, lambda: tap_api.taps, directory)
            await self._proxies.start()
            await self._tap_ports.sync()
            await self._until_stopped(ApiServer(self.store, self.access, pods, answers, tap_api), listener)
        finally:
            await self._proxies.stop()
            await self._tap_ports.stop()
            shutil.rmtree(directory, ignore_errors=True)

    async def _until_stopped(self, face: ApiServer, listener: socket.socket) -> None:
        assert self._stopping is not None  # noqa: S101 - set before
        server = server_for(face.app, websockets=True)
        serving = asyncio.create_task(server.serve([listener]))
        simulating = asyncio.create_task(self.mesh.run())
        self._ready.set_result(None)
        await self._stopping.wait()
        simulating.cancel()
        face.close()
        server.should_exit = True
        await asyncio.gather(serving, self._proxies.stop())


def _in_network(network: int, topology: Topology) -> Topology:
    """The same pods on a loopback network of their own, so that several demos can run side by side."""
    return replace(topology, pods=tuple(replace(pod, ip=moved(pod.ip, network)) for pod in topology.pods))


def _filled_store(topology: Topology) -> ObjectStore:
    from linkerdctl.demo.cluster.manifests import manifests_of
    from linkerdctl.demo.cluster.standing_objects import cluster_objects, deferred_objects

    store = ObjectStore()
    for manifest in (*cluster_objects(), *manifests_of(topology)):
        store.add(manifest)
    for resource, make in deferred_objects(topology.started):
        store.defer(resource, make)
    return store


def _open_log(path: Path | None) -> RequestLog:
    try:
        return RequestLog(path)
    except OSError as error:
        raise LinkerdctlError(f"cannot write the request log {path}: {error.strerror}") from error


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise LinkerdctlError(
            f"the demo's API face cannot listen on {HOST}:{port}: {(error.strerror or '').lower()}",
            next_step="choose another --port, or none for any that is free",
        ) from error
    return listener
