"""The verdict of `check`: facts in, checks by category out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from linkerdctl.kube.served import Served
from linkerdctl.reports.check import Answers, Category, Check, Facts, Grant, PodFacts, Report, Result, named
from linkerdctl.reports.check_certificates import certificate_checks
from linkerdctl.reports.check_proxies import proxy_checks

INSTALL_VIZ = "linkerd viz install | kubectl apply -f -"


def verdict(facts: Facts) -> Report:
    """In the order in which things must be right; without an API server nothing else is looked at."""
    parts = {
        "kubernetes-api": _api(facts),
        "permissions": [_permission(grant, facts) for grant in facts.grants],
        "data-plane": (*_pods(facts), *proxy_checks(facts)),
        "certificates": certificate_checks(facts),
        "tap": _tap(facts),
        "prometheus": _prometheus(facts),
    }
    categories = (Category(name, tuple(checks)) for name, checks in parts.items())
    return Report(tuple(category for category in categories if category.checks))


def _api(facts: Facts) -> Iterator[Check]:
    api = facts.api
    if api is None:
        return
    if api.error:
        yield Check("api-reachable", f"{api.server} can be asked", Result.ERROR, api.error, api.advice)
    else:
        yield Check("api-reachable", f"{api.server} can be asked, and is Kubernetes {api.version}")


def _permission(grant: Grant, facts: Facts) -> Check:
    description = f"you may {grant.what}: {grant.purpose}"
    if grant.allowed:
        return Check(grant.id, description)
    if grant.allowed is None:
        return Check(grant.id, description, Result.SKIPPED, "the API server does not tell")
    where = f"-n {facts.namespace}" if facts.namespace else "-A"
    hint = f"linkerdctl rbac {grant.command} {where}   # whoever grants permissions can apply what it prints"
    return Check(grant.id, description, Result.ERROR if grant.essential else Result.SKIPPED, "you may not", hint)


def _pods(facts: Facts) -> Iterator[Check]:
    if facts.pods is not None:
        yield from _meshed(facts, facts.pods)
    elif facts.pods_error:
        yield Check("pods-meshed", "there are meshed pods", Result.ERROR, facts.pods_error, facts.pods_advice)


def _meshed(facts: Facts, pods: PodFacts) -> Iterator[Check]:
    where = f"in namespace {facts.namespace}" if facts.namespace else "in the cluster"
    narrowed = ", the only one you may look at" if facts.narrowed else ""
    if pods.meshed:
        yield Check("pods-meshed", f"there are meshed pods {where}{narrowed}: {pods.meshed} of {pods.total}")
    else:
        error = f"none of {pods.total} pods is" if pods.total else "there are no pods at all"
        hint = _inject(facts) if pods.total else "kubectl get pods -A   # are they in another namespace?"
        yield Check("pods-meshed", f"there are meshed pods {where}{narrowed}", Result.ERROR, error, hint)
    if pods.unmeshed:
        yield Check(
            "pods-injected",
            "pods are meshed where that is asked for",
            Result.WARNING,
            f"not meshed: {named(pods.unmeshed)}",
            f"they are older than the annotation, or injection failed: kubectl rollout restart deploy "
            f"-n {pods.unmeshed[0].namespace}",
        )
    elif pods.meshed:
        yield Check("pods-injected", "pods are meshed where that is asked for")
    yield from _running(pods)


def _inject(facts: Facts) -> str:
    namespace = facts.namespace or "NAMESPACE"
    return f"kubectl annotate ns {namespace} linkerd.io/inject=enabled && kubectl rollout restart deploy -n {namespace}"


def _running(pods: PodFacts) -> Iterator[Check]:
    if pods.waiting:
        told = named(f"{pod} ({status})" for pod, status in pods.waiting)
        first = pods.waiting[0][0]
        hint = f"kubectl describe pod {first.name} -n {first.namespace}"
        yield Check("pods-running", "meshed pods run", Result.WARNING, told, hint)
    elif pods.meshed:
        yield Check("pods-running", "meshed pods run")


def _tap(facts: Facts) -> Iterator[Check]:
    if facts.tap is None:
        return
    state, description = facts.tap, "the tap API (viz extension) is there, for tap and top"
    if state.served is Served.AVAILABLE:
        yield Check("tap-api", description)
    elif state.served is Served.ABSENT:
        without = "it is not; all else does without, and top with --no-tap"
        yield Check("tap-api", description, Result.SKIPPED, without, INSTALL_VIZ)
    elif state.served is Served.UNAVAILABLE:
        error = f"it is registered, but not available{state.detail and f': {state.detail}'}"
        yield Check("tap-api", description, Result.WARNING, error, "kubectl get pods -n linkerd-viz -l component=tap")
    else:
        yield Check(
            "tap-api", description, Result.SKIPPED, f"that could not be told{state.detail and f': {state.detail}'}"
        )


def _prometheus(facts: Facts) -> Iterator[Check]:
    found, description = facts.prometheus, "Prometheus answers, with series that tell their pod"
    if found is None:
        return
    if found.error:
        yield Check("prometheus-usable", description, Result.ERROR, found.error, found.advice)
        return
    yield Check("prometheus-usable", description)
    if facts.answers:
        yield _scraped(facts.answers)
    fresh = Check("prometheus-fresh", "what it holds is fresh and whole, and nothing is held twice")
    if found.notes:
        old = any(note.endswith(" old") for note in found.notes)
        hint = 'is every target of its scrape job up? up{job="linkerd-proxy"}' if old else ""
        fresh = replace(fresh, result=Result.WARNING, error="; ".join(found.notes), hint=hint)
    yield fresh


def _scraped(answers: Answers) -> Check:
    description = f"it scrapes every meshed pod: {answers.told}"
    if not answers.silent:
        return Check("prometheus-complete", description)
    told = named(f"{each.pod} ({each.reason})" for each in answers.silent)
    hint = "is their namespace among what it scrapes? Its page of targets tells why a scrape fails"
    return Check("prometheus-complete", description, Result.WARNING if answers.scrapes else Result.ERROR, told, hint)
