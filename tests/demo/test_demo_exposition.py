"""The demo's exposition text is like that of real proxies, whose dumps it is compared with line form by line form."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.demo.mesh import Mesh

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
_LINE = re.compile(r"(?P<name>[a-zA-Z_]\w*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
Form = tuple[str, str, str, tuple[str, ...]]
"""A sample's name, its direction and peer, and the names of its labels in their order."""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """A scrape of every pod of a mesh that has been running for a while; the second, so that it has been scraped."""
    mesh = Mesh.with_past(clock=lambda: 1_795_000_000.0)
    for pod in mesh.topology.pods:
        mesh.scrape(pod)
    return {pod.workload: mesh.scrape(pod).decode() for pod in mesh.topology.pods}


@pytest.fixture(scope="module")
def real() -> list[str]:
    return [gzip.decompress(path.read_bytes()).decode() for path in sorted(RECORDING.glob("000*/*/*.prom.gz"))]


def forms(text: str) -> Iterator[Form]:
    for line in text.splitlines():
        if not line.startswith("#"):
            match = _LINE.fullmatch(line)
            assert match, line
            labels = _LABEL.findall(match["labels"] or "")
            values = dict(labels)
            yield match["name"], values.get("direction", ""), values.get("peer", ""), tuple(name for name, _ in labels)


def declarations(text: str) -> dict[str, str]:
    """HELP, TYPE and UNIT by keyword and family."""
    words = (line.split(" ", 3) for line in text.splitlines() if line.startswith("# ") and line != "# EOF")
    return {f"{keyword} {family}": rest for _, keyword, family, rest in words}


def as_grpc(text: str) -> str:
    """Default routes are HTTP's; the real dumps hold the same families only of gRPC routes."""
    return text.replace("outbound_http_route_", "outbound_grpc_route_").replace(",http_status=", ",grpc_status=")


def test_every_series_has_the_labels_of_real_ones_in_their_order(texts: dict[str, str], real: list[str]) -> None:
    known = {form for text in real for form in forms(text)}
    unknown = {form for text in texts.values() for form in forms(as_grpc(text))} - known
    assert unknown == set()


def test_families_are_declared_as_real_ones(texts: dict[str, str], real: list[str]) -> None:
    known = {key: value for text in real for key, value in declarations(text).items()}
    for text in texts.values():
        found = declarations(as_grpc(text))
        assert {key: known.get(key) for key in found} == found


def test_families_come_in_the_order_of_real_ones(texts: dict[str, str], real: list[str]) -> None:
    def order(text: str) -> list[str]:
        return [key.removeprefix("TYPE ") for key in declarations(text) if key.startswith("TYPE ")]

    befores = {
        (one, other) for text in real for index, one in enumerate(order(text)) for other in order(text)[index + 1 :]
    }
    for text in texts.values():
        assert not [pair for pair in pairwise(order(text)) if pair[::-1] in befores and pair not in befores]


def test_sorts_of_series_a_command_lives_on_are_all_there(texts: dict[str, str], real: list[str]) -> None:
    essential = ("request_total", "response_total", "response_latency_ms_bucket", "tcp_open_connections")
    wanted = {
        (name, direction, peer, labels)
        for text in real
        for name, direction, peer, labels in forms(text)
        if name in essential and (direction == "inbound" or "dst_service" in labels or peer == "src")
    }
    assert wanted <= {form for text in texts.values() for form in forms(text)}


def test_prometheus_client_reads_it_and_finds_histograms_in_order(texts: dict[str, str]) -> None:
    for text in texts.values():
        for family in text_string_to_metric_families(text):
            series: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
            counts: dict[tuple[tuple[str, str], ...], float] = {}
            for each in family.samples:
                key = tuple(sorted((name, value) for name, value in each.labels.items() if name != "le"))
                if each.name.endswith("_bucket"):
                    series.setdefault(key, []).append((float(each.labels["le"]), each.value))
                elif family.type == "histogram" and each.name.endswith("_count"):
                    counts[key] = each.value
            for key, buckets in series.items():
                assert buckets == sorted(buckets)
                assert all(before <= after for (_, before), (_, after) in pairwise(buckets))
                assert buckets[-1] == (float("inf"), counts[key])


def test_no_series_stands_twice(texts: dict[str, str]) -> None:
    for text in texts.values():
        series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
        assert len(series) == len(set(series))


def test_a_proxy_has_a_few_hundred_series_and_ends_with_eof(texts: dict[str, str]) -> None:
    for text in texts.values():
        assert text.endswith("\n# EOF\n")
        assert 250 < sum(1 for _ in forms(text)) < 1500


def test_a_family_that_was_never_used_is_not_declared(texts: dict[str, str]) -> None:
    assert "TYPE outbound_http_route_request_statuses" not in declarations(texts["emoji"])
    assert "TYPE inbound_http_requests" not in declarations(texts["vote-bot"])
    assert "TYPE inbound_http_requests" in declarations(texts["emoji"])


def test_a_certificate_lasts_a_day_from_the_proxys_start(texts: dict[str, str]) -> None:
    values = {match["name"]: match["value"] for line in texts["web"].splitlines() if (match := _LINE.fullmatch(line))}
    started = float(values["process_start_time_seconds"])
    assert float(values["control_identity_cert_refresh_timestamp_seconds"]) == started
    assert float(values["control_identity_cert_expiration_timestamp_seconds"]) == started + 86_400
