"""`--merge`: what a person wrote stays, byte for byte, and only what is missing comes behind it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import SpecificationError
from linkerdctl.profiles.merge import merge_file, merge_manifest
from linkerdctl.profiles.names import ServiceName
from linkerdctl.profiles.routes import ResponseClass, Route
from linkerdctl.profiles.service_profile import service_profile

WEB = ServiceName("web-svc", "emojivoto")
WRITTEN = """\
# What the front end takes. Ask Jane before you change it!
apiVersion: linkerd.io/v1alpha2
kind: ServiceProfile
metadata:
  name: web-svc.emojivoto.svc.cluster.local   # the long name
  namespace: emojivoto
  labels: {team: front}
spec:
  # the order matters
  routes:
    - name: "list"          # shown on the dashboard
      condition:
        method: GET
        pathRegex: /api/list

    # votes
    - name: vote
      condition: {method: GET, pathRegex: '/api/vote'}
      isRetryable: true     # safe since v12
      responseClasses:
      - condition:
          status: {min: 500}
        isFailure: true
      # end of vote
  # not too many
  retryBudget:
    retryRatio: 0.2
    minRetriesPerSecond: 10
    ttl: 10s
"""
NEW = Route("GET /api/new", "GET", "/api/new", (ResponseClass(500, 500, True),), True, "1s")


def merged(text: str, *routes: Route) -> str:
    return merge_file(text, "f.yaml", WEB, routes).text


def test_new_routes_come_behind_the_last_one_and_nothing_else_changes() -> None:
    done = merge_file(WRITTEN, "f.yaml", WEB, [NEW])
    at = WRITTEN.index("  # not too many")
    block = """\
    - condition:
        method: GET
        pathRegex: /api/new
      isRetryable: true
      name: GET /api/new
      responseClasses:
      - condition:
          status:
            max: 500
            min: 500
        isFailure: true
      timeout: 1s
"""
    assert done.text == WRITTEN[:at] + block + WRITTEN[at:]
    assert ([route.name for route in done.added], done.kept, done.warnings) == (["GET /api/new"], 2, ())


def test_what_is_there_is_not_added_again_however_it_is_called() -> None:
    assert (
        merged(WRITTEN, Route("GET /api/list", "GET", "/api/list"), Route("GET /api/vote", "GET", "/api/vote"))
        == WRITTEN
    )


def test_merging_twice_is_merging_once() -> None:
    once = merged(WRITTEN, NEW)
    assert merged(once, NEW) == once


def test_a_name_that_a_person_gave_to_something_else_stays_theirs_and_is_told() -> None:
    done = merge_file(WRITTEN, "f.yaml", WEB, [Route("vote", "POST", "/other")])
    assert done.text == WRITTEN
    assert done.warnings == ("vote is there, with another condition; it stays as it is",)


def test_a_new_route_that_an_old_one_leaves_nothing_to_is_left_out_and_told() -> None:
    wide = WRITTEN.replace("pathRegex: /api/list", "pathRegex: /api/.*")
    done = merge_file(wide, "f.yaml", WEB, [NEW, Route("POST /api/new", "POST", "/api/new")])
    assert [route.name for route in done.added] == ["POST /api/new"]
    assert done.warnings == ("GET /api/new is left out: list, which is there, takes all its requests",)


def test_a_condition_that_says_more_is_another() -> None:
    """`not` makes the written route take less than the new one."""
    text = WRITTEN.replace("pathRegex: /api/list", "pathRegex: /api/new\n        not: {method: PUT}")
    assert [route.name for route in merge_file(text, "f.yaml", WEB, [NEW]).added] == ["GET /api/new"]


def test_odd_names_and_conditions_of_a_person_break_nothing() -> None:
    head = WRITTEN.partition("  routes:")[0]
    text = (
        head
        + "  routes:\n  - {name: [a], condition: [b]}\n  - {name: a, condition: {method: [x]}}\n  - {name: a}\n  - 5\n"
    )
    assert [route.name for route in merge_file(text, "f.yaml", WEB, [NEW]).added] == ["GET /api/new"]


def test_a_file_without_its_last_line_end_is_taken() -> None:
    assert (
        yaml.safe_load(merged(WRITTEN.partition("  # not too many")[0].rstrip(), NEW))["spec"]["routes"][2]["timeout"]
        == "1s"
    )


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_stay(end: str) -> None:
    text = WRITTEN.replace("\n", end)
    done = merged(text, NEW)
    for line in text.splitlines(keepends=True):
        assert line in done
    assert [route["name"] for route in yaml.safe_load(done)["spec"]["routes"]] == ["list", "vote", "GET /api/new"]


@pytest.mark.parametrize(
    "spec",
    ["spec: {}", "spec:", "spec: {routes: []}", "spec:\n  routes: []", "spec:\n  retryBudget: {ttl: 1s}", "",
     "spec: {routes: [{name: a, condition: {method: PUT}}]}", "spec:\n  routes: [{name: a, condition: {method: PUT}}]"],
)  # fmt: skip
def test_a_spec_in_any_form_keeps_what_it_has(spec: str) -> None:
    head = WRITTEN.partition("spec:")[0]
    old = (yaml.safe_load(head + spec) or {}).get("spec") or {}
    done = yaml.safe_load(merged(head + spec + "\n", NEW))["spec"]
    assert done["routes"][-1]["name"] == "GET /api/new"
    assert done["routes"][:-1] == (old.get("routes") or [])
    assert {key: value for key, value in done.items() if key != "routes"} == {
        key: value for key, value in old.items() if key != "routes"
    }


def test_comments_that_cannot_be_kept_are_told() -> None:
    text = WRITTEN.partition("spec:")[0] + "spec: {routes: [{name: a, condition: {method: PUT}}]} # mine\n"
    assert merge_file(text, "f.yaml", WEB, [NEW]).warnings == (
        "f.yaml is not written one key to a line, so comments could not be kept",
    )


def test_json_is_taken_too() -> None:
    text = '{"kind": "ServiceProfile", "metadata": {"name": "web-svc.emojivoto.svc.cluster.local"}, "spec": {}, "x": 1}'
    done = yaml.safe_load(merged(text, NEW))
    assert (done["x"], len(done["spec"]["routes"])) == (1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "f.yaml: holds 0 documents; one profile is wanted"),
        (f"{WRITTEN}---\n{WRITTEN}", "f.yaml: holds 2 documents; one profile is wanted"),
        (WRITTEN.replace("ServiceProfile", "Service"), "f.yaml:2:1: is no ServiceProfile"),
        (
            WRITTEN.replace("web-svc.emojivoto", "web.other"),
            "f.yaml:5:3: metadata.name is web.other.svc.cluster.local, not web-",
        ),
        ("kind: ServiceProfile\nspec: {}\n", "f.yaml:1:1: metadata.name is None, not web-svc"),
        (WRITTEN.partition("spec:")[0] + "spec: 5\n", "f.yaml:8:1: spec must be an object"),
        (WRITTEN.partition("spec:")[0] + "spec: {routes: 5}\n", "f.yaml:8:8: spec.routes must be a list"),
        ("a: [", "f.yaml:"),
        ("- a", "f.yaml:1:1: is no ServiceProfile"),
    ],
)
def test_what_cannot_be_merged_into_is_an_error_with_its_place(text: str, words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        merge_file(text, "f.yaml", WEB, [NEW])
    assert caught.value.message.startswith(words)


def test_what_the_cluster_added_is_left_out() -> None:
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    live: dict[str, Any] = yaml.safe_load(WRITTEN)
    live["metadata"] |= {
        "uid": "1", "resourceVersion": "2", "generation": 3, "creationTimestamp": "now", "managedFields": [],
        "annotations": {applied: "{}", "mine": "yes"},
    }  # fmt: skip
    live["status"] = {}
    done = merge_manifest(live, "cluster", WEB, [NEW])
    wanted = yaml.safe_load(WRITTEN)
    wanted["metadata"]["annotations"] = {"mine": "yes"}
    wanted["spec"]["routes"].append(yaml.safe_load(done.text)["spec"]["routes"][-1])
    assert yaml.safe_load(done.text) == done.manifest == wanted
    assert live["metadata"]["annotations"][applied] == "{}"


names = st.sampled_from(["a", "b", "c", "GET /x y", "5", "é"])
routes = st.lists(
    st.builds(Route, names, st.sampled_from(["GET", "PUT", ""]), st.sampled_from(["/a", "/b/[^/]*", "/c: d", ""])),
    max_size=5,
)
comments = st.lists(st.sampled_from(["", "# mine", "  # mine", "          # deep", "  "]), max_size=3)


@given(routes, routes, st.data())
def test_no_line_is_lost_or_moved_and_no_route_is_lost(old: list[Route], new: list[Route], data: st.DataObject) -> None:
    lines = yaml.safe_dump(service_profile(WEB, old), sort_keys=False).splitlines()
    for _ in range(3):
        at = data.draw(st.integers(0, len(lines)))
        lines[at:at] = data.draw(comments)
    text = "\n".join(lines) + "\n"
    done = merge_file(text, "f.yaml", WEB, new)
    before, after = yaml.safe_load(text), yaml.safe_load(done.text)
    kept = (before["spec"] or {}).get("routes") or []
    assert (after["spec"].get("routes") or [])[: len(kept)] == kept
    assert {**after, "spec": None} == {**before, "spec": None}
    if kept:
        rest = iter(done.text.splitlines())
        assert all(line in rest for line in lines), "a line was lost, changed or moved"
    routes_now = after["spec"].get("routes") or []
    matched = {(route["condition"].get("method", ""), route["condition"].get("pathRegex", "")) for route in routes_now}
    told = "\n".join(done.warnings)
    assert all((route.method, route.path_regex) in matched or f"{route.name} is " in told for route in new)
