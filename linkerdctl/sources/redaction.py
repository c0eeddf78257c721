"""`record --redact`: names, addresses and identities replaced by hashes, the same everywhere, so that joins still hold.

A name is cut at dots, colons and slashes and each part replaced alone: `web-svc` becomes the same word as an object's
name, in an authority and in a label. The salt belongs to one recording and is forgotten, so names cannot be guessed.
"""

from __future__ import annotations

import hmac
import ipaddress
import itertools
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

from linkerdctl.kube.inventory import PodRef

KEPT_WORDS = frozenset({
    "svc", "cluster", "local", "serviceaccount", "identity", "default", "linkerd", "linkerd-viz", "kube-system",
    "probe", "unknown", "endpoint", "http", "grpc", "opaq", "all-unauthenticated", "all-authenticated",
    "cluster-unauthenticated", "cluster-authenticated", "deny", "audit", "localhost", "linkerd-proxy", "linkerd-admin",
    "linkerd-init", "true", "false", "enabled", "disabled", "ingress", "*",
})  # fmt: skip
"""Linkerd's and Kubernetes' own vocabulary."""
KEPT_LABELS = frozenset({
    "direction", "tls", "no_tls_reason", "peer", "le", "status_code", "http_status", "grpc_status", "status",
    "classification", "error", "errno", "target_port", "srv_port", "parent_port", "backend_port", "srv_group",
    "srv_kind", "route_group", "route_kind", "authz_group", "authz_kind", "parent_group", "parent_kind",
    "backend_group", "backend_kind", "endpoint_state", "op", "result", "protocol", "session_protocol", "name", "ready",
    "skipped", "record_type", "version", "profile", "vendor", "git_sha", "date", "tls_suites", "tls_kx_groups",
    "tls_rand", "tls_key_provider", "tls_fips", "client", "zone_locality",
})  # fmt: skip
"""Labels in which proxies write words and numbers of their own only; the values of all others are replaced."""
CACHED_SERIES = 16_384
"""Label sets kept redacted: scrapes of one proxy repeat theirs."""
_LABEL = re.compile(rb'([a-zA-Z_][a-zA-Z0-9_]*+)[ \t]*=[ \t]*"([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"')
_LABELS = re.compile(rb"[ \t]*(?:" + _LABEL.pattern + rb"[ \t]*(?:,[ \t]*|$))*+")
_NUMBER = rb"(?:[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|[-+]?Inf|NaN)"
_PLAIN_VALUE = re.compile(_NUMBER)
_SAMPLE = re.compile(
    rb'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)[ \t]*(?:\{(?P<labels>[^"}\n]*(?:"[^"\\\n]*(?:\\.[^"\\\n]*)*"[^"}\n]*)*)\})?'
    rb"[ \t]*(?P<value>" + _NUMBER + rb"(?:[ \t]+-?[0-9.]+)?)[ \t]*(?:\#.*)?\r?"
)
_COMMENT = re.compile(
    rb"#[ \t]*(?:(?P<head>(?:TYPE|UNIT)[ \t]+[a-zA-Z0-9_:]+[ \t]+[a-z_]+|EOF)"
    rb"|(?P<help>HELP[ \t]+[a-zA-Z_:][a-zA-Z0-9_:]*).*)\r?"
)
_OPENING = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*\{")
_PARTS = re.compile(r"([.:/@])")
_PORT = re.compile(r"[0-9]{1,5}")


class Redaction:
    """One recording's replacements. May be used from several threads."""

    def __init__(self, salt: bytes | None = None) -> None:
        self._salt = salt or secrets.token_bytes(16)
        self._replaced: dict[str, str] = {}
        self._taken: set[str] = set()
        self._lock = threading.Lock()
        self._labels = lru_cache(CACHED_SERIES)(self._redacted_labels)

    def name(self, text: str) -> str:
        """A name, address, network, authority or identity in its redacted form; its shape and a port at its end stay."""
        host, colon, port = text.rpartition(":")
        if colon and _PORT.fullmatch(port) and _address(text) is None:
            return f"{self._host(host)}:{port}"
        return self._host(text)

    def pod(self, pod: PodRef) -> PodRef:
        """A pod's namespace and name."""
        return PodRef(self.name(pod.namespace), self.name(pod.name))

    def exposition(self, text: bytes) -> bytes:
        """Metrics text with the labels' values replaced, line by line.

        Exemplars and help texts are left out. What is no metrics text stays none, in the same place, without what it said.
        """
        return b"\n".join(map(self._line, text.split(b"\n")))

    def _line(self, line: bytes) -> bytes:
        series, brace, value = line.rpartition(b"} ")
        name, opening, labels = series.partition(b"{")
        if brace and opening and _PLAIN_VALUE.fullmatch(value) and (redacted := self._labels(labels)) is not None:
            return b"%b{%b} %b" % (name, redacted, value)
        return self._unusual_line(line)

    def _unusual_line(self, line: bytes) -> bytes:
        if not line.strip():
            return line
        if line.startswith(b"#"):
            comment = _COMMENT.fullmatch(line)
            return b"# " + (comment["head"] or comment["help"]) if comment else b"#"
        sample = _SAMPLE.fullmatch(line)
        if sample and sample["labels"] is None:
            return b"%b %b" % (sample["name"], sample["value"])
        if sample and (labels := self._labels(sample["labels"])) is not None:
            return b"%b{%b} %b" % (sample["name"], labels, sample["value"])
        opening = _OPENING.match(line)
        return opening[0] if opening else b"?"

    def _redacted_labels(self, labels: bytes) -> bytes | None:
        """None for what are no labels. Buckets of one histogram share all but the last, which is looked at alone."""
        common, le, bound = labels.rpartition(b',le="')
        if le and _PLAIN_VALUE.fullmatch(bound[:-1]):
            shared = self._labels(common)
            return None if shared is None or bound[-1:] != b'"' else shared + le + bound
        return _LABEL.sub(self._label, labels) if _LABELS.fullmatch(labels) else None

    def _label(self, label: re.Match[bytes]) -> bytes:
        name, value = label[1].decode(), label[2].decode(errors="replace")
        if name in KEPT_LABELS or not value:
            return label[0]
        return f'{name}="{self.name(value)}"'.encode()

    def _host(self, text: str) -> str:
        """What stands before a port."""
        inner, slash, length = text.rpartition("/")
        if (address := _address(text)) is not None:
            return self._address(address)
        if text.startswith("[") and text.endswith("]") and (address := _address(text[1:-1])) is not None:
            return f"[{self._address(address)}]"
        if slash and _PORT.fullmatch(length) and (address := _address(inner)) is not None:
            return f"{self._address(address)}/{length}"
        return "".join(part if _PARTS.fullmatch(part) else self._word(part) for part in _PARTS.split(text))

    def _word(self, word: str) -> str:
        return (
            word if not word or word in KEPT_WORDS else self._replacement(word, lambda digest: f"x{digest.hex()[:10]}")
        )

    def _address(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
        """Another private address; nothing-in-particular (0.0.0.0) and the usual loopback addresses stay."""
        text = str(address)
        if address.is_unspecified or text in ("127.0.0.1", "::1"):
            return text
        if address.version == 4:
            return self._replacement(text, lambda digest: str(ipaddress.IPv4Address(b"\x0a" + digest[:3])))
        return self._replacement(text, lambda digest: str(ipaddress.IPv6Address(b"\xfd" + digest[:15])))

    def _replacement(self, text: str, made_of: Callable[[bytes], str]) -> str:
        """The same for the same text; never the same for two, or else two pods would become one."""
        with self._lock:
            if text not in self._replaced:
                self._replaced[text] = made = next(
                    each for each in self._hashes(text, made_of) if each not in self._taken
                )
                self._taken.add(made)
            return self._replaced[text]

    def _hashes(self, text: str, made_of: Callable[[bytes], str]) -> Iterator[str]:
        for attempt in itertools.count():
            yield made_of(hmac.digest(self._salt, f"{attempt} {text}".encode(errors="replace"), "sha256"))


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
