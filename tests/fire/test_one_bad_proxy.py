"""One of three proxies does its worst: its row is right or has no numbers, the others are right, and one line says why."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from linkerdctl.kube import proxy_ways
from tests.fire.cluster import FAILURES, REQUESTS, Cluster, exposition
from tests.fire.conftest import Command
from tests.fire.faults import BY_NAME, FAULTS, MEBIBYTE, Fault, says
from tests.fire.views import OTHERS, SUMS, VIEWS, Sum, View

OF_EACH_SORT = (
    BY_NAME["reset in mid-body"],
    BY_NAME["garbage"],
    BY_NAME["policy denies"],
    BY_NAME["dead at first"],
    BY_NAME["another process"],
    BY_NAME["NaN and infinities"],
    BY_NAME["duplicate series"],
    BY_NAME["escapes in labels"],
)
"""Broken off, malformed, refused, away for a while, anew, and odd in four ways."""


@pytest.fixture(autouse=True)
def smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy_ways, "MOST_BYTES", 4 * MEBIBYTE)


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_it_costs_no_more_than_its_own_row(
    fault: Fault, view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    assert_costs_no_more(fault, view, cluster, linkerdctl, tmp_path)


@pytest.mark.parametrize("view", OTHERS, ids=str)
@pytest.mark.parametrize("fault", OF_EACH_SORT, ids=str)
def test_nor_with_commands_that_go_the_same_ways(
    fault: Fault, view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path
) -> None:
    assert_costs_no_more(fault, view, cluster, linkerdctl, tmp_path)


def assert_costs_no_more(fault: Fault, view: View, cluster: Cluster, linkerdctl: Command, folder: Path) -> None:
    cluster.proxies["bad-1"] = fault.behaviour
    ran, numbers = view.run(linkerdctl, folder, fault.timeout)
    lost = view.lost(fault)
    assert ran.code == (view.code if lost else 0), ran.err
    for name in ("api", "web"):
        assert numbers[name] == pytest.approx(view.right(), rel=1e-5), ran.err
    assert "\x1b" not in (ran.err if view.is_verbatim else ran.out + ran.err)
    if fault.look and view.goes_on:
        return
    if lost:
        assert numbers.get("bad", (None, None)) == (None, None)
        [told] = view.tells(ran)
        assert lost in told
    else:
        assert numbers["bad"] == pytest.approx(view.right(fault.successes, fault.failures), rel=1e-5)
        assert "fire/bad-1" not in ran.err or "restarted" in ran.err


@pytest.mark.parametrize("line", SUMS, ids=str)
@pytest.mark.parametrize("fault", OF_EACH_SORT, ids=str)
def test_a_sum_lacks_no_more_than_its_share(fault: Fault, line: Sum, cluster: Cluster, linkerdctl: Command) -> None:
    cluster.proxies["bad-1"] = fault.behaviour
    ran = linkerdctl(f"{line} -o json")
    assert ran.code == 0, ran.err
    lost = fault.lost if fault.strikes(line.looks) else ""
    share = 0.0 if lost else line.each(fault.successes, fault.failures)
    assert line.read(json.loads(ran.out)) == pytest.approx(2 * line.each(REQUESTS, FAILURES) + share, rel=1e-5)
    if lost:
        [told] = ran.lines_about("fire/bad-1")
        assert lost in told


STRICT = (
    "stat deploy -n fire",
    "stat server -n fire",
    "stat-inbound deploy -n fire",
    "stat-outbound deploy -n fire",
    "authz deploy -n fire",
    "routes deploy -n fire",
    "edges -n fire",
    "graph -n fire",
    "metrics deploy -n fire",
    "metrics cardinality -n fire",
    "identity -n fire",
    "certs -n fire",
)


@pytest.mark.parametrize("line", STRICT)
def test_it_makes_a_strict_command_exit_with_3_when_all_is_shown(
    line: str, cluster: Cluster, linkerdctl: Command
) -> None:
    whole = linkerdctl(f"{line} --strict")
    assert whole.code == 0
    cluster.proxies["bad-1"] = BY_NAME["dead"].behaviour
    ran = linkerdctl(f"{line} --strict")
    assert ran.code == 3
    assert ran.out
    [told] = ran.lines_about("error: ")
    assert "1 of 3 proxies did not answer" in told


GAUGES = (
    "identity_cert_expiration_timestamp_seconds",
    "identity_cert_refreshes_total",
    "process_clock_time_seconds",
    "process_start_time_seconds",
)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-5", "0", "1e300"])
@pytest.mark.parametrize("gauge", GAUGES)
def test_a_number_that_cannot_be_is_none(gauge: str, value: str, cluster: Cluster, linkerdctl: Command) -> None:
    text = re.sub(rf"^{gauge} .*\n", "", exposition(1), flags=re.MULTILINE)
    cluster.proxies["bad-1"] = says(lambda _: text.replace("# EOF\n", f"{gauge} {value}\n# EOF\n"))
    shown = linkerdctl("identity -n fire -o json")
    rows = {row["name"]: row for row in json.loads(shown.out, parse_constant=pytest.fail)}
    assert rows["api-1"] == {**rows["web-1"], "name": "api-1"}
    assert rows["bad-1"]["remark"] in ("", "it tells of no certificate"), rows
    assert (rows["bad-1"]["not_after"] is None) == (gauge == GAUGES[0])
    assert linkerdctl("identity -n fire -o wide").code == 0
    checked = linkerdctl("check -n fire -o json")
    assert "bug in linkerdctl" not in checked.err
    assert not re.search(r"\b(nan|inf)\b", checked.out)
