"""`metrics` and `metrics cardinality`: every byte and every count of the recording, taken from its files a second time."""

from __future__ import annotations

import gzip
import json
import math
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from linkerdctl.cli.run import run
from linkerdctl.demo.servers import DemoMesh
from linkerdctl.render.exposition import screened
from tests.cli.test_startup import loaded_by
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
LAST = json.loads((RECORDING / "recording.json").read_text())["scrapes"][-1]
WEB = "web-5f86686c4d-58p7k"
EMOJIVOTO = sorted(pod for pod in LAST["at"] if pod.startswith("emojivoto/"))
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')


def text(pod: str) -> str:
    return gzip.decompress((RECORDING / LAST["dir"] / f"{pod}.prom.gz").read_bytes()).decode()


def sample_lines(pod: str) -> list[tuple[str, str, str]]:
    """Name, labels, value of each."""
    lines = (SAMPLE.fullmatch(line) for line in text(pod).splitlines() if line and not line.startswith("#"))
    return [(each[1], each[2] or "", each[3]) for each in lines if each]


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert run(["--recording", str(RECORDING), "metrics", *words]) == code
    out, err = capsys.readouterr()
    return out, err


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said(capsys, *words, "-o", "json")[0])
    return found


def test_texts_stand_below_their_headings_as_the_proxies_wrote_them(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "deploy", "-n", "emojivoto")
    names = [pod.partition("/")[2] for pod in EMOJIVOTO]
    whole = (f"#\n# POD {name} ({n} of 4)\n#\n{text(f'emojivoto/{name}')}" for n, name in enumerate(names, start=1))
    assert (out, err) == ("".join(whole), "")


@pytest.mark.parametrize(
    "words", [(WEB,), (f"po/{WEB}",), ("deploy/web",), ("deploy", "web"), ("po", "-l", "app=web-svc")]
)
def test_raw_is_the_text_alone_however_its_pod_is_named(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert said(capsys, *words, "-n", "emojivoto", "--raw") == (text(f"emojivoto/{WEB}"), "")


def test_raw_texts_that_nothing_tells_apart_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(capsys, "deploy/web", "deploy/emoji", "-n", "emojivoto", "--raw")
    assert out == "".join(text(pod) for pod in EMOJIVOTO if "/web" in pod or "/emoji" in pod)
    assert err.startswith("these are the texts of 2 proxies, and nothing tells where one ends")


def test_several_pods_can_be_named_without_saying_that_they_are_pods(capsys: pytest.CaptureFixture[str]) -> None:
    names = [pod.partition("/")[2] for pod in EMOJIVOTO[:2]]
    out, _ = said(capsys, *names, "-n", "emojivoto", "--family", "^process_threads$")
    assert re.findall(r"# POD (\S+) ", out) == names


def test_everywhere_headings_have_namespaces(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "po", "-A", "--family", "^process_threads$")
    assert re.findall(r"# POD (\S+) ", out) == sorted(LAST["at"], key=lambda pod: pod.split("/"))


@pytest.mark.parametrize("family", ["^response_latency_ms$", "response_latency_ms_bucket", "^response_latency_ms_sum"])
def test_a_family_is_whole_with_what_is_said_of_it(capsys: pytest.CaptureFixture[str], family: str) -> None:
    out, _ = said(capsys, WEB, "-n", "emojivoto", "--raw", "--family", f"^{family.lstrip('^')}")
    wanted = re.compile(r"(?:# (?:HELP|TYPE) )?response_latency_ms(?:_bucket|_sum|_count)?[ {]")
    assert out.splitlines() == [line for line in text(f"emojivoto/{WEB}").splitlines() if wanted.match(line)]
    assert out.startswith("# HELP response_latency_ms ")


def test_json_has_every_sample_that_the_oracle_sees(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, WEB, "-n", "emojivoto")
    assert {(row["namespace"], row["pod"]) for row in found} == {("emojivoto", WEB)}
    seen = [(row["name"].removesuffix("_total"), tuple(sorted(row["labels"].items())), row["value"]) for row in found]
    families = text_string_to_metric_families(text(f"emojivoto/{WEB}"))
    wanted = [
        (
            sample.name.removesuffix("_total"),
            tuple(sorted(sample.labels.items())),
            sample.value if math.isfinite(sample.value) else None,
        )
        for family in families
        for sample in family.samples
    ]
    assert sorted(seen, key=str) == sorted(wanted, key=str)
    assert len(seen) == len(sample_lines(f"emojivoto/{WEB}"))


def test_json_is_a_sample_a_line_and_an_empty_array_without_any(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(capsys, "po", "-A", "--family", "^process_threads$", "-o", "json")
    assert [json.loads(line.rstrip(","))["name"] for line in out.splitlines()[1:-1]] == ["process_threads"] * 7


@pytest.mark.parametrize(
    "words", [("deploy",), ("deploy", "-o", "json"), ("cardinality",), ("cardinality", "--by", "label")]
)
def test_a_family_that_nobody_has_is_told(capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    out, err = said(capsys, *words, "-n", "emojivoto", "--family", "^nothing$")
    assert err == "nothing to show: no proxy that answered has a family that --family '^nothing$' finds\n"
    assert [line for line in out.splitlines() if not line.startswith("#")] == (["[]"] if "json" in words else [])


def test_series_of_each_sample_name_add_up_over_all_proxies(capsys: pytest.CaptureFixture[str]) -> None:
    found = {row["family"]: row for row in rows(capsys, "cardinality", "-A")}
    counted = Counter(name for pod in LAST["at"] for name, _, _ in sample_lines(pod))
    assert sum(row["series"] for row in found.values()) == counted.total()
    histogram = ("_bucket", "_sum", "_count")
    assert found["response_latency_ms"]["series"] == sum(counted[f"response_latency_ms{end}"] for end in histogram)
    assert found["request_total"]["series"] == counted["request_total"]
    by_proxy = {pod: sum(name == "request_total" for name, _, _ in sample_lines(pod)) for pod in LAST["at"]}
    assert found["request_total"]["proxies"] == sum(map(bool, by_proxy.values()))
    assert (
        by_proxy[found["request_total"]["most_on"]] == found["request_total"]["series_most"] == max(by_proxy.values())
    )


def test_bytes_of_all_families_are_those_of_the_texts_but_for_their_end_marks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = rows(capsys, "cardinality", "-A")
    texts = sum(len(text(pod).replace("# EOF\n", "").encode()) for pod in LAST["at"])
    assert sum(row["bytes"] for row in found) == texts
    assert sum(row["bytes_share"] for row in found) == pytest.approx(1, abs=0.001)
    assert [row["series"] for row in found] == sorted((row["series"] for row in found), reverse=True)


def test_pods_add_up_to_what_families_do(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "cardinality", "-A", "--by", "pod")
    assert {f"{row['namespace']}/{row['pod']}" for row in found} == set(LAST["at"])
    for row in found:
        pod = f"{row['namespace']}/{row['pod']}"
        assert row["series"] == len(sample_lines(pod))
        assert row["bytes"] == len(text(pod).replace("# EOF\n", "").encode())
    families = rows(capsys, "cardinality", "-A")
    assert sum(row["series"] for row in found) == sum(row["series"] for row in families)
    assert sum(row["bytes"] for row in found) == sum(row["bytes"] for row in families)
    assert found == sorted(found, key=lambda row: -row["series"])


def test_the_rule_drops_just_what_was_counted(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("cardinality", "-A", "--family", "^route_re")
    told, [rule] = (
        said(capsys, *words, "-o", "relabel")[0],
        yaml.safe_load(said(capsys, *words, "-o", "relabel")[0]).values(),
    )
    [dropping] = rule
    assert (dropping["source_labels"], dropping["action"]) == (["__name__"], "drop")
    names = [name for pod in LAST["at"] for name, _, _ in sample_lines(pod)]
    dropped = [name for name in names if re.fullmatch(dropping["regex"], name)]
    assert {name for name in names if name.startswith("route_re")} == set(dropped)
    assert told.startswith(f"# drops {len(dropped)} series, ")
    assert said(capsys, "cardinality", "-A", "--family", "^nothing$", "-o", "relabel")[0] == ""


def test_labels_are_counted_with_their_values_series_bytes_and_families(capsys: pytest.CaptureFixture[str]) -> None:
    values, series, size = defaultdict[str, set[str]](set), Counter[str](), Counter[str]()
    for pod in LAST["at"]:
        for _, labels, _ in sample_lines(pod):
            for name, value in LABEL.findall(labels):
                values[name].add(value)
                series[name] += 1
                size[name] += len(f"{name}={value}".encode())
    found = {row["label"]: row for row in rows(capsys, "cardinality", "-A", "--by", "label")}
    assert {name: row["values"] for name, row in found.items()} == {name: len(each) for name, each in values.items()}
    assert {name: row["series"] for name, row in found.items()} == series
    assert {name: row["bytes"] for name, row in found.items()} == size
    with_route = {name for pod in LAST["at"] for name, labels, _ in sample_lines(pod) if ',rt_route="' in f",{labels}"}
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in with_route}
    assert found["rt_route"]["families"] == len(families)


def test_cardinality_is_sorted_by_any_column_and_written_in_any_format(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = [row["bytes"] for row in rows(capsys, "cardinality", "-A", "--sort-by", "bytes")]
    assert sizes == sorted(sizes, reverse=True)
    table, told = said(capsys, "cardinality", "-n", "emojivoto", "-o", "wide")
    assert table.split("\n")[0].split() == ["FAMILY", "TYPE", "SERIES", "BYTES", "SHARE", "PROXIES", "MOST", "ON"]
    assert re.fullmatch(r"\d+ series, \d+ bytes on 4 proxies\n", told)
    csv, _ = said(capsys, "cardinality", "-n", "emojivoto", "--by", "label", "-o", "csv")
    assert csv.splitlines()[0] == "label,values,series,bytes,families,example"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("deploy/web", "-n", "emojivoto", "--family", "("), 2, "--family '(' is no regular expression"),
        (("deploy/web", "-n", "emojivoto", "-o", "yaml"), 2, "unknown output format 'yaml'\n  -o takes text, json"),
        (("deploy/web", "-n", "emojivoto", "--raw", "-o", "json"), 2, "--raw and -o json exclude each other"),
        (("web-1", "-n", "emojivoto"), 1, "pod 'web-1' not found"),
        (("au", "-n", "emojivoto"), 2, "authorities have no proxies"),
        (("server/web-http", "-n", "emojivoto"), 2, "servers have no proxies"),
        (("cardinality", "--by", "colour"), 2, "'colour' is not one of family, label, pod"),
        (("cardinality", "-A", "-o", "relabel"), 2, "say which are not to be stored: --family REGEX"),
        (("cardinality", "-A", "-o", "relabel", "--by", "label", "--family", "le"), 2, "-o relabel is about families"),
        (("cardinality", "-A", "--sort-by", "colour"), 2, "there is no column 'colour'"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, says: str
) -> None:
    out, err = said(capsys, *words, code=code)
    assert out == ""
    assert says in err


def test_where_nothing_is_meshed_that_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "po", "-n", "quiet") == ("", "nothing to show: there is no pod in namespace quiet\n")
    told = "nothing to show: there is no deployment with app=none in namespace emojivoto\n"
    assert said(capsys, "deploy", "-l", "app=none", "-n", "emojivoto") == ("", told)


def test_a_recording_loads_neither_network_nor_event_loop() -> None:
    loaded = loaded_by("--recording", str(RECORDING), "metrics", "cardinality", "-A")
    assert not loaded & {"httpx", "asyncio", "rich", "yaml", "kubernetes"}


def on(mesh: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
    code = run(["metrics", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_nobody_is_silently_missing(
    demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = demo_with(faults=("dead=web", "garbage=emoji", "truncated=voting"))
    code, out, err = on(mesh, monkeypatch, capsys, "deploy", "-n", "emojivoto", "--strict")
    assert code == 3
    assert re.findall(r"^# POD (\w+)-.* \((\d) of 4\)", out, re.M) == [
        ("emoji", "1"), ("vote", "2"), ("voting", "3"), ("web", "4"),
    ]  # fmt: skip
    assert len(re.findall(r"^# ERROR: ", out, re.M)) == 3
    assert "1 of 4 proxies answered" in err
    code, out, err = on(mesh, monkeypatch, capsys, "deploy/emoji", "-n", "emojivoto", "--raw")
    assert "malformed metrics at line" in err
    assert out.startswith("# HELP")
    code, out, err = on(mesh, monkeypatch, capsys, "deploy", "-n", "emojivoto", "--raw")
    assert code == 0
    assert "the texts of 2 proxies" in err
    code, out, err = on(mesh, monkeypatch, capsys, "deploy", "-n", "emojivoto", "-o", "json")
    assert (code, len({row["pod"] for row in json.loads(out)})) == (0, 1)
    assert "1 of 4 proxies answered" in err
    code, out, err = on(mesh, monkeypatch, capsys, "cardinality", "-n", "emojivoto", "-o", "json")
    assert max(row["proxies"] for row in json.loads(out)) == 1
    assert "1 of 4 proxies answered" in err


def test_a_prometheus_has_no_raw_text(
    demo: DemoMesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = on(demo, monkeypatch, capsys, "po", "-n", "emojivoto", "--prometheus", "http://127.0.0.1:9")
    assert (code, out) == (1, "")
    assert err.splitlines()[0] == "error: a Prometheus has no raw text of proxies"


def test_a_pod_that_does_not_run_has_its_heading_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "recording"
    shutil.copytree(RECORDING, copy)
    cluster = json.loads((copy / "cluster.json").read_text())
    [web] = [each for each in cluster["items"] if each["kind"] == "Pod" and each["metadata"]["name"] == WEB]
    web["status"]["phase"] = "Pending"
    (copy / "cluster.json").write_text(json.dumps(cluster))
    assert run(["--recording", str(copy), "metrics", "deploy/web", "-n", "emojivoto", "--strict"]) == 3
    out, err = capsys.readouterr()
    assert out == f"#\n# POD {WEB} (1 of 1)\n#\n# ERROR: its pod does not run\n"
    assert f"emojivoto/{WEB}: its pod does not run" in err


def test_a_raw_text_that_ends_in_mid_line_does_not_run_into_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "recording"
    shutil.copytree(RECORDING, copy)
    emoji = next(pod for pod in EMOJIVOTO if "/emoji" in pod)
    (copy / LAST["dir"] / f"{emoji}.prom.gz").write_bytes(gzip.compress(b"a{ 1"))
    assert run(["--recording", str(copy), "metrics", "deploy/web", "deploy/emoji", "-n", "emojivoto", "--raw"]) == 0
    out, err = capsys.readouterr()
    assert out == "a{ 1\n" + text(f"emojivoto/{WEB}")
    assert "1 of 2 proxies answered" in err


def test_on_a_terminal_nothing_that_strangers_sent_can_steer_it() -> None:
    text = b'a{authority="\x1b[2J"} 1\nb 2\n'
    assert screened(text, None, on_terminal=True) == 'a{authority="\\x1b[2J"} 1\nb 2\n'
    assert screened(text, None, on_terminal=False) == text.decode()
