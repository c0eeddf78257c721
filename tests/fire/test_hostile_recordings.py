"""Recordings and streams that somebody else made: bombs, holes, links and lies end in one line, in little memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from linkerdctl.cli.run import run
from linkerdctl.sources import recording
from tests.fire.cluster import exposition
from tests.fire.conftest import Ran
from tests.fire.faults import MEBIBYTE
from tests.kube.manifests import made, owned_by, pod

AT = {"ns/good-1": 1_700_001_000.0, "ns/bad-1": 1_700_001_000.0}
Make = Callable[[Path], None]


def objects() -> list[dict[str, object]]:
    owner = {name: owned_by("ReplicaSet", f"{name}-r") for name in ("good", "bad")}
    return [
        *(made("Deployment", name) for name in owner),
        *(made("ReplicaSet", f"{name}-r", owned_by("Deployment", name)) for name in owner),
        *(pod(f"{name}-1", each) for name, each in owner.items()),
    ]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of two pods, all well."""
    for name in ("MOST_OF_A_SCRAPE", "MOST_OF_THE_OBJECTS"):
        monkeypatch.setattr(recording, name, 4 * MEBIBYTE)
    monkeypatch.delenv("LINKERDCTL_PROMETHEUS", raising=False)
    root = tmp_path / "recording"
    for number in (1, 2):
        (root / f"000{number}" / "ns").mkdir(parents=True)
        for name in ("good", "bad"):
            (root / f"000{number}/ns/{name}-1.prom").write_text(exposition(number))
    index(root, [{"dir": "0001", "at": AT}, {"dir": "0002", "at": {pod: at + 10 for pod, at in AT.items()}}])
    (root / "cluster.json").write_text(json.dumps({"items": objects()}))
    return root


def index(root: Path, scrapes: object) -> None:
    (root / "recording.json").write_text(json.dumps({"version": 1, "scrapes": scrapes}))


def shown(path: Path, capsys: pytest.CaptureFixture[str], line: str = "stat deploy -n ns -t 10s -o json") -> Ran:
    code = run(["--recording", str(path), *line.split()])
    captured = capsys.readouterr()
    assert "bug in linkerdctl" not in captured.err
    assert "Traceback" not in captured.err
    return Ran(code, captured.out, captured.err)


def bad(root: Path) -> Path:
    return root / "0002/ns/bad-1.prom"


def endless_file(root: Path) -> None:
    with bad(root).open("wb") as file:
        file.truncate(2**40)


def device(root: Path) -> None:
    bad(root).unlink()
    bad(root).symlink_to("/dev/zero")


def pipe(root: Path) -> None:
    bad(root).unlink()
    os.mkfifo(bad(root))


def folder_in_its_place(root: Path) -> None:
    bad(root).unlink()
    bad(root).mkdir()


def zip_bomb(root: Path) -> None:
    bad(root).unlink()
    bad(root).with_suffix(".prom.gz").write_bytes(gzip.compress(b"a" * (64 * MEBIBYTE)))


def truncated_gzip(root: Path) -> None:
    bad(root).unlink()
    bad(root).with_suffix(".prom.gz").write_bytes(gzip.compress(exposition(2).encode())[:-8])


def no_gzip(root: Path) -> None:
    bad(root).unlink()
    bad(root).with_suffix(".prom.gz").write_bytes(b"plain")


def garbage(root: Path) -> None:
    bad(root).write_bytes(b"\xff\x00" * 1000)


def cut(root: Path) -> None:
    bad(root).write_text(exposition(2)[:-60])


def missing(root: Path) -> None:
    bad(root).unlink()


SCRAPES: dict[str, Make] = {
    each.__name__.replace("_", " "): each
    for each in (
        endless_file,
        device,
        pipe,
        folder_in_its_place,
        zip_bomb,
        truncated_gzip,
        no_gzip,
        garbage,
        cut,
        missing,
    )
}


def packed(root: Path) -> Path:
    """The same as an archive, as far as archives can hold it."""
    archive = root.with_suffix(".tar.gz")
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(root, "recording")
    return archive


@pytest.mark.parametrize("fault", SCRAPES)
def test_a_bad_scrape_costs_its_own_row(fault: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SCRAPES[fault](folder)
    ran = shown(folder, capsys)
    assert ran.code == 0, ran.err
    rows = {row["name"]: row for row in json.loads(ran.out)}
    assert rows["good"]["rps"] == 6.0
    assert rows["bad"]["rps"] is None
    assert len(ran.lines_about("ns/bad-1")) == 1


@pytest.mark.parametrize("fault", [each for each in SCRAPES if each != "endless file"])
def test_nor_does_it_cost_more_in_an_archive(fault: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SCRAPES[fault](folder)
    ran = shown(packed(folder), capsys)
    assert ran.code == 0, ran.err
    rows = {row["name"]: row for row in json.loads(ran.out)}
    assert (rows["good"]["rps"], rows["bad"]["rps"]) == (6.0, None)
    assert len(ran.lines_about("ns/bad-1")) == 1


def bomb(archive: Path, name: str, size: int, fill: bytes = b"a") -> None:
    """An archive with one huge file under a name that matters."""
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for known in ("recording.json", "cluster.json"):
            if known != name:
                content = json.dumps({"version": 1, "items": [], "scrapes": [{"dir": "0001", "at": AT}]}).encode()
                member = tarfile.TarInfo(known)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        member = tarfile.TarInfo(name)
        member.size = size
        tar.addfile(member, io.BytesIO(fill * size))


@pytest.mark.parametrize("name", ["recording.json", "cluster.json"])
def test_an_archive_with_a_huge_index_is_no_recording(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bomb(tmp_path / "bomb.tar.gz", name, 64 * MEBIBYTE)
    ran = shown(tmp_path / "bomb.tar.gz", capsys, "stat deploy -n ns --since-start")
    assert ran.code == 1
    [told] = ran.lines_about("error: ")
    assert f"{name} is larger than 4 MiB" in told


WRONG: dict[str, Make] = {
    "an index that is no JSON": lambda root: _write(root / "recording.json", "{"),
    "a deep index": lambda root: _write(root / "recording.json", "[" * 200_000),
    "a list for an index": lambda root: _write(root / "recording.json", "[]"),
    "another version": lambda root: _write(root / "recording.json", '{"version": 2}'),
    "no scrapes": lambda root: index(root, []),
    "scrapes that are none": lambda root: index(root, [5]),
    "a way out in a directory": lambda root: index(root, [{"dir": "../../..", "at": AT}] * 2),
    "a way out in a pod": lambda root: index(root, [{"dir": "0001", "at": {"../etc": 5}}] * 2),
    "a time that is no number": lambda root: index(root, [{"dir": "0001", "at": {"ns/good-1": "NaN"}}] * 2),
    "a time that is a list": lambda root: index(root, [{"dir": "0001", "at": {"ns/good-1": []}}] * 2),
    "an index that is a directory": lambda root: _directory(root / "recording.json"),
    "an endless index": lambda root: _endless(root / "recording.json"),
    "objects that are no JSON": lambda root: _write(root / "cluster.json", "x"),
    "deep objects": lambda root: _write(root / "cluster.json", '{"items":' + "[" * 200_000),
    "no objects": lambda root: (root / "cluster.json").unlink(),
    "objects that are numbers": lambda root: _write(root / "cluster.json", '{"items": [1]}'),
    "endless objects": lambda root: _endless(root / "cluster.json"),
    "nothing at all": lambda root: shutil.rmtree(root),
}


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    "line", ["stat deploy -n ns -o json", "routes deploy -n ns", "edges -n ns", "top ns/ns --no-tap --batch"]
)
@pytest.mark.parametrize("fault", WRONG)
def test_what_is_no_recording_is_told_in_one_line(
    fault: str, line: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    WRONG[fault](folder)
    ran = shown(folder, capsys, line)
    assert ran.code == 1
    assert ran.out == ""
    assert len(ran.lines_about("error: ")) == 1


def test_members_outside_the_archive_and_links_are_not_read(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret.prom").write_text(exposition(2))
    bad(folder).unlink()
    bad(folder).symlink_to(tmp_path / "secret.prom")
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.add(folder, "recording")
        tar.add(tmp_path / "secret.prom", "../../outside.prom")
    ran = shown(tmp_path / "evil.tar.gz", capsys)
    assert {row["name"]: row["rps"] for row in json.loads(ran.out)} == {"good": 6.0, "bad": None}
    assert not (tmp_path.parent / "outside.prom").exists()


@pytest.mark.parametrize("command", ["tap", "top --batch 1s"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1f\x8b",
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b'{"a":"' + b"x" * (17 * MEBIBYTE),
        b"\xff" * MEBIBYTE,
        b"\x06\x00\x00\x00\x0a\xff\xff\xff\xff\xff" * 1000,
        gzip.compress(b"\x00" * (64 * MEBIBYTE), mtime=0),
        gzip.compress(b"\x04\x00\x00\x00\x0a\x00\x12\x00" * (8 * MEBIBYTE), mtime=0)[:2_000],
    ],
    ids=lambda content: content[:6].hex() or "empty",
)
def test_what_is_no_stream_is_told_in_one_line(
    content: bytes, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stream").write_bytes(content)
    run([*command.split(), "--input", str(tmp_path / "stream")])
    captured = capsys.readouterr()
    assert "bug in linkerdctl" not in captured.err
    assert len(captured.err.splitlines()) in range(1, 5)
