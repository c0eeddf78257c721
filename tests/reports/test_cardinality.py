"""What series cost where a recording does not tell: families that a proxy only announces, the proxy with most, ties."""

from __future__ import annotations

from linkerdctl.kube.inventory import PodRef
from linkerdctl.metrics.dump import families
from linkerdctl.render.cardinality import drop_rule
from linkerdctl.reports.cardinality import BY_FAMILY, BY_LABEL, BY_POD, Cardinality

BUSY = b'# TYPE a counter\na{x="1"} 1\na{x="2"} 1\n# TYPE b counter\nb 1\n'
IDLE = b'# TYPE a counter\n# TYPE b counter\nb{x="1"} 1\n'
EMPTY = b"# HELP a Nothing of it was counted yet.\n# TYPE a counter\n"


def counted(by: str, **texts: bytes) -> Cardinality:
    found = Cardinality(by)
    for name, text in texts.items():
        found.add(PodRef("shop", name), families(text))
    return found


def test_a_proxy_that_only_announces_a_family_does_not_have_it() -> None:
    a, b = counted(BY_FAMILY, web=BUSY, idle=IDLE).families()
    assert (a.name, a.series, a.proxies) == ("a", 2, 1)
    assert (b.name, b.series, b.proxies) == ("b", 2, 2)
    assert a.size + b.size == len(BUSY) + len(IDLE)


def test_the_proxy_with_most_series_of_a_family_is_named_whoever_comes_last() -> None:
    first, second = counted(BY_FAMILY, idle=IDLE, web=BUSY, other=IDLE).families()
    assert (first.name, first.most, str(first.most_on)) == ("b", 1, "shop/idle")
    assert (second.name, second.most, str(second.most_on)) == ("a", 2, "shop/web")


def test_pods_with_most_come_first_and_count_the_families_they_have_series_of() -> None:
    found = counted(BY_POD, idle=IDLE, web=BUSY, new=EMPTY).pods()
    assert [(each.pod.name, each.series, each.size, each.families) for each in found] == [
        ("web", 3, len(BUSY), 2),
        ("idle", 1, len(IDLE), 1),
        ("new", 0, len(EMPTY), 0),
    ]


def test_a_value_counts_once_on_however_many_proxies() -> None:
    [label] = counted(BY_LABEL, web=BUSY, idle=IDLE).labels()
    assert (label.name, label.values, label.series, label.families) == ("x", {b"1", b"2"}, 3, {"a", "b"})


def test_a_rule_for_no_series_is_none_as_an_empty_one_drops_everything() -> None:
    assert drop_rule(counted(BY_FAMILY, new=EMPTY).families()) == ""
    assert "\n  regex: a|b\n" in drop_rule(counted(BY_FAMILY, web=BUSY).families())
