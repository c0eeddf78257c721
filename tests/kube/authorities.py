"""Certificates for tests: authorities that sign each other, as a Secret and a ConfigMap hold them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BEGINS, EXPIRES = 1_700_000_000, 1_800_000_000
"""Epoch seconds."""


@dataclass(frozen=True)
class Authority:
    """A certificate and its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


def authority(name: str, by: Authority | None = None, *, ca: bool = True, expires: int = EXPIRES) -> Authority:
    """Signed by another or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(BEGINS, UTC))
        .not_valid_after(datetime.fromtimestamp(expires, UTC))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    return Authority(key, builder.sign(by.key if by else key, SHA256()))


def secret(*chain: Authority, key: str = "crt.pem") -> dict[str, str]:
    """The data of linkerd-identity-issuer; its own key is none that may be read."""
    pems = "".join(each.pem for each in chain)
    return {key: base64.b64encode(pems.encode()).decode(), "key.pem": "bm90IGZvciB5b3U="}


def bundle(*anchors: Authority) -> dict[str, str]:
    """The data of linkerd-identity-trust-roots."""
    return {"ca-bundle.crt": "".join(each.pem for each in anchors)}
