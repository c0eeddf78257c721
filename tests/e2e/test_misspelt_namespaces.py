"""A namespace that does not exist is an error that names the one that may be meant, with every command."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Command


@pytest.mark.parametrize(
    "line",
    [
        "stat deploy",
        "stat server",
        "stat-inbound deploy",
        "stat-outbound deploy",
        "authz deploy",
        "routes deploy",
        "edges deploy",
        "identity",
        "metrics deploy",
        "list",
        "tap deploy",
        "top deploy --duration 1s",
    ],
)
def test_a_misspelt_namespace_is_an_error(linkerdctl: Command, line: str) -> None:
    ran = linkerdctl(f"{line} -n emojivotto")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: namespace 'emojivotto' not found\n  did you mean emojivoto?\n"


def test_an_empty_one_is_none(linkerdctl: Command) -> None:
    ran = linkerdctl("stat deploy -n default")
    assert (ran.code, ran.err) == (0, "nothing to show: there is no deployment in namespace default\n")
