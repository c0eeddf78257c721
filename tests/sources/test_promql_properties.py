"""Selectors and durations come back as they were written, and the real promtool can read them."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from linkerdctl.durations import parse_duration
from linkerdctl.metrics.query import Matcher
from linkerdctl.sources.prometheus.promql import condition, duration, impossible, selector

examples = settings(max_examples=int(os.environ.get("LINKERDCTL_EXAMPLES", "200")), deadline=None)

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(
    alphabet='.*+?()[]{}|^$\\"\n-/ab', max_size=6
)
matchers = st.builds(
    Matcher, st.sampled_from(["a", "namespace", "dst_pod"]), st.lists(values, max_size=3).map(tuple), st.booleans()
)

_CONDITION = re.compile(r'(\w+)(=~|!~|!=|=)"((?:[^"\\\n]|\\.)*)"(?:, |$)')
_ESCAPED = {"\\": "\\", '"': '"', "n": "\n"}


def holds(text: str, labels: dict[str, str]) -> bool:
    """What PromQL means by a selector: literals unquoted, patterns that match the whole value."""
    found, at = True, 0
    while at < len(text):
        part = _CONDITION.match(text, at)
        assert part, text[at:]
        at = part.end()
        value, actual = re.sub(r"\\(.)", lambda each: _ESCAPED[each[1]], part[3]), labels.get(part[1], "")
        matches = re.fullmatch(value, actual) is not None if "~" in part[2] else value == actual
        found = found and matches is not part[2].startswith("!")
    return found


@examples
@given(st.lists(matchers, max_size=4), st.dictionaries(st.sampled_from(["a", "namespace"]), values), st.data())
def test_a_selector_selects_what_its_matchers_accept(
    wanted: list[Matcher], labels: dict[str, str], data: st.DataObject
) -> None:
    if known := [value for each in wanted for value in each.values]:
        labels["dst_pod"] = data.draw(st.sampled_from(known))
    if impossible(wanted):
        assert not all(each.accepts(labels) for each in wanted)
        return
    text = selector("response_total", wanted).removeprefix("response_total")
    assert holds(text[1:-1], labels) is all(each.accepts(labels) for each in wanted)


@examples
@given(st.floats(0.001, 1e9))
def test_a_duration_is_read_as_what_was_written_to_the_millisecond(seconds: float) -> None:
    text = duration(seconds)
    assert math.isclose(parse_duration(text), seconds, abs_tol=0.00051, rel_tol=1e-12)
    assert re.fullmatch(r"(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", text)


def test_promtool_can_read_them(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    assert promtool, "promtool comes with Prometheus; `make test` installs it"
    hard = ["", *".*+?()[]{}|^$\\\"\n-/#\t\x00\x7f\x85\u2028\uffff'`", "a.b|c", "\\", "\\n", "$1", "(?i)", "[:alpha:]"]
    wanted = [
        *(Matcher("a", (value,), negate) for value in hard for negate in (True, False)),
        *(Matcher("a", (value, f"{value}{other}"), len(value) > 1) for value in hard for other in hard),
    ]
    rules = [
        {
            "record": "a:b",
            "expr": f"rate(x{{{condition(each)}}}[{duration(number + 0.001)}])",
            "labels": {"n": str(number)},
        }
        for number, each in enumerate(wanted)
    ]
    (tmp_path / "rules.json").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    ran = subprocess.run(
        [promtool, "check", "rules", str(tmp_path / "rules.json")], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(rules)} rules found" in ran.stdout
