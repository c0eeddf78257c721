"""Any proto that is written by the rules reads back as what it was written from, whatever stands around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkerdctl.errors import SpecificationError
from linkerdctl.profiles.proto import routes_of_proto

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
packages = st.lists(names, min_size=1, max_size=3).map(".".join)
gaps = st.sampled_from([" ", "\n", "\t", " // } rpc X (A) returns (B); {\n", " /* service No { */ ", "\r\n", " /***/ "])
levels = st.sampled_from(["", "IDEMPOTENT", "NO_SIDE_EFFECTS", "IDEMPOTENCY_UNKNOWN", '"IDEMPOTENT"'])
rpcs = st.tuples(names, st.booleans(), st.booleans(), levels)
services = st.lists(st.tuples(names, st.lists(rpcs, max_size=3)), max_size=3)
noise = st.lists(
    st.sampled_from(
        [
            "import 'a.proto'", ";", 'option java_package = "} service No { {"', "message M { string a = 1; M b = 2; }",
            "enum E { A = 0; B = -1; }", "message N { oneof x { int32 a = 1; } map<string, M> b = 2; enum E { A = 0; } }",
            "option (a.b).c = { d: [ { e: 1 }, < f: '}' > ] }", "extend M { optional int32 z = 100; }",
        ]
    ).map(lambda text: text if text.endswith("}") and not text.startswith("option") else f"{text};"),
    max_size=3,
)  # fmt: skip


def tokens_of(package: str, found: list[tuple[str, list[tuple[str, bool, bool, str]]]]) -> list[str]:
    """The words and signs of a file; blanks may stand between any two."""
    words = ["package", package, ";"] if package else []
    for service, calls in found:
        words += ["service", service, "{"]
        for name, up, down, level in calls:
            words += ["rpc", name, "(", *(["stream"] if up else []), "In", ")"]
            words += ["returns", "(", *(["stream"] if down else []), ".p.Out", ")"]
            words += ["{", "option", "idempotency_level", "=", level, ";", "}"] if level else [";"]
        words.append("}")
    return words


@given(packages | st.just(""), services, noise, noise, st.data())
def test_what_was_written_is_read(
    package: str,
    found: list[tuple[str, list[tuple[str, bool, bool, str]]]],
    before: list[str],
    after: list[str],
    data: st.DataObject,
) -> None:
    text = "".join(word + data.draw(gaps) for word in (*before, *tokens_of(package, found), *after))
    called = [f"{package}.{service}" if package else service for service, _ in found]
    assert [(route.name, route.path_regex, route.is_retryable) for route in routes_of_proto(text).routes] == [
        (name, f"/{full}/{name}".replace(".", r"\."), level.strip('"') in ("IDEMPOTENT", "NO_SIDE_EFFECTS"))
        for full, (_, calls) in zip(called, found, strict=True)
        for name, _, _, level in calls
    ]


@given(st.text("service rpc returns message option{}()[]<>;=\"'/*.\n0aé", max_size=60))
def test_nothing_whatever_ends_in_anything_but_routes_or_one_line(text: str) -> None:
    try:
        routes_of_proto(text, "f.proto")
    except SpecificationError as error:
        assert error.message.startswith("f.proto:")
        assert "\n" not in error.message


@given(services.filter(bool), st.data())
def test_a_file_that_is_cut_off_tells_where(
    found: list[tuple[str, list[tuple[str, bool, bool, str]]]], data: st.DataObject
) -> None:
    words = tokens_of("p", found)[3:]
    ends = [
        index for index, word in enumerate(words) if word == "}" and words[index + 1 : index + 2] in ([], ["service"])
    ]
    at = data.draw(st.integers(1, len(words) - 1).filter(lambda index: index - 1 not in ends))
    with pytest.raises(SpecificationError, match=r"^f.proto:1:\d+: "):
        routes_of_proto(" ".join(words[:at]), "f.proto")
