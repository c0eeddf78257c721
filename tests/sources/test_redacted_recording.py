"""A redacted recording of real proxies: the same rows under other names, and nothing that tells whose they are."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from builders_for_sources import FakeAccess

from linkerdctl.cli.run import run
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.sources.recording import Recording
from linkerdctl.sources.recording_writer import RecordingWriter
from linkerdctl.sources.redaction import Redaction

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
REDACTION = Redaction(b"known to the test")
NAMING = ("name", "namespace", "podIP", "ip", "nodeName", "serviceAccountName", "app", "uid")
TELLING = ("web.emojivoto.serviceaccount", "voting-svc.", "10.98.0.", "10.99.0.", "VoteDoughnut", "rig-node")
LINKERDS = {"linkerd", "linkerd-viz", "default", "linkerd-proxy", "linkerd-admin", "linkerd-init"}
"""Names that stay, since they are the same for everybody."""


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording, recorded once more with --redact."""
    path = tmp_path_factory.mktemp("redacted") / "recording"
    asyncio.run(record_again(Recording.open(RECORDING), RecordingWriter(path, redaction=REDACTION)))
    return path


async def record_again(recording: Recording, writer: RecordingWriter) -> None:
    targets = recording.inventory().targets()
    writer.cluster(recording.manifests())
    for looked in recording.passes:
        said = {
            each.pod.name: [Fetched(recording.text(looked, each.pod) or b"", looked.at[each.pod])] for each in targets
        }
        await writer.scrape(targets, FakeAccess(said), deadline=1.0, concurrency=4)
    writer.close()


def rows_of(path: Path, line: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert run(["--recording", str(path), "stat", *line.split(), "-o", "json"]) == 0
    return list(json.loads(capsys.readouterr().out))


class Names(dict[str, str]):
    """Fills in names as they are in one recording."""

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name

    def __missing__(self, name: str) -> str:
        return self._name(name)


def comparable(rows: list[dict[str, Any]], name: Callable[[str], str]) -> list[Any]:
    """In the order of their names; what was added up in another order differs in the last digit."""
    named = [{**row, "name": name(row["name"]), "namespace": name(row["namespace"])} for row in rows]
    rounded = [{key: round(each, 6) if isinstance(each, float) else each for key, each in row.items()} for row in named]
    return sorted(rounded, key=lambda row: (row["kind"], row["namespace"], row["name"]))


@pytest.mark.parametrize(
    "line",
    [
        "deploy -A", "po -A", "rs -A", "svc -A", "ns", "all -A", "au -A", "deploy -A --to svc/{voting-svc}",
        "svc -A --from ns/{emojivoto}", "deploy/{web} -n {emojivoto} --to deploy/{emoji}",
    ],
)  # fmt: skip
def test_the_rows_are_the_same_under_other_names(line: str, redacted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = comparable(rows_of(RECORDING, line.format_map(Names(str)), capsys), REDACTION.name)
    found = comparable(rows_of(redacted, line.format_map(Names(REDACTION.name)), capsys), str)
    assert found == wanted
    assert found


def strings(value: Any, key: str = "") -> Iterator[str]:
    """All names and addresses in an object."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from strings(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each, key)
    elif isinstance(value, str) and key in (
        "name",
        "namespace",
        "podIP",
        "ip",
        "nodeName",
        "serviceAccountName",
        "app",
        "uid",
    ):
        yield value


def contents(path: Path) -> Iterator[tuple[str, str]]:
    for each in path.rglob("*"):
        if each.is_file():
            content = each.read_bytes()
            yield str(each.relative_to(path)), (gzip.decompress(content) if each.suffix == ".gz" else content).decode()


def test_no_name_address_or_identity_is_found_in_any_file(redacted: Path) -> None:
    planted = {each for each in strings(Recording.open(RECORDING).manifests()) if len(each) > 3} - LINKERDS
    planted |= {"emojivoto", *TELLING}
    for name, content in contents(redacted):
        found = {each for each in planted if each in content or each in name}
        assert found <= {"http", "grpc"}, name


def test_what_was_planted_is_in_the_original() -> None:
    everything = "".join(content for _, content in contents(RECORDING))
    assert [each for each in TELLING if each not in everything] == []
