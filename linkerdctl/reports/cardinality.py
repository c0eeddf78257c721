"""`metrics cardinality`: what series of proxies cost, by family, label and pod. Pure: families in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from linkerdctl.kube.inventory import PodRef
from linkerdctl.metrics.dump import Family

BY_FAMILY, BY_LABEL, BY_POD = "family", "label", "pod"


@dataclass(slots=True)
class FamilyCost:
    """A family over all proxies. A series is a line with a sample, so a histogram has one per bucket and two more; one
    that is repeated counts once."""

    name: str
    type: str
    series: int = 0
    size: int = 0
    """Bytes of its text, HELP and TYPE included, not compressed."""
    proxies: int = 0
    """How many have series of it."""
    most: int = 0
    """Series on the proxy that has most of them."""
    most_on: PodRef | None = None
    samples: set[str] = field(default_factory=set)
    """Names of its samples, which are what a Prometheus calls its series."""


@dataclass(slots=True)
class LabelCost:
    """A label over all families and proxies."""

    name: str
    values: set[bytes] = field(default_factory=set)
    """The different ones, as they are written."""
    series: int = 0
    """That have it."""
    size: int = 0
    """Bytes of name and value, with equals sign and quotes."""
    families: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class PodCost:
    """A proxy over all families."""

    pod: PodRef
    series: int
    size: int
    """Bytes, as of a family."""
    families: int
    """That it has series of."""


@dataclass(slots=True)
class Cardinality:
    """Takes in one proxy after the other."""

    by: str
    _families: dict[str, FamilyCost] = field(default_factory=dict)
    _labels: dict[str, LabelCost] = field(default_factory=dict)
    _pods: list[PodCost] = field(default_factory=list)

    def add(self, pod: PodRef, families: Sequence[Family]) -> None:
        """Count the families of a proxy."""
        if self.by == BY_POD:
            series, size = sum(len(each.series()) for each in families), sum(each.size for each in families)
            self._pods.append(PodCost(pod, series, size, sum(bool(each.lines) for each in families)))
            return
        for family in families:
            if self.by == BY_FAMILY:
                self._add_family(pod, family)
                continue
            for name, value in (pair for line in family.series() for pair in line.pairs()):
                self._add_label(family.name, name, value)

    def pods(self) -> list[PodCost]:
        """Those with most series first."""
        return sorted(self._pods, key=lambda each: (-each.series, -each.size, each.pod))

    def families(self) -> list[FamilyCost]:
        """Those with most series first."""
        return sorted(self._families.values(), key=lambda each: (-each.series, -each.size, each.name))

    def labels(self) -> list[LabelCost]:
        """Those with most values first."""
        return sorted(self._labels.values(), key=lambda each: (-len(each.values), -each.series, each.name))

    def _add_family(self, pod: PodRef, family: Family) -> None:
        cost = self._families.setdefault(family.name, FamilyCost(family.name, family.type))
        series = len(family.series())
        cost.series += series
        cost.size += family.size
        cost.samples.update(line.name for line in family.lines)
        cost.proxies += series > 0
        if series > cost.most:
            cost.most, cost.most_on = series, pod

    def _add_label(self, family: str, name: bytes, value: bytes) -> None:
        cost = self._labels.get(word := name.decode()) or self._labels.setdefault(word, LabelCost(word))
        cost.values.add(value)
        cost.series += 1
        cost.size += len(name) + len(value) + len('=""')
        cost.families.add(family)
