"""What certificates look like: how long they still hold, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime

from linkerdctl.render import numbers
from linkerdctl.render.remarks import identity_column, remark_column
from linkerdctl.render.view import Column, View
from linkerdctl.reports.identity import CertificateRow


def identity_view(*, wide: bool) -> View[CertificateRow]:
    """A table of all certificates; JSON has times both for people and as seconds.

    Where there is no room LEFT says what EXPIRES does, unless somebody wants to see everything.
    """
    return View(
        [
            Column("KIND", "kind", lambda row: row.kind, left=True),
            Column("NAMESPACE", "namespace", lambda row: row.namespace, left=True),
            Column("NAME", "name", lambda row: row.name, left=True),
            identity_column(),
            Column("LEFT", "left_seconds", lambda row: _rounded(row.left), _left, style=_style),
            Column("SHARE", "left_share", lambda row: _rounded(row.share), _share, style=_style),
            Column("EXPIRES", "not_after", lambda row: _moment(row.expires), spare=not wide),
            Column("BEGAN", "not_before", lambda row: _moment(row.began), wide=True),
            Column(key="lifetime_seconds", value=lambda row: _rounded(row.lifetime)),
            Column("REFRESHES", "refreshes", lambda row: row.refreshes),
            Column("FAILED", "refreshes_failed", lambda row: row.failures, wide=True),
            remark_column(),
        ]
    )


def _rounded(value: float | None) -> float | None:
    """Proxies tell nanoseconds, which no clock keeps."""
    return None if value is None else round(value, 3)


def _share(row: CertificateRow) -> str:
    return numbers.percent(row.share)


def _left(row: CertificateRow) -> str:
    if row.left is not None and row.left < 0:
        return f"-{numbers.seconds(-row.left)}"
    return numbers.seconds(row.left)


def _moment(seconds: float | None) -> str | None:
    """RFC 3339, in UTC."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None


def _style(row: CertificateRow) -> str:
    return "red" if row.remark else ""
