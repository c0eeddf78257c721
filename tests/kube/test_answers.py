"""What refusals say: on one line, with the missing rule, and when to ask again."""

from __future__ import annotations

import email.utils
import json
import time

import pytest
import yaml

from linkerdctl.errors import ApiError
from linkerdctl.kube.answers import RETRIES, Refusal, pause_before_retry, refused
from linkerdctl.kube.rbac import About, missing_rule
from tests.kube.fakes import config_for

CONFIG = config_for("https://api")


def error(code: int, body: bytes, about: About) -> ApiError:
    return refused(code, {}, body, about, CONFIG)


def status(message: str, reason: str = "Forbidden") -> bytes:
    return json.dumps({"kind": "Status", "message": message, "reason": reason}).encode()


def test_a_403_names_the_missing_rule() -> None:
    about = About("list", "deployments", "apps", "emojivoto")
    found = error(403, status("deployments.apps is forbidden"), about)
    assert found.message == "you may not list deployments in namespace emojivoto: deployments.apps is forbidden"
    assert (found.verb, found.resource, found.namespace, found.status) == ("list", "deployments", "emojivoto", 403)
    explanation, _, rule = str(found.next_step).partition("\n")
    assert explanation.startswith("whoever grants permissions")
    assert yaml.safe_load(rule) == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "linkerdctl-deployments", "namespace": "emojivoto"},
        "rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}],
    }


@pytest.mark.parametrize(
    ("about", "kind", "rule"),
    [
        (About("list", "pods"), "ClusterRole", {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}),
        (
            About("get", "pods/proxy", "", "ns", "web"),
            "Role",
            {"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get"]},
        ),
        (
            About("create", "pods/portforward", "", "ns", "web"),
            "Role",
            {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create", "get"]},
        ),
        (About("get", "/apis"), "ClusterRole", {"nonResourceURLs": ["/apis"], "verbs": ["get"]}),
    ],
)
def test_the_rule_is_what_kubernetes_would_accept(about: About, kind: str, rule: dict[str, list[str]]) -> None:
    text = missing_rule(about.verb, about.group, about.resource, about.namespace)
    document = yaml.safe_load(text.partition("\n")[2])
    assert (document["kind"], document["rules"]) == (kind, [rule])
    assert document["metadata"]["name"].strip("-") == document["metadata"]["name"]
    assert "/" not in document["metadata"]["name"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (status("two\nlines\t\x1b[31m", "X"), Refusal("two lines [31m", "X")),
        (b'{"kind":"Status"}', Refusal("", "Status")),
        (b'{"kind":"Status","message":null,"reason":null}', Refusal("", "Status")),
        (b'{"error":"planted"}', Refusal()),
        (b"[1]", Refusal()),
        (b"", Refusal()),
        (b" <html>planted", Refusal()),
        (b"no\nsuch page\xff", Refusal("no such page\ufffd")),
    ],
)
def test_what_a_body_says(body: bytes, refusal: Refusal) -> None:
    assert Refusal.of(body) == refusal


def test_long_messages_are_cut() -> None:
    assert len(Refusal.of(status("x" * 10_000)).message) < 600
    assert len(Refusal.of(b"x" * 10_000).message) == 200


def test_a_401_does_not_repeat_what_the_server_says() -> None:
    found = error(401, status("token planted expired", "Unauthorized"), About("list", "pods"))
    assert "planted" not in found.message
    assert found.next_step == "log in again; they come from the test"


@pytest.mark.parametrize(("text", "pause"), [("0", 0.0), ("10", 10.0), ("11", None), (" ", 0.25), ("²", 0.25)])
def test_seconds_to_wait(pauses: list[float], text: str, pause: float | None) -> None:
    assert pause_before_retry(429, {"retry-after": text}, 0) == pause


@pytest.mark.parametrize("garbage", ["soon", "-5", "1.5", "Mon, 99 Foo", "Thu, 01 Jan 999999 00:00:00 GMT"])
def test_a_retry_after_that_is_none_is_passed_over(pauses: list[float], garbage: str) -> None:
    assert pause_before_retry(503, {"retry-after": garbage}, 0) == 0.25


def test_a_date_to_wait_for() -> None:
    past = email.utils.formatdate(time.time() - 60, usegmt=True)
    soon = email.utils.formatdate(time.time() + 6, usegmt=True)
    late = email.utils.formatdate(time.time() + 600, usegmt=True)
    assert pause_before_retry(503, {"retry-after": past}, 0) == 0.0
    assert 0.0 < (pause_before_retry(503, {"retry-after": soon}, 0) or 0.0) <= 6.0
    assert pause_before_retry(503, {"retry-after": late}, 0) is None


def test_pauses_grow_differ_and_end() -> None:
    first = {pause_before_retry(503, {}, 0) for _ in range(20)}
    assert len(first) > 1
    assert max(filter(None, first)) < 0.4 < (pause_before_retry(503, {}, 2) or 0)
    assert pause_before_retry(503, {}, RETRIES) is None
    assert pause_before_retry(404, {}, 0) is None
