"""`record --redact`: names, addresses and identities replaced by hashes, the same everywhere, so that joins still hold.

A name is cut at dots, colons and slashes and each part replaced alone: `web-svc` becomes the same word as an object's
name, in an authority and in a label. The salt belongs to one recording and is forgotten, so names cannot be guessed.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from typing import Any

from linkerdctl.kube.inventory import PodRef

KEPT_WORDS = frozenset({
    "svc", "cluster", "local", "serviceaccount", "identity", "default", "linkerd", "linkerd-viz", "kube-system",
    "probe", "unknown", "endpoint", "http", "grpc", "all-unauthenticated", "all-authenticated",
    "cluster-unauthenticated", "cluster-authenticated", "deny", "audit", "opaq",
})  # fmt: skip
"""Linkerd's and Kubernetes' own vocabulary."""
KEPT_LABELS = frozenset({
    "direction", "tls", "no_tls_reason", "peer", "le", "status_code", "http_status", "grpc_status", "status",
    "classification", "error", "errno", "target_port", "srv_port", "parent_port", "backend_port", "srv_group",
    "srv_kind", "route_group", "route_kind", "authz_group", "authz_kind", "parent_group", "parent_kind",
    "backend_group", "backend_kind", "endpoint_state", "op", "result", "protocol", "name", "ready", "skipped",
    "record_type", "version", "profile", "vendor", "git_sha", "date", "tls_suites", "tls_kx_groups", "tls_rand",
    "tls_key_provider", "tls_fips",
})  # fmt: skip
"""Labels whose values name nothing of anybody's; all others are replaced."""
KEPT_KEYS = frozenset({
    "apiVersion", "kind", "phase", "type", "status", "reason", "restartPolicy", "creationTimestamp", "startTime",
    "startedAt", "finishedAt", "protocol", "exitCode", "lastTransitionTime",
})  # fmt: skip
KEPT_VALUES = frozenset({"linkerd-proxy", "linkerd-admin", "linkerd-init"})
_LABEL = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"')
_PARTS = re.compile(r"([.:/@])")


class Redaction:
    """One recording's replacements."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or secrets.token_bytes(16)
        self._words: dict[str, str] = {}

    def name(self, text: str) -> str:
        """A name, address, authority or identity in its redacted form; its shape stays."""
        if _is_address(text):
            return self._address(text)
        host, colon, port = text.rpartition(":")
        if colon and port.isdigit():
            return f"{self.name(host)}:{port}"
        return "".join(part if _PARTS.fullmatch(part) else self._word(part) for part in _PARTS.split(text))

    def pod(self, pod: PodRef) -> PodRef:
        """A pod's namespace and name."""
        return PodRef(self.name(pod.namespace), self.name(pod.name))

    def exposition(self, text: bytes) -> bytes:
        """Metrics text with the labels' values replaced."""
        return b"\n".join(
            line if line.startswith(b"#") else _LABEL.sub(self._label, line) for line in text.split(b"\n")
        )

    def manifest(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """An object with all its strings replaced, but for those that are Kubernetes' own words."""
        redacted: dict[str, Any] = self._value(dict(manifest), "")
        return redacted

    def _label(self, label: re.Match[bytes]) -> bytes:
        name, value = label[1].decode(), label[2].decode(errors="replace")
        if name in KEPT_LABELS or not value:
            return label[0]
        return f'{name}="{self.name(value)}"'.encode()

    def _value(self, value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {self._key(name, key): self._value(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [self._value(each, key) for each in value]
        if not isinstance(value, str) or key in KEPT_KEYS or value in KEPT_VALUES:
            return value
        return self.name(value)

    def _key(self, name: str, inside: str) -> str:
        """Keys of labels and annotations may name things too, but those of Linkerd are needed."""
        if inside not in ("labels", "annotations", "matchLabels", "selector") or "linkerd.io/" in name:
            return name
        return self.name(name)

    def _word(self, word: str) -> str:
        if not word or word in KEPT_WORDS or word.isdigit():
            return word
        if word not in self._words:
            digest = hmac.new(self._salt, word.encode(), hashlib.sha256).hexdigest()
            self._words[word] = f"x{digest[:9]}"
        return self._words[word]

    def _address(self, text: str) -> str:
        """Another private address; nothing-in-particular (0.0.0.0) and loopback stay."""
        address = ipaddress.ip_address(text)
        if address.is_unspecified or address.is_loopback:
            return text
        digest = hmac.new(self._salt, text.encode(), hashlib.sha256).digest()
        if address.version == 4:
            return f"10.{digest[0]}.{digest[1]}.{digest[2]}"
        return str(ipaddress.IPv6Address(b"\xfd" + digest[:15]))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
