"""Writing recordings: valid after every pass, nothing half-written, nothing of anybody else's touched."""

from __future__ import annotations

import errno
import gzip
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from builders_for_sources import FakeAccess, Script, target, text

from linkerdctl.errors import LinkerdctlError, ProxyError, RecordingError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.sources.recording import Recording
from linkerdctl.sources.recording_writer import RecordingWriter
from linkerdctl.sources.redaction import Redaction

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "emojivoto"}}
DEAD = ProxyError("connection refused", next_step="look at it")


async def written(writer: RecordingWriter, *scripts: dict[str, Script]) -> None:
    """As many passes as there are scripts, and the end."""
    writer.cluster([POD])
    for script in scripts:
        await one_pass(writer, script)
    writer.close()


async def one_pass(writer: RecordingWriter, script: dict[str, Script]) -> None:
    await writer.scrape([target(pod) for pod in script], FakeAccess(script), deadline=1.0, concurrency=2)


def said(count: float, at: float = 2_000.0) -> list[Fetched]:
    return [Fetched(text(count), at)]


def entries(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def everything_below(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


async def test_what_proxies_said_is_untouched(tmp_path: Path) -> None:
    await written(RecordingWriter(tmp_path / "r"), {"web-1": said(1)}, {"web-1": said(2, 2_010.1234)})
    assert everything_below(tmp_path / "r") == {
        "recording.json", "cluster.json", "0000/emojivoto/web-1.prom.gz", "0001/emojivoto/web-1.prom.gz",
    }  # fmt: skip
    assert gzip.decompress((tmp_path / "r/0001/emojivoto/web-1.prom.gz").read_bytes()) == text(2)
    assert json.loads((tmp_path / "r/recording.json").read_text()) == {
        "version": 1,
        "scrapes": [
            {"dir": "0000", "at": {"emojivoto/web-1": 2_000.0}},
            {"dir": "0001", "at": {"emojivoto/web-1": 2_010.123}},
        ],
    }
    assert json.loads((tmp_path / "r/cluster.json").read_text()) == {"apiVersion": "v1", "kind": "List", "items": [POD]}


async def test_it_is_valid_after_every_pass(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r")
    writer.cluster([POD])
    for number in (1, 2, 3):
        await one_pass(writer, {"web-1": said(number)})
        recording = Recording.open(tmp_path / "r")
        assert len(recording.passes) == number
        assert recording.text(recording.passes[-1], PodRef("emojivoto", "web-1")) == text(number)


@pytest.mark.parametrize("name", ["r.tar.gz", "r.tgz", "deeper/down/r.tar.gz"])
async def test_an_archive_holds_one_directory_and_nothing_is_left_beside_it(tmp_path: Path, name: str) -> None:
    await written(RecordingWriter(tmp_path / name), {"web-1": said(1)})
    assert everything_below(tmp_path) == {name}
    with tarfile.open(tmp_path / name) as archive:
        assert {member.split("/")[0] for member in archive.getnames()} == {"r"}
    assert Recording.open(tmp_path / name).manifests() == [POD]


async def test_an_archive_is_not_there_before_it_is_whole(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r.tar.gz")
    writer.cluster([POD])
    await one_pass(writer, {"web-1": said(1)})
    assert not (tmp_path / "r.tar.gz").exists()
    writer.close()
    assert (tmp_path / "r.tar.gz").exists()


async def test_a_proxy_that_does_not_answer_is_left_out_of_that_pass_and_remembered(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r")
    await written(writer, {"web-1": said(1), "web-2": [DEAD]}, {"web-1": said(1), "web-2": said(1)})
    first, second = Recording.open(tmp_path / "r").passes
    assert {pod.name for pod in first.at} == {"web-1"}
    assert {pod.name for pod in second.at} == {"web-1", "web-2"}
    assert (writer.passes, writer.proxies) == (2, 2)
    [failure] = writer.coverage.failures
    assert (failure.pod.name, failure.reason, failure.advice) == ("web-2", "connection refused", "look at it")
    assert {pod.name for pod in writer.coverage.answered} == {"web-1", "web-2"}


async def test_garbage_is_recorded_as_it_came(tmp_path: Path) -> None:
    await written(RecordingWriter(tmp_path / "r"), {"web-1": [Fetched(b"\xff\x00nonsense", 1.0)]})
    recording = Recording.open(tmp_path / "r")
    assert recording.text(recording.passes[0], PodRef("emojivoto", "web-1")) == b"\xff\x00nonsense"


@pytest.mark.parametrize("name", ["r", "r.tar.gz"])
async def test_nothing_is_left_when_nobody_answered(tmp_path: Path, name: str) -> None:
    await written(RecordingWriter(tmp_path / name), {"web-1": [DEAD]})
    assert entries(tmp_path) == []


@pytest.mark.parametrize("name", ["r", "r.tar.gz"])
def test_nothing_is_left_when_it_ends_before_it_began(tmp_path: Path, name: str) -> None:
    RecordingWriter(tmp_path / name).close()
    assert entries(tmp_path) == []


async def test_a_directory_that_was_there_stays_when_nobody_answered(tmp_path: Path) -> None:
    await written(RecordingWriter(tmp_path), {"web-1": [DEAD]})
    assert entries(tmp_path) == []


class Interrupted(BaseException):
    """Ctrl-C."""


class Interrupting(FakeAccess):
    """Answers a few, and then Ctrl-C comes."""

    async def fetch(self, target: Any, *, deadline: float) -> Fetched:
        if len(self.asked) == 3:
            raise Interrupted
        return await super().fetch(target, deadline=deadline)


@pytest.mark.parametrize("name", ["r", "r.tar.gz"])
async def test_a_pass_that_was_not_ended_does_not_count(tmp_path: Path, name: str) -> None:
    writer = RecordingWriter(tmp_path / name)
    writer.cluster([POD])
    script = {f"web-{number}": said(1) for number in range(5)}
    await one_pass(writer, script)
    with pytest.raises(BaseException, match="unhandled errors"):
        await writer.scrape([target(pod) for pod in script], Interrupting(script), deadline=1.0, concurrency=1)
    writer.close()
    assert len(Recording.open(tmp_path / name).passes) == 1
    assert not any("0001" in path for path in everything_below(tmp_path))


@pytest.mark.parametrize("name", ["r", "r.tar.gz"])
async def test_what_is_there_is_not_written_over(tmp_path: Path, name: str) -> None:
    await written(RecordingWriter(tmp_path / name), {"web-1": said(1)})
    before = everything_below(tmp_path)
    with pytest.raises(RecordingError, match="is there already") as refused:
        RecordingWriter(tmp_path / name)
    assert "--force" in str(refused.value.next_step)
    assert everything_below(tmp_path) == before


def test_an_empty_directory_is_as_good_as_none(tmp_path: Path) -> None:
    RecordingWriter(tmp_path).close()


async def test_force_leaves_nothing_of_the_older_recording(tmp_path: Path) -> None:
    await written(RecordingWriter(tmp_path / "r"), *[{"old-1": said(1)}] * 3)
    (tmp_path / "r" / "notes.txt").write_text("mine")
    await written(RecordingWriter(tmp_path / "r", overwrite=True), {"web-1": said(1)})
    assert everything_below(tmp_path / "r") == {
        "recording.json", "cluster.json", "0000/emojivoto/web-1.prom.gz", "notes.txt",
    }  # fmt: skip


async def test_force_keeps_the_older_recording_when_there_is_no_newer_one(tmp_path: Path) -> None:
    for name in ("r", "r.tar.gz"):
        await written(RecordingWriter(tmp_path / name), {"old-1": said(1)})
        RecordingWriter(tmp_path / name, overwrite=True).close()
        assert len(Recording.open(tmp_path / name).passes) == 1


async def test_force_takes_up_a_recording_whose_first_pass_never_ended(tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text("{}")
    (tmp_path / "0000").mkdir()
    await written(RecordingWriter(tmp_path, overwrite=True), {"web-1": said(1)})
    assert len(Recording.open(tmp_path).passes) == 1


def test_force_replaces_nothing_but_recordings(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "2024").mkdir()
    (tmp_path / "dir.tar.gz").mkdir()
    for path in (tmp_path, tmp_path / "thesis.txt", tmp_path / "dir.tar.gz"):
        with pytest.raises(RecordingError, match="is no recording"):
            RecordingWriter(path, overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
    assert (tmp_path / "2024").is_dir()


@pytest.mark.parametrize("name", ["r.zip", "r.tar", "r.gz"])
def test_other_archives_are_not_taken_for_directories(tmp_path: Path, name: str) -> None:
    with pytest.raises(LinkerdctlError, match="is no name for a recording") as refused:
        RecordingWriter(tmp_path / name)
    assert ".tar.gz" in str(refused.value.next_step)


@pytest.mark.parametrize("name", ["file/r", "file/r.tar.gz"])
def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match=r"cannot write to .*: a file is in the way"):
        RecordingWriter(tmp_path / name)


def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    monkeypatch.setattr(tarfile, "open", no_room)


async def test_a_full_disk_costs_the_pass_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RecordingWriter(tmp_path / "r")
    writer.cluster([POD])
    await one_pass(writer, {"web-1": said(1)})
    with monkeypatch.context() as patched:
        full_disk(patched)
        with pytest.raises(ExceptionGroup) as failed:
            await one_pass(writer, {"web-1": said(2)})
        writer.close()
    assert f"cannot write {tmp_path / 'r'}: No space left on device" in str(failed.value.exceptions[0])
    assert len(Recording.open(tmp_path / "r").passes) == 1
    assert not any(".part" in path for path in everything_below(tmp_path))


async def test_an_archive_that_finds_no_room_leaves_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = RecordingWriter(tmp_path / "r.tar.gz")
    writer.cluster([POD])
    await one_pass(writer, {"web-1": said(1)})
    with monkeypatch.context() as patched, pytest.raises(RecordingError, match="No space left") as refused:
        full_disk(patched)
        writer.close()
    [parts] = entries(tmp_path)
    assert str(parts) in str(refused.value.next_step)
    assert len(Recording.open(parts).passes) == 1


async def test_objects_may_be_written_again(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r")
    writer.cluster([POD, POD])
    await one_pass(writer, {"web-1": said(1)})
    writer.cluster([POD])
    writer.close()
    assert Recording.open(tmp_path / "r").manifests() == [POD]
    assert len(Recording.open(tmp_path / "r").passes) == 1


async def test_a_redacted_recording_names_nobody_anywhere(tmp_path: Path) -> None:
    redaction = Redaction()
    writer = RecordingWriter(tmp_path / "r", redaction=redaction)
    planted = b'response_total{dst_pod="acme-1"} 1\n'
    writer.cluster([{**POD, "metadata": {"name": "acme-1", "namespace": "acme"}}])
    pod = target("acme-1", "acme")
    await writer.scrape([pod], FakeAccess({"acme-1": [Fetched(planted, 1.0)]}), deadline=1.0, concurrency=1)
    writer.close()
    recording = Recording.open(tmp_path / "r")
    assert b"acme" not in (recording.text(recording.passes[0], redaction.pod(pod.pod)) or b"acme")
    for path in (tmp_path / "r").rglob("*"):
        assert "acme" not in str(path.relative_to(tmp_path))
        assert path.is_dir() or b"acme" not in path.read_bytes()
    assert recording.manifests()[0]["metadata"]["name"] == redaction.name("acme-1")
