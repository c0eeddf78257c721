"""What a proxy tells of its own certificate, under the names of newer and of older versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.scrape import Scrape, is_moment

_EXPIRES = ("control_identity_cert_expiration_timestamp_seconds", "identity_cert_expiration_timestamp_seconds")
_REFRESHED = ("control_identity_cert_refresh_timestamp_seconds", "identity_cert_refresh_timestamp_seconds")
_REFRESHES = ("control_identity_cert_refreshes_total", "identity_cert_refreshes_total", "identity_cert_refresh_count")

NAMES = frozenset((*_EXPIRES, *_REFRESHED, *_REFRESHES))
"""Every sample that is read here."""
_ONCE = 1.0
_TOO_MANY = 2.0**64
"""No count can be that: proxies count in 64 bits."""


@dataclass(frozen=True, slots=True)
class ProxyCertificate:
    """Times in epoch seconds. None is what the proxy does not tell."""

    expires: float | None = None
    began: float | None = None
    """When it was put to use."""
    refreshes: int | None = None
    failures: int | None = None
    """Attempts to refresh it that failed; older proxies do not count them."""

    @classmethod
    def of(cls, scrape: Scrape) -> ProxyCertificate:
        """From a scrape that holds `NAMES`. One that was never had expires at 0, and counts as not told."""
        refreshes, failures = _refreshes(scrape)
        return cls(_told(scrape, _EXPIRES), _began(scrape, refreshes), refreshes, failures)


def _began(scrape: Scrape, refreshes: int | None) -> float | None:
    """Older proxies do not say; those that had only one certificate have had it from their start."""
    told = _told(scrape, _REFRESHED)
    return scrape.started if told is None and refreshes == _ONCE else told


def _told(scrape: Scrape, names: tuple[str, ...]) -> float | None:
    values = (value for name in names for value in scrape.samples.get(name, {}).values())
    return next(filter(is_moment, values), None)


def _refreshes(scrape: Scrape) -> tuple[int | None, int | None]:
    """How many went well, and how many did not; numbers that are no counts tell nothing."""
    series = next((found for name in _REFRESHES if (found := scrape.samples.get(name))), None)
    if series is None:
        return None, None
    results = [(parse_labels(raw).get("result"), value) for raw, value in series.items() if 0 <= value < _TOO_MANY]
    if not results:
        return None, None
    failed = [value for result, value in results if result == "error"]
    well = sum(value for result, value in results if result != "error")
    return round(well), round(sum(failed)) if failed else None


def versions(samples: Mapping[bytes, float]) -> tuple[str, ...]:
    """The versions in the series of `proxy_build_info`; a proxy has one."""
    return tuple(version for raw in samples if (version := parse_labels(raw).get("version")))
