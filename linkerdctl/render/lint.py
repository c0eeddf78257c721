"""What is told about profiles: findings as lines that editors and grep understand or as records, coverage as rows."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.errors import UsageError
from linkerdctl.profiles.coverage import NEVER_SEEN, NO_ROUTE, SEEN, CoverageRow
from linkerdctl.profiles.findings import Finding, Severity
from linkerdctl.render import numbers
from linkerdctl.render.formats import FORMATS
from linkerdctl.render.terminal import Terminal, printable
from linkerdctl.render.view import Column, View

OUTPUTS = ("text", "json", "yaml", "csv")

VIEW: View[Finding] = View(
    [
        Column(key="severity", value=lambda row: row.severity.value),
        Column(key="source", value=lambda row: row.source),
        Column(key="line", value=lambda row: row.line or None),
        Column(key="column", value=lambda row: row.column or None),
        Column(key="profile", value=lambda row: row.profile),
        Column(key="route", value=lambda row: row.route or None),
        Column(key="what", value=lambda row: row.what),
        Column(key="advice", value=lambda row: row.advice),
    ]
)


_STYLES = {SEEN: "green", NEVER_SEEN: "yellow", NO_ROUTE: "red"}

COVERAGE_VIEW: View[CoverageRow] = View(
    [
        Column("STATE", "state", lambda row: row.state, left=True, style=lambda row: _STYLES[row.state]),
        Column("ROUTE", "route", lambda row: row.name, left=True),
        Column("REQUESTS", "requests", lambda row: row.requests),
        Column("SHARE", "share", lambda row: row.share, lambda row: numbers.percent(row.share)),
    ]
)


def check_lint_output(output: str) -> None:
    """Raise `UsageError` for a format that does not exist."""
    if output not in OUTPUTS:
        raise UsageError(f"unknown output format {output!r}", next_step=f"-o takes {', '.join(OUTPUTS)}")


def show_findings(findings: Sequence[Finding], output: str, terminal: Terminal) -> int:
    """Write them; returns how many errors are among them."""
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if output == "text":
        terminal.out("".join(line_of(finding) for finding in findings))
        terminal.note(f"{errors} errors, {len(findings) - errors} warnings")
    else:
        terminal.out(FORMATS[output](findings, VIEW, terminal))
    return errors


def line_of(finding: Finding) -> str:
    """`FILE:line:column: severity: what: advice [profile, route]`."""
    about = ", ".join(each for each in (finding.profile, finding.route) if each)
    text = f"{finding.where}: {finding.severity.value}: {finding.what}: {finding.advice} [{about}]"
    return f"{printable(text)}\n"
