"""From rows of instant vectors to traffic by group. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from linkerdctl.kube.inventory import PodRef
from linkerdctl.metrics.histogram import Histogram
from linkerdctl.metrics.traffic import Traffic
from linkerdctl.sources.prometheus.promql import TAG
from linkerdctl.sources.prometheus.setup import Row, Setup
from linkerdctl.sources.prometheus.translation import Labels, Pods, Translation

GroupKey = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What the store says of the looks themselves. `seen` is the time of each proxy's newest sample, in epoch seconds."""

    seen: Mapping[PodRef, float] = field(default_factory=dict)
    unknown: frozenset[PodRef] = frozenset()
    """Seen now, but not a window ago, though they ran then."""
    restarted: frozenset[PodRef] = frozenset()
    seconds: float = 0.0


def read_report(rows: Iterable[Row], setup: Setup) -> Report:
    """Rows of `Look.report`."""
    seen: dict[PodRef, float] = {}
    pods: defaultdict[str, set[PodRef]] = defaultdict(set)
    seconds = 0.0
    for labels, value in rows:
        tag = labels.get(TAG, "")
        pod = PodRef(labels.get(setup.labels["namespace"], ""), labels.get(setup.labels["pod"], ""))
        if tag == "seen":
            seen[pod] = value
        elif tag == "seconds":
            seconds = 0.0 if math.isnan(value) else value
        else:
            pods[tag].add(pod)
    return Report(seen, frozenset(pods["unknown"]), frozenset(pods["restarted"]), seconds)


def read_answers(
    rows: Iterable[Row], translations: Sequence[Translation], pods: Pods, seconds: float
) -> list[dict[GroupKey, Traffic]]:
    """Rows of `data_queries`, by query and group. `seconds` is the usual window, for groups without a request."""
    answers: list[dict[GroupKey, Traffic]] = [{} for _ in translations]
    buckets: defaultdict[tuple[int, GroupKey], defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    for labels, value in rows:
        index, _, tag = labels.get(TAG, "").partition(":")
        part, amount = tag.removeprefix("-"), -value if tag.startswith("-") else value
        translation = translations[int(index)]
        key = None if math.isnan(value) else translation.key(labels, pods)
        if key is None:
            continue
        if part == "latency":
            buckets[int(index), key][float(labels.get("le", "nan"))] += amount
        else:
            _add(answers[int(index)], key, _PARTS[part](translation, labels, amount))
    for (number, key), counts in buckets.items():
        latency = Histogram.of(_cumulative(counts)).scaled(translations[number].query.families.unit_ms)
        _add(answers[number], key, Traffic(latency=latency))
    return [{key: _timed(traffic, seconds) for key, traffic in answer.items()} for answer in answers]


def _cumulative(counts: Mapping[float, float]) -> dict[float, float]:
    """No count below one of a lower bound: buckets that began anew one by one would leave such."""
    bounds = sorted(counts)
    return dict(zip(bounds, accumulate((counts[bound] for bound in bounds), max), strict=True))


def _requests(translation: Translation, labels: Labels, value: float) -> Traffic:
    succeeded = translation.query.families.verdict(labels)
    if succeeded is None:
        return Traffic()
    return Traffic(successes=value, failures=0.0) if succeeded else Traffic(successes=0.0, failures=value)


def _rate(translation: Translation, labels: Labels, value: float) -> Traffic:
    return Traffic() if translation.query.families.verdict(labels) is None else Traffic(request_rate=value)


_PARTS: dict[str, Callable[[Translation, Labels, float], Traffic]] = {
    "requests": _requests,
    "rate": _rate,
    "open": lambda _translation, _labels, value: Traffic(tcp_open=value),
    "read": lambda _translation, _labels, value: Traffic(read_bytes_rate=value),
    "written": lambda _translation, _labels, value: Traffic(write_bytes_rate=value),
}


def _add(answer: dict[GroupKey, Traffic], key: GroupKey, traffic: Traffic) -> None:
    answer[key] = answer[key] + traffic if key in answer else traffic


def _timed(traffic: Traffic, seconds: float) -> Traffic:
    """Count and rate say together how long was watched."""
    requests = (traffic.successes or 0.0) + (traffic.failures or 0.0)
    own = round(requests / traffic.request_rate, 6) if requests and traffic.request_rate else seconds
    return replace(
        traffic,
        seconds=own,
        request_rate=_clean(traffic.request_rate),
        read_bytes_rate=_clean(traffic.read_bytes_rate),
        write_bytes_rate=_clean(traffic.write_bytes_rate),
    )


def _clean(rate: float | None) -> float | None:
    """Without the noise that differences of large sums leave far behind the point."""
    return None if rate is None else max(round(rate, 6), 0.0)
