"""What `check` makes of certificates: whether they hold, hang together, and have enough left. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from linkerdctl.reports.check import Check, Facts, Result, named
from linkerdctl.reports.identity import ANCHOR, ISSUING, LEAF, OVERDUE, CertificateRow, Margin, rows

USUAL = 60 * 86_400.0
"""Seconds that an issuer and a trust anchor should have left, if a fifth of their life is not less."""
_TITLES = {
    ANCHOR: "the trust anchors hold",
    ISSUING: "the issuer's certificate holds, and a trust anchor vouches for it",
    LEAF: "proxies' certificates hold, and are refreshed in time",
}
_HINTS = {
    ANCHOR: "rotate them while the old ones still hold: https://linkerd.io/2/tasks/manually-rotating-control-plane-tls-credentials/",
    ISSUING: "renew it: https://linkerd.io/2/tasks/manually-rotating-control-plane-tls-credentials/",
    LEAF: "linkerdctl identity -A --sort-by left; kubectl logs -n linkerd deploy/linkerd-identity -c identity",
}


def certificate_checks(facts: Facts) -> Iterator[Check]:
    """Of the anchors, the issuer, the proxies; what could not be read is told."""
    if facts.trust is None:
        return
    scrapes = facts.answers.scrapes if facts.answers else {}
    found = rows(facts.targets, scrapes, facts.trust, facts.now)
    for kind in (ANCHOR, ISSUING, LEAF):
        of_kind = [row for row in found if row.kind == kind]
        if of_kind:
            yield _judged(kind, of_kind, facts.margin)
        elif kind != LEAF:
            yield Check(f"certificates-{kind}", _TITLES[kind], Result.SKIPPED, _why_not(kind, facts.trust.notes))


def _why_not(kind: str, notes: Sequence[str]) -> str:
    word = "anchors" if kind == ANCHOR else "issuer"
    told = next((note for note in notes if word in note), None)
    return told or (notes[0] if notes else "there is none to be read")


def _judged(kind: str, found: Sequence[CertificateRow], margin: Margin | None) -> Check:
    broken = [row for row in found if _is_broken(row)]
    if broken:
        return _bad(kind, Result.ERROR, broken)
    short = [row for row in found if row.remark or _is_short(row, margin)]
    if short:
        return _bad(kind, Result.WARNING, short)
    least = min(found, key=lambda row: row.left or 0.0)
    return Check(f"certificates-{kind}", f"{_TITLES[kind]}: {_left(least)} left at least")


def _is_broken(row: CertificateRow) -> bool:
    """Failed refreshes alone do no harm while there is time."""
    return bool(row.remark) and (row.left is None or row.left <= 0 or row.kind != LEAF)


def _is_short(row: CertificateRow, margin: Margin | None) -> bool:
    """Absolute times alone would warn of authorities that are renewed every other day."""
    if margin:
        return row.lacks(margin)
    return row.kind != LEAF and (row.left or 0.0) < min(USUAL, OVERDUE * (row.lifetime or USUAL / OVERDUE))


def _bad(kind: str, result: Result, found: Sequence[CertificateRow]) -> Check:
    told = named(f"{row.namespace}/{row.name}: {row.remark or f'{_left(row)} left'}" for row in found)
    return Check(f"certificates-{kind}", _TITLES[kind], result, told, _HINTS[kind])


def _left(row: CertificateRow) -> str:
    """`12d3h`, `23h59m`, `5m`."""
    minutes = max(int((row.left or 0.0) // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days}d{hours}h"
    return f"{hours}h{minutes % 60}m" if hours else f"{minutes}m"
