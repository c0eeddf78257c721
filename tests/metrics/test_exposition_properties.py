"""The parser against prometheus_client, line by line, on generated text and on text that was broken afterwards.

Some hundred examples each in the suite; `LINKERDCTL_EXAMPLES=10000 pytest tests/metrics` looks longer.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator

from hypothesis import example, given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as legacy

from linkerdctl.errors import ExpositionError
from linkerdctl.metrics.exposition import Exposition, parse
from linkerdctl.metrics.labels import parse_labels, split_le

examples = settings(max_examples=int(os.environ.get("LINKERDCTL_EXAMPLES", "400")), deadline=None)

NAMES = ("requests_total", "requests", "requests_total_bytes", "latency_ms_bucket", "up")
Series = tuple[str, frozenset[tuple[str, str | float]]]
Found = dict[Series, float]


def ours(text: bytes) -> Found:
    exposition: Exposition = parse(text, NAMES)
    found: Found = {}
    for name, samples in exposition.samples.items():
        for labels, value in samples.items():
            found.setdefault((name, frozenset(parse_labels(labels).items())), value)
    for name, histograms in exposition.buckets.items():
        for labels, buckets in histograms.items():
            for bound, count in buckets.items():
                found.setdefault((name, frozenset([*parse_labels(labels).items(), ("le", bound)])), count)
    return found


def theirs(text: bytes) -> Found:
    """What the oracle makes of each line by itself, so that no TYPE renames what follows it; the first of each series."""
    found: Found = {}
    for line in text.decode(errors="replace").split("\n"):
        for name, labels, value in oracle_samples(line):
            if name in NAMES:
                found.setdefault(series(name, labels), float(value))
    return found


def oracle_samples(line: str) -> Iterator[tuple[str, dict[str, str], float]]:
    """Raises all sorts of errors."""
    for family in legacy(f"{line}\n"):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def series(name: str, labels: dict[str, str]) -> Series:
    le: dict[str, str | float] = {"le": float(labels["le"])} if name.endswith("_bucket") else {}
    return name, frozenset({**labels, **le}.items())


def same(one: Found, other: Found) -> bool:
    return one.keys() == other.keys() and all(
        value == other[key] or (math.isnan(value) and math.isnan(other[key])) for key, value in one.items()
    )


# What separates lines for `str.splitlines`, which the oracle's reader uses, is text for the format.
text_values = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=12
) | st.sampled_from(['",le="1"} 5', "\\", '"', "a\\nb\n", "} 1", "# {", ",le=", "=", ","])
label_sets = st.dictionaries(st.sampled_from(["direction", "path", "dst_pod", "_x1"]), text_values, max_size=4)
bounds = st.sampled_from(["1", "2.5", "0.005", "1e-05", "10", "+Inf"])
numbers = st.one_of(
    st.integers(0, 10**12).map(str),
    st.floats(min_value=0, allow_infinity=False).map(repr),
    st.sampled_from(["NaN", "+Inf", "-Inf", "0", "1.", ".5", "+3", "-7.25", "1e3", "2E-3"]),
)
comments = st.sampled_from(
    [
        "",
        "   ",
        "# just a remark",
        '# HELP requests_total some help {not="labels"} 1',
        "# TYPE requests counter",
        "# HELP latency_ms up 1",
        "# TYPE latency_ms histogram",
        "# UNIT up seconds",
        'elsewhere{up="1"} 1',
        "up_time 7",
    ]
)


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@st.composite
def sample_lines(draw: st.DrawFn) -> str:
    """A sample as a proxy writes it or, now and then, as only the format's definition allows it."""
    name = draw(st.sampled_from(NAMES))
    labels = list(draw(label_sets).items())
    if name.endswith("_bucket"):
        labels.insert(draw(st.sampled_from([len(labels), 0])), ("le", draw(bounds)))
    odd = draw(st.booleans())
    blank = draw(st.sampled_from(["", " ", "\t "])) if odd else ""
    inside = f",{blank}".join(f'{key}{blank}={blank}"{escaped(value)}"' for key, value in labels)
    comma = draw(st.sampled_from(["", ","])) if odd and labels else ""
    braces = f"{blank}{{{blank}{inside}{blank}{comma}}}" if labels or odd else ""
    timestamp = draw(st.sampled_from(["", " 1395066363000"])) if odd else ""
    end = draw(st.sampled_from(["", "\r"])) if odd else ""
    return f"{blank}{name}{braces} {blank}{draw(numbers)}{timestamp}{blank}{end}"


expositions = st.lists(sample_lines() | comments, max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in ["# a proxy", *lines])
)


@examples
@given(expositions)
@example('requests_total{path="{a} 5"} 3\n')
@example('requests_total{path="x# {y=\\"1\\"} 7"} 3 17\n')
@example('up 1\nrequests_total{path="}"} 2\nup{le="1"} 3\n')
def test_generated_text_is_read_as_the_oracle_reads_it(text: str) -> None:
    assert same(ours(text.encode()), theirs(text.encode()))


_ = r"[ \t]*"
NUMBER = r"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?i:inf|infinity)|(?i:nan))"
LABEL = rf'[a-zA-Z_]\w*{_}={_}"(?:[^"\\]|\\.)*"'
LABELS = rf"{_}(?:{LABEL}(?:{_},{_}{LABEL})*{_}(?:,{_})?)?"
EXEMPLAR = rf"[ \t]+\#{_}\{{{LABELS}\}}{_}{NUMBER}(?:[ \t]+{NUMBER})?"
NAME = "|".join(NAMES)
SAMPLE = rf"""
    {_}(?P<name>{NAME})(?:[ \t]+|{_}\{{(?P<labels>{LABELS})\}}{_})
    {NUMBER}(?:[ \t]+{NUMBER})?(?:{EXEMPLAR})?{_}\r?
    """
BY_THE_LETTER = re.compile(SAMPLE.encode(), re.VERBOSE)
NAME_AND_VALUE = re.compile(rb'(\w+)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"')
WANTED = re.compile(rf"{_}(?:{NAME})[ \t{{]".encode())


def well_formed(line: bytes) -> bool:
    """The format's definition a second time, plainly: one sample of `NAMES`."""
    sample = BY_THE_LETTER.fullmatch(line)
    if sample is None:
        return False
    labels = NAME_AND_VALUE.findall(sample["labels"] or b"")
    bound = dict(labels).get(b"le", b"")
    bounded = re.fullmatch(NUMBER.encode(), bound) is not None and not math.isnan(float(bound))
    return len(dict(labels)) == len(labels) and (bounded or not sample["name"].endswith(b"_bucket"))


PIECES = [*b'" \\ { } , = _ # 0 . e a \xff \x00 le="1" +Inf up'.split(), b" ", b"\t", b"\n", b"\r", b" 5", b"up 1\n"]


@st.composite
def broken_expositions(draw: st.DrawFn) -> bytes:
    """Bytes lost, put in, repeated; lines cut short."""
    text = draw(expositions).encode()
    for _ in range(draw(st.integers(1, 3))):
        at, until = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
        instead = [b"", draw(st.sampled_from(PIECES)) + text[at:], text[at + 1 :], text[at:until] + text[at:]]
        text = text[:at] + draw(st.sampled_from(instead))
    return text


@examples
@given(broken_expositions())
@example(b"up 1_000\n")
@example(b'up{path="a"_x1="b"} 1\n')
@example(b'up 1\nup 2 # {a="b"} 1\nup{direction="x",direction="y"} 1\n')
def test_broken_text_is_read_as_the_oracle_reads_it_or_refused_at_its_first_fault(text: bytes) -> None:
    wanted = [(number, line) for number, line in enumerate(text.split(b"\n"), 1) if WANTED.match(line)]
    faults = [number for number, line in wanted if not well_formed(line)]
    try:
        got = ours(text)
    except ExpositionError as error:
        whole = error.reason in ("the text is empty", "this is not metrics text", "the text ends in mid-line")
        assert whole or error.line == faults[0]
        assert 1 <= error.column <= len(text.split(b"\n")[error.line - 1]) + 1
    else:
        assert faults == []
        # The oracle refuses labels that begin with two underscores; Prometheus and we do not.
        if b"__" not in text:
            assert same(got, theirs(b"\n".join(line for _, line in wanted)))


@st.composite
def openmetrics_texts(draw: st.DrawFn) -> str:
    """A counter, a gauge and a histogram with exemplars and timestamps, as OpenMetrics wants them."""
    whole = st.integers(0, 10**6)
    exemplar = st.sampled_from(["", ' # {trace_id="a} 1",b="# {"} 0.5', " # {} 3.25 1520879607.789"])
    timestamp = draw(st.sampled_from(["", " 1520879607.789", " 1e9"]))
    values = draw(st.lists(text_values, min_size=1, max_size=3, unique=True))
    lines = ["# TYPE requests counter", "# HELP requests Some."]
    lines += [f'requests_total{{path="{escaped(each)}"}} {draw(whole)}{timestamp}{draw(exemplar)}' for each in values]
    lines += ["# TYPE up gauge", f"up {draw(whole)}{timestamp}", "# TYPE latency_ms histogram", "# UNIT latency_ms ms"]
    count = 0
    for bound in ("1.0", "2.5", "+Inf"):
        count += draw(whole)
        lines.append(f'latency_ms_bucket{{le="{bound}"}} {count}{timestamp}{draw(exemplar)}')
    lines += [f"latency_ms_count {count}{timestamp}", f"latency_ms_sum 1.5{timestamp}", "# EOF"]
    return "\n".join(lines) + draw(st.sampled_from(["", "\n"]))


@examples
@given(openmetrics_texts())
def test_openmetrics_is_read_as_the_oracle_reads_it(text: str) -> None:
    samples = [sample for family in openmetrics(text) for sample in family.samples if sample.name in NAMES]
    assert len(samples) >= 5
    assert same(ours(text.encode()), {series(each.name, each.labels): each.value for each in samples})


@examples
@given(st.dictionaries(st.sampled_from("abcdefgh"), st.text(), max_size=5), st.booleans())
def test_labels_come_back_as_they_were_written(labels: dict[str, str], comma: bool) -> None:
    raw = ",".join(f'{name}="{escaped(value)}"' for name, value in labels.items()) + ("," if comma and labels else "")
    assert parse_labels(raw.encode(errors="surrogatepass")) == {
        name: value.encode(errors="surrogatepass").decode(errors="replace") for name, value in labels.items()
    }


@examples
@given(st.dictionaries(st.sampled_from(["a", "b", "le"]), text_values, max_size=3), st.permutations(["a", "b", "le"]))
def test_a_bucket_is_parted_from_its_bound_whatever_the_order(labels: dict[str, str], order: list[str]) -> None:
    labels["le"] = "2.5"
    raw = ",".join(f'{name}="{escaped(labels[name])}"' for name in order if name in labels).encode()
    others, bound = split_le(raw)
    assert (parse_labels(others), bound) == ({name: labels[name] for name in labels if name != "le"}, 2.5)
