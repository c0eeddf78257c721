"""The linter tells what the cluster refuses, what never matches and what an earlier route takes; nothing of good profiles."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import SpecificationError
from linkerdctl.profiles.documents import load_all
from linkerdctl.profiles.findings import Finding, Severity
from linkerdctl.profiles.lint import lint_documents, lint_objects
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.openapi import routes_of_openapi
from linkerdctl.profiles.proto import routes_of_proto
from linkerdctl.profiles.service_profile import service_profile
from linkerdctl.profiles.template import template_text

CORPUS = Path(__file__).parent / "corpus"
HEAD = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata:
  name: frontend.shop.svc.cluster.local
  namespace: shop
"""


def lint_text(text: str, source: str) -> tuple[Finding, ...]:
    return lint_documents(load_all(text, source))


def of_spec(spec: str) -> list[Finding]:
    """Findings about a profile with this spec, whose text begins in line 6."""
    return list(lint_text(f"{HEAD}spec:\n{spec}", "f.yaml"))


def of_route(*lines: str) -> list[Finding]:
    """Findings about a profile with one route, whose first line is line 8."""
    return of_spec("  routes:\n  - " + "\n    ".join(lines) + "\n")


def of_regex(regex: str) -> list[Finding]:
    return of_route("name: r", f"condition: {{pathRegex: '{regex}'}}")


def said(findings: list[Finding]) -> list[str]:
    return [f"{each.line}:{each.column} {each.severity.value}: {each.what}: {each.advice}" for each in findings]


def test_a_good_profile_has_no_findings() -> None:
    spec = """\
  routes:
  - name: GET /products/{id}
    condition: {method: GET, pathRegex: '/products/[^/]*'}
    responseClasses:
    - condition: {status: {min: 500, max: 599}}
      isFailure: true
    - condition: {all: [{status: {min: 400}}, {not: {status: {min: 404}}}]}
    isRetryable: true
    timeout: 300ms
  - name: others
    condition: {all: [{any: [{method: GET}, {method: HEAD}]}, {not: {pathRegex: /private/.*}}]}
  retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 10, ttl: 10s}
  dstOverrides: [{authority: v2.shop.svc.cluster.local, weight: 500m}, {authority: v1.shop, weight: 1}]
"""
    assert said(of_spec(spec)) == []


def test_the_template_has_no_findings() -> None:
    assert said(list(lint_text(template_text(ServiceName("a", "b")), "t"))) == []


@pytest.mark.parametrize("path", sorted((CORPUS / "proto").glob("*.proto")), ids=lambda path: path.name)
def test_what_is_made_of_protos_has_no_errors(path: Path) -> None:
    made = service_profile(ServiceName("a", "b"), routes_of_proto(path.read_text("utf-8-sig")).routes)
    assert [each for each in lint_objects([made], "x") if each.severity is Severity.ERROR] == []


def test_the_faults_of_a_profile_that_went_round_the_world() -> None:
    """A tutorial's profile, with all its slips in one."""
    text = """\
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata:
  name: frontend.hipste-rshop.svc.cluster.local
  namespace: hipster-shop
spec:
  routes:
  - name: GET /
    condition:
      method: GET
      pathRegex: /
    Timeout : 300ms
  - name: product
    condition:
      method: GET
      pathRegex: /products/[^/]
  - name: checkout
    condition:
      pathRegex: POST /cart/checkout
"""
    assert said(list(lint_text(text, "f.yaml"))) == [
        "5:3 warning: it is about a service in hipste-rshop but lives in hipster-shop: it counts for clients in hipster-shop "
        "alone: for all clients put it into hipste-rshop",
        "11:7 warning: / matches the root path alone: for everything below it write /.*",
        "12:5 error: unknown key 'Timeout': it has no effect, or the profile is refused: write timeout",
        "16:7 warning: [^/] matches one character: for a whole segment write /products/[^/]+",
        "19:7 error: POST /cart/checkout never matches: POST belongs into method: write it for the path alone: "
        "/cart/checkout",
    ]


@pytest.mark.parametrize(
    ("regex", "words"),
    [
        ("/a/{id}", "error: {id} is a template, not an expression: proxies leave this route out: write /a/[^/]+"),
        ("/a/:id", "warning: :id is no parameter here: it matches itself: write /a/[^/]+"),
        (r"/a/\{id\}", r"warning: \{id\} is no parameter here: it matches the braces themselves: write /a/[^/]+"),
        ("/a(b", "error: /a(b is no expression: a '(' without its ')'"),
        ("/a(?!b)", "error: /a(?!b) is no expression: proxies know no look-around"),
        ("/a b", "error: /a b never matches: a path has no blanks"),
        ("a/b", "error: a/b never matches: paths begin with '/'"),
        (r"/a\?b=c", r"error: /a\?b=c never matches: proxies match the path without its query"),
        ("/é", "error: /é never matches: characters beyond ASCII are percent-encoded in requests"),
        ("/a|/b", "warning: /a|/b is not anchored as a whole"),
        ("/api/v1.json", r"warning: an unescaped '.' matches any character: write /api/v1\.json"),
        ("^/$", "warning: / matches the root path alone"),
    ],
)
def test_expressions_that_are_not_what_they_seem(regex: str, words: str) -> None:
    [finding] = of_regex(regex)
    assert words in said([finding])[0]
    assert (finding.profile, finding.route) == ("frontend.shop.svc.cluster.local", "r")


@pytest.mark.parametrize(
    "regex", ["/a/[^/]*", "/.*", r"/a\.b", r"/\d+", "/(a|b)", "^/a$", "/a.*", r"/\w+.\w+", r"/\p{Greek}", "/v[12]/x"]
)
def test_expressions_that_are_fine(regex: str) -> None:
    assert said(of_regex(regex)) == []


@pytest.mark.parametrize(
    ("method", "words"),
    [("get", "warning: get is not written as methods are: write GET"), ("G T", "error: 'G T' is no HTTP method")],
)
def test_methods(method: str, words: str) -> None:
    [finding] = of_route("name: r", f"condition: {{method: '{method}'}}")
    assert words in said([finding])[0]


def test_a_route_behind_one_that_matches_all_it_does_gets_nothing() -> None:
    findings = of_spec(
        "  routes:\n"
        "  - {name: all, condition: {pathRegex: '/a/[^/]*'}}\n"
        "  - {name: one, condition: {pathRegex: /a/b, method: GET}}\n"
        "  - {name: same, condition: {pathRegex: '/a/[^/]*'}}\n"
        "  - {name: other, condition: {pathRegex: /b}}\n"
    )
    assert said(findings) == [
        "9:5 error: it gets no requests: all matches all of them first: move it before all",
        "10:5 error: it gets no requests: all matches all of them first: remove it",
    ]


def test_routes_of_different_methods_do_not_shadow_each_other() -> None:
    routes = "  routes:\n  - {name: a, condition: {method: GET, pathRegex: /.*}}\n  - {name: b, condition: {pathRegex: /b}}\n"
    assert said(of_spec(routes)) == []


def test_a_route_behind_a_catch_all_gets_nothing() -> None:
    [finding] = of_spec(
        "  routes:\n  - {name: a, condition: {method: GET}}\n  - {name: b, condition: {method: GET, pathRegex: /b}}\n"
    )
    assert "a matches all of them first" in finding.what


def test_two_routes_of_one_name_are_added_up() -> None:
    [finding] = of_spec(
        "  routes:\n  - {name: a, condition: {pathRegex: /a}}\n  - {name: a, condition: {pathRegex: /b}}\n"
    )
    assert (finding.severity, finding.what) == (Severity.WARNING, "another route is called a")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["condition: {method: GET}"], "the route has no name"),
        (["name: r"], "the route has no condition"),
        (["name: r", "condition: {}"], "the condition is empty"),
        (["name: r", "condition: {all: [null]}"], "an element of all is empty"),
        (["name: r", "condition: {any: [{all: [5]}]}"], "an element of all is empty"),
        (["name: r", "condition: {not: {}}"], "the condition is empty"),
        (["name: r", "condition: {methods: GET}"], "unknown key 'methods'"),
        (["name: r", "condition: {method: GET}", "isRetryable: 'yes'"], "isRetryable is 'yes', not true or false"),
        (["name: r", "condition: {method: GET}", "timeout: 5"], "timeout is 5, not text"),
        (["name: r", "condition: {method: GET}", "timeout: 1d"], "no days or weeks"),
        (["name: r", "condition: {method: GET}", "timeout: 10"], "timeout is 10, not text"),
        (["name: r", "condition: {method: GET}", "timeout: '10'"], "the unit is missing; did you mean 10s?"),
        (["name: r", "condition: {method: GET}", "timeout: 0s"], "0s is no time at all"),
        (["name: r", "condition: {method: GET}", "responseClasses: [null]"], "a response class is empty"),
        (["name: r", "condition: {method: GET}", "responseClasses: [{isFailure: true}]"], "has no condition"),
        (["name: r", "condition: {method: GET}", "responseClasses: [{condition: {}}]"], "the condition is empty"),
        (["name: r", "condition: {method: GET}", "responseClasses: [{condition: {status: {min: 99}}}]"],
         "99 is no status code"),
        (["name: r", "condition: {method: GET}", "responseClasses: [{condition: {status: {min: 500, max: 400}}}]"],
         "max 400 is less than min 500"),
        (["name: r", "condition: {method: GET}", "responseClasses: [{condition: {status: {min: '500'}}}]"],
         "min is '500', not a whole number"),
        (["name: r", "condition: {method: GET, not: {method: PUT}}"], "the schema of the cluster wants a list here"),
        (["name: r", "condition: {not: [{method: PUT}]}"], "not is a list, not an object"),
    ],
)  # fmt: skip
def test_the_shape_of_a_route(lines: list[str], words: str) -> None:
    findings = of_route(*lines)
    assert words in "\n".join(said(findings))
    assert all(finding.line >= 8 for finding in findings)


@pytest.mark.parametrize("spec", ["{status: {}}", "{status: {min: 100, max: 599}}", "{status: {max: 404}}"])
def test_statuses_that_are_fine(spec: str) -> None:
    assert said(of_route("name: r", "condition: {method: GET}", f"responseClasses: [{{condition: {spec}}}]")) == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("retryBudget: {retryRatio: -1, minRetriesPerSecond: 1, ttl: 10s}", "the ratio -1 is below zero"),
        ("retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 1}", "the retry budget has no ttl"),
        ("retryBudget: {retryRatio: 0.2, ttl: 10s}", "the retry budget has no minRetriesPerSecond"),
        ("retryBudget: {retryRatio: 0.2, minRetriesPerSecond: 1, ttl: ten}", "'ten' is no duration"),
        ("retryBudget: {retryRatio: 0.2, minRetriesPerSecond: -1, ttl: 1s}", "-1 is below zero"),
        (
            "retrybudget: {}",
            "unknown key 'retrybudget': it has no effect, or the profile is refused: write retryBudget",
        ),
        ("opaquePorts: ['80']", "no cluster takes either"),
        ("dstOverrides: [{authorty: a}]", "unknown key 'authorty'"),
        ("routes: {}", "routes is an object, not a list"),
        ("routes: [null]", "a route is empty"),
    ],
)
def test_the_shape_of_the_rest(spec: str, words: str) -> None:
    assert words in "\n".join(said(of_spec(f"  {spec}\n")))


@pytest.mark.parametrize(
    ("name", "namespace", "words"),
    [
        ("frontend", "shop", "no proxy looks for a profile called frontend"),
        ("frontend.shop", "shop", "no proxy looks for a profile called frontend.shop"),
        ("Frontend.shop.svc.cluster.local", "shop", "is no DNS name"),
        ("frontend.shop.svc.cluster.local", "other", "it counts for clients in other alone"),
    ],
)
def test_names_under_which_nobody_looks(name: str, namespace: str, words: str) -> None:
    manifest = {"apiVersion": "linkerd.io/v1alpha2", "kind": "ServiceProfile", "spec": {}}
    findings = lint_objects([{**manifest, "metadata": {"name": name, "namespace": namespace}}], "cluster")
    assert words in "\n".join(each.what for each in findings)
    assert {each.where for each in findings} == {"cluster"}


def test_a_version_that_is_none() -> None:
    [finding] = lint_text(HEAD.replace("v1alpha2", "v1") + "spec: {}\n", "f.yaml")
    assert (finding.line, finding.what) == (1, "there is no ServiceProfile in linkerd.io/v1")


@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
@pytest.mark.parametrize(
    ("spec", "overrides"), [("{routes: [{name: a, condition: {method: GET}}]}", True), ("{}", False)]
)
def test_a_profile_with_routes_overrides_routes_of_the_gateway_api(kind: str, spec: str, overrides: bool) -> None:
    route = f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: mine, namespace: shop}}
spec: {{parentRefs: [{{kind: Service, name: frontend}}, {{kind: Gateway, name: other}}]}}
"""
    findings = lint_text(f"{HEAD}spec: {spec}\n{route}", "f.yaml")
    assert [f"it overrides {kind} mine" in each.what for each in findings] == [True] * overrides


def test_profiles_inside_of_lists_are_found_with_their_place() -> None:
    text = "apiVersion: v1\nkind: List\nitems:\n- kind: ServiceProfile\n  metadata: {name: x}\n  spec: {}\n"
    assert {each.line for each in lint_text(text, "f.yaml")} == {4, 5}


def test_what_is_no_object_is_an_error() -> None:
    with pytest.raises(SpecificationError, match=r"f.yaml:1:1: is no Kubernetes object"):
        lint_text("- a\n", "f.yaml")


nonsense = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 600) | st.text("/a{}[]^*:. ", max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["routes", "name", "condition", "pathRegex", "all", "not", "status", "min", "timeout",
                                       "responseClasses", "retryBudget", "ttl", "method"]), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(nonsense)
def test_no_spec_whatever_breaks_the_linter(spec: object) -> None:
    profile = {**yaml.safe_load(HEAD), "spec": spec}
    for finding in lint_objects([profile], "x"):
        assert finding.what and finding.advice


@given(st.lists(st.sampled_from(["/a", "/a/{id}", "/a/b", "/{x}", "/{x}/{y}", "/c.d"]), unique=True, max_size=5))
def test_what_is_made_of_openapi_has_no_errors_but_of_order(paths: list[str]) -> None:
    """A path with a parameter sorts behind fixed ones, so even their order is right."""
    document = yaml.safe_dump({"openapi": "3.0.0", "paths": {path: {"get": {}} for path in paths}})
    made = service_profile(ServiceName("a", "b"), routes_of_openapi(document).routes)
    assert [each.what for each in lint_objects([made], "x")] == []
