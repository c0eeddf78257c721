"""Redaction: nothing of anybody's is left, and what was equal stays equal."""

from __future__ import annotations

import ipaddress
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.scrape import Scrape
from linkerdctl.sources.objects import redacted
from linkerdctl.sources.redaction import Redaction

LINE = (
    b'response_total{direction="outbound",authority="pay-svc.acme.svc.cluster.local:8080",target_addr="10.1.2.3:8080",'
    b'target_ip="10.1.2.3",target_port="8080",tls="true",server_id="pay.acme.serviceaccount.identity.linkerd.cluster.local",'
    b'dst_pod="pay-5d9-x7k",status_code="200",classification="success"} 17'
)


def labels_of(line: bytes) -> dict[str, str]:
    [(raw, _)] = Scrape.read(line + b"\n", 0.0, ["response_total"]).samples["response_total"].items()
    return dict(part.split("=", 1) for part in raw.decode().replace('"', "").split(","))


def test_proxies_own_words_stay_and_names_do_not() -> None:
    labels = labels_of(Redaction(b"salt").exposition(LINE))
    assert (labels["direction"], labels["status_code"], labels["target_port"]) == ("outbound", "200", "8080")
    for word in ("pay", "acme", "10.1.2.3", "x7k"):
        assert word not in str(labels)


def test_a_name_is_the_same_in_an_authority_an_identity_and_alone() -> None:
    redaction = Redaction(b"salt")
    labels = labels_of(redaction.exposition(LINE))
    namespace = redaction.name("acme")
    assert labels["authority"] == f"{redaction.name('pay-svc')}.{namespace}.svc.cluster.local:8080"
    assert labels["server_id"] == f"{redaction.name('pay')}.{namespace}.serviceaccount.identity.linkerd.cluster.local"
    assert labels["target_addr"] == f"{labels['target_ip']}:8080"


def test_two_recordings_have_different_words() -> None:
    assert Redaction().name("acme") != Redaction().name("acme")
    assert Redaction(b"salt").name("acme") == Redaction(b"salt").name("acme")


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3", "10.1.2.3:8080", "10.0.0.0/8", "fd00::12ab", "[fd00::12ab]:8080", "fd00::/8", "::ffff:10.1.2.3",
        "fe80::1%eth0", "127.66.0.1", "192.168.178.20", "169.254.169.254:80",
    ],
)  # fmt: skip
def test_no_address_and_no_network_is_left(text: str) -> None:
    address = text.removeprefix("[").partition("]")[0] if "[" in text else text.partition("/")[0]
    address = address.removesuffix(":8080").removesuffix(":80")
    assert address not in Redaction(b"salt").name(text)


def test_an_address_becomes_an_address_and_keeps_port_and_length() -> None:
    redaction = Redaction(b"salt")
    assert ipaddress.ip_address(redaction.name("10.1.2.3")).is_private
    assert ipaddress.ip_address(redaction.name("2a02:8388::1")).is_private
    assert redaction.name("10.1.2.3:8080") == f"{redaction.name('10.1.2.3')}:8080"
    assert redaction.name("[2a02:8388::1]:80") == f"[{redaction.name('2a02:8388::1')}]:80"
    assert redaction.name("10.1.0.0/16") == f"{redaction.name('10.1.0.0')}/16"


@pytest.mark.parametrize("text", ["0.0.0.0:4191", "127.0.0.1", "::1", "[::]:4191", "0.0.0.0/0", "::/0", "default", ""])
def test_what_names_nobody_stays(text: str) -> None:
    assert Redaction(b"salt").name(text) == text


@pytest.mark.parametrize(
    ("text", "planted"),
    [
        ("123456789012", "123456"),
        ("4155550100", "4155"),
        ("42", "42"),
        ("10-1-2-3.acme.pod.cluster.local", "10-1"),
        ("web.10.1.2.3", "10.1"),
        ('["10.1.2.3/32"]', "10"),
    ],
)
def test_numbers_are_names_too(text: str, planted: str) -> None:
    assert planted not in Redaction(b"salt").name(text)


def test_two_addresses_never_become_one() -> None:
    redaction = Redaction(b"salt")
    addresses = {f"10.{high}.{low}.7" for high in range(100) for low in range(100)}
    assert len({redaction.name(each) for each in addresses}) == len(addresses)


@given(st.text(max_size=40))
def test_any_text_is_replaced_the_same_way_each_time(text: str) -> None:
    redaction = Redaction(b"salt")
    assert redaction.name(text) == redaction.name(text)


def test_a_text_of_nothing_but_colons_and_digits_is_no_trouble() -> None:
    assert Redaction(b"salt").name("1:" * 5_000)


@pytest.mark.parametrize(
    "line",
    [
        b'response_total{dst_pod="acme-1"} 5 1700000000000',
        b'response_total{dst_pod="acme-1"} 5 # {trace_id="acme"} 0.3 1700000000.1',
        b'response_total { dst_pod = "acme-1" } 5\r',
        b'response_total{dst_pod="acme \\" } 3 \\\\",} 5',
    ],
)
def test_every_way_to_write_a_sample_is_redacted_and_stays_one(line: bytes) -> None:
    redaction = Redaction(b"salt")
    text = redaction.exposition(line + b"\n")
    assert b"acme" not in text
    assert list(Scrape.read(text, 0.0, ["response_total"]).samples["response_total"].values()) == [5.0]


@pytest.mark.parametrize(
    "text",
    [
        b"<html><body>acme-corp</body></html>\n",
        b'up 1\nresponse_total{dst_pod="acme-1\n',
        b'up 1\nresponse_total{dst_pod="acme-1"} acme\n',
        b'up 1\nresponse_total{dst_pod="acme-1',
        b"acme corp\n",
    ],
)
def test_what_is_no_metrics_text_says_nothing_and_stays_none(text: bytes) -> None:
    redacted_text = Redaction(b"salt").exposition(text)
    assert b"acme" not in redacted_text
    with pytest.raises(ExpositionError) as found:
        Scrape.read(redacted_text, 0.0, ["response_total"])
    with pytest.raises(ExpositionError) as original:
        Scrape.read(text, 0.0, ["response_total"])
    assert found.value.line == original.value.line


def test_comments_keep_types_and_say_nothing_else() -> None:
    text = b"# HELP a_total of acme\n# TYPE a_total counter\n# acme\n#acme\n# TYPE acme corp\n# EOF\n"
    assert (
        Redaction(b"salt").exposition(text)
        == b"# HELP a_total\n# TYPE a_total counter\n#\n#\n# TYPE acme corp\n# EOF\n"
    )


def test_buckets_of_one_histogram_stay_together() -> None:
    text = b"".join(b'response_latency_ms_bucket{dst_pod="acme-1",le="%s"} 3\n' % le for le in (b"1", b"2.5", b"+Inf"))
    lines = Redaction(b"salt").exposition(text).splitlines()
    assert len({line.partition(b",le=")[0] for line in lines}) == 1
    assert [line.partition(b",le=")[2] for line in lines] == [b'"1"} 3', b'"2.5"} 3', b'"+Inf"} 3']


POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "pay-5d9-x7k",
        "namespace": "acme",
        "labels": {
            "app": "pay",
            "type": "acme-secret",
            "acme.com/team": "acme",
            "linkerd.io/control-plane-ns": "linkerd",
            "linkerd.io/proxy-deployment": "pay",
            "acme-linkerd.io/team": "acme",
        },
        "annotations": {"linkerd.io/proxy-version": "edge-26.8.3", "linkerd.io/trust-root-sha256": "acme"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "pay-5d9", "controller": True}],
    },
    "spec": {
        "nodeName": "ip-10-1-2-3.acme.internal",
        "containers": [{"name": "acme", "image": "123456789012.dkr.ecr.acme.com/pay:v1"}],
        "initContainers": [{"name": "linkerd-proxy", "ports": [{"name": "linkerd-admin", "containerPort": 4191}]}],
    },
    "status": {"phase": "Running", "podIP": "10.1.2.3", "conditions": [{"type": "Ready", "status": "True"}]},
}


def test_an_object_keeps_its_shape_and_loses_its_names() -> None:
    redaction = Redaction(b"salt")
    pod = redacted(POD, redaction)
    for planted in ("acme", "pay", "10.1.2.3", "10-1-2-3", "123456789012"):
        assert planted not in json.dumps(pod)
    metadata = pod["metadata"]
    assert metadata["labels"]["linkerd.io/control-plane-ns"] == "linkerd"
    assert metadata["labels"]["linkerd.io/proxy-deployment"] == redaction.name("pay")
    assert metadata["annotations"]["linkerd.io/proxy-version"] == "edge-26.8.3"
    assert metadata["ownerReferences"][0] == {
        "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": redaction.name("pay-5d9"), "controller": True,
    }  # fmt: skip
    assert pod["spec"]["initContainers"] == POD["spec"]["initContainers"]
    assert pod["status"]["conditions"] == POD["status"]["conditions"]


def test_selectors_select_what_they_selected() -> None:
    redaction = Redaction(b"salt")
    service = redacted({"kind": "Service", "spec": {"selector": {"app": "pay"}, "type": "ClusterIP"}}, redaction)
    requirement = {"key": "app", "operator": "In", "values": ["pay"]}
    server = {
        "kind": "Server",
        "spec": {"podSelector": {"matchLabels": {"app": "pay"}, "matchExpressions": [requirement]}},
    }
    label, value = redaction.name("app"), redaction.name("pay")
    assert service["spec"] == {"selector": {label: value}, "type": "ClusterIP"}
    selector = redacted(server, redaction)["spec"]["podSelector"]
    assert selector == {
        "matchLabels": {label: value},
        "matchExpressions": [{"key": label, "operator": "In", "values": [value]}],
    }


def test_policies_keep_their_wildcards_and_networks_their_lengths() -> None:
    redaction = Redaction(b"salt")
    identities = redacted(
        {"spec": {"identities": ["*", "*.acme.serviceaccount.identity.linkerd.cluster.local"]}}, redaction
    )
    assert identities["spec"]["identities"] == [
        "*",
        f"*.{redaction.name('acme')}.serviceaccount.identity.linkerd.cluster.local",
    ]
    networks = redacted({"spec": {"networks": [{"cidr": "10.4.0.0/16", "except": ["10.4.1.1"]}]}}, redaction)
    assert networks["spec"]["networks"][0]["cidr"].endswith("/16")
    assert "10.4.0" not in json.dumps(networks)
