"""A proxy's certificate as newer and as older proxies tell of it."""

from __future__ import annotations

import pytest

from linkerdctl.metrics.certificates import NAMES, ProxyCertificate, versions
from linkerdctl.metrics.scrape import Scrape

NEW = """\
control_identity_cert_expiration_timestamp_seconds 90000
control_identity_cert_refresh_timestamp_seconds 3600.5
control_identity_cert_refreshes_total{result="ok"} 4
control_identity_cert_refreshes_total{result="error"} 2
"""
OLD = "identity_cert_expiration_timestamp_seconds 90000\nidentity_cert_refresh_count {}\n"


def certificate(text: str) -> ProxyCertificate:
    lines = f"process_start_time_seconds 1000\n{text}"
    return ProxyCertificate.of(Scrape.read(lines.encode(), 5_000.0, NAMES))


def test_newer_proxies_tell_all_of_it() -> None:
    assert certificate(NEW) == ProxyCertificate(90_000.0, 3_600.5, 4, 2)


def test_older_proxies_do_not_tell_failures_nor_when_the_last_one_began() -> None:
    assert certificate(OLD.format(3)) == ProxyCertificate(90_000.0, None, 3, None)


def test_the_first_certificate_is_as_old_as_the_process() -> None:
    assert certificate(OLD.format(1)) == ProxyCertificate(90_000.0, 1_000.0, 1, None)


def test_a_proxy_that_never_got_one_has_none() -> None:
    never = (
        'control_identity_cert_expiration_timestamp_seconds 0\ncontrol_identity_cert_refreshes_total{result="ok"} 0\n'
    )
    assert certificate(never) == ProxyCertificate(None, None, 0, None)
    assert certificate("") == ProxyCertificate()


@pytest.mark.parametrize("odd", ["NaN", "+Inf", "-Inf", "-1", "1e300"])
def test_what_is_no_moment_and_no_count_is_not_told(odd: str) -> None:
    assert certificate(f"identity_cert_expiration_timestamp_seconds {odd}\n").expires is None
    assert certificate(f'control_identity_cert_refreshes_total{{result="ok"}} {odd}\n').refreshes is None
    both = certificate(NEW.replace('"error"} 2', f'"error"}} {odd}'))
    assert (both.refreshes, both.failures) == (4, None)


def test_a_version_is_read_off_the_build() -> None:
    assert versions({b'profile="release",version="edge-26.8.3"': 1.0}) == ("edge-26.8.3",)
    assert versions({b'profile="release"': 1.0}) == ()
