"""`identity`: how long each certificate of the mesh still holds. Pure: scrapes, authorities and proxies in, rows out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from linkerdctl.errors import UsageError
from linkerdctl.kube.inventory import PodRef, Target
from linkerdctl.kube.trust import ISSUER, TRUST_ROOTS, AuthorityCertificate, Trust
from linkerdctl.metrics.certificates import ProxyCertificate
from linkerdctl.metrics.scrape import Scrape

ANCHOR, ISSUING, LEAF = "anchor", "issuer", "leaf"
OVERDUE = 0.2
"""Share of its life that is left when a leaf should long have been renewed: proxies do so when 30 % are left."""
_UNITS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_PARTS = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[wdhms])+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([wdhms])")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")


@dataclass(frozen=True, slots=True)
class Margin:
    """How much must be left: seconds, or a share of the whole life."""

    text: str
    seconds: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """One certificate: a proxy's own (`leaf`), the issuer's or a trust anchor. Times in epoch seconds."""

    kind: str
    namespace: str
    name: str
    """Of the pod, or of the object that holds it."""
    identity: str
    at: float
    """When it was looked at."""
    expires: float | None = None
    began: float | None = None
    refreshes: int | None = None
    failures: int | None = None
    remark: str = ""
    """What is wrong with it."""

    @property
    def left(self) -> float | None:
        """Seconds it still holds; less than 0 when it has expired."""
        return None if self.expires is None else self.expires - self.at

    @property
    def lifetime(self) -> float | None:
        """Seconds from its beginning to its end."""
        if self.expires is None or self.began is None or self.began >= self.expires:
            return None
        return self.expires - self.began

    @property
    def share(self) -> float | None:
        """What is left of its life, from 0 to 1."""
        if self.left is None or self.lifetime is None:
            return None
        return min(max(self.left / self.lifetime, 0.0), 1.0)

    def lacks(self, margin: Margin) -> bool:
        """Whether less is left than there should be; what cannot be told is not enough.

        One that lives no longer than the margin altogether (a proxy's lives a day) need only not be overdue.
        """
        if margin.seconds is not None and (self.lifetime is None or self.lifetime > margin.seconds):
            return self.left is None or self.left < margin.seconds
        least = OVERDUE if margin.share is None else margin.share
        return self.share is None or self.share < least


def parse_margin(text: str) -> Margin:
    """`14d`, `36h`, `1d12h`, `30%`; raises `UsageError`."""
    if share := _SHARE.fullmatch(text):
        if float(share[1]) <= 100:
            return Margin(text, share=float(share[1]) / 100)
    elif _PARTS.fullmatch(text):
        return Margin(text, seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    raise UsageError(
        f"{text!r} is neither a time nor a share of a certificate's life", next_step="write it like 14d, 36h or 30%"
    )


def rows(targets: Iterable[Target], scrapes: Mapping[PodRef, Scrape], trust: Trust, now: float) -> list[CertificateRow]:
    """Trust anchors, the issuer, then the proxies that answered, by namespace and name. `now` is for what no proxy tells."""
    leaves = (_leaf(target, scrapes[target.pod]) for target in targets if target.pod in scrapes)
    return [*_authorities(trust, now), *sorted(leaves, key=lambda row: (row.namespace, row.name))]


def _leaf(target: Target, scrape: Scrape) -> CertificateRow:
    found = ProxyCertificate.of(scrape)
    row = CertificateRow(
        LEAF,
        target.pod.namespace,
        target.pod.name,
        target.identity,
        scrape.at,
        found.expires,
        found.began,
        found.refreshes,
        found.failures,
    )
    return _remarked(row, _remarks_on_leaf(row))


def _authorities(trust: Trust, now: float) -> Iterator[CertificateRow]:
    for anchor in trust.anchors:
        yield _authority(ANCHOR, trust.namespace, TRUST_ROOTS, anchor, now)
    if trust.issuer:
        yield _authority(ISSUING, trust.namespace, ISSUER, trust.issuer, now)


def _authority(kind: str, namespace: str, name: str, found: AuthorityCertificate, now: float) -> CertificateRow:
    row = CertificateRow(kind, namespace, name, found.subject, now, found.expires, found.begins)
    return _remarked(row, _remarks_on_authority(row, found))


def _remarks_on_leaf(row: CertificateRow) -> Iterator[str]:
    if row.expires is None:
        yield "it tells of no certificate"
    yield from _remarks_on_time(row)
    if row.failures:
        yield f"{row.failures} refreshes failed"
    if row.share is not None and 0 < row.share < OVERDUE:
        yield "its refresh is overdue"


def _remarks_on_authority(row: CertificateRow, found: AuthorityCertificate) -> Iterator[str]:
    yield from _remarks_on_time(row)
    if not found.authority:
        yield "it may not sign others"
    if found.trusted is False:
        yield "no trust anchor vouches for it"


def _remarks_on_time(row: CertificateRow) -> Iterator[str]:
    if row.left is not None and row.left <= 0:
        yield "expired"
    if row.kind != LEAF and row.began is not None and row.began > row.at:
        yield "not valid yet"


def _remarked(row: CertificateRow, remarks: Iterable[str]) -> CertificateRow:
    return replace(row, remark=", ".join(remarks))


def lacking(found: Sequence[CertificateRow], margin: Margin) -> list[CertificateRow]:
    """The certificates that a gate stumbles over, those with the least left first."""
    short = [row for row in found if row.lacks(margin)]
    return sorted(short, key=lambda row: (row.left is not None, row.left or 0.0, row.namespace, row.name))
