"""Manifests as text read back as they were, and the fast writer writes what the library writes."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from linkerdctl.profiles.encoding import json_text, library_yaml, yaml_text
from linkerdctl.profiles.plain_yaml import plain_yaml

ODD = ["5", "1e3", "true", "Yes", "n", "null", "~", "", " ", "GET ", "a: b", "a #b", "- x", "[x", "{id}", "*x", "&x", "é",
       "0x1f", "2024-01-31", "1:30", "a\nb\n", "a\tb", "=", "<<", "x" * 100, "GET " + "/a b" * 40, "'", '"', "a'b", "@x",
       "+1E5", ".5e3", "1_0e3", "08", "0o17", "0X1F", "+.5", "1.e3", "0b11", "1_000",
       "/v1/authors/[^/]*", r"/a\.b", "GET /v1/{id}", "|", ">", "%x", "a:", "?x", "a,b", "\x7f", "\u2028"]  # fmt: skip
texts = (
    st.sampled_from(ODD)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=90)
    | st.text("abG/ {}[]^*\\.-:#'\"0159yn~", max_size=120)
)
scalars = texts | st.booleans() | st.integers(0, 10**6) | st.floats(0, 10).filter(lambda number: number < 1e15)
keys = st.sampled_from(["name", "condition", "pathRegex", "method", "spec", "min", "on", "y", "404"])
mappings = st.recursive(
    st.dictionaries(keys, scalars, min_size=1, max_size=4),
    lambda inner: st.dictionaries(keys, inner | st.lists(inner, max_size=3) | scalars, max_size=4),
    max_leaves=12,
)


@given(mappings)
@example({"name": "GET /a", "spec": {}})
@example({"name": "GET " + "/a b" * 30})
def test_yaml_reads_back_as_it_was(manifest: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_text(manifest)) == manifest


@given(mappings)
@example({"spec": {"routes": [{"name": "GET /v1/{id}", "condition": {"pathRegex": "/v1/[^/]*"}, "min": 0.2}]}})
@example({"name": "GET /" + "x" * 69 + " y"})
@example({"name": "GET /" + "x" * 200})
def test_what_the_fast_writer_takes_on_it_writes_as_the_library_does(manifest: dict[str, Any]) -> None:
    fast = plain_yaml(manifest)
    assert fast is None or fast == library_yaml(manifest)


@pytest.mark.parametrize("text", ODD)
def test_odd_text_reads_back_alone_and_in_lists(text: str) -> None:
    manifest = {"name": text, "routes": [{"name": text}, {"name": text}]}
    assert yaml.safe_load(yaml_text(manifest)) == manifest


def test_kubectl_reads_what_was_written() -> None:
    """Its reader takes for numbers what by YAML 1.1 is text; a namespace may be called 1e3, and a route anything."""
    texts = [*ODD, "a\r\nb", " \na", "\n\n", "a\x85b\x9b\u2029", "emoji \U0001f600", "1__2e3", "-0o17", "-.5e1", "09"]
    data = {f"k{number}": text for number, text in enumerate(texts)}
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "odd"}, "data": data}
    ran = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "a=b", "-o", "json"],
        input=yaml_text(manifest).encode(), capture_output=True, check=True, env={**os.environ, "KUBECONFIG": os.devnull},
    )  # fmt: skip
    assert json.loads(ran.stdout)["data"] == data


def test_halves_of_surrogate_pairs_do_not_keep_the_rest_from_being_written() -> None:
    assert yaml.safe_load(yaml_text({"name": "a\ud800b"})) == {"name": "a?b"}


def test_the_fast_writer_takes_on_an_ordinary_profile() -> None:
    route = {
        "name": "GET /v1/{id}",
        "condition": {"pathRegex": r"/v1/[^/]*\.json", "method": "GET"},
        "isRetryable": True,
    }
    assert plain_yaml({"spec": {"routes": [route], "retryBudget": {"retryRatio": 0.2}}}) is not None


def test_quotes_are_those_of_the_real_tool() -> None:
    manifest = {"blank": "GET ", "number": "5", "truth": "true", "colon": "a: b", "hash": "a #b", "plain": "é /x"}
    assert yaml_text(manifest) == (
        "blank: 'GET '\ncolon: 'a: b'\nhash: 'a #b'\nnumber: \"5\"\nplain: é /x\ntruth: \"true\"\n"
    )


def test_text_with_blanks_is_folded_after_80_columns_and_without_stays_on_its_line() -> None:
    folded = yaml_text({"name": "GET /" + "a" * 60 + " " + "b" * 20 + " c"})
    assert folded.splitlines() == ["name: GET /" + "a" * 60 + " " + "b" * 20, "  c"]
    assert len(yaml_text({"name": "/" + "a" * 200}).splitlines()) == 1


@given(mappings)
def test_json_reads_back_as_it_was_on_one_line(manifest: dict[str, Any]) -> None:
    text = json_text(manifest)
    assert json.loads(text) == manifest
    assert "\n" not in text


def test_json_escapes_what_browsers_might_misread_and_keeps_the_order() -> None:
    assert json_text({"b": "<&>\u2028é", "a": 1}) == '{"b":"\\u003c\\u0026\\u003e\\u2028é","a":1}'


@given(st.text(st.characters(categories=["Cc"]), min_size=1))
def test_json_holds_no_control_characters_that_a_terminal_might_obey(text: str) -> None:
    written = json_text({"name": text})
    assert json.loads(written) == {"name": text}
    assert written.isprintable()
