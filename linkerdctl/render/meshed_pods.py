"""What meshed pods look like."""

from __future__ import annotations

from linkerdctl.render.remarks import identity_column, remark_column
from linkerdctl.render.view import Column, View
from linkerdctl.reports.meshed_pods import ENABLED, MeshedPod


def meshed_pods_view() -> View[MeshedPod]:
    """A table of pods."""
    return View(
        [
            Column("NAMESPACE", "namespace", lambda row: row.namespace, left=True),
            Column("NAME", "name", lambda row: row.name, left=True),
            Column("TAP", "tap", lambda row: row.tap, left=True, style=_style),
            Column("VERSION", "proxy_version", lambda row: row.version or None, left=True),
            Column("STATUS", "status", lambda row: row.status, left=True),
            Column("CONTROL_PLANE", "control_plane", lambda row: row.control_plane, left=True, wide=True),
            identity_column(),
            remark_column(),
        ]
    )


def _style(row: MeshedPod) -> str:
    return "" if row.tap == ENABLED else "yellow"
