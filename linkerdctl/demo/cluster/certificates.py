"""The demo's trust anchor and issuer, as Linkerd keeps them. Made when somebody asks for them: that takes its time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from linkerdctl.demo.cluster.objects import Manifest, Objects
from linkerdctl.demo.topology import CONTROL_PLANE, TRUST_DOMAIN

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

AGE = timedelta(days=30)
"""How long ago both were made, seen from when the mesh began."""
_ANCHOR_LIFE, _ISSUER_LIFE = timedelta(days=3650), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: EllipticCurvePrivateKey
    certificate: x509.Certificate


def issuer_secret(started: float) -> Iterator[Manifest]:
    """The Secret that the identity controller signs with. `started` is in epoch seconds."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    _, issuer = _authorities(started)
    key = issuer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pems = {"crt.pem": issuer.certificate.public_bytes(Encoding.PEM), "key.pem": key}
    data = {name: base64.b64encode(pem).decode() for name, pem in pems.items()}
    rest = {"type": "kubernetes.io/opaque", "data": data}
    yield Objects(started).make("v1", "Secret", CONTROL_PLANE, "linkerd-identity-issuer", rest)


def trust_roots(started: float) -> Iterator[Manifest]:
    """The ConfigMap with the anchors that proxies trust."""
    from cryptography.hazmat.primitives.serialization import Encoding

    anchor, _ = _authorities(started)
    rest = {"data": {"ca-bundle.crt": anchor.certificate.public_bytes(Encoding.PEM).decode()}}
    yield Objects(started).make("v1", "ConfigMap", CONTROL_PLANE, "linkerd-identity-trust-roots", rest)


@lru_cache(4)
def _authorities(started: float) -> tuple[_Authority, _Authority]:
    """The trust anchor, and the issuer that it has signed."""
    began = datetime.fromtimestamp(started, UTC) - AGE
    anchor = _signed(f"root.{CONTROL_PLANE}.{TRUST_DOMAIN}", began, _ANCHOR_LIFE, by=None)
    return anchor, _signed(f"identity.{CONTROL_PLANE}.{TRUST_DOMAIN}", began, _ISSUER_LIFE, by=anchor)


def _signed(name: str, began: datetime, life: timedelta, *, by: _Authority | None) -> _Authority:
    """An authority called so, signed by another or by itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None if by is None else 0), critical=True)
    )
    return _Authority(key, builder.sign(by.key if by else key, SHA256()))
