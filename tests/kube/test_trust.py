"""Issuer and trust anchors: who vouches for whom, and what is told where they cannot be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from linkerdctl.errors import ApiError
from linkerdctl.kube.rbac import About
from linkerdctl.kube.trust import AuthorityCertificate, Trust
from linkerdctl.kube.trust_reader import read_trust
from tests.kube.authorities import BEGINS, EXPIRES, authority, bundle, secret

ROOT = authority("root.linkerd.cluster.local")
OTHER = authority("root.linkerd.cluster.local")
MIDDLE = authority("middle", ROOT)
ISSUER = authority("identity.linkerd.cluster.local", ROOT)


def trusted(trust: Trust) -> bool | None:
    assert trust.issuer
    return trust.issuer.trusted


def test_an_issuer_hangs_on_the_anchor_that_signed_it() -> None:
    trust = Trust.of("linkerd", secret(ISSUER), bundle(ROOT))
    assert trust.issuer == AuthorityCertificate("identity.linkerd.cluster.local", BEGINS, EXPIRES, True, True)
    assert trust.anchors == (AuthorityCertificate("root.linkerd.cluster.local", BEGINS, EXPIRES, True, True),)
    assert trust.notes == ()


def test_an_anchor_of_the_same_name_but_another_key_does_not_vouch() -> None:
    assert trusted(Trust.of("linkerd", secret(ISSUER), bundle(OTHER))) is False


def test_one_anchor_of_several_is_enough_while_they_are_rotated() -> None:
    trust = Trust.of("linkerd", secret(ISSUER), bundle(OTHER, ROOT))
    assert trusted(trust) is True
    assert len(trust.anchors) == 2


def test_a_chain_may_lead_over_another_authority() -> None:
    last = authority("identity.linkerd.cluster.local", MIDDLE)
    assert trusted(Trust.of("linkerd", secret(last, MIDDLE), bundle(ROOT))) is True
    assert trusted(Trust.of("linkerd", secret(last), bundle(ROOT))) is False
    assert trusted(Trust.of("linkerd", secret(last, OTHER), bundle(OTHER))) is False


def test_an_issuer_may_be_an_anchor_itself() -> None:
    assert trusted(Trust.of("linkerd", secret(ROOT), bundle(ROOT))) is True


def test_without_anchors_it_is_not_known_who_vouches() -> None:
    assert trusted(Trust.of("linkerd", secret(ISSUER), {})) is None


def test_cert_manager_s_secret_has_another_key() -> None:
    assert trusted(Trust.of("linkerd", secret(ISSUER, key="tls.crt"), bundle(ROOT))) is True


def test_what_may_not_sign_is_no_authority() -> None:
    trust = Trust.of("linkerd", secret(authority("leaf", ROOT, ca=False)), bundle(ROOT))
    assert trust.issuer and not trust.issuer.authority


@pytest.mark.parametrize(
    ("held", "config", "note"),
    [
        ({"crt.pem": "A"}, {}, "the issuer's certificate in Secret linkerd/linkerd-identity-issuer is no certificate"),
        ({"crt.pem": "bm8="}, {}, "Secret linkerd/linkerd-identity-issuer: that is no certificate in PEM"),
        ({}, {"ca-bundle.crt": "no"}, "ConfigMap linkerd/linkerd-identity-trust-roots: that is no certificate in PEM"),
        ({}, {"ca-bundle.crt": ""}, "ConfigMap linkerd/linkerd-identity-trust-roots: that is no certificate in PEM"),
    ],
)
def test_what_is_no_certificate_is_told(held: dict[str, str], config: dict[str, str], note: str) -> None:
    trust = Trust.of("linkerd", held, config)
    assert (trust.issuer, trust.anchors) == (None, ())
    assert [each for each in trust.notes if note in each]


class Cluster:
    """Answers with objects' data, or with an error's status."""

    def __init__(self, answers: Mapping[str, dict[str, str] | int]) -> None:
        self._answers = answers

    async def get(self, path: str, about: About) -> dict[str, Any]:
        answer = self._answers[about.resource]
        if isinstance(answer, int):
            raise ApiError("refused", status=answer, next_step="a rule", **about.error_fields())
        assert path == f"/api/v1/namespaces/mesh/{about.resource}/{about.name}"
        return {"data": answer}


async def test_both_are_read_from_the_control_plane_s_namespace() -> None:
    trust = await read_trust(Cluster({"secrets": secret(ISSUER), "configmaps": bundle(ROOT)}), "mesh")
    assert trust == Trust.of("mesh", secret(ISSUER), bundle(ROOT))


async def test_what_may_not_be_read_is_told_with_the_rule_that_is_missing() -> None:
    trust = await read_trust(Cluster({"secrets": 403, "configmaps": bundle(ROOT)}), "mesh")
    assert trust.issuer is None
    assert len(trust.anchors) == 1
    [note] = trust.notes
    assert note == (
        "the issuer's certificate cannot be told: you may not read secrets 'linkerd-identity-issuer' in namespace mesh"
    )
    assert trust.advice == ("a rule",)


async def test_what_is_not_there_is_told() -> None:
    trust = await read_trust(Cluster({"secrets": 404, "configmaps": 404}), "mesh")
    assert "namespace mesh has no secret linkerd-identity-issuer (-L names another)" in trust.notes[0]
    assert "namespace mesh has no configmap linkerd-identity-trust-roots" in trust.notes[1]
    assert trust.advice == ()


async def test_another_failure_costs_what_it_is_about_alone() -> None:
    trust = await read_trust(Cluster({"secrets": 500, "configmaps": bundle(ROOT)}), "mesh")
    assert trust.issuer is None
    assert len(trust.anchors) == 1
    assert trust.notes == ("the issuer's certificate cannot be told: refused",)
    [failure] = trust.failures
    assert failure.status == 500


async def test_what_holds_nothing_is_told() -> None:
    trust = await read_trust(Cluster({"secrets": {}, "configmaps": bundle(ROOT)}), "mesh")
    assert trust.notes == ("the issuer's certificate cannot be told: secret mesh/linkerd-identity-issuer is empty",)
    assert not trust.failures
