"""Where a Prometheus is: a URL, or a Service that the API server leads to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from linkerdctl.errors import UsageError

DEFAULT_PORT = "9090"
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE = re.compile(r"(?P<name>[^.:/]+)(\.(?P<namespace>[^.:/]+))?(:(?P<port>[^.:/]+))?(?P<path>/.*)?")
_FORMS = (
    "give a URL (https://prometheus.example.com) or a Service as NAME[.NAMESPACE][:PORT] (prometheus.linkerd-viz:9090)"
)


@dataclass(frozen=True, slots=True)
class Url:
    """A URL without a slash at its end and without credentials; `user` is the name that stood before the @."""

    url: str
    user: str | None = None

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A Service, reached through the API server's proxy; without a namespace it is in the context's."""

    name: str
    namespace: str | None = None
    port: str = DEFAULT_PORT
    path: str = ""

    def __str__(self) -> str:
        return f"service {self.name}{f'.{self.namespace}' if self.namespace else ''}:{self.port}{self.path}"


Address = Url | ServiceAddress


def parse_address(text: str) -> Address:
    """Read what `--prometheus` was given; raises `UsageError`."""
    return _url(text.strip()) if "://" in text else _service(text.strip())


def _url(text: str) -> Url:
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise UsageError(f"--prometheus: this URL cannot be: {error}", next_step=_FORMS) from None
    if parts.password is not None:
        raise UsageError(
            "--prometheus: a password does not belong into a URL, where others can see it",
            next_step="leave it out, and put it into LINKERDCTL_PROMETHEUS_PASSWORD or a --prometheus-config file",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"--prometheus {text} is no address of a Prometheus", next_step=_FORMS)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/").removesuffix("/api/v1/query").removesuffix("/api/v1").rstrip("/")
    return Url(f"{parts.scheme}://{host}{port}{path}", unquote(parts.username) if parts.username else None)


def _service(text: str) -> ServiceAddress:
    found = _SERVICE.fullmatch(text)
    named = found and all(_DNS_LABEL.fullmatch(part) for part in (found["name"], found["namespace"] or "x"))
    if not found or not named or not _DNS_LABEL.fullmatch(found["port"] or DEFAULT_PORT):
        raise UsageError(f"--prometheus {text!r} is neither a URL nor a Service", next_step=_FORMS)
    path = (found["path"] or "").rstrip("/")
    return ServiceAddress(found["name"], found["namespace"], found["port"] or DEFAULT_PORT, path)
