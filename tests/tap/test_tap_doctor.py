"""The verdicts on taps that show nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from linkerdctl.kube.inventory import PodRef
from linkerdctl.kube.selection import parse_target
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.tap.doctor import Api, Facts, findings
from linkerdctl.tap.pods import TapPod

WEB = parse_target("deploy/web", namespace="emojivoto")


def pod(name: str = "web-1", **state: Any) -> TapPod:
    return TapPod(PodRef("emojivoto", name), "10.0.0.1", **state)


def well(**changes: Any) -> Facts:
    """A tap with which nothing is wrong."""
    given = {
        "api": Api.AVAILABLE,
        "allowed": True,
        "pods": [pod()],
        "seconds": 3.0,
        "passed": 9,
        "tapped": 9,
        **changes,
    }
    return Facts(WEB, **given)


def bad(facts: Facts) -> list[str]:
    return [each.text for each in findings(facts) if each.good is False]


def advice(facts: Facts) -> str:
    return next(each.advice for each in findings(facts) if each.good is False)


@pytest.mark.parametrize(
    ("word", "labels", "words", "step"),
    [
        ("deploy/web", "", "deployment/web has no pods", "is it scaled to zero? kubectl get deployment/web -n no"),
        ("ns/no", "", "namespace/no has no pods", "is it the right one? kubectl get pods -n no"),
        ("pod", "", "there is no pod in namespace no", "is it the right namespace? kubectl get pods -n no"),
        (
            "deploy",
            "app in (a,b)",
            "there is no deployment with app in (a,b) in namespace no that has pods",
            "is it the right namespace? kubectl get deployments -n no -l 'app in (a,b)'",
        ),
    ],
)
def test_without_pods_it_says_what_there_is_none_of(word: str, labels: str, words: str, step: str) -> None:
    target = replace(parse_target(word, namespace="no"), labels=parse_selector(labels))
    found = next(each for each in findings(replace(well(pods=[]), target=target)) if each.good is False)
    assert (found.text, found.advice) == (words, step)


def test_all_is_well_when_it_is() -> None:
    assert bad(well()) == []
    assert findings(well())[-1].text == "a tap works: 9 requests in 3 s"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (well(api=Api.ABSENT), "no viz APIService"),
        (
            well(api=Api.UNAVAILABLE, api_detail="endpoints for service/tap have no addresses"),
            "not available: endpoints",
        ),
        (well(allowed=False), "no permission"),
        (well(pods=[]), "has no pods"),
        (well(pods=[pod(meshed=False)]), "not meshed: emojivoto/web-1"),
        (well(pods=[pod(disabled=True)]), "tap is disabled by the annotation"),
        (well(pods=[pod(enabled=False)]), "tap is not enabled: emojivoto/web-1"),
        (well(pods=[pod(running=False)]), "not running yet"),
        (well(pods=[pod(skipped=(8080,))], tapped=0, passed=0), "skipped ports 8080"),
        (well(pods=[pod(opaque=(3306,))], tapped=0, passed=0), "opaque ports 3306"),
        (well(tapped=0, matches="--path /x"), "nothing matched: 9 requests passed in 3 s, none with --path /x"),
        (well(tapped=0, passed=0), "no traffic at all"),
        (well(tapped=0), "no tap told of them"),
        (well(tapped=0, passed=None), "do not answer"),
        (well(tapped=0, tap_error="unauthenticated"), "a tap fails: unauthenticated"),
    ],
)
def test_what_is_wrong_comes_first(facts: Facts, words: str) -> None:
    assert words in bad(facts)[0]


def test_a_missing_permission_comes_with_its_rule() -> None:
    assert advice(well(allowed=False, rule="kind: Role")) == "kind: Role"


def test_some_pods_that_cannot_be_tapped_are_no_failure_as_long_as_others_can() -> None:
    facts = well(pods=[pod(), pod("web-2", enabled=False)])
    assert bad(facts) == []
    assert any("tap is not enabled: emojivoto/web-2" in each.text for each in findings(facts))


def test_opaque_ports_are_no_failure_when_a_tap_works() -> None:
    facts = well(pods=[pod(opaque=(3306,))])
    assert bad(facts) == []
    assert any("opaque ports 3306" in each.text for each in findings(facts))


def test_what_could_not_be_told_is_said_to_be_unknown() -> None:
    found = findings(Facts(WEB))
    assert {each.good for each in found} == {None}
    assert len(found) == 3


def test_without_the_extension_nothing_is_said_of_its_api() -> None:
    assert all("API" not in each.text for each in findings(well(direct=True, api=Api.UNKNOWN, allowed=None)))


def test_many_pods_are_counted() -> None:
    facts = well(pods=[pod(f"web-{number}", meshed=False) for number in range(8)])
    assert bad(facts)[0].endswith("emojivoto/web-4 and 3 more")
