"""What is left of certificates, what is wrong with them, and which a gate stumbles over."""

from __future__ import annotations

import pytest

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.trust import AuthorityCertificate, Trust
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.reports.identity import CertificateRow, lacking, parse_margin, rows

HOUR, DAY = 3_600.0, 86_400.0
NOW = 1_000_000_000.0
PREFIX = "control_identity_cert"


def leaf(*, left: float = 12 * HOUR, life: float = DAY, failed: int = 0) -> CertificateRow:
    """The row of a proxy's certificate."""
    return CertificateRow(
        "leaf", "emojivoto", "web-1", "web.emojivoto", NOW, NOW + left, NOW + left - life, 1, failed
    )  # fmt: skip


def authority(*, left: float = 300 * DAY, life: float = 365 * DAY, **more: bool | None) -> AuthorityCertificate:
    return AuthorityCertificate("root", NOW + left - life, NOW + left, **more)  # type: ignore[arg-type]


def target(name: str, namespace: str = "emojivoto") -> Target:
    return Target(PodRef(namespace, name), {}, "10.0.0.1", 4191, f"web.{namespace}")


def scrape(*, left: float = 12 * HOUR, life: float = DAY, failed: int = 0) -> Scrape:
    expires = NOW + left
    return Scrape(
        NOW,
        {
            f"{PREFIX}_expiration_timestamp_seconds": {b"": expires},
            f"{PREFIX}_refresh_timestamp_seconds": {b"": expires - life},
            f"{PREFIX}_refreshes_total": {b'result="ok"': 1.0, b'result="error"': float(failed)},
        },
    )


def remark(found: Scrape) -> str:
    [row] = rows([target("web-1")], {PodRef("emojivoto", "web-1"): found}, Trust(), NOW)
    return row.remark


def test_anchors_come_first_then_the_issuer_then_proxies_by_name() -> None:
    scrapes = {PodRef("emojivoto", "web-1"): scrape(), PodRef("books", "web-1"): scrape()}
    trust = Trust("mesh", authority(trusted=True), (authority(),))
    targets = [target("web-1"), target("web-1", "books"), target("silent-1")]
    assert [(row.kind, row.namespace, row.name) for row in rows(targets, scrapes, trust, NOW)] == [
        ("anchor", "mesh", "linkerd-identity-trust-roots"),
        ("issuer", "mesh", "linkerd-identity-issuer"),
        ("leaf", "books", "web-1"),
        ("leaf", "emojivoto", "web-1"),
    ]


def test_what_is_left_is_told_in_seconds_and_as_a_share() -> None:
    row = leaf(left=6 * HOUR)
    assert (row.left, row.lifetime, row.share) == (6 * HOUR, DAY, 0.25)


def test_a_share_is_never_below_nothing_nor_above_all() -> None:
    assert leaf(left=-HOUR).share == 0.0
    assert leaf(left=2 * DAY).share == 1.0


def test_without_a_beginning_there_is_no_share() -> None:
    row = CertificateRow("leaf", "emojivoto", "web-1", "", NOW, NOW + HOUR)
    assert (row.left, row.lifetime, row.share) == (HOUR, None, None)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (scrape(), ""),
        (scrape(left=8 * HOUR), ""),
        (scrape(left=4 * HOUR), "its refresh is overdue"),
        (scrape(left=-HOUR), "expired"),
        (scrape(failed=3), "3 refreshes failed"),
        (scrape(left=HOUR, failed=3), "3 refreshes failed, its refresh is overdue"),
        (Scrape(NOW, {}), "it tells of no certificate"),
    ],
)
def test_what_is_wrong_with_a_leaf(found: Scrape, says: str) -> None:
    assert remark(found) == says


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (authority(trusted=True), ""),
        (authority(trusted=None), ""),
        (authority(trusted=False), "no trust anchor vouches for it"),
        (authority(authority=False), "it may not sign others"),
        (authority(left=-1.0), "expired"),
        (authority(left=400 * DAY), "not valid yet"),
    ],
)
def test_what_is_wrong_with_an_issuer(found: AuthorityCertificate, says: str) -> None:
    [row] = rows([], {}, Trust("linkerd", found), NOW)
    assert row.remark == says


@pytest.mark.parametrize(
    ("text", "seconds", "share"),
    [
        ("14d", 14 * DAY, None),
        ("2w", 14 * DAY, None),
        ("1d12h", 36 * HOUR, None),
        ("90m", 1.5 * HOUR, None),
        ("30%", None, 0.3),
        ("0%", None, 0.0),
        ("2.5%", None, 0.025),
    ],
)
def test_margins_are_times_or_shares(text: str, seconds: float | None, share: float | None) -> None:
    margin = parse_margin(text)
    assert (margin.seconds, margin.share) == (pytest.approx(seconds), pytest.approx(share))


@pytest.mark.parametrize("text", ["", "14", "d", "14y", "-3d", "101%", "%", "14 d", "1h30"])
def test_what_is_no_margin_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="neither a time nor a share"):
        parse_margin(text)


@pytest.mark.parametrize(
    ("row", "margin", "short"),
    [
        (leaf(left=6 * HOUR), "5h", False),
        (leaf(left=6 * HOUR), "7h", True),
        (leaf(left=6 * HOUR), "25%", False),
        (leaf(left=6 * HOUR), "26%", True),
        (leaf(left=-HOUR), "0%", False),
        (leaf(left=-HOUR), "1s", True),
        (CertificateRow("leaf", "a", "b", "", NOW), "1s", True),
        (CertificateRow("leaf", "a", "b", "", NOW, NOW + DAY), "1h", False),
        (CertificateRow("leaf", "a", "b", "", NOW, NOW + DAY), "1%", True),
    ],
)
def test_what_has_less_left_falls_short(row: CertificateRow, margin: str, short: bool) -> None:
    assert row.lacks(parse_margin(margin)) is short


@pytest.mark.parametrize(("left", "short"), [(6 * HOUR, False), (4 * HOUR, True), (-HOUR, True)])
def test_one_that_never_lives_that_long_need_only_not_be_overdue(left: float, short: bool) -> None:
    assert leaf(left=left).lacks(parse_margin("14d")) is short
    assert leaf(left=left).lacks(parse_margin("24h")) is short


def test_the_shortest_stands_first_and_the_unknown_before_it() -> None:
    unknown = CertificateRow("leaf", "emojivoto", "zoo-1", "", NOW)
    found = lacking([leaf(left=HOUR), leaf(left=-HOUR), leaf(left=20 * HOUR), unknown], parse_margin("50%"))
    assert [row.left for row in found] == [None, -HOUR, HOUR]
