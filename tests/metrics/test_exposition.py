"""The parser against prometheus_client on real dumps, and by example on what the format allows and forbids."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as legacy

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.exposition import Exposition, parse
from linkerdctl.metrics.labels import parse_labels
from linkerdctl.metrics.scrape import Scrape

DUMPS = sorted((Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles").glob("*/*/*.prom.gz"))
Found = dict[frozenset[tuple[str, str | float]], float]


def found(exposition: Exposition, name: str) -> Found:
    """Samples by their labels, the bound of a bucket among them as a number."""
    samples: Found = {
        frozenset(parse_labels(labels).items()): value for labels, value in exposition.samples.get(name, {}).items()
    }
    for labels, buckets in exposition.buckets.get(name, {}).items():
        for bound, count in buckets.items():
            samples[frozenset([*parse_labels(labels).items(), ("le", bound)])] = count
    return samples


def ours(text: str, name: str) -> Found:
    return found(parse(text.encode(), [name]), name)


def labelled(name: str, labels: dict[str, str]) -> frozenset[tuple[str, str | float]]:
    if name.endswith("_bucket"):
        return frozenset({**labels, "le": float(labels["le"])}.items())
    return frozenset(labels.items())


def theirs(text: str, parser: object = legacy) -> dict[str, Found]:
    samples: dict[str, Found] = {}
    for family in parser(text):  # type: ignore[operator]
        for sample in family.samples:
            by_labels = samples.setdefault(as_written(sample.name, text), {})
            by_labels.setdefault(labelled(sample.name, sample.labels), sample.value)
    return samples


def as_written(name: str, text: str) -> str:
    """The oracle calls every counter's samples `_total`, also those that the text calls otherwise."""
    return name if f"\n{name}{{" in text or f"\n{name} " in text else name.removesuffix("_total")


def same(one: Found, other: Found) -> bool:
    return one.keys() == other.keys() and all(
        value == other[key] or (math.isnan(value) and math.isnan(other[key])) for key, value in one.items()
    )


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: f"{dump.parts[-3]}-{dump.name[:8]}")
def test_real_dumps_are_read_as_the_oracle_reads_them(dump: Path) -> None:
    text = gzip.decompress(dump.read_bytes())
    wanted = theirs(text.decode())
    got = parse(text, wanted)
    assert len(wanted) > 90
    for name, samples in wanted.items():
        assert same(found(got, name), samples), name


OPENMETRICS = """\
# HELP tokio_busy_seconds Total time.
# TYPE tokio_busy_seconds counter
# UNIT tokio_busy_seconds seconds
tokio_busy_seconds_total{worker="0"} 26.5 # {trace_id="a} 1"} 0.5 1520879607.789
tokio_busy_seconds_total{worker="1"} 3.25 1520879607.789
# HELP latency Time.
# TYPE latency histogram
latency_bucket{le="1.0"} 1 # {id="x"} 0.7
latency_bucket{le="+Inf"} 2
latency_count 2
latency_sum 3.5
# EOF
"""


@pytest.mark.parametrize("name", ["tokio_busy_seconds_total", "latency_bucket", "latency_count", "latency_sum"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_openmetrics_is_read_as_the_oracle_reads_it_whether_or_not_a_line_feed_ends_it(name: str, end: str) -> None:
    text = OPENMETRICS.rstrip() + end
    assert same(ours(text, name), theirs(text, openmetrics)[name])


def by_a(text: str, name: str = "up") -> dict[str | float, float]:
    return {dict(labels).get("a", ""): value for labels, value in ours(text, name).items()}


@pytest.mark.parametrize(
    ("text", "samples"),
    [
        pytest.param('up{a="b"} 1\r\nup 2\r\n', {"b": 1, "": 2}, id="lines end as on Windows"),
        pytest.param('  up{a="b"} 1\n\tup 2  \n', {"b": 1, "": 2}, id="blanks around a line"),
        pytest.param('up { a = "b" , } 1\n', {"b": 1}, id="blanks everywhere, and a last comma"),
        pytest.param("up\t3\nup{}\t4\n", {"": 3}, id="tabs; no labels and empty braces are the same"),
        pytest.param('up{a="b"} 1\nup{a="b"} 2\n', {"b": 1}, id="the first of two series that are the same"),
        pytest.param('up{a="b"} 1 1395066363000\nup 2 -5\n', {"b": 1, "": 2}, id="timestamps"),
        pytest.param('up{a="}"} 1\nup{a="# {} 1"} 2\n', {"}": 1, "# {} 1": 2}, id="braces and hashes in values"),
        pytest.param('up{a="x,le="} 1\nup{a=","} 2\n', {"x,le=": 1, ",": 2}, id="commas and equal signs in values"),
        pytest.param('up{a="\\\\n\\n\\"\\x"} 1\n', {'\\n\n"\\x': 1}, id="escapes, and a backslash that is none"),
        pytest.param('up{a="b"} 1e3\nup -.5\n', {"b": 1000, "": -0.5}, id="exponents and bare fractions"),
        pytest.param('up{a="b"} +Inf\nup -inf\n', {"b": math.inf, "": -math.inf}, id="infinity"),
        pytest.param(
            'up{a="1"} 1\nother 5\nup{a="2"} 2\nupper{a="3"} 3\nup{a="4"} 4\n', {"1": 1, "2": 2, "4": 4}, id="pieces"
        ),
        pytest.param(
            '# TYPE up_total counter\n# HELP u p\nup{a="b"} 1\n', {"b": 1}, id="TYPE and HELP of another name"
        ),
        pytest.param('broken{a= 5\nup{a="1"} 1\nup_ x\n', {"1": 1}, id="faults of families no one asked for"),
        pytest.param('up{a="\x00"} 1\n', {"\x00": 1}, id="NUL"),
    ],
)
def test_what_the_format_allows_is_read(text: str, samples: dict[str, float]) -> None:
    assert by_a(text) == samples


def test_labels_that_are_not_utf_8_cost_no_proxy() -> None:
    assert by_a("up 1\n") == {"": 1}
    [labels] = parse(b'up{a="\xc3"} 1\n', ["up"]).samples["up"]
    assert parse_labels(labels) == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "labels",
    ['a="b",le="1"', 'le="1",a="b"', 'a="b", le="1.0"', 'a="b",le="1",', 'le="1e0",a="b"'],
)
def test_buckets_belong_to_one_histogram_wherever_le_stands(labels: str) -> None:
    text = f'ms_bucket{{{labels}}} 3\nms_bucket{{a="b",le="+Inf"}} 4\n'
    assert ours(text, "ms_bucket") == {
        frozenset({("a", "b"), ("le", 1.0)}): 3,
        frozenset({("a", "b"), ("le", math.inf)}): 4,
    }


def test_a_value_that_looks_like_the_end_of_a_bucket_is_a_value() -> None:
    text = 'ms_bucket{le="7",a="x,le=",b="2"} 3\nms_bucket{b="x,le=",le="+Inf"} 4\n'
    assert ours(text, "ms_bucket") == {
        frozenset({("a", "x,le="), ("b", "2"), ("le", 7.0)}): 3,
        frozenset({("b", "x,le="), ("le", math.inf)}): 4,
    }


def test_names_that_the_text_does_not_hold_have_no_samples() -> None:
    got = parse(b"up 1\n", ["up", "down", "ms_bucket"])
    assert (got.samples, got.buckets) == ({"up": {b"": 1.0}, "down": {}}, {"ms_bucket": {}})
    assert parse(b"up 1\n", []) == Exposition({}, {})


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("  \n ", 1, 1, "empty"),
        ("<html>\n<body>502</body></html>\n", 1, 1, "no"),
        ('{"kind": "Status"}\n', 1, 1, "not metrics"),
        ("\x1f\x8b\x08garbage\n", 1, 1, "not metrics"),
        ('up{a="b"} 1\nup{a="c"} 2', 2, 12, "mid-line"),
        ("up 1\n# EO", 2, 5, "mid-line"),
        ('up{a="b"} 1\nup{a="c} 2\n', 2, 4, "label"),
        ('# HELP up\nother 3\n\nup{a="b"} x12\n', 4, 11, "'x12' is not a number"),
        ("up 1_000\n", 1, 4, "'1_000' is not a number"),
        ("up 0x1p3\n", 1, 4, "not a number"),
        ("up .\n", 1, 4, "not a number"),
        ("up{a=b} 1\n", 1, 4, "label"),
        ('up{a="b"c="d"} 1\n', 1, 9, "comma is missing"),
        ('up{a="b",,c="d"} 1\n', 1, 10, "label"),
        ('up{,a="b"} 1\n', 1, 4, "label"),
        ('up{a="b" 1\n', 1, 10, "comma"),
        ('up{a="b"}} 1\n', 1, 10, "not a number"),
        ('up{a="1",a="2"} 1\n', 1, 10, "label a is given twice"),
        ('up{a"1"=,b="2"} 1\n', 1, 4, "label"),
        ('up{1a="1"} 1\n', 1, 4, "label"),
        ("up{} \n", 1, 6, "value is missing"),
        ("up 1 2 3\n", 1, 5, "timestamp"),
        ('up 1 # {a="b"}\n', 1, 5, "exemplar"),
        ("\n\n  up{} 1}\n", 3, 8, "not a number"),
    ],
)
def test_what_the_format_forbids_is_told_by_line_and_column(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ExpositionError, match=words) as caught:
        parse(text.encode(), ["up"])
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "labels", ['a="b"', "", 'le="x"', 'le="NaN"', 'le=""', 'le="1",a="b",le="2"', 'a="b",,le="1"', 'a="b"le="1"', '1"']
)
def test_a_bucket_needs_one_bound_that_is_a_number(labels: str) -> None:
    text = f'ms_bucket{{le="1"}} 1\nms_bucket{{{labels}}} 1\n'
    with pytest.raises(ExpositionError) as caught:
        parse(text.encode(), ["ms_bucket"])
    assert caught.value.line == 2


def test_a_text_without_anything_of_a_proxy_is_refused() -> None:
    with pytest.raises(ExpositionError, match="no metric of a proxy"):
        Scrape.read(b"node_load1 0.2\n", 0.0, ["response_total", "response_latency_ms_bucket"])


def test_a_proxy_is_one_by_its_histograms_alone() -> None:
    scrape = Scrape.read(b'ms_bucket{le="+Inf"} 2\n', 5.0, ["ms_bucket"])
    assert (scrape.buckets, scrape.started) == ({"ms_bucket": {b"": {math.inf: 2.0}}}, None)
