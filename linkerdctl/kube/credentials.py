"""Proving who we are: tokens, client certificates, passwords, exec plugins. Secrets stay out of `repr` and errors."""

from __future__ import annotations

import base64
import datetime
import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from linkerdctl.errors import ConfigError
from linkerdctl.kube.kubeconfig import ClusterConfig, pem

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_EXPIRES_SOON = datetime.timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate and its key, PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


class Credentials(Protocol):
    """What goes with every request."""

    def authorization(self) -> str | None:
        """The Authorization header, fresh; may read a file or run a command."""
        ...

    def certificate(self) -> Certificate | None:
        """The client certificate for TLS, if there is one."""
        ...

    def renew(self) -> bool:
        """After a 401: forget what is cached. False when asking again cannot change anything."""
        ...


class Static:
    """What stands in the kubeconfig itself: token, password, certificate."""

    def __init__(self, authorization: str | None = None, certificate: Certificate | None = None) -> None:
        self._authorization = authorization
        self._certificate = certificate

    def authorization(self) -> str | None:
        """The header."""
        return self._authorization

    def certificate(self) -> Certificate | None:
        """The certificate."""
        return self._certificate

    def renew(self) -> bool:
        """It stays what it is."""
        return False


class TokenFile:
    """A token in a file that someone else keeps fresh (projected service account tokens)."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def authorization(self) -> str | None:
        """The token as the file holds it now."""
        try:
            return f"Bearer {self._path.read_text().strip()}"
        except OSError as error:
            raise ConfigError(f"token file {self._path} cannot be read: {error.strerror}") from None

    def certificate(self) -> Certificate | None:
        """None."""
        return None

    def renew(self) -> bool:
        """The file may have changed meanwhile."""
        return True


class ExecPlugin:
    """A command that prints an ExecCredential (v1, v1beta1), asked again when what it gave has expired."""

    def __init__(self, spec: Mapping[str, Any], config: ClusterConfig) -> None:
        self._spec = spec
        self._config = config
        self._status: Mapping[str, Any] | None = None
        self._expires: datetime.datetime | None = None
        if spec.get("apiVersion") not in _EXEC_VERSIONS:
            raise ConfigError(
                f"exec plugin {spec.get('command')!r} speaks {spec.get('apiVersion')!r}; known are v1, v1beta1"
            )

    def authorization(self) -> str | None:
        """The plugin's token."""
        token = self._current().get("token")
        return f"Bearer {token}" if token else None

    def certificate(self) -> Certificate | None:
        """The plugin's certificate."""
        status = self._current()
        if not status.get("clientCertificateData"):
            return None
        return Certificate(status["clientCertificateData"].encode(), str(status.get("clientKeyData", "")).encode())

    def renew(self) -> bool:
        """Run it again next time."""
        self._status = None
        return True

    def _current(self) -> Mapping[str, Any]:
        soon = datetime.datetime.now(datetime.UTC) + _EXPIRES_SOON
        if self._status is None or (self._expires is not None and self._expires <= soon):
            self._status = self._run()
            expires = self._status.get("expirationTimestamp")
            self._expires = datetime.datetime.fromisoformat(expires) if expires else None
        return self._status

    def _run(self) -> Mapping[str, Any]:
        command = [self._spec["command"], *(self._spec.get("args") or ())]
        environment = {each["name"]: each["value"] for each in self._spec.get("env") or ()}
        interactive = self._spec.get("interactiveMode", "IfAvailable") != "Never"
        info = {"apiVersion": self._spec["apiVersion"], "kind": "ExecCredential", "spec": self._exec_spec(interactive)}
        try:
            done = subprocess.run(  # noqa: S603 - the user's own kubeconfig names the command
                command,
                env={**os.environ, **environment, "KUBERNETES_EXEC_INFO": json.dumps(info)},
                stdin=None if interactive else subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
            )
        except FileNotFoundError:
            raise ConfigError(
                f"exec plugin {command[0]!r} is not there", next_step=self._spec.get("installHint")
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ConfigError(f"exec plugin {command[0]!r} failed: {type(error).__name__}") from None
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise ConfigError(f"exec plugin {command[0]!r} exited with {done.returncode}: {last}")
        return self._parsed(done.stdout, command[0])

    def _exec_spec(self, interactive: bool) -> dict[str, Any]:
        spec: dict[str, Any] = {"interactive": interactive}
        if self._spec.get("provideClusterInfo"):
            ca = base64.b64encode(self._config.ca).decode() if self._config.ca else None
            spec["cluster"] = {
                "server": self._config.server,
                "certificate-authority-data": ca,
                "insecure-skip-tls-verify": self._config.insecure,
                "tls-server-name": self._config.tls_server_name,
            }
        return spec

    def _parsed(self, output: bytes, command: str) -> Mapping[str, Any]:
        try:
            status = json.loads(output)["status"]
            if not (status.get("token") or status.get("clientCertificateData")):
                raise KeyError("status")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"exec plugin {command!r} printed no ExecCredential with a token or certificate"
            ) from None
        return dict(status)


class KubernetesPackage:
    """What only the `kubernetes` package knows: auth-provider plugins of old. Loaded for nothing else."""

    def __init__(self, kubeconfig: str | None, context: str) -> None:
        from kubernetes import client, config

        self._configuration = client.Configuration()
        try:
            config.load_kube_config(kubeconfig, context, self._configuration)  # type: ignore[no-untyped-call]
        except Exception as error:
            raise ConfigError(f"the kubernetes package cannot log in: {type(error).__name__}") from None

    def authorization(self) -> str | None:
        """The header the package would send."""
        header = self._configuration.get_api_key_with_prefix("authorization")
        return str(header) if header else None

    def certificate(self) -> Certificate | None:
        """None: auth providers give tokens."""
        return None

    def renew(self) -> bool:
        """The package refreshes by itself."""
        return True


def credentials_for(config: ClusterConfig) -> Credentials:
    """The credentials a kubeconfig's user entry asks for. Raises `ConfigError`."""
    user = config.user
    certificate = _certificate(user)
    if user.get("exec"):
        return ExecPlugin(user["exec"], config)
    if user.get("tokenFile"):
        return TokenFile(user["tokenFile"])
    if user.get("token"):
        return Static(f"Bearer {user['token']}", certificate)
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        return Static(f"Basic {base64.b64encode(pair.encode()).decode()}", certificate)
    if user.get("auth-provider"):
        return KubernetesPackage(config.source.split(", ")[0], config.context)
    return Static(None, certificate)


def _certificate(user: Mapping[str, Any]) -> Certificate | None:
    certificate, key = pem(user, "client-certificate"), pem(user, "client-key")
    if certificate and not key:
        raise ConfigError("the kubeconfig's user has a client-certificate but no client-key")
    return Certificate(certificate, key) if certificate and key else None
