"""`authz`, `stat-inbound`, `stat-outbound` and `stat` of policies on real proxies: every number derived a second time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from linkerdctl.cli.run import run
from tests.cli.recorded_series import RECORDING, Grown, Row, Sum, is_admin, rates, summed

RULE = ("route_name", "srv_kind", "srv_name", "authz_kind", "authz_name")
Name = Callable[[Grown], Any]


def rows(capsys: pytest.CaptureFixture[str], line: str) -> list[Row]:
    assert run(["--recording", str(RECORDING), *line.split(), "-n", "emojivoto", "-o", "json"]) == 0
    found: list[Row] = json.loads(capsys.readouterr().out)
    return found


def table(capsys: pytest.CaptureFixture[str], line: str) -> list[list[str]]:
    assert run(["--recording", str(RECORDING), *line.split(), "-n", "emojivoto"]) == 0
    return [words.split() for words in capsys.readouterr().out.splitlines()]


def inbound(name: Name, *, everything: bool = False) -> Name:
    def named(each: Grown) -> Any:
        if each.labels.get("direction", "inbound") != "inbound" or (is_admin(each.labels) and not everything):
            return None
        return name(each)

    return named


def assert_golden(row: Row, wanted: Sum, success: str = "success", latency: str = "latency_ms_p{}") -> None:
    if not wanted.requests:
        assert row[success] is row["rps"] is None
        return
    assert row["requests"] == wanted.requests
    assert row["failures"] == wanted.failures
    assert row[success] == pytest.approx(wanted.successes / wanted.requests)
    assert row["rps"] == pytest.approx(wanted.rps)
    for q in (50, 95, 99):
        assert_quantile(row, wanted, q, latency.format(q))


def assert_quantile(row: Row, wanted: Sum, q: int, key: str) -> None:
    """The number, or where its bucket is too wide for one nothing but the bucket."""
    bucket = key.replace("latency_ms", "latency_bucket").replace("latencyMs", "latencyBucket")
    found = wanted.bracket(q / 100)
    if found is None:
        assert row[key] is row.get(bucket) is None
        return
    value, lower, upper = found
    if upper - lower > 1 and upper > 2.5 * lower:
        assert (row[key], row[bucket]) == (None, f"{lower / 1000:g}-{upper / 1000:g}s")
    else:
        assert row[key] == pytest.approx(value, abs=0.001)


def rule_of(row: Row) -> tuple[str, ...]:
    default, _, name = row["server"].rpartition(":")
    kind, _, authorization = row["authorization"].partition("/")
    return row["route"], "default" if default else "server", name, kind, authorization


def rule(each: Grown) -> tuple[str, ...]:
    return tuple(each.labels.get(name, "") for name in RULE)


@pytest.mark.parametrize("everything", [False, True])
def test_every_rule_of_every_deployment(capsys: pytest.CaptureFixture[str], everything: bool) -> None:
    found = rows(capsys, "authz deploy --all-traffic" if everything else "authz deploy")
    key = inbound(lambda each: (each.workload, *rule(each)), everything=everything)
    answered = summed("response_total", "response_latency_ms_bucket", key)
    allowed, denied = (rates(f"inbound_http_authz_{word}_total", key) for word in ("allow", "deny"))
    opened = rates("inbound_tcp_authz_allow_total", key)
    by_rule = {(row["name"], *rule_of(row)): row for row in found}
    assert len(by_rule) == len(found)
    moved = {key for counted in (allowed, denied, opened) for key, rate in counted.items() if rate}
    assert moved == set(by_rule)
    for whose, row in by_rule.items():
        assert_golden(row, answered.get(whose, Sum()))
        assert row["allowed"] == (pytest.approx(allowed[whose]) if whose in allowed else None)
        assert row["connections_allowed"] == (pytest.approx(opened[whose]) if whose in opened else None)
        assert (row["unauthorized"] or 0) == pytest.approx(denied.get(whose, 0))


def test_web_is_let_in_by_two_policies_and_probes_by_default_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert [rule_of(row) for row in rows(capsys, "authz deploy/web")] == [
        ("web-api", "server", "web-http", "authorizationpolicy", "web-api"),
        ("default", "server", "web-http", "authorizationpolicy", "web-public"),
    ]
    assert [rule_of(row) for row in rows(capsys, "authz deploy/web --all-traffic")][2:] == [
        ("default", "default", "all-unauthenticated", "default", "all-unauthenticated"),
        ("probe", "default", "all-unauthenticated", "default", "probe"),
    ]


def test_what_was_denied_names_no_authorization_but_who_called(capsys: pytest.CaptureFixture[str]) -> None:
    [denied] = [row for row in rows(capsys, "authz deploy") if row["verdict"] == "denied"]
    assert (denied["name"], denied["server"], denied["authorization"]) == ("voting", "voting-grpc", "")
    assert denied["clients"] == "default.emojivoto"
    assert denied["success"] is denied["rps"] is denied["latency_ms_p50"] is None


@pytest.mark.parametrize(
    ("asked", "label"),
    [("server", "srv_name"), ("authorizationpolicy", "authz_name"), ("httproute", "route_name")],
)
def test_policies_are_the_sum_of_what_names_them(capsys: pytest.CaptureFixture[str], asked: str, label: str) -> None:
    kinds = {"server": ("srv_kind", "server"), "httproute": ("route_kind", "HTTPRoute")}
    kind, value = kinds.get(asked, ("authz_kind", asked))
    key = inbound(lambda each: each.labels[label] if each.labels.get(kind) == value else None)
    wanted = summed("response_total", "response_latency_ms_bucket", key)
    allowed, denied = (rates(f"inbound_http_authz_{word}_total", key) for word in ("allow", "deny"))
    found = {row["name"]: row for row in rows(capsys, f"stat {asked}")}
    assert found.keys() == wanted.keys()
    for name, row in found.items():
        assert_golden(row, wanted[name])
        if asked == "authorizationpolicy":
            assert row["unauthorized"] is row["unauthorized_rps"] is None
        else:
            assert row["allowed_rps"] == pytest.approx(allowed[name])
            assert row["unauthorized_rps"] == pytest.approx(denied.get(name, 0))
    rules = {rule_of(row) for row in rows(capsys, f"authz {asked}")}
    deployed = {rule_of(row) for row in rows(capsys, "authz deploy")}
    assert rules <= deployed


def test_the_share_that_was_turned_away(capsys: pytest.CaptureFixture[str]) -> None:
    [row] = rows(capsys, "stat server/voting-grpc")
    server = inbound(lambda each: each.labels["srv_name"])
    counted = [summed(f"inbound_http_authz_{word}_total", "", server, lambda _: True) for word in ("deny", "allow")]
    denied, allowed = (each["voting-grpc"].requests for each in counted)
    assert denied > 0
    assert row["unauthorized"] == pytest.approx(denied / (denied + allowed))


PLACE = ("srv_kind", "srv_name", "target_port", "route_kind", "route_name")


def place_of(row: Row) -> tuple[str, ...]:
    return row["server"], row["port"], row["route"], row["routeType"]


def place(each: Grown) -> tuple[str, ...]:
    server, name, port, kind, route = (each.labels.get(label, "") for label in PLACE)
    named = "[default]" if route == "default" else route
    return "[default]" if server == "default" else name, port, named, "" if kind == "default" else kind


def test_what_came_in_by_server_and_route(capsys: pytest.CaptureFixture[str]) -> None:
    key = inbound(lambda each: (each.workload, *place(each)))
    wanted = summed("response_total", "response_latency_ms_bucket", key)
    found = {(row["name"], *place_of(row)): row for row in rows(capsys, "stat-inbound deploy")}
    assert set(found) == {whose for whose, total in wanted.items() if total.requests}
    assert ("web", "web-http", "8080", "web-api", "HTTPRoute") in found
    assert not any(row["port"] == "4191" for row in found.values())
    for whose, row in found.items():
        assert_golden(row, wanted[whose], "successesRate", "latencyMsP{}")


def test_nothing_but_probes_and_scrapes_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(capsys, "stat-inbound deploy/vote-bot") == []
    everything = rows(capsys, "stat-inbound deploy/vote-bot --all-traffic")
    assert {(row["port"], row["route"]) for row in everything} == {("4191", "probe"), ("4191", "[default]")}


ROUTE = ("parent_name", "parent_port", "route_name", "route_kind")
BACKEND = ("backend_name", "backend_port")


def answered_well(labels: dict[str, str]) -> bool:
    bad = ("UNKNOWN", "DEADLINE_EXCEEDED", "PERMISSION_DENIED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
    return not labels["error"] and labels.get("grpc_status") not in bad


def test_what_went_out_by_route_and_backend(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, "stat-outbound deploy")
    tree = {tuple(row[key] for key in ("service", "port", "route", "routeType", "backend")): row for row in found}
    assert len(tree) == len(found) > 0

    def named(*more: str) -> Name:
        return lambda each: tuple(each.labels[label] for label in (*ROUTE, *more))

    prefix, unit = "outbound_grpc_route", 1000.0
    routes = summed(
        f"{prefix}_request_statuses_total", f"{prefix}_request_duration_seconds_bucket", named(), answered_well, unit
    )
    backends = summed(
        f"{prefix}_backend_response_statuses_total",
        f"{prefix}_backend_response_duration_seconds_bucket",
        named(*BACKEND),
        answered_well,
        unit,
    )
    assert {key for key in tree if key[-1] is None} == {(*key, None) for key in routes}
    assert {key for key in tree if key[-1]} == {key[:5] for key in backends}
    for key, wanted in routes.items():
        row = tree[(*key, None)]
        assert_golden(row, wanted, "successRate", "latencyMsP{}")
        assert (row["timeoutRate"], row["retryRate"]) == (0, 0)
    for key, wanted in backends.items():
        row = tree[key[:5]]
        assert_golden(row, wanted, "successRate", "latencyMsP{}")
        assert (row["backendPort"], row["retryRate"]) == (key[5], None)


def test_no_percentile_is_invented_from_one_wide_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    lines = table(capsys, "stat-outbound deploy/web")
    titles, route, backend = lines[0], lines[1], lines[2]
    assert titles[:5] == ["NAME", "SERVICE", "ROUTE", "TYPE", "BACKEND"]
    assert titles[-2:] == ["TIMEOUTS", "RETRIES"]
    assert route[:4] == ["web", "emoji-svc:8080", "emoji-find", "GRPCRoute"]
    assert route[6:9] == ["0-0.05s"] * 3
    assert backend[:2] == ["└─►", "emoji-svc:8080"]
    assert all(row["latencyMsP50"] is None for row in rows(capsys, "stat-outbound deploy/web"))


def test_what_takes_a_profile_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--recording", str(RECORDING), "stat-outbound", "deploy/vote-bot", "-n", "emojivoto"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "ServiceProfile" in err
    assert err.count("linkerdctl routes deploy/vote-bot -n emojivoto --to svc/") == 2


@pytest.mark.parametrize("line", ["authz deploy", "stat-inbound deploy", "stat-outbound deploy", "stat server,ap"])
def test_rows_stand_in_the_same_order_each_time(capsys: pytest.CaptureFixture[str], line: str) -> None:
    assert table(capsys, line) == table(capsys, line)


@pytest.mark.parametrize(
    ("line", "column"),
    [("authz deploy --sort-by rps", "rps"), ("stat-inbound deploy --sort-by p99", "latencyMsP99"),
     ("stat server --sort-by unauthorized", "unauthorized_rps")],
)  # fmt: skip
def test_rows_are_sorted_by_any_column(capsys: pytest.CaptureFixture[str], line: str, column: str) -> None:
    known = [row[column] for row in rows(capsys, line) if row[column] is not None]
    assert len(known) > 1
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize("command", ["authz", "stat-inbound", "stat-outbound"])
@pytest.mark.parametrize("more", ["-A", "-n emojivoto -l app=web-svc", "-n emojivoto -o wide", "-n emojivoto -o csv"])
def test_more_or_less_can_be_asked_for(capsys: pytest.CaptureFixture[str], command: str, more: str) -> None:
    assert run(["--recording", str(RECORDING), command, "po", *more.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    if "-l" in more and command != "authz":
        assert all(line.startswith("web-") or "►" in line for line in lines[1:])
    if more == "-A":
        assert lines[0].startswith("NAMESPACE")
    if "wide" in more:
        assert {"REQUESTS", "FAILURES", "WINDOW", "PROXIES"} <= set(lines[0].split())


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("stat-inbound server -n emojivoto", 2, "stat-inbound is about workloads, not servers"),
        ("stat-outbound svc/web-svc -n emojivoto", 2, "services send no requests"),
        ("authz au", 2, "no policy is about authorities"),
        ("authz deploy/nope -n emojivoto", 1, "deployment 'nope' not found"),
        (
            "authz server/nope -n emojivoto",
            1,
            "server 'nope' not found in namespace emojivoto, and no proxy there tells",
        ),
        ("authz meshtlsauthn/nope -n emojivoto", 0, "is required by no authorization"),
        ("authz deploy -l app=none -n emojivoto", 0, "there is no deployment with app=none in namespace emojivoto"),
        ("stat-inbound deploy -o pdf", 2, "unknown output format 'pdf'"),
        ("stat-outbound deploy -n emojivoto --sort-by colour", 2, "there is no column 'colour' to sort by"),
        ("authz deploy -n emojivoto -t soon", 2, "soon"),
        ("edges server", 2, "edges are between workloads, not servers"),
        ("routes httproute -n emojivoto", 2, "not of httproutes"),
        ("stat server/web -n emojivoto", 1, "server 'web' not found in namespace emojivoto"),
        ("stat deploy --to server/web-http -n emojivoto", 2, "only servers count them"),
        ("stat netauthn -n emojivoto", 2, "no traffic is counted by networkauthentication"),
        ("authz deploy -n quiet", 0, "nothing to show: there is no deployment in namespace quiet"),
        ("stat-inbound deploy/vote-bot -n emojivoto", 0, "got no requests in the window"),
        ("stat-outbound deploy/emoji -n emojivoto", 0, "sent no requests in the window"),
        ("authz netauthn -n emojivoto", 0, "is required by no authorization"),
    ],
)
def test_what_cannot_be_shown_is_told_in_a_line(
    capsys: pytest.CaptureFixture[str], line: str, code: int, says: str
) -> None:
    assert run(["--recording", str(RECORDING), *line.split()]) == code
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err
