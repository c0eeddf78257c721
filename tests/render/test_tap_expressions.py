"""jsonpath and templates over events: what they find, what they print, what they cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linkerdctl.errors import UsageError
from linkerdctl.render.tap_jsonpath import JsonPath
from linkerdctl.render.tap_template import Template
from linkerdctl.tap.json_form import to_json_form
from tests.conftest import Kubectl
from tests.tap.tap_builders import answered, begun, endpoint

REQUEST = to_json_form(
    begun(
        "/api/vote",
        method="POST",
        headers={"user-agent": "curl", "x-b": "2"},
        source=endpoint("10.0.0.1", 4000, pod="web-1"),
        destination=endpoint("10.0.0.2", 80),
    )
)
ANSWER = to_json_form(answered(503))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("requestInitEvent.path", ["/api/vote"]),
        (".requestInitEvent.path", ["/api/vote"]),
        ("{requestInitEvent.path}", ["/api/vote"]),
        ("{.requestInitEvent.path}", ["/api/vote"]),
        ("{$.source.port}", [4000]),
        ("{.source['ip']}", ["10.0.0.1"]),
        ("{.source.metadata}", [{"pod": "web-1"}]),
        ("{.requestInitEvent.headers[0].name}", ["user-agent"]),
        ("{.requestInitEvent.headers[-1].name}", ["x-b"]),
        ("{.requestInitEvent.headers[*].name}", ["user-agent", "x-b"]),
        ("{.requestInitEvent.headers[1:].valueStr}", ["2"]),
        ('{.requestInitEvent.headers[?(@.name=="x-b")].valueStr}', ["2"]),
        ("{.requestInitEvent.headers[?(@.name != 'x-b')].valueStr}", ["curl"]),
        ("{.requestInitEvent.headers[?(@.valueBin)].name}", []),
        ("{..port}", [4000, 80]),
        ("{.source.*}", ["10.0.0.1", 4000, {"pod": "web-1"}]),
        ("{.requestInitEvent.headers[9].name}", []),
        ("{.responseInitEvent.httpStatus}", []),
        ("{.source.ip.more}", []),
        ("{.routeMeta}", []),
    ],
)
def test_paths_find(path: str, found: list[Any]) -> None:
    assert JsonPath(path).find(REQUEST) == found


def test_filters_compare_numbers() -> None:
    value = {"items": [{"n": 1}, {"n": 5}, {"n": "5"}, {}]}
    assert JsonPath("{.items[?(@.n>1)].n}").find(value) == [5]
    assert JsonPath("{.items[?(@.n<=1)].n}").find(value) == [1]


@pytest.mark.parametrize("path", ["", "{}", "{.a", ".a}", "{.a b}", "{.a[}", "{.a[?(@.b ~ 1)]}", "{.a[x]}", "$"])
def test_paths_that_cannot_be_read_are_refused(path: str) -> None:
    with pytest.raises(UsageError):
        JsonPath(path)


TEMPLATES = [
    ("{{.source.ip}}:{{.source.port}}", "10.0.0.1:4000"),
    ("{{with .requestInitEvent}}{{.method}} {{.path}}{{end}}", "POST /api/vote"),
    ("{{with .responseInitEvent}}{{.httpStatus}}{{else}}none{{end}}", "none"),
    ("{{with .requestInitEvent}}{{$.source.ip}}{{end}}", "10.0.0.1"),
    ("{{if .responseInitEvent}}a{{else if .requestInitEvent}}b{{else}}c{{end}}", "b"),
    ("{{range .requestInitEvent.headers}}{{.name}}={{.valueStr}};{{end}}", "user-agent=curl;x-b=2;"),
    ("{{range $i, $h := .requestInitEvent.headers}}{{$i}}:{{$h.name}} {{end}}", "0:user-agent 1:x-b "),
    ("{{range $h := .requestInitEvent.headers}}{{$h.name}}{{end}}", "user-agentx-b"),
    ("{{range $k, $v := .source.metadata}}{{$k}}={{$v}}{{end}}", "pod=web-1"),
    ("{{range .routeMeta}}x{{else}}no route{{end}}", "no route"),
    ('{{if eq .requestInitEvent.method "POST" "PUT"}}writes{{end}}', "writes"),
    ('{{if and (eq .requestInitEvent.method "POST") (gt .source.port 1000)}}both{{end}}', "both"),
    ("{{if not .routeMeta}}no{{end}}", "no"),
    (
        '{{printf "%-6s|%5d|%q|%v" .requestInitEvent.method .source.port .source.ip true}}',
        'POST  | 4000|"10.0.0.1"|true',
    ),
    ('{{.requestInitEvent.path | printf "%s!"}}', "/api/vote!"),
    ("{{len .requestInitEvent.headers}}", "2"),
    ('{{index .source.metadata "pod"}}', "web-1"),
    ("{{(index .requestInitEvent.headers 1).name}}", "x-b"),
    ('{{$m := .requestInitEvent.method}}{{$m}}{{"\\t"}}{{`raw\\n`}}', "POST\traw\\n"),
    ("a {{- .source.port -}} b", "a4000b"),
    ("{{/* nothing */}}{{.source.port}}", "4000"),
    ("{{print .source.port .source.port}}{{print 1 .source.ip}}", "4000 4000110.0.0.1"),
    (
        "{{.source.metadata}} {{.requestInitEvent.headers}}",
        "map[pod:web-1] [map[name:user-agent valueStr:curl] map[name:x-b valueStr:2]]",
    ),
    ('{{or .routeMeta "default"}}', "default"),
    ("{{if ne .source.port 80}}{{if le 1 2}}{{if lt 1 2}}{{if ge 2 2}}yes{{end}}{{end}}{{end}}{{end}}", "yes"),
    ("{{.source.ip}} {{.nowhere}}", "10.0.0.1 <no value>"),
]


@pytest.mark.parametrize(("template", "text"), TEMPLATES)
def test_templates_print(template: str, text: str) -> None:
    assert Template(template).render(REQUEST) == text


@pytest.mark.parametrize(("template", "text"), TEMPLATES)
def test_templates_print_what_kubectl_prints(template: str, text: str, kubectl: Kubectl) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **REQUEST}
    words = ("create", "--dry-run=client", "--validate=false", "-f", "-", "-o", f"go-template={template}")
    ran = kubectl(*words, stdin=json.dumps(manifest))
    assert (ran.stdout, ran.stderr) == (text, "")


def test_events_that_have_nothing_of_what_is_printed_print_nothing() -> None:
    template = Template("{{.requestInitEvent.method}} {{.requestInitEvent.path}}")
    assert template.render(REQUEST) == "POST /api/vote"
    assert template.render(ANSWER) is None


def test_values_are_made_harmless_and_literals_are_not_touched() -> None:
    evil = to_json_form(begun("/\x1b[2J\n"))
    assert Template('{{.requestInitEvent.path}}{{"\\n"}}').render(evil) == "/\\x1b[2J\\n\n"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{.a", "no }}"),
        ("{{if .a}}", "{{end}} is missing"),
        ("{{end}}", "without a beginning"),
        ("{{else}}", "without a beginning"),
        ("{{if .a}}{{else}}{{else}}{{end}}", "second {{else}}"),
        ("{{nothing .a}}", "no function 'nothing'"),
        ("{{.a .b}}", "side by side"),
        ("{{$x}}", "$x is not set"),
        ("{{if}}{{end}}", "a value is missing"),
        ("{{eq (.a}}", ") is missing"),
        ("{{.a | .b}}", "piped into a function"),
        ("{{ # }}", "cannot be read"),
        ("{{range $i, $j .a}}{{end}}", "range takes"),
        ("{{not len .a}}", "parentheses"),
    ],
)
def test_templates_that_cannot_be_read_are_refused(template: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        Template(template)
    assert words in error.value.message


@pytest.mark.parametrize("template", ["{{len 5}}", "{{not}}", "{{if gt .source.ip 5}}{{end}}", "{{printf 5}}"])
def test_functions_that_get_what_they_cannot_take_say_so(template: str) -> None:
    with pytest.raises(UsageError):
        Template(template).render(REQUEST)
