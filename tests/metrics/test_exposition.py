"""The parser against prometheus_client, on real dumps, on generated text, and on text that is broken."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as legacy

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.exposition import parse
from linkerdctl.metrics.labels import parse_labels

DUMPS = sorted((Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles").glob("*/*/*.prom.gz"))
Found = dict[frozenset[tuple[str, str]], float]


def ours(text: str, name: str) -> Found:
    samples = parse(text.encode(), [name])[name]
    return {frozenset(parse_labels(labels).items()): value for labels, value in samples.items()}


def theirs(text: str, name: str, parser: object = legacy) -> Found:
    return {
        frozenset(sample.labels.items()): sample.value
        for family in parser(text)  # type: ignore[operator]
        for sample in family.samples
        if sample.name == name
    }


def same(one: Found, other: Found) -> bool:
    return one.keys() == other.keys() and all(
        value == other[key] or (math.isnan(value) and math.isnan(other[key])) for key, value in one.items()
    )


def as_written(name: str, text: str) -> str:
    """The oracle calls every counter's samples `_total`, also those that the text calls otherwise."""
    return name if f"\n{name}{{" in text or f"\n{name} " in text else name.removesuffix("_total")


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: f"{dump.parts[-3]}-{dump.name[:8]}")
def test_real_dumps_are_read_as_the_oracle_reads_them(dump: Path) -> None:
    text = gzip.decompress(dump.read_bytes()).decode()
    wanted: dict[str, Found] = {}
    for family in legacy(text):
        for sample in family.samples:
            wanted.setdefault(as_written(sample.name, text), {})[frozenset(sample.labels.items())] = sample.value
    got = parse(text.encode(), wanted)
    for name, samples in wanted.items():
        read = {frozenset(parse_labels(labels).items()): value for labels, value in got[name].items()}
        assert same(read, samples), name


NAMES = ("requests_total", "requests", "requests_total_bytes", "latency_ms_bucket", "up")
label_names = st.sampled_from(["direction", "le", "path", "dst_pod", "_x1"])
values = st.floats(allow_nan=True, allow_infinity=True) | st.integers(0, 10**12).map(float)


def number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@st.composite
def expositions(draw: st.DrawFn) -> str:
    """Families in and out of order, with comments, timestamps, odd spacing and any text in label values.

    A series stands there once: what it means twice, the format does not say.
    """
    lines: list[str] = []
    seen: set[tuple[str, frozenset[tuple[str, str]]]] = set()
    text_values = st.text(
        st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=12
    )
    for _ in range(draw(st.integers(0, 12))):
        name = draw(st.sampled_from(NAMES))
        if draw(st.booleans()):
            lines.append(f'# HELP {name} some help {{not="labels"}} 1')
        labels = draw(st.dictionaries(label_names, text_values, max_size=4))
        if (name, frozenset(labels.items())) in seen:
            continue
        seen.add((name, frozenset(labels.items())))
        gap = draw(st.sampled_from([" ", "  ", "\t"]))
        comma = draw(st.sampled_from(["", ","])) if labels else ""
        inside = ",".join(f'{key}="{escaped(value)}"' for key, value in labels.items()) + comma
        braces = f"{{{inside}}}" if labels or draw(st.booleans()) else ""
        timestamp = draw(st.sampled_from(["", "", " 1395066363000"]))
        lines.append(f"{name}{braces}{gap}{number(draw(values))}{timestamp}")
    return "".join(f"{line}\n" for line in lines) or "# nothing\n"


@settings(max_examples=600, deadline=None)
@given(expositions())
@example('requests_total{path="{a} 5"} 3\n')
@example('requests_total{path="x# {y=\\"1\\"} 7"} 3 17\n')
@example('up 1\nrequests_total{path="}"} 2\nup{le="1"} 3\n')
def test_generated_text_is_read_as_the_oracle_reads_it(text: str) -> None:
    for name in NAMES:
        assert same(ours(text, name), theirs(text, name)), name


@settings(max_examples=600, deadline=None)
@given(expositions(), st.data())
def test_broken_text_is_an_error_or_read_without_inventing_anything(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    at = data.draw(st.integers(0, len(raw)))
    broken = data.draw(st.sampled_from([raw[:at], raw[:at] + b"\x00\xff" + raw[at:], raw[:at] + raw[at + 1 :]]))
    try:
        samples = parse(broken, NAMES)
    except ExpositionError as error:
        assert error.line >= 1
        assert error.column >= 1
        return
    for name in NAMES:
        assert all(isinstance(value, float) for value in samples[name].values())
        for labels in samples[name]:
            parse_labels(labels)


OPENMETRICS = """\
# HELP tokio_busy_seconds Total time.
# TYPE tokio_busy_seconds counter
# UNIT tokio_busy_seconds seconds
tokio_busy_seconds_total{worker="0"} 26.5 # {trace_id="a} 1"} 0.5 1520879607.789
tokio_busy_seconds_total{worker="1"} 3.25
# HELP latency Time.
# TYPE latency histogram
latency_bucket{le="1.0"} 1 # {id="x"} 0.7
latency_bucket{le="+Inf"} 2
latency_count 2
latency_sum 3.5
# EOF
"""


@pytest.mark.parametrize("name", ["tokio_busy_seconds_total", "latency_bucket", "latency_count", "latency_sum"])
def test_openmetrics_with_exemplars_is_read_as_the_oracle_reads_it(name: str) -> None:
    assert same(ours(OPENMETRICS, name), theirs(OPENMETRICS, name, openmetrics))


def test_lines_may_end_as_on_windows() -> None:
    assert ours('up{a="b"} 1\r\nup 2\r\n', "up") == {frozenset({("a", "b")}): 1, frozenset(): 2}


def test_a_family_in_several_pieces_is_one() -> None:
    text = 'up{a="1"} 1\nother 5\nup{a="2"} 2\nupper{a="3"} 3\nup{a="4"} 4\n'
    assert {dict(key)["a"]: value for key, value in ours(text, "up").items()} == {"1": 1, "2": 2, "4": 4}


def test_faults_of_families_no_one_asked_for_go_unnoticed() -> None:
    assert ours('broken{a= 5\nup{a="1"} 1\n', "up") == {frozenset({("a", "1")}): 1}


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("  \n ", 1, 1, "empty"),
        ("<html>\n<body>502</body></html>\n", 1, 1, "no"),
        ('{"kind": "Status"}\n', 1, 1, "not metrics"),
        ("\x1f\x8b\x08garbage\n", 1, 1, "not metrics"),
        ('up{a="b"} 1\nup{a="c"} 2', 2, 12, "mid-line"),
        ('up{a="b"} 1\nup{a="c} 2\n', 2, 1, "not a sample"),
        ('other 3\n\nup{a="b"} x12\n', 3, 11, "'x12' is not a number"),
        ("up{a=b} 1\n", 1, 4, "label"),
        ("up{} \n", 1, 1, "not a sample"),
    ],
)
def test_broken_text_is_told_by_line_and_column(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ExpositionError, match=words) as caught:
        parse(text.encode(), ["up"])
    assert (caught.value.line, caught.value.column) == (line, column)
