"""What `check` makes of the proxies: whether they answer, which versions they are, whether their clocks agree. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linkerdctl.metrics.certificates import versions
from linkerdctl.metrics.scrape import Scrape, is_moment
from linkerdctl.reports.check import Answers, Check, Facts, Result, Silent, counted, named

BUILD, CLOCK = "proxy_build_info", "process_clock_time_seconds"
NAMES = frozenset((BUILD, CLOCK))
"""Every sample that is looked at here."""
MOST_SKEW = 60.0
"""Seconds that clocks may differ: certificates are given as much."""


def proxy_checks(facts: Facts) -> Iterator[Check]:
    """Nothing where there is no proxy to ask, or none was."""
    if facts.answers is None or not facts.targets:
        return
    if facts.prometheus is None:
        yield _answering(facts.answers)
    if facts.answers.scrapes:
        yield _one_version(facts.answers)
        if facts.own_clock:
            yield from _clocks(facts.answers)


def _answering(answers: Answers) -> Check:
    description = f"their proxies answer: {answers.told}"
    if not answers.silent:
        return Check("proxies-answer", description)
    told = named(f"{each.pod} ({each.reason})" for each in answers.silent)
    return Check("proxies-answer", description, Result.ERROR, told, _advice(answers.silent))


def _advice(silent: Sequence[Silent]) -> str:
    told = next((each.advice for each in silent if each.advice), None)
    first = silent[0].pod
    return told or f"kubectl logs {first.name} -n {first.namespace} -c linkerd-proxy; a slow one needs --timeout 20s"


def _one_version(answers: Answers) -> Check:
    found = counted(
        version for scrape in answers.scrapes.values() for version in versions(scrape.samples.get(BUILD, {}))
    )
    description = "their proxies are of one version"
    if not found:
        return Check("proxies-one-version", description, Result.SKIPPED, "they do not tell it")
    if len(found) == 1:
        return Check("proxies-one-version", f"{description}: {next(iter(found))}")
    told = named(f"{version} ({count})" for version, count in found.items())
    usual = next(iter(found))
    odd = next(pod for pod, scrape in sorted(answers.scrapes.items()) if not _is(scrape, usual))
    hint = (
        f"restart what is behind: kubectl rollout restart deploy -n {odd.namespace} ({odd.name} is of another version)"
    )
    return Check("proxies-one-version", description, Result.WARNING, told, hint)


def _is(scrape: Scrape, version: str) -> bool:
    return version in versions(scrape.samples.get(BUILD, {}))


def _clocks(answers: Answers) -> Iterator[Check]:
    """Between the proxies' clocks and this machine's; whole seconds."""
    skews = {
        pod: value - scrape.at
        for pod, scrape in answers.scrapes.items()
        for value in scrape.samples.get(CLOCK, {}).values()
        if is_moment(value)
    }
    if not skews:
        return
    pod, worst = max(skews.items(), key=lambda item: (abs(item[1]), item[0]))
    description = "clocks agree, within a minute"
    if abs(worst) <= MOST_SKEW:
        yield Check("clocks-agree", description)
        return
    error = f"that of {pod} is {abs(worst):.0f} seconds {'ahead of' if worst > 0 else 'behind'} this machine's"
    hint = "certificates and rates are judged by clocks: is time synchronised here, and on the nodes?"
    yield Check("clocks-agree", description, Result.WARNING, error, hint)
