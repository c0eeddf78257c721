"""Reading recordings: the right pair of scrapes, and one clear line for what cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders_for_sources import INBOUND, no_peer, reasons, target, text

from linkerdctl.errors import RecordingError
from linkerdctl.kube.inventory import PodRef
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.sources.protocol import Observation
from linkerdctl.sources.recording import Recording, RecordingSource

Said = Mapping[str, tuple[float, bytes]]
"""By pod: when it was looked at, and what it said."""


def lay_down(path: Path, *passes: Said, packed: bool = True) -> Path:
    """A recording in a directory."""
    scrapes = []
    for number, said in enumerate(passes):
        directory = path / f"{number:04}" / "emojivoto"
        directory.mkdir(parents=True)
        for pod, (_, content) in said.items():
            plain = directory / f"{pod}.prom"
            plain.with_name(f"{pod}.prom.gz").write_bytes(gzip.compress(content)) if packed else plain.write_bytes(
                content
            )
        scrapes.append({"dir": f"{number:04}", "at": {f"emojivoto/{pod}": at for pod, (at, _) in said.items()}})
    (path / "recording.json").write_text(json.dumps({"version": 1, "scrapes": scrapes}))
    (path / "cluster.json").write_text(json.dumps({"kind": "List", "items": []}))
    return path


def pack(directory: Path, archive: Path, *, below: str = "r") -> Path:
    """The same in an archive."""
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(directory, arcname=below)
    return archive


def every_ten_seconds(*counts: float, pod: str = "web-1") -> list[Said]:
    return [{pod: (2_000.0 + 10 * number, text(count))} for number, count in enumerate(counts)]


def source(path: Path, window: float, **more: Any) -> RecordingSource:
    return RecordingSource(Recording.open(path), window=window, peer_labels=no_peer, **more)


async def observed(path: Path, window: float = 10.0, pods: Sequence[str] = ("web-1",), **more: Any) -> Observation:
    return await source(path, window, **more).observe([INBOUND], [target(pod) for pod in pods])


def successes(observation: Observation) -> float | None:
    return observation.answers[0].get(("web",), Traffic()).successes


@pytest.mark.parametrize(
    ("window", "wanted", "seconds"),
    [(1.0, 1_000, 10.0), (14.0, 1_000, 10.0), (16.0, 1_100, 20.0), (30.0, 1_111, 30.0), (600.0, 1_111, 30.0)],
)
@pytest.mark.parametrize("kind", ["plain", "packed", "archive"])
async def test_the_window_picks_the_pair_nearest_to_it_that_ends_last(
    tmp_path: Path, kind: str, window: float, wanted: float, seconds: float
) -> None:
    path = lay_down(tmp_path / "r", *every_ten_seconds(0, 11, 111, 1_111), packed=kind != "plain")
    path = pack(path, tmp_path / "r.tar.gz") if kind == "archive" else path
    observation = await observed(path, window)
    assert (successes(observation), observation.seconds) == (wanted, seconds)
    assert observation.ended == 2_030.0


@pytest.mark.parametrize("silent", [{}, {"gone-1": (2_010.0, text(1))}], ids=["nobody", "others"])
async def test_a_pass_at_which_none_of_the_proxies_answered_is_no_end_of_a_window(tmp_path: Path, silent: Said) -> None:
    first, _, last = every_ten_seconds(0, 1, 11)
    observation = await observed(lay_down(tmp_path, first, silent, last), window=5.0)
    assert (successes(observation), observation.seconds) == (11, 20.0)


async def test_where_all_pods_were_replaced_the_new_ones_count_from_their_start(tmp_path: Path) -> None:
    path = lay_down(tmp_path, {"web-1": (2_000.0, text(9))}, {"web-2": (2_010.0, text(3, started=2_004.0))})
    observation = await observed(path, pods=("web-2",))
    assert (successes(observation), observation.seconds) == (3, 6.0)


async def test_passes_that_go_back_in_time_give_no_rates(tmp_path: Path) -> None:
    observation = await observed(lay_down(tmp_path, *reversed(every_ten_seconds(0, 1_000_000))))
    assert observation.answers == ({},)
    assert "no time passed between the two looks" in reasons(observation)["web-1"]


async def test_without_a_pair_a_lifetime_can_be_had(tmp_path: Path) -> None:
    path = lay_down(tmp_path, *every_ten_seconds(500))
    observation = await observed(path, since_start=True)
    assert (successes(observation), observation.seconds) == (500, 1_000.0)
    with pytest.raises(RecordingError, match="one scrape only") as refused:
        await observed(path)
    assert refused.value.next_step == "use --since-start"


async def test_each_proxy_has_its_own_seconds(tmp_path: Path) -> None:
    first = {"web-1": (2_000.0, text(0)), "web-2": (2_004.0, text(0))}
    second = {"web-1": (2_010.0, text(100)), "web-2": (2_009.0, text(100))}
    observation = await observed(lay_down(tmp_path, first, second), pods=("web-1", "web-2"))
    assert observation.answers[0][("web",)].request_rate == 100 / 10 + 100 / 5


async def test_a_new_pod_counts_from_its_start_and_a_late_one_not_at_all(tmp_path: Path) -> None:
    first = {"web-1": (2_000.0, text(0))}
    second = {
        "web-1": (2_010.0, text(1)),
        "web-2": (2_010.0, text(10, started=2_005.0)),
        "web-3": (2_010.0, text(1_000_000)),
    }
    observation = await observed(lay_down(tmp_path, first, second), pods=("web-1", "web-2", "web-3"))
    assert successes(observation) == 11
    assert reasons(observation) == {"web-3": "it did not answer the first scrape"}


async def test_what_was_not_recorded_did_not_answer(tmp_path: Path) -> None:
    path = lay_down(tmp_path, {**every_ten_seconds(0)[0], "gone-1": (2_000.0, text(1))}, every_ten_seconds(0, 1)[1])
    observation = await observed(path, pods=("web-1", "gone-1", "never-1"))
    assert set(reasons(observation)) == {"gone-1", "never-1"}
    assert successes(observation) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (gzip.compress(text(1))[:-20], "web-1.prom.gz is cut short or no gzip"),
        (b"plain", "web-1.prom.gz is cut short or no gzip"),
        (gzip.compress(b"<html>\n"), "malformed metrics at line 1, column 1: "),
    ],
    ids=["cut short", "no gzip", "no metrics"],
)
async def test_a_broken_file_costs_its_proxy_alone(tmp_path: Path, content: bytes, reason: str) -> None:
    passes: list[Said] = [{"web-1": (2_000.0 + at, text(at)), "web-2": (2_000.0 + at, text(at))} for at in (0, 10)]
    path = lay_down(tmp_path, *passes)
    (path / "0001" / "emojivoto" / "web-1.prom.gz").write_bytes(content)
    observation = await observed(path, pods=("web-1", "web-2"))
    assert successes(observation) == 10
    assert reason in reasons(observation)["web-1"]


async def test_watching_goes_through_all_passes_once(tmp_path: Path) -> None:
    path = lay_down(tmp_path, *every_ten_seconds(0, 1, 11, 111))

    async def targets() -> list[Any]:
        return [target()]

    for window, wanted in ((10.0, [1, 10, 100]), (20.0, [1, 11, 110])):
        answers = [each async for each in source(path, window).watch([INBOUND], targets, 2.0)]
        assert [successes(each) for each in answers] == wanted
        assert [each.ended for each in answers] == [2_010.0, 2_020.0, 2_030.0]


async def test_an_archive_keeps_only_the_passes_that_are_looked_at(tmp_path: Path) -> None:
    path = pack(lay_down(tmp_path / "r", *every_ten_seconds(*range(9))), tmp_path / "r.tar.gz", below=".")
    recording = Recording.open(path)
    for looked in recording.passes:
        assert recording.text(looked, PodRef("emojivoto", "web-1")) is not None
    assert len(recording._files._directories) == 2  # type: ignore[attr-defined]


def rewritten(path: Path, **index: Any) -> Path:
    """The same recording with another index."""
    lay_down(path, *every_ten_seconds(0, 1))
    old = json.loads((path / "recording.json").read_text())
    (path / "recording.json").write_text(json.dumps({**old, **index}))
    return path


@pytest.mark.parametrize(
    "scrapes",
    [
        [{}],
        [{"dir": "0000"}],
        [{"dir": "0000", "at": {"web-1": 1.0}}],
        [{"dir": "0000", "at": {"emojivoto/web-1": "soon"}}],
        [{"dir": "0000", "at": {"emojivoto/web-1": float("nan")}}],
        [{"dir": "0000", "at": {"emojivoto/web-1": 1e300}}],
        [{"dir": "0000", "at": {"emojivoto/web-1": -1.0}}],
        [{"dir": "0000", "at": ["emojivoto/web-1"]}],
        [{"dir": "..", "at": {}}],
        [{"dir": "a/../../b", "at": {}}],
        [{"dir": "/etc", "at": {}}],
        [{"dir": "0000", "at": {"../web-1": 1.0}}],
        [{"dir": "0000", "at": {"a/b/c": 1.0}}],
        "0000",
        {"0000": 1},
        None,
        5,
    ],
)
def test_an_index_that_is_none_is_told(tmp_path: Path, scrapes: Any) -> None:
    with pytest.raises(RecordingError, match=r"recording\.json is not as it should be") as refused:
        Recording.open(rewritten(tmp_path / "r", scrapes=scrapes))
    assert "\n" not in refused.value.message


def archive_of(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def test_archives_that_are_none_are_told_in_one_line(tmp_path: Path) -> None:
    whole = pack(lay_down(tmp_path / "r", *every_ten_seconds(*range(50))), tmp_path / "whole.tar.gz").read_bytes()
    broken = {
        "empty.tar.gz": b"",
        "words.tar.gz": b"just words",
        "cut.tar.gz": whole[: len(whole) // 2],
        "head.tar.gz": whole[:5],
        "bent.tar.gz": whole[:200] + b"\x00\xff" * 50 + whole[300:],
    }
    for name, content in broken.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(RecordingError, match=f"{name} is no") as refused:
            Recording.open(tmp_path / name)
        assert "\n" not in refused.value.message
    with pytest.raises(RecordingError, match=r"is no recording: it has no recording\.json"):
        Recording.open(archive_of(tmp_path / "other.tar.gz", thesis=b"mine"))


def test_links_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    link = tarfile.TarInfo("recording.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
    with tarfile.open(tmp_path / "r.tar.gz", "w:gz") as archive:
        archive.addfile(link)
    with pytest.raises(RecordingError, match="it has no recording"):
        Recording.open(tmp_path / "r.tar.gz")
