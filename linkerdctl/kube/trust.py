"""What the mesh's certificates hang on: the issuer's, in a Secret, and the trust anchors. Pure; no key is looked at."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from linkerdctl.errors import ApiError

ISSUER = "linkerd-identity-issuer"
TRUST_ROOTS = "linkerd-identity-trust-roots"
_ISSUER_KEYS = ("crt.pem", "tls.crt")
"""Where Linkerd itself writes it, and where cert-manager does."""
_BUNDLE_KEY = "ca-bundle.crt"


@dataclass(frozen=True, slots=True)
class AuthorityCertificate:
    """A certificate that others hang on. Times in epoch seconds; `trusted` None is what could not be told."""

    subject: str
    begins: float
    expires: float
    authority: bool = True
    """Whether it may sign others."""
    trusted: bool | None = None
    """Whether it leads to a trust anchor."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What could be read, and for the rest why not."""

    namespace: str = ""
    """The control plane's."""
    issuer: AuthorityCertificate | None = None
    anchors: tuple[AuthorityCertificate, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    """What to do about the notes: the rules that are missing, as YAML."""
    failures: tuple[ApiError, ...] = ()
    """What went wrong, other than that something is not there or may not be read."""

    @classmethod
    def of(
        cls, namespace: str, secret: Mapping[str, str], config: Mapping[str, str], notes: Sequence[str] = ()
    ) -> Self:
        """From the data of the Secret and of the ConfigMap; what is no certificate is added to the notes."""
        told = list(notes)
        encoded = next((secret[key] for key in _ISSUER_KEYS if key in secret), None)
        chain = _chain(encoded, f"the issuer's certificate in Secret {namespace}/{ISSUER}", told)
        anchors = _bundle(config.get(_BUNDLE_KEY), f"the trust anchors in ConfigMap {namespace}/{TRUST_ROOTS}", told)
        issuer = _authority(chain[0], _leads_to(chain, anchors) if anchors else None) if chain else None
        return cls(namespace, issuer, tuple(_authority(each, True) for each in anchors), tuple(told))


def _chain(encoded: str | None, what: str, notes: list[str]) -> list[Certificate]:
    try:
        return _bundle(base64.b64decode(encoded or "").decode(), what, notes) if encoded else []
    except (binascii.Error, UnicodeDecodeError):
        notes.append(f"{what} is no certificate")
        return []


def _bundle(text: str | None, what: str, notes: list[str]) -> list[Certificate]:
    """Nothing for what is empty or no certificate, which is noted. Some of it broken is all of it broken."""
    from cryptography import x509

    if text is None:
        return []
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        notes.append(f"{what}: that is no certificate in PEM")
        return []


def _authority(certificate: Certificate, trusted: bool | None) -> AuthorityCertificate:
    return AuthorityCertificate(
        subject=_subject(certificate),
        begins=certificate.not_valid_before_utc.timestamp(),
        expires=certificate.not_valid_after_utc.timestamp(),
        authority=_may_sign(certificate),
        trusted=trusted,
    )


def _subject(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def _may_sign(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _leads_to(chain: Sequence[Certificate], anchors: Sequence[Certificate]) -> bool:
    """Whether the first of a chain is signed by an anchor, or by one of the chain that is."""
    current = chain[0]
    for following in (*chain[1:], None):
        if current in anchors or any(_signed_by(current, anchor) for anchor in anchors):
            return True
        if following is None or not _signed_by(current, following):
            return False
        current = following
    return False


def _signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
