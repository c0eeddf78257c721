"""Credentials from a command: the exec plugins of kubeconfigs (client.authentication.k8s.io v1 and v1beta1)."""

from __future__ import annotations

import base64
import datetime
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from linkerdctl.errors import ConfigError
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.presented import Certificate, Presented, bearer

_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"
_SECRETIVE = re.compile(r"(?i)secret|token|pass|key|credential")
_EXPIRES_SOON = datetime.timedelta(seconds=10)
_PATIENCE = 60.0
"""Seconds that a plugin may take which asks its user nothing."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A kubeconfig's `exec`, checked. Arguments and environment may hold secrets."""

    version: str
    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    mode: str = "IfAvailable"
    cluster_info: bool = False
    install_hint: str | None = None

    @classmethod
    def of(cls, entry: Any) -> Self:
        """Check an entry; raises `ConfigError`."""
        if not isinstance(entry, Mapping) or not entry.get("command"):
            raise ConfigError("the kubeconfig's exec plugin has no command")
        command, version = str(entry["command"]), str(entry.get("apiVersion") or "")
        mode = str(entry.get("interactiveMode") or "IfAvailable")
        if version not in _VERSIONS:
            raise ConfigError(f"exec plugin {command!r} speaks {version!r}; known are {' and '.join(_VERSIONS)}")
        if mode not in _MODES:
            raise ConfigError(f"exec plugin {command!r} has interactiveMode {mode!r}; known are {', '.join(_MODES)}")
        try:
            environment = {str(each["name"]): str(each.get("value") or "") for each in _listed(entry, "env")}
            args = tuple(map(str, _listed(entry, "args")))
        except (KeyError, TypeError, AttributeError):
            raise ConfigError(f"exec plugin {command!r} has args or env that are no lists of what they hold") from None
        hint = str(entry["installHint"]).strip() if entry.get("installHint") else None
        return cls(version, command, args, environment, mode, entry.get("provideClusterInfo") is True, hint)

    def harmless(self, text: str) -> str:
        """A line that the plugin wrote, without the secrets it was given."""
        for value in sorted((*self.environment.values(), *self._secret_args()), key=len, reverse=True):
            text = text.replace(value, "***") if len(value) > 3 else text
        return "".join(each for each in text if each.isprintable())[:300]

    def _secret_args(self) -> Iterator[str]:
        for flag, following in itertools.pairwise((*self.args, "")):
            name, _, value = flag.partition("=")
            if name.startswith("-") and _SECRETIVE.search(name):
                yield value or following


def _listed(entry: Mapping[str, Any], key: str) -> list[Any]:
    """A list of an entry; raises `TypeError` for anything else."""
    found = entry.get(key) or []
    if not isinstance(found, list):
        raise TypeError(f"{key} is no list")
    return found


@dataclass(frozen=True, slots=True)
class Issued:
    """What a plugin gave, and until when."""

    presented: Presented
    expires: datetime.datetime | None = None

    @property
    def lasts(self) -> bool:
        """Whether it can still be used for a while."""
        return self.expires is None or self.expires > datetime.datetime.now(datetime.UTC) + _EXPIRES_SOON


class ExecPlugin:
    """Runs the command once, and again when what it gave has expired or was refused."""

    def __init__(self, entry: Any, config: ClusterConfig) -> None:
        self._spec = Spec.of(entry)
        self._config = config
        self._issued: Issued | None = None
        self._running = threading.Lock()

    @property
    def at_hand(self) -> bool:
        """Unless it is to be run."""
        issued = self._issued
        return issued is not None and issued.lasts and not self._running.locked()

    def present(self) -> Presented:
        """What the plugin gave, or gives now."""
        with self._running:
            if self._issued is None or not self._issued.lasts:
                self._issued = _issued(_run(self._spec, self._config), self._spec)
            return self._issued.presented

    def renew(self, refused: str | None) -> bool:
        """Run it again next time, unless another request has already had it run since."""
        with self._running:
            if self._issued is not None and self._issued.presented.authorization == refused:
                self._issued = None
        return True


def _run(spec: Spec, config: ClusterConfig) -> bytes:
    """What the plugin prints. Where it may talk to its user, its stderr is the user's; otherwise errors quote it."""
    interactive = _interactive(spec)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own kubeconfig names the command
            [spec.command, *spec.args],
            env={**os.environ, **spec.environment, "KUBERNETES_EXEC_INFO": _exec_info(spec, config, interactive)},
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if interactive else subprocess.PIPE,
            timeout=None if interactive else _PATIENCE,
        )
    except FileNotFoundError:
        hint = spec.install_hint or "install it, or correct the kubeconfig's user"
        raise ConfigError(f"exec plugin {spec.command!r} is not there", next_step=hint) from None
    except subprocess.TimeoutExpired:
        raise ConfigError(f"exec plugin {spec.command!r} did not end within {_PATIENCE:g}s") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"exec plugin {spec.command!r} cannot be run: {why.lower()}") from None
    if done.returncode:
        raise _failed(spec, done)
    return done.stdout


def _failed(spec: Spec, done: subprocess.CompletedProcess[bytes]) -> ConfigError:
    said = [line for line in (done.stderr or b"").decode(errors="replace").splitlines() if line.strip()]
    why = f": {spec.harmless(said[-1].strip())}" if said else ""
    return ConfigError(
        f"exec plugin {spec.command!r} exited with {done.returncode}{why}",
        next_step=spec.install_hint or "log in again with it, or correct the kubeconfig's user",
    )


def _interactive(spec: Spec) -> bool:
    """Whether the plugin may ask its user something."""
    terminal = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    if spec.mode == "Always" and not terminal:
        raise ConfigError(
            f"exec plugin {spec.command!r} needs a terminal to ask you on, and standard input is none",
            next_step="run this in a terminal, or log in with the plugin beforehand",
        )
    return terminal and spec.mode != "Never"


def _exec_info(spec: Spec, config: ClusterConfig, interactive: bool) -> str:
    inner: dict[str, Any] = {"interactive": interactive}
    if spec.cluster_info:
        inner["cluster"] = _cluster_info(config)
    return json.dumps({"apiVersion": spec.version, "kind": "ExecCredential", "spec": inner}, default=str)


def _cluster_info(config: ClusterConfig) -> dict[str, Any]:
    """What `provideClusterInfo` promises; `config` is the cluster's own extension for plugins."""
    named = (each for each in config.cluster.get("extensions") or () if isinstance(each, Mapping))
    own = (each.get("extension") for each in named if each.get("name") == _CLUSTER_EXTENSION)
    told = {
        "server": config.server,
        "tls-server-name": config.tls_server_name,
        "insecure-skip-tls-verify": config.insecure,
        "certificate-authority-data": base64.b64encode(config.ca).decode() if config.ca else None,
        "proxy-url": config.proxy_url,
        "config": next(own, None),
    }
    return {key: value for key, value in told.items() if value}


def _issued(output: bytes, spec: Spec) -> Issued:
    """Read an ExecCredential. Its text is never quoted."""
    origin = f"exec plugin {spec.command!r}"
    try:
        document = json.loads(output)
        version, status = document.get("apiVersion"), document["status"]
        token, expires = status.get("token"), status.get("expirationTimestamp")
        certificate = _certificate(status)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigError(f"{origin} printed no ExecCredential") from None
    if version != spec.version:
        raise ConfigError(f"{origin} answers in another version than {spec.version}, which the kubeconfig names")
    if not (token or certificate):
        raise ConfigError(f"{origin} printed an ExecCredential without token or certificate")
    presented = Presented(bearer(str(token), origin) if token else None, certificate)
    return Issued(presented, _moment(expires, origin))


def _certificate(status: Mapping[str, Any]) -> Certificate | None:
    if not status.get("clientCertificateData"):
        return None
    return Certificate(status["clientCertificateData"].encode(), status["clientKeyData"].encode())


def _moment(text: Any, origin: str) -> datetime.datetime | None:
    if not text:
        return None
    try:
        moment = datetime.datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise ConfigError(f"{origin} gives an expirationTimestamp that is no time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
