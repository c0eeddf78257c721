"""How a Prometheus labels the proxies it scrapes: found out with one query, mapped onto viz's names. Pure.

The labels of the scraped pod come from relabelling, so every set-up has its own: viz's short names (which the usual
OpenTelemetry collector configuration copies), a collector's resource attributes (`k8s_pod_name`), a bare labelmap
(`linkerd_io_proxy_deployment`), or `namespace` and `pod` alone (a plain PodMonitor). The last is enough: which pods belong to
what is known from the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from linkerdctl.errors import PrometheusError
from linkerdctl.metrics.query import RESPONSES, Direction, Matcher
from linkerdctl.sources.prometheus.promql import TAG, quoted, selector, tagged

Row = tuple[Mapping[str, str], float]
"""Labels and value of one element of an instant vector."""

START_TIME = "process_start_time_seconds"
_UPTIME = "process_uptime_seconds_total"
_LOOK_BACK = 600
"""Seconds in which the last two scrapes are looked for."""

LABELS = {
    "namespace": ("namespace", "k8s_namespace_name", "kubernetes_namespace", "k8s_namespace"),
    "pod": ("pod", "k8s_pod_name", "kubernetes_pod_name", "pod_name", "k8s_pod"),
    "deployment": ("deployment", "linkerd_io_proxy_deployment", "k8s_deployment_name"),
    "statefulset": ("statefulset", "linkerd_io_proxy_statefulset", "k8s_statefulset_name"),
    "daemonset": ("daemonset", "linkerd_io_proxy_daemonset", "k8s_daemonset_name"),
    "replicationcontroller": ("replicationcontroller", "linkerd_io_proxy_replicationcontroller"),
    "k8s_job": ("k8s_job", "linkerd_io_proxy_job", "k8s_job_name"),
}
"""Our name (viz's) of each label of a scraped pod, and what it is called elsewhere, the best first.

Owners further up (`cronjob`, a Deployment's `replicaset`, a Rollout) are known from the cluster only, whatever is called so
here: labels are given at injection, and then only the direct workload is known.
"""

NEEDED = ("namespace", "pod")


@dataclass(frozen=True, slots=True)
class Setup:
    """What one Prometheus (or engine like it) is like.

    `labels` maps our names onto its own, as far as it has them. `interval` is the usual time between two scrapes of a proxy,
    in seconds, None when it cannot be told. `at` is the server's clock at that moment, in epoch seconds.
    """

    labels: Mapping[str, str] = field(default_factory=lambda: {name: name for name in LABELS})
    interval: float | None = None
    starts: bool = True
    """Whether proxies' start times are kept (`process_start_time_seconds`)."""
    at: float | None = None
    only: tuple[Matcher, ...] = ()
    """Conditions that every series must meet: one cluster among several in one store."""
    notes: tuple[str, ...] = ()
    """What is wrong with it that the user should know."""

    @property
    def identity(self) -> str:
        """The labels that all series of one proxy share, and no other's."""
        return ", ".join(("job", "instance", *(self.labels[name] for name in NEEDED)))


def setup_query(only: Sequence[Matcher] = ()) -> str:
    """A row per set of labels that proxies are given; one for the time between scrapes, if start times are kept, if twice."""
    inbound = selector(RESPONSES.responses, (Matcher("direction", (Direction.INBOUND.value,)), *only))
    names = [name for candidates in LABELS.values() for name in candidates]
    flagged = f"group by (job, {', '.join(names)}) ({inbound})"
    for name in names:
        flagged = f'label_replace({flagged}, "has_{name}", "y", "{name}", ".+")'
    kinds = f"group by (job, {', '.join(f'has_{name}' for name in names)}) ({flagged})"
    proxies = f"and on (job, instance) {inbound}"
    uptime, starts = selector(_UPTIME, only), selector(START_TIME, only)
    guess = f"clamp_max(time() - {starts}, {_LOOK_BACK}) / count_over_time({starts}[{_LOOK_BACK}s])"
    held = f"count by ({', '.join(name for needed in NEEDED for name in LABELS[needed])}) ({starts} {proxies})"
    between = f"(idelta({uptime}[{_LOOK_BACK}s]) > 0) or on (job, instance) ({guess})"
    return " or ".join(
        (
            tagged(kinds, "labels"),
            tagged(f"quantile(0.5, ({between}) {proxies})", "interval"),
            tagged(f"group({starts} {proxies})", "starts"),
            tagged(f"count({held} > 1)", "twice"),
        )
    )


def read_setup(rows: Iterable[Row], at: float | None, only: Sequence[Matcher] = ()) -> Setup:
    """The set-up that answers so; raises `PrometheusError` when proxies are not scraped, or lack what tells them apart."""
    by_tag: dict[str, list[Row]] = {}
    for labels, value in rows:
        by_tag.setdefault(labels.get(TAG, ""), []).append((labels, value))
    jobs: dict[str, set[str]] = {}
    for labels, _ in by_tag.get("labels", ()):
        jobs.setdefault(labels.get("job", ""), set()).update(labels)
    if not jobs:
        raise _no_proxies(only)
    needed = _needed(jobs)
    alike = {job: names for job, names in jobs.items() if all(f"has_{each}" in names for each in needed.values())}
    others = tuple(sorted(jobs.keys() - alike.keys()))
    best_first = sorted(alike, key=lambda job: (-len(alike[job]), job))
    twice = next((value for _, value in by_tag.get("twice", ())), 0.0)
    return Setup(
        labels={**needed, **dict(_mapping(set.intersection(*alike.values())))},
        interval=next((value for _, value in by_tag.get("interval", ()) if value > 0), None),
        starts="starts" in by_tag,
        at=at,
        only=(*only, *((Matcher("job", others, negate=True),) if others else ())),
        notes=(*map(_left_out, others), *((_held_twice(round(twice), best_first),) if twice else ())),
    )


def relabel_rules(missing: Iterable[str]) -> str:
    """The `relabel_configs` that give proxies the labels called so here, as YAML."""
    return "\n".join(_RULES[name] for name in missing if name in _RULES)


_RULES = {
    "namespace": "- source_labels: [__meta_kubernetes_namespace]\n  target_label: namespace",
    "pod": "- source_labels: [__meta_kubernetes_pod_name]\n  target_label: pod",
    "k8s_job": "- source_labels: [__meta_kubernetes_pod_label_linkerd_io_proxy_job]\n  target_label: k8s_job",
    **{
        name: f"- source_labels: [__meta_kubernetes_pod_label_linkerd_io_proxy_{name}]\n  target_label: {name}"
        for name in ("deployment", "statefulset", "daemonset", "replicationcontroller")
    },
}


def _needed(jobs: Mapping[str, Iterable[str]]) -> Mapping[str, str]:
    """What namespace and pod are called; where jobs differ, the usual names. Raises when no job has both."""
    found = [dict(_mapping(names)) for names in jobs.values()]
    whole = [tuple(each[name] for name in NEEDED) for each in found if each.keys() >= {*NEEDED}]
    if not whole:
        known = {name for each in found for name in each}
        raise _unlabelled([name for name in NEEDED if name not in known] or NEEDED, sorted(jobs))
    best = min(whole, key=lambda names: [LABELS[ours].index(each) for ours, each in zip(NEEDED, names, strict=True)])
    return dict(zip(NEEDED, best, strict=True))


def _mapping(present: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Our names and those found, as far as they are found."""
    there = frozenset(present)
    for name, candidates in LABELS.items():
        used = next((each for each in candidates if f"has_{each}" in there), None)
        if used:
            yield name, used


def _no_proxies(only: Sequence[Matcher]) -> PrometheusError:
    where = f" with {selector('', only)}" if only else ""
    return PrometheusError(
        f"this Prometheus holds nothing of Linkerd's proxies: no {RESPONSES.responses}{where} in the last minutes",
        next_step='does it scrape them (up{job="linkerd-proxy"}), and is it the right one, or the right tenant? '
        "Without --prometheus the proxies themselves are asked",
    )


def _unlabelled(missing: Sequence[str], jobs: Sequence[str]) -> PrometheusError:
    what = " and ".join(missing)
    of_jobs = ", ".join(map(quoted, jobs))
    return PrometheusError(
        f"this Prometheus does not say which {what} a proxy's series come from: job {of_jobs} has no such label",
        next_step=f"add to the relabel_configs of that job:\n{relabel_rules(missing)}",
    )


def _left_out(job: str) -> str:
    return (
        f"job {quoted(job)} calls the namespace or pod of its proxies otherwise, or not at all, and is left out; "
        f"to look at it alone: --prometheus-label job={job}"
    )


def _held_twice(proxies: int, jobs: Sequence[str]) -> str:
    """Several jobs scrape them, or several Prometheus hand on what they scraped."""
    by, choice = "by replicas of one Prometheus, it seems", "REPLICA_LABEL=VALUE"
    if len(jobs) > 1:
        by, choice = f"by jobs {', '.join(map(quoted, jobs))}", f"job={jobs[0]}"
    return (
        f"{proxies} proxies are scraped more than once, {by}, and count as often; choose: --prometheus-label {choice}"
    )
