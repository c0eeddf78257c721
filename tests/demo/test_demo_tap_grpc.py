"""The demo proxies' own tap API over gRPC, each at its pod's address."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from linkerdctl.demo.servers import DemoMesh
from linkerdctl.tap.wire import proxy_tap_pb2 as wire
from tests.conftest import DemoFactory

Match = wire.ObserveRequest.Match
ALL = Match(all=Match.Seq())
CONNECTS_AFRESH = (("grpc.use_local_subchannel_pool", 1),)
"""Otherwise a channel may inherit the refusal that one before it met at the same address."""


@contextmanager
def observing(mesh: DemoMesh, workload: str, match: Match = ALL, limit: int = 5, **options: Any) -> Iterator[Any]:
    address = f"{mesh.mesh.topology.of_workload('emojivoto', workload)[0].ip}:4190"
    with grpc.insecure_channel(address, options=CONNECTS_AFRESH) as channel:
        observe = channel.unary_stream(
            "/io.linkerd.proxy.tap.Tap/Observe",
            request_serializer=wire.ObserveRequest.SerializeToString,
            response_deserializer=wire.TapEvent.FromString,
        )
        yield observe(wire.ObserveRequest(limit=limit, match=match), timeout=10, **options)


def test_it_tells_of_as_many_requests_as_asked_for_and_ends(demo: DemoMesh) -> None:
    with observing(demo, "voting") as events:
        kinds = [event.http.WhichOneof("event") for event in events]
    assert sorted(kinds) == sorted(["request_init", "response_init", "response_end"] * 5)


def test_each_proxy_tells_its_own_story(demo: DemoMesh) -> None:
    for workload in ("emoji", "voting"):
        with observing(demo, workload) as events:
            paths = [event.http.request_init.path for event in events if event.http.HasField("request_init")]
        assert all(path.lower().startswith(f"/emojivoto.v1.{workload}service/") for path in paths)


def test_a_client_that_leaves_leaves_nothing_behind(demo_with: DemoFactory) -> None:
    demo = demo_with()
    with observing(demo, "web", limit=100_000) as events:
        next(events)
        assert demo.call(lambda: sum(map(len, demo.mesh._taps.values()))) == 1
        events.cancel()
    for _ in range(200):
        if demo.call(lambda: sum(map(len, demo.mesh._taps.values()))) == 0:
            return
        time.sleep(0.01)
    pytest.fail("the call is still open")


def status_of(demo: DemoMesh, workload: str = "web", **options: Any) -> grpc.StatusCode:
    with observing(demo, workload, **options) as events, pytest.raises(grpc.RpcError) as refused:
        list(events)
    return refused.value.code()  # type: ignore[attr-defined,no-any-return]


def test_what_lacks_something_is_an_invalid_argument(demo: DemoMesh) -> None:
    assert status_of(demo, limit=0) == grpc.StatusCode.INVALID_ARGUMENT
    assert status_of(demo, match=Match()) == grpc.StatusCode.INVALID_ARGUMENT


def test_proxies_can_refuse_break_off_and_talk_nonsense(demo_with: DemoFactory) -> None:
    demo = demo_with(faults=("tap-403=web", "tap-cut=emoji", "tap-garbage=voting", "dead=vote-bot"))

    assert status_of(demo, "web") == grpc.StatusCode.UNAUTHENTICATED
    assert status_of(demo, "emoji", limit=1000) == grpc.StatusCode.UNAVAILABLE
    assert status_of(demo, "voting") == grpc.StatusCode.INTERNAL
    assert status_of(demo, "vote-bot") == grpc.StatusCode.UNAVAILABLE


def test_a_proxy_can_end_the_call_early_and_lose_it_in_a_restart(demo_with: DemoFactory) -> None:
    demo = demo_with(faults=("tap-ends:200ms=web", "restarting:500ms=emoji"))
    with observing(demo, "web", limit=100_000) as events:
        list(events)
    assert status_of(demo, "emoji", limit=100_000) == grpc.StatusCode.UNAVAILABLE


def test_the_port_follows_faults_that_begin_and_end(demo_with: DemoFactory) -> None:
    demo = demo_with()
    demo.set_faults("dead=web")
    assert status_of(demo) == grpc.StatusCode.UNAVAILABLE
    demo.set_faults()
    with observing(demo, "web", limit=1) as events:
        assert len(list(events)) == 3


def test_a_demo_in_which_nobody_taps_loads_neither_grpc_nor_protobuf() -> None:
    program = (
        "import sys; from linkerdctl.demo.servers import DemoMesh\n"
        "with DemoMesh(): pass\n"
        "print([name for name in ('grpc', 'google.protobuf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("[]\n", "")
