"""`check` against the demo, healthy and not, and over a recording: what it prints, its one JSON document, its exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from linkerdctl.cli import check as command
from linkerdctl.cli.run import run
from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.cluster.resources import REGISTRY
from linkerdctl.demo.servers import DemoMesh
from tests.conftest import DemoFactory

RECORDING = Path(__file__).parents[1] / "fixtures" / "emojivoto-profiles"
POD = REGISTRY.of_kind("v1", "Pod")
NAMESPACE = REGISTRY.of_kind("v1", "Namespace")


class Checked:
    """What one run of `check` left."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def checks(self) -> dict[str, dict[str, str]]:
        return {each["id"]: each for category in self.document["categories"] for each in category["checks"]}

    @property
    def bad(self) -> dict[str, str]:
        return {each: check["result"] for each, check in self.checks.items() if check["result"] in ("warning", "error")}


class Checker:
    """Runs `check` against a mesh."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, mesh: DemoMesh, *words: str, output: str = "json") -> Checked:
        self._monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
        code = run(["check", "-o", output, *words])
        out, err = self._capsys.readouterr()
        return Checked(code, out, err)


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checker:
    return Checker(monkeypatch, capsys)


def steady(text: str) -> str:
    """Without what differs from run to run: the port, what is left of certificates."""
    text = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:PORT", text)
    return re.sub(r"[0-9]+d[0-9]+h|[0-9]+h[0-9]+m", "SOME", text)


def test_a_healthy_mesh_passes_whatever_is_asked_for(check: Checker, demo: DemoMesh) -> None:
    ended = check(demo, "-n", "emojivoto", "--fail-on", "warn", "--min-left", "30d")
    assert (ended.code, ended.err, ended.bad) == (0, "", {})
    assert {each["result"] for each in ended.checks.values()} == {"success"}
    assert (ended.document["schema"], ended.document["success"]) == (1, True)


def test_its_table(check: Checker, demo: DemoMesh, snapshot: SnapshotAssertion) -> None:
    assert steady(check(demo, "-n", "emojivoto", output="table").out) == snapshot


def test_its_short_form_is_a_line_when_all_is_well(check: Checker, demo: DemoMesh) -> None:
    assert check(demo, "-n", "emojivoto", output="short").out == "Status check results are √\n"


def test_colours_are_for_terminals(check: Checker, demo: DemoMesh) -> None:
    assert "\x1b" not in check(demo, output="table").out
    assert "\x1b[32m√\x1b[0m you may list pods" in check(demo, "--color", "always", output="table").out


def test_it_holds_where_linkerd_check_reads_it(check: Checker, demo_with: DemoFactory) -> None:
    """linkerd takes an extension's check for failed when it has an `error`, and is no warning."""
    mesh = demo_with(faults=("dead=web",), denials=(Denial("*", "secrets"),))
    ended = check(mesh, "-n", "emojivoto")
    assert ended.document.keys() == {"schema", "success", "categories"}
    for category in ended.document["categories"]:
        assert category.keys() == {"categoryName", "checks"}
        for each in category["checks"]:
            assert {"description", "result"} <= each.keys() <= {"id", "description", "result", "error", "hint", "note"}
            assert ("error" in each) == (each["result"] in ("warning", "error"))
    assert ended.checks["certificates-issuer"]["result"] == "skipped"


def test_a_dead_proxy_fails_it(check: Checker, demo_with: DemoFactory, snapshot: SnapshotAssertion) -> None:
    mesh = demo_with(faults=("dead=web", "garbage=emoji"))
    ended = check(mesh, "-n", "emojivoto")
    assert (ended.code, ended.bad, ended.document["success"]) == (4, {"proxies-answer": "error"}, False)
    assert "web-" in ended.checks["proxies-answer"]["error"]
    assert steady(check(mesh, "-n", "emojivoto", output="short").out) == snapshot


def test_a_warning_fails_it_only_if_that_is_wanted(check: Checker, demo_with: DemoFactory) -> None:
    mesh = demo_with()
    demoted = {"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]}
    service = REGISTRY.of_kind("apiregistration.k8s.io/v1", "APIService")
    assert service

    def break_tap() -> None:
        found = mesh.store.get(service, "", "v1alpha1.tap.linkerd.io")
        mesh.store.update(service, {**found, "status": demoted})

    mesh.call(break_tap)
    ended = check(mesh, "-n", "emojivoto")
    assert (ended.code, ended.bad, ended.document["success"]) == (0, {"tap-api": "warning"}, True)
    strict = check(mesh, "-n", "emojivoto", "--fail-on", "warn")
    assert (strict.code, strict.document["success"]) == (4, False)


def test_a_mesh_without_viz_is_fine(check: Checker, demo_with: DemoFactory) -> None:
    mesh = demo_with()
    service = REGISTRY.of_kind("apiregistration.k8s.io/v1", "APIService")
    assert service
    mesh.call(lambda: mesh.store.delete(service, "", "v1alpha1.tap.linkerd.io"))
    ended = check(mesh, "-n", "emojivoto", "--fail-on", "warn")
    assert (ended.code, ended.checks["tap-api"]["result"]) == (0, "skipped")
    assert "may-tap" not in ended.checks


def test_a_namespace_without_meshed_pods_fails_it(check: Checker, demo: DemoMesh) -> None:
    ended = check(demo, "-n", "books")
    assert (ended.code, ended.bad) == (4, {"pods-meshed": "error"})


def test_pods_that_should_be_meshed_are_found(check: Checker, demo_with: DemoFactory) -> None:
    mesh = demo_with()
    assert POD and NAMESPACE

    def ask_for_injection() -> None:
        books = mesh.store.get(NAMESPACE, "", "books")
        mesh.store.update(NAMESPACE, {**books, "metadata": {**books["metadata"], "annotations": {
            "linkerd.io/inject": "enabled"}}})  # fmt: skip
        database = mesh.store.get(POD, "books", "mysql-0")
        mesh.store.update(POD, {**database, "metadata": {**database["metadata"], "annotations": {
            "linkerd.io/inject": "disabled"}}})  # fmt: skip

    mesh.call(ask_for_injection)
    ended = check(mesh)
    assert ended.bad == {"pods-injected": "warning"}
    assert "books/webapp-" in ended.checks["pods-injected"]["error"]
    assert "mysql" not in ended.checks["pods-injected"]["error"]


def test_permissions_that_lack_are_named_with_the_command_that_prints_them(
    check: Checker, demo_with: DemoFactory
) -> None:
    mesh = demo_with(denials=(Denial("get", "pods/proxy"), Denial("list", "statefulsets"), Denial("watch", "*")))
    ended = check(mesh, "-n", "emojivoto")
    assert ended.code == 4
    assert {each: ended.checks[each]["result"] for each in ended.checks if each.startswith("may-")} == {
        "may-list-pods": "success",
        "may-list-owners": "error",
        "may-read-metrics": "error",
        "may-tap": "skipped",
    }
    assert ended.checks["may-read-metrics"]["hint"].startswith("linkerdctl rbac stat -n emojivoto ")
    assert ended.checks["proxies-answer"]["result"] == "error"


def test_who_may_look_at_one_namespace_only_is_content_with_that(
    check: Checker, demo_with: DemoFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    mesh = demo_with()
    assert run(["rbac", "check", "-n", "emojivoto", "--user", "tenant", "-o", "json"]) == 0
    roles = json.loads(capsys.readouterr().out)["items"]
    mesh.call(lambda: [mesh.store.add(each) for each in roles])
    text = mesh.kubeconfig.read_text().replace('"namespace": "default"', '"namespace": "emojivoto"')
    mesh.kubeconfig.write_text(text)
    ended = check(mesh, "--as", "tenant")
    assert (ended.code, ended.bad) == (0, {})
    assert "in namespace emojivoto, the only one you may look at: 4 of 4" in ended.checks["pods-meshed"]["description"]


def test_pods_that_may_not_be_listed_leave_the_rest_to_be_told(check: Checker, demo_with: DemoFactory) -> None:
    ended = check(demo_with(denials=(Denial("list", "pods"),)), "-n", "emojivoto")
    assert ended.code == 4
    assert "you may not list pods in namespace emojivoto" in ended.checks["pods-meshed"]["error"]
    assert ended.checks["certificates-anchor"]["result"] == "success"


def test_it_waits_until_all_is_well(check: Checker, demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = demo_with(faults=("dead=web",))
    slept: list[float] = []

    async def heal(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            mesh.mesh.faults.clear()
            mesh.set_faults()

    async def sleep(seconds: float) -> None:
        import asyncio

        await asyncio.to_thread(asyncio.run, heal(seconds))

    monkeypatch.setattr(command, "_sleep", sleep)
    ended = check(mesh, "-n", "emojivoto", "--wait", "1m")
    assert (ended.code, ended.err, slept) == (0, "waiting for proxies-answer\n", [command.AGAIN] * 2)


def test_it_does_not_wait_longer_than_it_may(
    check: Checker, demo_with: DemoFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(seconds: float) -> None:
        raise AssertionError("there is no time left to wait")

    monkeypatch.setattr(command, "_sleep", never)
    assert check(demo_with(faults=("dead=web",)), "-n", "emojivoto", "--wait", "1s").code == 4


def test_no_cluster_at_all_is_a_check_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert run(["check", "-o", "json"]) == 4
    [category] = json.loads(capsys.readouterr().out)["categories"]
    assert category["checks"][0]["id"] == "api-reachable"
    assert "there is no cluster to ask" in category["checks"][0]["error"]


def test_a_recording_is_checked_as_far_as_it_goes(
    capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    assert run(["--recording", str(RECORDING), "check"]) == 0
    assert capsys.readouterr().out == snapshot


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "xml"), "unknown output format 'xml'"),
        (("-A", "-n", "books"), "-A and -n exclude each other"),
        (("--wait", "long"), "'long' is no duration"),
        (("--wait", "-3s"), "--wait -3s is too short"),
        (("--min-left", "much"), "'much' is neither a time nor a share"),
        (("--fail-on", "never"), "'never' is not one of error, warn"),
    ],
)
def test_what_makes_no_sense_is_told(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str) -> None:
    assert run(["check", *words]) == 2
    assert says in capsys.readouterr().err
