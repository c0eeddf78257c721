"""Names of services and namespaces, as Kubernetes takes them, and the name their profile has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from linkerdctl.errors import UsageError

LONGEST_LABEL = 63
CLUSTER_DOMAIN = "cluster.local"

_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class ServiceName:
    """A service, and the domain of its cluster. Raises `UsageError` for names that Kubernetes would refuse."""

    service: str
    namespace: str
    domain: str = CLUSTER_DOMAIN

    def __post_init__(self) -> None:
        _check("service name", self.service, _DNS_1035, "must start with a letter", "DNS-1035")
        _check("namespace", self.namespace, _DNS_1123, "must start with a letter or digit", "DNS-1123")
        for part in self.domain.split("."):
            _check("cluster domain", part, _DNS_1123, "must start with a letter or digit", "DNS-1123")

    @property
    def profile(self) -> str:
        """The name that proxies look a profile up by."""
        return f"{self.service}.{self.namespace}.svc.{self.domain}"


def is_label(text: str) -> bool:
    """Whether it may be a namespace or one part of a dotted name."""
    return len(text) <= LONGEST_LABEL and _DNS_1123.fullmatch(text) is not None


def _check(what: str, name: str, pattern: re.Pattern[str], start: str, rule: str) -> None:
    if len(name) > LONGEST_LABEL:
        raise UsageError(f"invalid {what} {name!r}: it has {len(name)} characters, {LONGEST_LABEL} are allowed")
    if not pattern.fullmatch(name):
        hint = "give the short name: web-svc, not web-svc.emojivoto" if "." in name and rule == "DNS-1035" else None
        raise UsageError(
            f"invalid {what} {name!r}: a {rule} label has lower case letters, digits and '-' only, {start} "
            "and end with a letter or digit",
            next_step=hint,
        )
