"""A Prometheus that is down, slow, locked, empty or something else altogether: one clear line and a next step for each."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path

import pytest

from linkerdctl.demo.servers import DemoMesh
from tests.e2e.conftest import Command
from tests.e2e.prometheus_stubs import Asked, Reply, Stub, api_server_before, kubeconfig_for, stub

LABELS = {"linkerdctl": "labels", "job": "linkerd-proxy", "has_namespace": "y", "has_pod": "y", "has_deployment": "y"}


def vector(*rows: dict[str, str], **more: object) -> bytes:
    """A success, every value 1."""
    result = [{"metric": row, "value": [1_700_000_000.0, "1"]} for row in rows]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more}).encode()


def failure(kind: str, error: str) -> bytes:
    return json.dumps({"status": "error", "errorType": kind, "error": error}).encode()


def asked_of(linkerdctl: Command, reply: Reply, *options: str) -> tuple[list[str], Stub]:
    """What a `stat` says on stderr of a Prometheus that gives this reply; nothing is on stdout, and it exits with 1."""
    with stub(lambda asked: reply) as server:
        ran = linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url}", *options)
    assert (ran.code, ran.out) == (1, "")
    return ran.err.replace(server.url, "URL").splitlines(), server


def test_down(linkerdctl: Command) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        ran = linkerdctl(f"stat deploy -n emojivoto --prometheus http://127.0.0.1:{port}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        f"error: cannot reach Prometheus at http://127.0.0.1:{port}: connection refused",
        "  is the address right, and is it up?",
    ]


@pytest.mark.parametrize(
    ("reply", "message", "step"),
    [
        (Reply(401, b"Unauthorized\n"), "wants credentials (401: Unauthorized)", "LINKERDCTL_PROMETHEUS_TOKEN"),
        (Reply(403, b"<html>no</html>"), "wants credentials (403)", "--prometheus-config"),
        (Reply(401, b"no org id\n"), "wants credentials (401: no org id)", "--prometheus-header 'X-Scope-OrgID: NAME'"),
        (Reply(200, b"<!doctype html><title>Login</title>"), "answers with HTML where JSON belongs", "api/v1/query"),
        (Reply(200, b""), "answers with nothing where JSON belongs", "api/v1/query"),
        (Reply(200, b'{"status":"success","data":{"resul'), "answers with something else where JSON belongs", "query"),
        (Reply(200, b'{"items":[]}'), "answers with something else where JSON belongs", "api/v1/query"),
        (Reply(200, b'{"status":"success","data":{"result":[{}]}}'), "answers in JSON, but not as a Prometheus does", ""),
        (Reply(404, b"not found"), "has no Prometheus API: it answered 404", "api/v1/query?query=up"),
        (Reply(302, b"", location="https://sso.example.com/login?x=1"), "redirects to sso.example.com", "credentials"),
        (Reply(302, b"", location="https://me:pw@sso/in?token=t"), "redirects to sso: is that a login page", "credentials"),
        (Reply(301, b"", location="https://prom.example/api/v1/query"), "redirects to https://prom.example", "that address"),
        (Reply(308, b"", location="/mimir/api/v1/query"), "redirects to /mimir", "give that address"),
        (Reply(414, b"<html>Request-URI Too Large</html>"), "answered 414", "fewer kinds"),
        (Reply(400, failure("bad_data", "too long query; got 18376 bytes")), "too long query", "fewer kinds"),
        (Reply(422, failure("execution", "exceeded the maximum number of chunks")), "could not answer: exceeded", "fewer"),
        (Reply(502, b"<html>bad gateway</html>"), "answered 502", "look at its logs"),
        (Reply(429, b"too many outstanding requests"), "answered 429: too many outstanding requests", ""),
        (Reply(503, failure("timeout", "query timed out")), "could not answer: query timed out", "--timeout 2m"),
        (Reply(422, failure("execution", "too many samples were loaded")), "too many samples", "one namespace"),
        (Reply(400, failure("bad_data", "parse error: x")), "could not answer: parse error: x", "2.25"),
        (Reply(200, vector()), "holds nothing of Linkerd's proxies: no response_total", "right tenant"),
    ],
)  # fmt: skip
def test_one_line_and_a_next_step(linkerdctl: Command, reply: Reply, message: str, step: str) -> None:
    lines, _ = asked_of(linkerdctl, reply)
    assert lines[0].startswith(("error: Prometheus at URL ", "error: this Prometheus "))
    assert message in lines[0]
    assert step in " ".join(lines[1:])


def test_slow(linkerdctl: Command) -> None:
    lines, _ = asked_of(linkerdctl, Reply(200, vector(), after=3.0), "--timeout", "1s")
    assert lines[0] == "error: Prometheus at URL did not answer within 1s"


def test_labels_that_are_missing_are_told_with_the_rules_that_give_them(linkerdctl: Command) -> None:
    unlabelled = {"linkerdctl": "labels", "job": "mesh", "has_deployment": "y"}
    lines, _ = asked_of(linkerdctl, Reply(200, vector(unlabelled)))
    assert lines == [
        "error: this Prometheus does not say which namespace and pod a proxy's series come from: "
        'job "mesh" has no such label',
        "  add to the relabel_configs of that job:",
        "  - source_labels: [__meta_kubernetes_namespace]",
        "    target_label: namespace",
        "  - source_labels: [__meta_kubernetes_pod_name]",
        "    target_label: pod",
    ]


def test_credentials_that_are_not_accepted_are_called_so_and_never_shown(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKERDCTL_PROMETHEUS_TOKEN", "s3cret")
    lines, server = asked_of(linkerdctl, Reply(401, b"denied"), "-v")
    assert lines[0] == "error: Prometheus at URL does not accept the credentials it was given (401: denied)"
    assert server.asked[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in "\n".join(lines)


def test_warnings_of_the_engine_are_passed_on(linkerdctl: Command) -> None:
    def answer(asked: Asked) -> Reply:
        rows = [LABELS] if b"has_namespace" in asked.body else []
        return Reply(200, vector(*rows, warnings=["store east is away"]))

    with stub(answer) as server:
        ran = linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url}")
    assert ran.err.count("Prometheus warns: store east is away") == 1


def test_partial_answers_of_victoriametrics_are_told(linkerdctl: Command) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, vector(*([LABELS] if b"has_namespace" in asked.body else []), isPartial=True))

    with stub(answer) as server:
        ran = linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url}")
    assert ran.err.count("Prometheus warns: its answer is partial: some of its storage nodes did not answer") == 1


@pytest.mark.parametrize("tail", ["/prometheus", "/prometheus/", "/prometheus//", "/prometheus/api/v1/query"])
def test_paths_below_a_prefix(linkerdctl: Command, tail: str) -> None:
    with stub(lambda asked: Reply(200, vector())) as server:
        linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url}{tail}")
    assert [each.path for each in server.asked] == ["/prometheus/api/v1/query"]


@pytest.mark.parametrize("token", ["abc\ndef", "abcü"])
def test_a_token_that_no_header_can_hold_is_told_and_not_shown(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("LINKERDCTL_PROMETHEUS_TOKEN", token)
    ran = linkerdctl("stat deploy -n emojivoto --prometheus http://127.0.0.1:1")
    assert ran.err.startswith("error: LINKERDCTL_PROMETHEUS_TOKEN holds no token: there are line breaks")
    assert "abc" not in ran.err


def test_behind_the_api_server_no_variable_for_credentials_is_advised(
    mesh: DemoMesh, linkerdctl: Command, tmp_path: Path
) -> None:
    with (
        stub(lambda asked: Reply(401, b"denied")) as locked,
        stub(api_server_before(mesh.url, locked.url)) as api,
    ):
        config = kubeconfig_for(api.url, tmp_path)
        ran = linkerdctl(f"stat deploy --kubeconfig {config} --prometheus prometheus.linkerd-viz")
    assert "service prometheus.linkerd-viz:9090 wants credentials (401: denied)" in ran.err
    assert "cannot go through the API server" in ran.err
    assert "LINKERDCTL_PROMETHEUS_TOKEN" not in ran.err


def test_a_tenant_goes_with_every_request(linkerdctl: Command) -> None:
    with stub(lambda asked: Reply(200, vector(LABELS) if b"has_namespace" in asked.body else vector())) as server:
        linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url} --prometheus-header X-Scope-OrgID:team-a")
    assert len(server.asked) == 5
    assert {each.headers.get("x-scope-orgid") for each in server.asked} == {"team-a"}


def test_a_password_comes_from_the_environment_and_the_user_from_the_url(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKERDCTL_PROMETHEUS_PASSWORD", "pässword")
    with stub(lambda asked: Reply(200, vector())) as server:
        linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url.replace('://', '://me@')}")
    scheme, _, encoded = server.asked[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "me:pässword")


@pytest.mark.parametrize(
    "options",
    [
        ["--prometheus", "http://me:s3cret@prom:9090"],
        ["--prometheus", "http://prom:9090", "--prometheus-header", "Authorization: Bearer s3cret"],
    ],
)
def test_secrets_on_the_command_line_are_refused_and_not_repeated(linkerdctl: Command, options: list[str]) -> None:
    ran = linkerdctl("stat deploy -n emojivoto", *options)
    assert (ran.code, ran.out) == (2, "")
    assert "s3cret" not in ran.err
    assert "LINKERDCTL_PROMETHEUS_" in ran.err


def test_get_where_post_is_not_allowed_which_is_tried_once(linkerdctl: Command) -> None:
    def answer(asked: Asked) -> Reply:
        rows = [LABELS] if "has_namespace" in asked.path else []
        return Reply(200, vector(*rows)) if asked.method == "GET" else Reply(405)

    with stub(answer) as server:
        ran = linkerdctl(f"stat deploy -n emojivoto --prometheus {server.url}/")
    assert [each.method for each in server.asked] == ["POST", "GET", "GET", "GET", "GET", "GET"]
    assert server.asked[1].path.startswith("/api/v1/query?query=")
    assert "Prometheus holds nothing new of it" in ran.err


def test_a_recording_and_a_prometheus_exclude_each_other(linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy --recording r --prometheus http://prom:9090")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: a recording and a Prometheus exclude each other")


def test_a_recording_on_the_command_line_goes_before_a_prometheus_of_the_environment(
    linkerdctl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINKERDCTL_PROMETHEUS", "http://127.0.0.1:1")
    recording = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
    ran = linkerdctl(f"stat deploy -n emojivoto -o json --recording {recording}")
    assert ran.code == 0
    assert ran.rows["deployment/web"]["rps"] > 0
