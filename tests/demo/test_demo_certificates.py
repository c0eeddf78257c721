"""The demo's issuer and trust anchor: made on demand, once, and hanging together."""

from __future__ import annotations

import base64
import subprocess
import sys

from cryptography import x509

from linkerdctl.demo.cluster.certificates import issuer_secret, trust_roots
from linkerdctl.demo.cluster.standing_objects import deferred_objects
from linkerdctl.demo.cluster.store import ObjectStore

STARTED = 1_800_000_000.0


def store() -> ObjectStore:
    made = ObjectStore()
    for resource, make in deferred_objects(STARTED):
        made.defer(resource, make)
    return made


def test_the_issuer_is_signed_by_the_anchor() -> None:
    [secret], [roots] = issuer_secret(STARTED), trust_roots(STARTED)
    issuer = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["crt.pem"]))
    anchor = x509.load_pem_x509_certificate(roots["data"]["ca-bundle.crt"].encode())
    issuer.verify_directly_issued_by(anchor)
    assert issuer.not_valid_before_utc.timestamp() < STARTED < issuer.not_valid_after_utc.timestamp()


def test_they_are_made_once_when_somebody_looks() -> None:
    objects = store()
    secrets = next(resource for resource, _ in deferred_objects(STARTED) if resource.kind == "Secret")
    first = objects.members(secrets)
    assert [each["metadata"]["name"] for each in first] == ["linkerd-identity-issuer"]
    assert objects.get(secrets, "linkerd", "linkerd-identity-issuer") is first[0]


def test_nothing_of_it_is_loaded_before() -> None:
    program = (
        "import sys; from linkerdctl.demo.servers import _filled_store; from linkerdctl.demo.topology import Topology;"
        "_filled_store(Topology.emojivoto(pods=4, started=0.0)); print('cryptography' in sys.modules)"
    )
    assert subprocess.run((sys.executable, "-c", program), capture_output=True, text=True).stdout == "False\n"
