"""One of three proxies does its worst: its row is right or has no numbers, the others are right, and one line says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from linkerdctl.kube import proxy_ways
from tests.fire.cluster import Cluster
from tests.fire.conftest import Command
from tests.fire.faults import FAULTS, MEBIBYTE, Fault
from tests.fire.views import VIEWS, View


@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_it_costs_no_more_than_its_own_row(
    fault: Fault, view: View, cluster: Cluster, linkerdctl: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy_ways, "MOST_BYTES", 4 * MEBIBYTE)
    cluster.proxies["bad-1"] = fault.behaviour
    ran, numbers = view.run(linkerdctl, tmp_path, fault.timeout)
    assert ran.code == 0, ran.err
    for name in ("api", "web"):
        assert numbers[name] == pytest.approx(view.right(), rel=1e-5), ran.err
    if fault.passing and view.goes_on:
        return
    if fault.lost:
        assert numbers.get("bad", (None, None)) == (None, None)
        [told] = ran.lines_about("fire/bad-1")
        assert fault.lost in told
    else:
        assert numbers["bad"] == pytest.approx(view.right(fault.successes, fault.failures), rel=1e-5)
        assert "fire/bad-1" not in ran.err or "restarted" in ran.err
    assert (ran.out + ran.err.replace("\n", "")).isprintable() or "\x1b" not in ran.out + ran.err
