"""The `tap` command that a row of `top` stands for."""

from __future__ import annotations

import re
import shlex

from linkerdctl.cli.top_command import tap_command
from linkerdctl.kube.kinds import DEPLOYMENT, NAMESPACE, SERVICE
from linkerdctl.kube.selection import Selection
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.tap.query import Matches, TapQuery
from linkerdctl.tap.top import Peer, TopKey, TopRow

WEB = TapQuery(Selection(DEPLOYMENT, "emojivoto", "web"))
BOT, SERVER = Peer("bot-1", "emojivoto"), Peer("voting-1", "votes")


def row(
    path: str = "/api/vote", *, direction: str = "inbound", source: Peer = BOT, destination: Peer = SERVER
) -> TopRow:
    return TopRow(TopKey(source, destination, "GET", path), 1, 0, direction=direction)


def test_what_came_in_is_tapped_by_who_sent_it() -> None:
    assert tap_command(WEB, row()) == (
        "linkerdctl tap deploy/web -n emojivoto --from pod/bot-1 --from-namespace emojivoto --method GET --path /api/vote"
    )


def test_what_went_out_is_tapped_by_where_it_went() -> None:
    assert tap_command(WEB, row(direction="outbound")) == (
        "linkerdctl tap deploy/web -n emojivoto --to pod/voting-1 --to-namespace votes --method GET --path /api/vote"
    )


def test_who_is_but_an_address_cannot_be_asked_for() -> None:
    assert "--from" not in tap_command(WEB, row(source=Peer("10.0.0.1")))
    assert "--to" not in tap_command(WEB, row(direction="outbound", destination=Peer("10.0.0.1")))
    assert "--from" not in tap_command(WEB, row(source=Peer("sa/web", "emojivoto"))), "nor a service account"


def test_a_folded_path_becomes_a_prefix_and_an_expression() -> None:
    words = shlex.split(tap_command(WEB, row("/users/{id}/cart")))
    pattern = words[words.index("--path-regex") + 1]

    assert words[words.index("--path") + 1] == "/users/"
    assert re.search(pattern, "/users/17/cart")
    assert not re.search(pattern, "/users/17/orders")


def test_what_top_itself_asked_stays() -> None:
    labels = parse_selector("app=web")
    to = Selection(SERVICE, "votes", "voting-svc")
    matches = Matches(to, scheme="https", authority="web:80", method="POST", path="/api")
    query = TapQuery(Selection(DEPLOYMENT, "emojivoto", None, labels), matches)
    words = tap_command(query, TopRow(TopKey(BOT, SERVER, route="[DEFAULT]"), 1, 0))

    assert words == (
        "linkerdctl tap deploy -n emojivoto -l app=web --to svc/voting-svc --to-namespace votes "
        "--method POST --path /api --authority web:80 --scheme https"
    )


def test_namespaces_have_none_themselves() -> None:
    query = TapQuery(Selection(NAMESPACE, None, "emojivoto"))
    assert tap_command(query, row(source=Peer("10.0.0.1"))).startswith("linkerdctl tap ns/emojivoto --method")


def test_what_a_shell_would_take_apart_is_quoted() -> None:
    assert shlex.split(tap_command(WEB, row("/it's here; rm -rf")))[-1] == "/it's here; rm -rf"
