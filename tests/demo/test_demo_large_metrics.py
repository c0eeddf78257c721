"""Proxies that tell of idle routes: as long as large real ones, of the same forms, and cheap to send."""

from __future__ import annotations

import gzip
import zlib

import httpx
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.demo.admin.gzipped import gzipped
from linkerdctl.demo.mesh import Mesh
from tests.conftest import DemoFactory
from tests.demo.test_demo_exposition import RECORDING, declarations, forms

ROUTES = 38
REAL = [gzip.decompress(path.read_bytes()).decode() for path in sorted(RECORDING.glob("000*/*/*.prom.gz"))]


def text_with(idle_routes: int) -> str:
    mesh = Mesh.with_past(clock=lambda: 1_795_000_000.0, idle_routes=idle_routes)
    return mesh.scrape(mesh.topology.pods[1]).decode()


def series(text: str) -> list[str]:
    return [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]


def test_each_idle_route_adds_its_series_and_nothing_else_changes() -> None:
    plain, large = text_with(0), text_with(ROUTES)
    assert len(series(large)) - len(series(plain)) == 34 * ROUTES
    assert [line for line in series(large) if "api.example.com" not in line] == series(plain)
    assert len(set(series(large))) == len(series(large))


def test_their_series_and_families_are_as_in_real_proxies() -> None:
    text = text_with(ROUTES)
    known = {form for real in REAL for form in forms(real)}
    assert {form for form in forms(text) if form[0].startswith("route_")} <= known
    declared = {key: value for real in REAL for key, value in declarations(real).items()}
    routes = {key: value for key, value in declarations(text).items() if " route_" in key}
    assert {key: declared.get(key) for key in routes} == routes


def test_a_client_gets_the_whole_text_packed_or_not(demo_with: DemoFactory) -> None:
    mesh = demo_with(idle_routes=ROUTES, rps=0.01)
    url = f"http://{mesh.mesh.topology.pods[1].ip}:4191/metrics"
    httpx.get(url)  # is counted itself from the next time on
    packed, plain = httpx.get(url), httpx.get(url, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert series(packed.text) == series(plain.text)
    assert int(packed.headers["content-length"]) * 10 < len(packed.content)


@given(st.binary(max_size=300), st.binary(max_size=300), st.binary(max_size=300))
def test_any_text_comes_out_as_it_went_in(before: bytes, shared: bytes, after: bytes) -> None:
    for text in (before + shared + after, before + after, before, b""):
        packed = gzipped(text, shared)
        assert gzip.decompress(packed) == text
        reader = zlib.decompressobj(31)
        assert reader.decompress(packed) == text
        assert reader.eof
