"""What `check` makes of facts: each thing that can be wrong, how bad that is, and what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.served import ApiState, Served
from linkerdctl.kube.trust import AuthorityCertificate, Trust
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.reports.check import (
    Answers,
    ApiFacts,
    Check,
    Facts,
    Grant,
    PodFacts,
    PrometheusFacts,
    Result,
    Silent,
)
from linkerdctl.reports.check_verdict import verdict
from linkerdctl.reports.identity import parse_margin

NOW, HOUR, DAY = 1_000_000_000.0, 3_600.0, 86_400.0
WEB, EMOJI, DB = (PodRef("emojivoto", name) for name in ("web-1", "emoji-1", "db-1"))
OK, WARNING, ERROR, SKIPPED = Result.SUCCESS, Result.WARNING, Result.ERROR, Result.SKIPPED


def scrape(*, version: str = "edge-1", clock: float = NOW, left: float = 20 * HOUR, failed: int = 0) -> Scrape:
    prefix = "control_identity_cert"
    return Scrape(
        NOW,
        {
            "proxy_build_info": {f'version="{version}"'.encode(): 1.0},
            "process_clock_time_seconds": {b"": clock},
            f"{prefix}_expiration_timestamp_seconds": {b"": NOW + left},
            f"{prefix}_refresh_timestamp_seconds": {b"": NOW + left - DAY},
            f"{prefix}_refreshes_total": {b'result="ok"': 1.0, b'result="error"': float(failed)},
        },
    )


def authority(left: float = 300 * DAY, life: float = 365 * DAY, *, trusted: bool | None = True) -> AuthorityCertificate:
    return AuthorityCertificate("root", NOW + left - life, NOW + left, trusted=trusted)


TARGETS = tuple(Target(pod, {}, "10.0.0.1", 4191) for pod in (EMOJI, WEB))
WELL = Facts(
    api=ApiFacts("the API server", "v1.32"),
    grants=(Grant("may-list-pods", "list pods", "all commands", True),),
    pods=PodFacts(3, 2),
    targets=TARGETS,
    answers=Answers({WEB: scrape(), EMOJI: scrape()}),
    trust=Trust("linkerd", authority(), (authority(),)),
    tap=ApiState(Served.AVAILABLE),
    now=NOW,
    own_clock=True,
)


def checks(facts: Facts) -> dict[str, Check]:
    return {check.id: check for category in verdict(facts).categories for check in category.checks}


def one(id_: str, **changes: object) -> Check:
    """The check of that name, where facts are well but for some."""
    return checks(replace(WELL, **changes))[id_]  # type: ignore[arg-type]


def answering(**scrapes: Scrape) -> Answers:
    return Answers({PodRef("emojivoto", f"{name}-1"): each for name, each in scrapes.items()})


def test_where_all_is_well_nothing_fails() -> None:
    assert {check.result for check in checks(WELL).values()} == {OK}
    assert verdict(WELL).failing(WARNING) == []
    assert [category.name for category in verdict(WELL).categories] == [
        "kubernetes-api",
        "permissions",
        "data-plane",
        "certificates",
        "tap",
    ]


def test_what_fails_depends_on_how_strict_one_is() -> None:
    facts = replace(WELL, pods=PodFacts(3, 2, waiting=((DB, "Pending"),)), tap=ApiState(Served.UNAVAILABLE))
    assert verdict(facts).failing() == []
    assert [check.id for check in verdict(facts).failing(WARNING)] == ["pods-running", "tap-api"]


def test_without_an_api_server_nothing_else_is_judged() -> None:
    found = checks(Facts(api=ApiFacts("the API server", error="connection refused", advice="is it up?")))
    assert found == {
        "api-reachable": Check(
            "api-reachable", "the API server can be asked", ERROR, "connection refused", "is it up?"
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("allowed", "essential", "result"),
    [(True, True, OK), (False, True, ERROR), (False, False, SKIPPED), (None, True, SKIPPED)],
)
def test_permissions_that_lack_fail_if_they_are_essential(
    allowed: bool | None, essential: bool, result: Result
) -> None:
    grant = Grant("may-tap", "tap workloads", "tap and top", allowed, essential, "tap")
    assert one("may-tap", grants=(grant,)).result is result


def test_the_next_step_for_a_permission_prints_its_role() -> None:
    grant = Grant("may-tap", "tap workloads", "tap and top", False, command="tap")
    assert one("may-tap", grants=(grant,)).hint.startswith("linkerdctl rbac tap -A ")
    assert one("may-tap", grants=(grant,), namespace="books").hint.startswith("linkerdctl rbac tap -n books ")


def test_no_meshed_pods_is_an_error_whether_there_are_pods_or_not() -> None:
    none = one("pods-meshed", pods=PodFacts(3, 0), namespace="books")
    empty = one("pods-meshed", pods=PodFacts(0, 0), namespace="boks")
    assert (none.result, none.error) == (ERROR, "none of 3 pods is")
    assert "kubectl annotate ns books linkerd.io/inject=enabled" in none.hint
    assert (empty.result, empty.error) == (ERROR, "there are no pods at all")
    assert "annotate" not in empty.hint


def test_pods_that_cannot_be_listed_are_an_error_with_the_rule() -> None:
    check = one("pods-meshed", pods=None, pods_error="you may not list pods", pods_advice="a Role")
    assert (check.result, check.error, check.hint) == (ERROR, "you may not list pods", "a Role")


def test_a_namespace_one_is_confined_to_is_told() -> None:
    description = one("pods-meshed", namespace="books", narrowed=True).description
    assert description == "there are meshed pods in namespace books, the only one you may look at: 2 of 3"


def test_pods_that_should_be_meshed_and_pods_that_do_not_run_are_warnings() -> None:
    pods = PodFacts(4, 2, unmeshed=(DB,), waiting=((WEB, "CrashLoopBackOff"),))
    unmeshed, waiting = one("pods-injected", pods=pods), one("pods-running", pods=pods)
    assert (unmeshed.result, unmeshed.error) == (WARNING, "not meshed: emojivoto/db-1")
    assert (waiting.result, waiting.error) == (WARNING, "emojivoto/web-1 (CrashLoopBackOff)")
    assert waiting.hint == "kubectl describe pod web-1 -n emojivoto"


def test_many_are_counted_after_the_first_few() -> None:
    pods = tuple(PodRef("books", f"pod-{number}") for number in range(8))
    assert one("pods-injected", pods=PodFacts(9, 1, unmeshed=pods)).error.endswith("books/pod-4 and 3 more")


def test_a_silent_proxy_is_an_error_with_its_reason_and_its_advice() -> None:
    answers = Answers({WEB: scrape()}, (Silent(EMOJI, "connection refused"),))
    check = one("proxies-answer", answers=answers)
    assert (check.result, check.error) == (ERROR, "emojivoto/emoji-1 (connection refused)")
    assert check.description == "their proxies answer: 1 of 2"
    assert check.hint.startswith("kubectl logs emoji-1 -n emojivoto -c linkerd-proxy")
    advised = Answers({WEB: scrape()}, (Silent(EMOJI, "no permission", "a Role"),))
    assert one("proxies-answer", answers=advised).hint == "a Role"


def test_versions_that_differ_are_a_warning_that_names_the_odd_one() -> None:
    mixed = Answers({WEB: scrape(), EMOJI: scrape(version="edge-0"), DB: scrape()})
    check = one("proxies-one-version", answers=mixed)
    assert (check.result, check.error) == (WARNING, "edge-1 (2), edge-0 (1)")
    assert "emoji-1 is of another version" in check.hint


def test_versions_that_are_not_told_are_not_judged() -> None:
    assert one("proxies-one-version", answers=Answers({WEB: Scrape(NOW, {})})).result is SKIPPED


@pytest.mark.parametrize(
    ("clock", "result", "error"),
    [
        (NOW + 59, OK, ""),
        (NOW - 59, OK, ""),
        (NOW + 90, WARNING, "that of emojivoto/web-1 is 90 seconds ahead of this machine's"),
        (NOW - 300, WARNING, "that of emojivoto/web-1 is 300 seconds behind this machine's"),
    ],
)
def test_clocks_may_differ_by_a_minute(clock: float, result: Result, error: str) -> None:
    check = one("clocks-agree", answers=answering(web=scrape(clock=clock), emoji=scrape()))
    assert (check.result, check.error) == (result, error)


def test_clocks_of_a_recording_are_not_judged() -> None:
    assert "clocks-agree" not in checks(replace(WELL, own_clock=False))


@pytest.mark.parametrize(
    ("left", "failed", "result"),
    [(20 * HOUR, 0, OK), (20 * HOUR, 2, WARNING), (4 * HOUR, 0, WARNING), (-HOUR, 0, ERROR), (-HOUR, 5, ERROR)],
)
def test_a_leaf_is_bad_when_it_has_expired_and_worth_a_warning_when_it_is_not_refreshed(
    left: float, failed: int, result: Result
) -> None:
    found = answering(web=scrape(left=left, failed=failed), emoji=scrape())
    assert one("certificates-leaf", answers=found).result is result


def test_an_older_proxy_that_does_not_tell_its_certificate_s_beginning_is_not_warned_of() -> None:
    old = Scrape(NOW, {"identity_cert_expiration_timestamp_seconds": {b"": NOW + 20 * HOUR}})
    assert one("certificates-leaf", answers=answering(web=old)).result is OK


def test_a_proxy_without_a_certificate_is_an_error() -> None:
    check = one("certificates-leaf", answers=answering(web=Scrape(NOW, {})))
    assert (check.result, check.error) == (ERROR, "emojivoto/web-1: it tells of no certificate")


@pytest.mark.parametrize(
    ("left", "life", "result"),
    [
        (61 * DAY, 365 * DAY, OK),
        (59 * DAY, 365 * DAY, WARNING),
        (70 * DAY, 3650 * DAY, OK),
        (25 * HOUR, 48 * HOUR, OK),
        (9 * HOUR, 48 * HOUR, WARNING),
        (-DAY, 365 * DAY, ERROR),
    ],
)
def test_an_issuer_needs_sixty_days_or_a_fifth_of_its_life(left: float, life: float, result: Result) -> None:
    assert one("certificates-issuer", trust=Trust("linkerd", authority(left, life))).result is result


@pytest.mark.parametrize(("margin", "result"), [("200d", OK), ("301d", WARNING), ("80%", OK), ("90%", WARNING)])
def test_how_much_must_be_left_can_be_said(margin: str, result: Result) -> None:
    check = one("certificates-issuer", margin=parse_margin(margin))
    assert (check.result, "300d0h left" in check.error) == (result, result is WARNING)


def test_an_issuer_that_no_anchor_vouches_for_is_an_error() -> None:
    check = one("certificates-issuer", trust=Trust("linkerd", authority(trusted=False), (authority(),)))
    assert check.result is ERROR
    assert check.error == "linkerd/linkerd-identity-issuer: no trust anchor vouches for it"


def test_authorities_that_may_not_be_read_are_skipped_with_the_reason() -> None:
    notes = ("the issuer's certificate cannot be told: you may not", "the trust anchors cannot be told: no such thing")
    found = checks(replace(WELL, trust=Trust(notes=notes)))
    assert [(found[each].result, found[each].error) for each in ("certificates-issuer", "certificates-anchor")] == [
        (SKIPPED, notes[0]),
        (SKIPPED, notes[1]),
    ]


@pytest.mark.parametrize(
    ("state", "result", "error"),
    [
        (ApiState(Served.AVAILABLE), OK, ""),
        (ApiState(Served.ABSENT), SKIPPED, "it is not; all else does without, and top with --no-tap"),
        (ApiState(Served.UNAVAILABLE, "no endpoints"), WARNING, "it is registered, but not available: no endpoints"),
        (ApiState(Served.UNKNOWN), SKIPPED, "that could not be told"),
    ],
)
def test_a_tap_api_that_is_absent_is_no_fault_one_that_is_broken_is(
    state: ApiState, result: Result, error: str
) -> None:
    check = one("tap-api", tap=state)
    assert (check.result, check.error) == (result, error)


def test_of_a_prometheus_the_proxies_themselves_are_not_expected_to_answer() -> None:
    answers = Answers({WEB: scrape()}, (Silent(EMOJI, "not scraped"),))
    found = checks(replace(WELL, answers=answers, prometheus=PrometheusFacts()))
    assert "proxies-answer" not in found
    assert (found["prometheus-complete"].result, found["prometheus-complete"].error) == (
        WARNING,
        "emojivoto/emoji-1 (not scraped)",
    )
    assert found["prometheus-fresh"].result is OK


def test_a_prometheus_that_holds_no_proxy_at_all_is_an_error() -> None:
    answers = Answers(silent=(Silent(EMOJI, "not scraped"), Silent(WEB, "not scraped")))
    assert one("prometheus-complete", answers=answers, prometheus=PrometheusFacts()).result is ERROR


def test_old_data_are_a_warning() -> None:
    check = one("prometheus-fresh", prometheus=PrometheusFacts(("the newest data are 300s old",)))
    assert (check.result, check.error) == (WARNING, "the newest data are 300s old")
    assert check.hint.startswith("is every target of its scrape job up?")


def test_other_notes_about_what_is_held_are_warnings_that_say_themselves_what_to_do() -> None:
    check = one("prometheus-fresh", prometheus=PrometheusFacts(("6 proxies are scraped more than once",)))
    assert (check.result, check.hint) == (WARNING, "")


def test_a_prometheus_that_is_of_no_use_is_an_error_with_what_to_do() -> None:
    found = checks(
        replace(WELL, answers=None, prometheus=PrometheusFacts(error="no label pod", advice="- source_labels: ..."))
    )
    assert found["prometheus-usable"].result is ERROR
    assert found["prometheus-usable"].hint == "- source_labels: ..."
    assert "prometheus-fresh" not in found
