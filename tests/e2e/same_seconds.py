"""The same scrapes behind all three sources: a recording, a real Prometheus that holds it, proxies that say it again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.proxy_access import Fetched
from linkerdctl.kube.proxy_ways import ThroughApiServer
from linkerdctl.sources.prometheus.api import Prometheus, Vector
from linkerdctl.sources.recording import Recording

WINDOW = "4s"
"""Reaches back two passes, whichever source is asked."""
_PASSES = 3
_UPTIME = "process_uptime_seconds_total"


@dataclass
class SameSeconds:
    """A recording whose passes took place at moments that suit all sources; `asked` counts queries."""

    path: Path
    end: float
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recording = Recording.open(self.path)

    def as_of_its_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every query is asked as of the last pass, whatever time it is by now."""
        query = Prometheus.query

        async def at_the_end(prometheus: Prometheus, promql: str, at: float | None = None) -> Vector:
            self.asked.append(promql)
            return await query(prometheus, promql, self.end)

        monkeypatch.setattr(Prometheus, "query", at_the_end)

    def proxies_say_it_again(self, monkeypatch: pytest.MonkeyPatch, *, once: bool) -> None:
        """A proxy that is scraped gives the pass that the window begins with, then the last one; `once` only that."""
        first, *_, last = self.recording.passes[-_PASSES:]
        looks: Counter[PodRef] = Counter()

        async def again(access: ThroughApiServer, target: Target, *, deadline: float) -> Fetched:
            looks[target.pod] += 1
            looked = first if looks[target.pod] == 1 and not once else last
            return Fetched(self.recording.text(looked, target.pod) or b"", looked.at[target.pod])

        monkeypatch.setattr(ThroughApiServer, "fetch", again)

    def fill(self, directory: Path) -> Path:
        """The data of a Prometheus that scraped it as viz's does."""
        labels = {target.pod: _viz_labels(target) for target in self.recording.inventory().targets()}
        families: defaultdict[str, list[str]] = defaultdict(list)
        for pod, own in labels.items():
            for looked in self.recording.passes:
                at = looked.at[pod]
                for line in (self.recording.text(looked, pod) or b"").decode().splitlines():
                    if line and not line.startswith("#"):
                        name, labelled = _labelled(line, own, at)
                        families[name].append(labelled)
        # Samples of a series must come in the order of time: a stable sort by series keeps that
        text = "".join(
            f"# TYPE {name} unknown\n" + "".join(sorted(lines, key=lambda line: line.rpartition("}")[0]))
            for name, lines in families.items()
        )
        (directory / "scrapes.om").write_text(f"{text}# EOF\n")
        promtool = shutil.which("promtool")
        assert promtool, "promtool comes with Prometheus; `make test` installs it"
        words = [promtool, "tsdb", "create-blocks-from", "openmetrics", "scrapes.om", "data"]
        subprocess.run(words, cwd=directory, check=True, capture_output=True)
        return directory / "data"


def settled(recording: Path) -> SameSeconds:
    """Move the passes of a recording to moments at which all sources choose the same two; each proxy has its own."""
    index: dict[str, Any] = json.loads((recording / "recording.json").read_text())
    passes: list[dict[str, Any]] = index["scrapes"]
    end = float(int(max(passes[-1]["at"].values())))
    for back, each in enumerate(reversed(passes)):
        each["at"] = {
            pod: round(end - back * (2.037 + 0.002 * number) - 0.011 * number, 3)
            for number, pod in enumerate(sorted(each["at"]))
        }
    (recording / "recording.json").write_text(json.dumps(index))
    return SameSeconds(recording, end)


def _viz_labels(target: Target) -> str:
    own = {"job": "linkerd-proxy", "instance": f"{target.ip}:4191", **target.labels}
    kept = ("job", "instance", "namespace", "pod", "deployment", "statefulset", "daemonset", "k8s_job")
    return ",".join(f'{name}="{value}"' for name, value in own.items() if name in kept)


def _labelled(line: str, own: str, at: float) -> tuple[str, str]:
    """A sample with the labels of its pod and the moment of its scrape."""
    series, _, value = line.rpartition(" ")
    name, _, rest = series.partition("{")
    uptime = at if name == _UPTIME else value
    return name, f"{name}{{{own}{',' if rest.strip('}') else ''}{rest.removesuffix('}')}}} {uptime} {at:.3f}\n"
