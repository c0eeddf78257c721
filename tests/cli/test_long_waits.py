"""Who is about to wait for minutes is told so, and what knows of the time before."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from linkerdctl.cli.options import GlobalOptions, PrometheusOptions
from linkerdctl.cli.traffic import tell_wait
from linkerdctl.render.terminal import Terminal

LIVE = GlobalOptions(Terminal(stdout=StringIO(), stderr=StringIO()))


def told(options: GlobalOptions, window: float, *, since_start: bool = False) -> str:
    stderr = StringIO()
    tell_wait(replace(options, terminal=Terminal(stdout=StringIO(), stderr=stderr)), window, since_start=since_start)
    return stderr.getvalue()


def test_an_hour_is_told_with_what_would_not_take_one() -> None:
    note = told(LIVE, 3600.0)
    assert note.startswith("watching for 3600s from now on, until ")
    assert "--prometheus" in note
    assert "--since-start" in note
    assert note.count("\n") == 1


@pytest.mark.parametrize(
    "options",
    [LIVE, replace(LIVE, recording=Path("incident.tar.gz")), replace(LIVE, prometheus=PrometheusOptions("prom:9090"))],
)
def test_a_minute_and_what_does_not_wait_are_not_worth_a_word(options: GlobalOptions) -> None:
    assert told(options, 60.0) == ""
    if options is not LIVE:
        assert told(options, 3600.0) == ""


def test_averages_since_the_start_are_had_at_once() -> None:
    assert told(LIVE, 3600.0, since_start=True) == ""
