"""How to present oneself to a Prometheus: credentials, TLS, headers, from the environment or from a file, never from argv.

The file is what Prometheus itself calls `http_config` (promtool takes the same as `--http.config.file`).
"""

from __future__ import annotations

import base64
import os
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from linkerdctl.errors import ConfigError, UsageError

VARIABLE = "LINKERDCTL_PROMETHEUS"
_SECRET = ("authorization", "proxy-authorization", "cookie")
"""Headers whose value others must not see in a list of processes."""


Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Everything beside the address. What is secret, or may be, is kept out of `repr`."""

    authorization: str | None = field(default=None, repr=False)
    headers: tuple[Header, ...] = field(default=(), repr=False)
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None
    insecure: bool = False
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    """Seconds for each request."""

    def tls(self) -> ssl.SSLContext:
        """What to trust and what to present; raises `ConfigError` for files that cannot be used."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(f"{self.ca} cannot be used as certificate authority: {_why(error)}") from None
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            self._present(context, self.certificate)
        return context

    def _present(self, context: ssl.SSLContext, certificate: Path) -> None:
        encrypted = False

        def no_passphrase() -> str:
            nonlocal encrypted
            encrypted = True
            return ""

        try:
            # Without a function OpenSSL would ask on the terminal
            context.load_cert_chain(certificate, self.key, no_passphrase)
        except (OSError, ssl.SSLError) as error:
            why = "its key is encrypted, and there is no place for a passphrase" if encrypted else _why(error)
            step = None if self.key else "is its key in the same file? if not, name it with key_file"
            raise ConfigError(f"client certificate {certificate} cannot be used: {why}", next_step=step) from None


def http_config(
    *,
    user: str | None = None,
    headers: Sequence[str] = (),
    file: Path | None = None,
    timeout: float = 30.0,
    environment: Mapping[str, str] = os.environ,
) -> HttpConfig:
    """From the file, then the environment, then the command line, the later going first.

    `user` is the one of the URL, `headers` are texts as `NAME: VALUE`. Raises `ConfigError` and `UsageError`.
    """
    config = _from_file(file) if file else HttpConfig()
    given = {
        name.removeprefix(VARIABLE): value for name, value in environment.items() if name.startswith(VARIABLE) and value
    }
    of_environment = _headers(given.get("_HEADERS", "").splitlines())
    return replace(
        config,
        authorization=_authorization(given, user) or config.authorization,
        headers=_over(_over(config.headers, of_environment), _headers(headers, on_command_line=True)),
        ca=Path(given["_CA"]) if "_CA" in given else config.ca,
        timeout=timeout,
    )


def _over(headers: Sequence[Header], later: Sequence[Header]) -> tuple[Header, ...]:
    """Headers, without those that later ones replace."""
    replaced = {name.lower() for name, _ in later}
    return (*(each for each in headers if each[0].lower() not in replaced), *later)


def _authorization(given: Mapping[str, str], user: str | None) -> str | None:
    user = user or given.get("_USER")
    if user is not None:
        return _basic(user, given.get("_PASSWORD", ""))
    if "_TOKEN_FILE" in given:
        return _bearer(_secret(Path(given["_TOKEN_FILE"])), given["_TOKEN_FILE"])
    return _bearer(given["_TOKEN"].strip(), f"{VARIABLE}_TOKEN") if "_TOKEN" in given else None


def _bearer(token: str, where: str, kind: str = "Bearer") -> str:
    """A header as these credentials make it; raises `ConfigError` for what no header can hold, and does not repeat it."""
    if not token.isascii() or not token.isprintable():
        raise ConfigError(f"{where} holds no token: there are line breaks or letters in it that no header can hold")
    return f"{kind} {token}"


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {_why(error)}") from None


def _headers(texts: Iterable[str], *, on_command_line: bool = False) -> list[Header]:
    found = []
    for text in filter(str.strip, texts):
        name, colon, value = (part.strip() for part in text.partition(":"))
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not value.isprintable():
            raise UsageError(
                f"{name[:20]!r} begins no header", next_step="write it as NAME: VALUE (X-Scope-OrgID: team-a)"
            )
        if on_command_line and name.lower() in _SECRET:
            raise UsageError(
                f"--prometheus-header {name}: credentials do not belong on a command line, where others can see them",
                next_step=f"put them into {VARIABLE}_TOKEN or {VARIABLE}_HEADERS, or into a --prometheus-config file",
            )
        found.append((name, value))
    return found


def _from_file(path: Path) -> HttpConfig:
    """An `http_config`; paths in it are relative to it."""
    import yaml

    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--prometheus-config {path} cannot be read: {_why(error)}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"--prometheus-config {path} is no YAML{where}") from None
    try:
        return _File(path.parent, document or {}).config()
    except (AttributeError, TypeError, KeyError) as error:
        raise ConfigError(
            f"--prometheus-config {path} is no http_config as Prometheus has it ({type(error).__name__})",
            next_step="its parts are basic_auth, authorization, bearer_token_file, tls_config, http_headers, proxy_url",
        ) from None


class _File:
    """The parts of an `http_config`; what is not known is told, not passed over."""

    _PARTS = frozenset(
        ("basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config", "http_headers", "proxy_url",
         "follow_redirects", "enable_http2")
    )  # fmt: skip

    def __init__(self, directory: Path, document: Mapping[str, Any]) -> None:
        self._directory = directory
        self._document = document
        if unknown := sorted(document.keys() - self._PARTS):
            raise ConfigError(
                f"--prometheus-config: {', '.join(map(str, unknown))} is not supported",
                next_step=f"known are {', '.join(sorted(self._PARTS))}",
            )

    def config(self) -> HttpConfig:
        tls = self._document.get("tls_config") or {}
        if tls.get("key_file") and not tls.get("cert_file"):
            raise ConfigError("--prometheus-config: tls_config has a key_file, but no cert_file")
        return HttpConfig(
            authorization=self._authorization(),
            headers=tuple(self._headers()),
            ca=self._path(tls, "ca_file"),
            certificate=self._path(tls, "cert_file"),
            key=self._path(tls, "key_file"),
            server_name=tls.get("server_name"),
            insecure=tls.get("insecure_skip_verify") is True,
            proxy=self._document.get("proxy_url"),
        )

    def _authorization(self) -> str | None:
        if basic := self._document.get("basic_auth"):
            return _basic(str(basic["username"]), self._value(basic, "password") or "")
        if authorization := self._document.get("authorization"):
            kind, credentials = authorization.get("type", "Bearer"), self._value(authorization, "credentials") or ""
            return _bearer(str(credentials).strip(), "authorization of --prometheus-config", kind)
        token = self._value(self._document, "bearer_token")
        return _bearer(str(token).strip(), "bearer_token of --prometheus-config") if token else None

    def _headers(self) -> Iterator[Header]:
        for name, given in (self._document.get("http_headers") or {}).items():
            values = [*given.get("values", ()), *given.get("secrets", ())]
            files = [_secret(self._directory / each) for each in given.get("files", ())]
            yield from ((str(name), str(value)) for value in (*values, *files))

    def _value(self, part: Mapping[str, Any], name: str) -> str | None:
        file = self._path(part, f"{name}_file")
        return _secret(file) if file else part.get(name)

    def _path(self, part: Mapping[str, Any], name: str) -> Path | None:
        return self._directory / str(part[name]) if part.get(name) else None


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "what belongs in it is not there").replace("_", " ").lower()
    return (getattr(error, "strerror", None) or getattr(error, "reason", None) or type(error).__name__).lower()
