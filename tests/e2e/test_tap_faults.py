"""`tap` when something is wrong with the mesh: what came is shown, the rest is told, and the doctor knows why."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from linkerdctl.cli.run import run
from linkerdctl.demo.api.access import Denial
from linkerdctl.demo.servers import DemoMesh
from tests.conftest import DemoFactory, Kubectl
from tests.demo.tap_client import make_unavailable
from tests.e2e.conftest import Command, Ran

Tap = Callable[..., Ran]
APISERVICE = ("apiservice", "v1alpha1.tap.linkerd.io")


@pytest.fixture
def tap(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tap:
    """`tap` against a mesh of one's own."""

    def go(mesh: DemoMesh, line: str) -> Ran:
        monkeypatch.setenv("KUBECONFIG", str(mesh.kubeconfig))
        code = run(["tap", *line.split()])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        assert "bug in linkerdctl" not in captured.err
        return Ran(code, captured.out, captured.err)

    return go


WEB = "deploy/web -n emojivoto"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("tap-ends:300ms", "the tap server ended the stream; connecting again"),
        ("tap-cut", "the tap stream broke off"),
        ("tap-garbage", "part of the tap stream could not be read"),
    ],
)
def test_a_stream_that_fails_goes_on_and_that_is_said_once(
    demo_with: DemoFactory, tap: Tap, fault: str, told: str
) -> None:
    ran = tap(demo_with(rps=60.0, faults=(f"{fault}=web",)), f"{WEB} --duration 3s")
    assert ran.code == 0
    assert sum(line.startswith("req") for line in ran.out.splitlines()) > 3
    assert ran.err.count(told) == 1


@pytest.mark.parametrize("fault", ["tap-ends:300ms", "tap-cut", "tap-garbage"])
def test_a_proxy_s_stream_that_fails_goes_on(demo_with: DemoFactory, tap: Tap, fault: str) -> None:
    ran = tap(demo_with(rps=60.0, faults=(f"{fault}=web",)), f"{WEB} --duration 3s --via direct")
    assert ran.code == 0
    assert "req" in ran.out


def test_a_refused_tap_prints_the_missing_rule(demo_with: DemoFactory, tap: Tap) -> None:
    ran = tap(demo_with(denials=(Denial("watch", "deployments/tap", "emojivoto"),)), WEB)
    assert (ran.code, ran.out) == (1, "")
    for words in ("you may not watch deployments/tap", 'apiGroups: ["tap.linkerd.io"]', 'verbs: ["watch"]'):
        assert words in ran.err


def test_a_proxy_that_refuses_is_told_with_what_it_wants(demo_with: DemoFactory, tap: Tap) -> None:
    ran = tap(demo_with(faults=("tap-403=web",)), f"{WEB} --via direct")
    assert ran.code == 1
    assert "no_tls_from_remote" in ran.err
    assert "--tls-cert" in ran.err


def test_without_the_extension_the_error_says_how_to_go_on(demo_with: DemoFactory, tap: Tap, kubectl: Kubectl) -> None:
    mesh = demo_with()
    kubectl("delete", *APISERVICE, mesh=mesh).check_returncode()
    ran = tap(mesh, WEB)
    assert ran.code == 1
    assert ran.err.startswith("error: this cluster has no tap API")
    assert "linkerd viz install" in ran.err


def test_pods_outside_the_mesh_are_named(mesh: DemoMesh, tap: Tap) -> None:
    for via in ("api", "direct"):
        ran = tap(mesh, f"deploy/webapp -n books --via {via}")
        assert ran.code == 1
        assert "not meshed: books/webapp" in ran.err
        assert "linkerd.io/inject: enabled" in ran.err


def test_silence_is_told_with_what_to_do(mesh: DemoMesh, tap: Tap) -> None:
    ran = tap(mesh, f"{WEB} --path /nothing-like-it --duration 5500ms")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "no request was seen in 5 s; --doctor tells what may be wrong\nshowed 0 requests\n"


def test_filters_that_show_nothing_are_told_from_silence(mesh: DemoMesh, tap: Tap) -> None:
    ran = tap(mesh, f"{WEB} --status 418 --duration 5500ms")
    assert "requests is to be shown in 5 s" in ran.err
    assert "showed 0 of " in ran.err


def doctor(tap: Tap, mesh: DemoMesh, line: str = WEB) -> tuple[int, str]:
    """The exit code and the last line, which is the verdict."""
    ran = tap(mesh, f"{line} --doctor")
    return ran.code, ran.out.splitlines()[-1]


def test_the_doctor_finds_nothing_where_nothing_is_wrong(mesh: DemoMesh, tap: Tap) -> None:
    assert doctor(tap, mesh) == (0, "nothing is wrong")
    assert doctor(tap, mesh, f"{WEB} --via direct") == (0, "nothing is wrong")


def test_the_doctor_misses_the_extension(demo_with: DemoFactory, tap: Tap, kubectl: Kubectl) -> None:
    mesh = demo_with()
    kubectl("delete", *APISERVICE, mesh=mesh).check_returncode()
    code, verdict = doctor(tap, mesh)
    assert code == 4
    assert verdict.startswith("so: no viz APIService")


def test_the_doctor_sees_that_nothing_answers(demo_with: DemoFactory, tap: Tap) -> None:
    mesh = demo_with()
    condition = {"type": "Available", "status": "False", "reason": "MissingEndpoints", "message": "no endpoints"}
    make_unavailable(mesh, condition)
    assert doctor(tap, mesh) == (4, "so: the APIService v1alpha1.tap.linkerd.io is not available: no endpoints")
    assert "nothing answers behind it" in tap(mesh, WEB).err


def test_the_doctor_sees_a_missing_permission(demo_with: DemoFactory, tap: Tap) -> None:
    mesh = demo_with(denials=(Denial("watch", "deployments/tap", "emojivoto"),))
    assert doctor(tap, mesh) == (4, "so: no permission to tap it")
    assert 'verbs: ["watch"]' in tap(mesh, f"{WEB} --doctor").out


def test_the_doctor_can_do_without_seeing_api_services(demo_with: DemoFactory, tap: Tap) -> None:
    mesh = demo_with(denials=(Denial("get", "apiservices"),))
    assert doctor(tap, mesh) == (0, "nothing is wrong")


def test_the_doctor_sees_pods_that_are_not_tapped(demo_with: DemoFactory, tap: Tap, kubectl: Kubectl) -> None:
    mesh = demo_with()
    assert doctor(tap, mesh, "deploy/webapp -n books")[1].startswith("so: not meshed: books/webapp")
    [name] = kubectl("get", "pods", "-n", "emojivoto", "-l", "app=web-svc", "-o", "name", mesh=mesh).stdout.split()
    annotate = ("annotate", "-n", "emojivoto", name)
    kubectl(*annotate, "viz.linkerd.io/disable-tap=true", mesh=mesh).check_returncode()
    assert doctor(tap, mesh)[1].startswith("so: tap is disabled by the annotation viz.linkerd.io/disable-tap")


def test_the_doctor_tells_no_match_from_no_traffic(mesh: DemoMesh, tap: Tap) -> None:
    verdict = doctor(tap, mesh, f"{WEB} --path /nothing-like-it")[1]
    assert verdict.startswith("so: nothing matched: ")
    assert verdict.endswith(" passed in 3 s, none with --path /nothing-like-it")


def test_the_doctor_sees_that_there_is_no_traffic(demo_with: DemoFactory, tap: Tap) -> None:
    code, verdict = doctor(tap, demo_with(rps=0.001))
    assert (code, verdict) == (4, "so: no traffic at all: its proxies counted no request in 3 s")


def test_the_doctor_sees_a_proxy_that_is_gone(demo_with: DemoFactory, tap: Tap) -> None:
    assert "do not answer" in doctor(tap, demo_with(faults=("dead=web",)))[1]


def test_the_doctor_speaks_json(mesh: DemoMesh, linkerdctl: Command) -> None:
    ran = linkerdctl(f"tap {WEB} --doctor -o json")
    assert [each["good"] for each in json.loads(ran.out)] == [True] * 4
