"""Single samples of many proxies, as a Prometheus holds them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from linkerdctl.errors import PrometheusError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.metrics.labels import write_labels
from linkerdctl.metrics.query import Matcher
from linkerdctl.metrics.scrape import START_TIME, Scrape
from linkerdctl.sources.prometheus.promql import selector
from linkerdctl.sources.prometheus.setup import NEEDED, Row, Setup
from linkerdctl.sources.protocol import Snapshot
from linkerdctl.sources.snapshots import Album

_NAME = "__name__"


def snapshot_query(names: Iterable[str], setup: Setup) -> str:
    """The series of these names, of all proxies."""
    return selector("", (Matcher(_NAME, tuple(sorted({*names, START_TIME}))), *setup.only))


def read_snapshot(rows: Iterable[Row], setup: Setup, targets: Sequence[Target], *, missing: str) -> Snapshot:
    """Rows of `snapshot_query`; a proxy of which there is none has failed for the reason `missing`.

    Labels that the store added to a series stay among its own: which they are cannot be told.
    """
    samples: defaultdict[PodRef, defaultdict[str, dict[bytes, float]]] = defaultdict(lambda: defaultdict(dict))
    namespace, pod = (setup.labels[name] for name in NEEDED)
    for labels, value in rows:
        own = {name: text for name, text in labels.items() if name != _NAME}
        samples[PodRef(own.get(namespace, ""), own.get(pod, ""))][labels[_NAME]][write_labels(own)] = value
    album = Album(targets)
    for target in targets:
        if target.pod in samples:
            album.add(target, Scrape(setup.at or 0.0, samples[target.pod]))
        else:
            album.fail(target, PrometheusError(missing))
    return album.snapshot()
