"""`profile SERVICE`: what is written, byte for byte where the real tool's bytes are known, and that errors write nothing."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from linkerdctl.cli.run import run

PROTO = """
syntax = "proto3";
package v.v1;
service S {
  rpc A (B) returns (C);
  rpc D (E) returns (stream F) { option idempotency_level = IDEMPOTENT; }
}
"""
SWAGGER = """
swagger: "2.0"
basePath: /v1
paths:
  /authors/{id}:
    get:
      x-linkerd-retryable: true
      x-linkerd-timeout: 60s
      responses: {500: {description: broken}}
"""
Outcome = Callable[..., tuple[int, str, str]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to work in, with a proto and a Swagger file, and no cluster anywhere."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "LINKERDCTL_RECORDING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.proto").write_text(PROTO)
    (tmp_path / "books.yaml").write_text(SWAGGER)
    return tmp_path


@pytest.fixture
def profile(files: Path, capsys: pytest.CaptureFixture[str]) -> Outcome:
    """Run `profile` with these words; gives the exit code and what went to stdout and stderr."""

    def go(line: str, *more: str) -> tuple[int, str, str]:
        code = run(["profile", *line.split(), *more])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def manifest(done: tuple[int, str, str]) -> Any:
    assert done[0] == 0, done[2]
    return yaml.safe_load(done[1])


def test_yaml_of_a_swagger_file_is_the_real_tools(profile: Outcome) -> None:
    assert profile("-n myns mysvc --open-api books.yaml") == (
        0,
        """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata:
  name: mysvc.myns.svc.cluster.local
  namespace: myns
spec:
  routes:
  - condition:
      method: GET
      pathRegex: /v1/authors/[^/]*
    isRetryable: true
    name: GET /v1/authors/{id}
    responseClasses:
    - condition:
        status:
          max: 500
          min: 500
      isFailure: true
    timeout: 60s
""",
        "",
    )


def test_json_is_one_line_in_the_order_of_the_fields_and_without_its_end(profile: Outcome) -> None:
    assert profile("-n myns mysvc --open-api books.yaml -o json") == (
        0,
        '{"kind":"ServiceProfile","apiVersion":"linkerd.io/v1alpha2","metadata":{"name":"mysvc.myns.svc.cluster.local",'
        '"namespace":"myns"},"spec":{"routes":[{"name":"GET /v1/authors/{id}","condition":{"pathRegex":"/v1/authors/[^/]*",'
        '"method":"GET"},"responseClasses":[{"condition":{"status":{"min":500,"max":500}},"isFailure":true}],'
        '"isRetryable":true,"timeout":"60s"}]}}',
        "",
    )


def test_a_proto_becomes_a_route_per_rpc(profile: Outcome) -> None:
    code, out, err = profile("-n myns mysvc --proto s.proto")
    assert (code, err) == (0, "")
    assert out.partition("spec:\n")[2] == (
        "  routes:\n"
        "  - condition:\n      method: POST\n      pathRegex: /v\\.v1\\.S/A\n    name: A\n"
        "  - condition:\n      method: POST\n      pathRegex: /v\\.v1\\.S/D\n    isRetryable: true\n    name: D\n"
    )


def test_without_routes_the_spec_is_empty(profile: Outcome, files: Path) -> None:
    (files / "empty.proto").write_text("")
    assert profile("-n myns mysvc --proto empty.proto")[1].endswith("spec: {}\n")
    assert profile("-n myns mysvc --proto empty.proto -o json")[1].endswith('"spec":{}}')


def test_the_template_explains_itself_and_holds_what_the_real_one_holds(profile: Outcome) -> None:
    code, out, err = profile("-n myns mysvc --template")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "### ServiceProfile for mysvc.myns ###"
    assert "name: '/authors/{id}'" in out
    assert "pathRegex: '/authors/\\d+'\n" in out
    assert yaml.safe_load(out) == {
        "apiVersion": "linkerd.io/v1alpha2",
        "kind": "ServiceProfile",
        "metadata": {"name": "mysvc.myns.svc.cluster.local", "namespace": "myns"},
        "spec": {
            "routes": [
                {
                    "name": "/authors/{id}",
                    "condition": {"pathRegex": r"/authors/\d+", "method": "POST"},
                    "responseClasses": [{"condition": {"status": {"min": 500, "max": 599}}, "isFailure": True}],
                }
            ]
        },
    }


def test_the_templates_comments_are_yaml_too(profile: Outcome) -> None:
    """Whoever takes a comment's mark away gets what it promises."""
    text = profile("-n myns mysvc --template")[1]
    fields = re.sub(r"^( *)# (isRetryable: true|timeout: 250ms)$", r"\1\2", text, flags=re.M)
    [route] = yaml.safe_load(fields)["spec"]["routes"]
    assert (route["isRetryable"], route["timeout"]) == (True, "250ms")


def test_the_template_as_json_is_one_line_with_sorted_keys_and_its_end(profile: Outcome) -> None:
    code, out, _ = profile("-n myns mysvc --template -o json")
    assert code == 0
    assert out.endswith("}\n") and out.count("\n") == 1
    assert out[:-1] == json.dumps(json.loads(out), sort_keys=True, separators=(",", ":"))


def test_standard_input_is_a_file_too(profile: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    for option, text in (("--proto", PROTO), ("--open-api", SWAGGER)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert manifest(profile(f"-n myns mysvc {option} -"))["spec"]["routes"]


def test_the_cluster_domain_can_be_said(profile: Outcome) -> None:
    found = manifest(profile("-n myns mysvc --proto s.proto --cluster-domain example.org"))
    assert found["metadata"]["name"] == "mysvc.myns.svc.example.org"


def test_several_files_become_one_profile_and_what_they_share_is_told(profile: Outcome, files: Path) -> None:
    (files / "more.yaml").write_text(
        "openapi: 3.0.3\nservers: [{url: /v1}]\npaths: {'/authors/{name}': {get: {}}, /more: {get: {}}}\n"
    )
    code, out, err = profile("-n myns mysvc --open-api books.yaml --open-api more.yaml")
    assert [route["name"] for route in manifest((code, out, err))["spec"]["routes"]] == [
        "GET /v1/authors/{id}",
        "GET /v1/more",
    ]
    assert err == (
        "warning: more.yaml: GET /v1/authors/{name} is in books.yaml too, and differs; what books.yaml says is used\n"
    )


def test_policy_can_be_put_on_routes(profile: Outcome) -> None:
    found = manifest(profile("-n myns mysvc --proto s.proto --retryable ^A$ --timeout 300ms --retry-budget 0.2/10/10s"))
    assert [(route["name"], route.get("isRetryable"), route["timeout"]) for route in found["spec"]["routes"]] == [
        ("A", True, "300ms"),
        ("D", True, "300ms"),
    ]
    assert found["spec"]["retryBudget"] == {"retryRatio": 0.2, "minRetriesPerSecond": 10, "ttl": "10s"}


def test_a_timeout_of_the_specification_stays(profile: Outcome) -> None:
    [route] = manifest(profile("-n myns mysvc --open-api books.yaml --timeout 1s"))["spec"]["routes"]
    assert route["timeout"] == "60s"


def test_a_pattern_that_finds_nothing_is_told(profile: Outcome) -> None:
    assert (
        "warning: --retryable NONE is found in no route's name"
        in profile("-n myns mysvc --proto s.proto --retryable NONE")[2]
    )


def test_routes_can_be_named_and_typed_by_what_the_specification_says(profile: Outcome, files: Path) -> None:
    (files / "pets.yaml").write_text(
        "openapi: 3.1.0\n"
        "paths:\n"
        "  /pets/{id}:\n"
        "    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]\n"
        "    get: {operationId: getPet}\n"
        "    put: {operationId: getPet}\n"
        "    post: {}\n"
    )
    code, out, err = profile("-n myns pets --open-api pets.yaml --typed --name-from operationId")
    routes = manifest((code, out, err))["spec"]["routes"]
    assert [route["name"] for route in routes] == ["getPet", "POST /pets/{id}", "PUT /pets/{id}"]
    assert {route["condition"]["pathRegex"] for route in routes} == {"/pets/[0-9]+"}
    assert "pets.yaml:6:5: operationId getPet is taken" in err
    assert "pets.yaml:7:5: POST /pets/{id} has no operationId" in err


@pytest.mark.parametrize("service", ["mysvc", "a", "a-1", "x" * 63])
@pytest.mark.parametrize("namespace", ["myns", "1ns", "9"])
def test_names_that_kubernetes_takes(profile: Outcome, service: str, namespace: str) -> None:
    assert manifest(profile(f"-n {namespace} {service} --proto s.proto"))["metadata"]["namespace"] == namespace


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-n myns 1svc --proto s.proto", "invalid service name '1svc'"),
        ("-n myns my.svc --proto s.proto", "invalid service name 'my.svc'"),
        ("-n myns Mysvc --proto s.proto", "invalid service name 'Mysvc'"),
        ("-n myns svc- --proto s.proto", "invalid service name 'svc-'"),
        (f"-n myns {'x' * 64} --proto s.proto", "it has 64 characters, 63 are allowed"),
        ("-n my.ns mysvc --proto s.proto", "invalid namespace 'my.ns'"),
        ("-n -ns mysvc --proto s.proto", "invalid namespace '-ns'"),
        ("-n myns mysvc", "nothing to make a profile from"),
        ("-n myns mysvc --proto s.proto --template", "--template and --proto exclude each other"),
        ("-n myns mysvc --proto s.proto --tap deploy/web", "--proto and --tap exclude each other"),
        ("-n myns mysvc --proto s.proto -o xml", "'xml' is not one of yaml, json"),
        ("-n myns mysvc --proto s.proto --kind route", "'route' is not one of serviceprofile, httproute, grpcroute"),
        ("-n myns mysvc --proto s.proto --kind grpcroute", "need the port of the service"),
        ("-n myns mysvc --proto s.proto --kind grpcroute --port 0", "--port 0 is no port"),
        ("-n myns mysvc --proto s.proto --kind grpcroute --port 80 --merge x", "--merge knows ServiceProfiles only"),
        ("-n myns mysvc --template --kind httproute --port 80", "it takes neither --merge nor --kind"),
        ("-n myns mysvc --template --timeout 1s", "it takes no policy"),
        ("-n myns mysvc --proto s.proto --timeout 1d", "no days or weeks"),
        ("-n myns mysvc --proto s.proto --timeout 0s", "leaves no time at all"),
        ("-n myns mysvc --proto s.proto --retryable (", "is no regular expression"),
        ("-n myns mysvc --proto s.proto --retry-budget 0.2", "is no retry budget"),
        ("-n myns mysvc --proto s.proto --retry-budget 0.2/10/0s", "never lasts"),
        ("-n myns mysvc --proto s.proto --merge x --retry-budget 0.2/10/10s", "--merge keeps the retry budget"),
        ("-n myns mysvc --proto - --proto -", "standard input can be read only once"),
        ("-n myns mysvc --proto none.proto", "none.proto: no such file or directory"),
        ("-n myns mysvc --proto .", ".: is a directory"),
        ("-n myns mysvc --proto books.yaml", "books.yaml:2:1: expected syntax, package"),
        ("-n myns mysvc --open-api s.proto", "s.proto:2:1: holds text where an object belongs"),
        ("-n myns mysvc --open-api http://127.0.0.1:1/api.json", "http://127.0.0.1:1/api.json: cannot be read"),
        ("-n myns mysvc --open-api http://u:secret@127.0.0.1:1/a?k=secret", "http://127.0.0.1:1/a: cannot be read"),
        ("-n myns mysvc --from-service myns/mysvc", "is no place in a service"),
        ("-n myns mysvc --proto s.proto --merge none.yaml", "none.yaml: no such file or directory"),
        ("-n myns mysvc --tap svc/web --input x", "a service cannot be tapped"),
        ("-n myns mysvc --tap deploy/web --input none.tap", "cannot open none.tap"),
        ("-n myns mysvc --tap deploy/web --input books.yaml", "it is no tap stream"),
        ("-n myns mysvc --tap deploy/web --tap-duration 0s", "leaves no time for requests"),
        ("-n myns mysvc --tap deploy/web --input x --route-limit 0", "leaves no routes"),
        ("-n myns mysvc --tap widget/web --input x", "widget"),
        ("-n myns mysvc --no-such-option", "no such option"),
        ("-n myns mysvc other --proto s.proto", "unexpected extra argument"),
    ],
)
def test_an_error_is_one_line_and_writes_nothing(profile: Outcome, line: str, words: str) -> None:
    code, out, err = profile(line)
    assert code != 0
    assert out == ""
    assert err.startswith("error: ")
    assert words in err.splitlines()[0]
    assert "secret" not in err


def test_what_is_not_as_it_should_be_is_told_even_when_quiet(profile: Outcome, files: Path) -> None:
    (files / "odd.yaml").write_text("openapi: 3.0.0\npaths: {/a: {get: {responses: {'999': {description: x}}}}}\n")
    assert "odd.yaml:2:32: paths./a.get.responses.999 is no status code" in profile("-q -n n s --open-api odd.yaml")[2]
