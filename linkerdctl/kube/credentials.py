"""Proving who we are: tokens, client certificates, or whom to ask for them. Secrets stay out of `repr` and errors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from linkerdctl.errors import ConfigError
from linkerdctl.kube.kubeconfig import ClusterConfig, pem
from linkerdctl.kube.presented import Certificate, Presented, bearer


class Credentials(Protocol):
    """What goes with every request. Called from threads, several at once."""

    @property
    def at_hand(self) -> bool:
        """Whether they can be had at once. Else they may run a command, or ask somebody, and want a thread."""
        ...

    def present(self) -> Presented:
        """What to present now, the header and the certificate of one moment.

        May read a file or run a command. Raises `ConfigError`.
        """
        ...

    def renew(self, refused: str | None) -> bool:
        """After a 401 to the header `refused`: forget it. False when asking again cannot change anything."""
        ...


class Static:
    """What stands in the kubeconfig itself: token, password, certificate."""

    def __init__(self, presented: Presented) -> None:
        self._presented = presented

    @property
    def at_hand(self) -> bool:
        """Always."""
        return True

    def present(self) -> Presented:
        """Always the same."""
        return self._presented

    def renew(self, refused: str | None) -> bool:
        """It stays what it is."""
        return False


class TokenFile:
    """A token in a file that someone else keeps fresh (projected service account tokens)."""

    def __init__(self, path: str, *, otherwise: Presented) -> None:
        self._path = Path(path)
        self._otherwise = otherwise

    @property
    def at_hand(self) -> bool:
        """A small file is read sooner than a thread is started."""
        return True

    def present(self) -> Presented:
        """The token as the file holds it now; the one in the kubeconfig where there is no file to read."""
        try:
            token = self._path.read_bytes().decode("latin-1").strip()
        except OSError as error:
            if self._otherwise.authorization is not None:
                return self._otherwise
            raise ConfigError(f"token file {self._path} cannot be read: {error.strerror}") from None
        return replace(self._otherwise, authorization=bearer(token, f"token file {self._path}"))

    def renew(self, refused: str | None) -> bool:
        """Whether the file has changed meanwhile."""
        return self.present().authorization != refused


def credentials_for(config: ClusterConfig) -> Credentials:
    """The credentials that a kubeconfig's user entry asks for, in kubectl's order. Raises `ConfigError`."""
    user = config.user
    certificate = _certificate(user)
    token = bearer(str(user["token"]), "the kubeconfig's user") if user.get("token") else None
    if user.get("tokenFile"):
        return TokenFile(str(user["tokenFile"]), otherwise=Presented(token, certificate))
    if token:
        return Static(Presented(token, certificate))
    if user.get("username"):
        return Static(Presented(_basic(str(user["username"]), str(user.get("password") or "")), certificate))
    return _asked_for(user, config) if certificate is None else Static(Presented(certificate=certificate))


def _asked_for(user: Mapping[str, Any], config: ClusterConfig) -> Credentials:
    """What is not in the kubeconfig, but elsewhere."""
    if user.get("exec"):
        from linkerdctl.kube.exec_plugin import ExecPlugin

        return ExecPlugin(user["exec"], config)
    if user.get("auth-provider"):
        from linkerdctl.kube.auth_provider import AuthProvider

        return AuthProvider(user["auth-provider"], config)
    return Static(Presented())


def _basic(name: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def _certificate(user: Mapping[str, Any]) -> Certificate | None:
    certificate, key = pem(user, "client-certificate"), pem(user, "client-key")
    if certificate and not key:
        raise ConfigError("the kubeconfig's user has a client-certificate but no client-key")
    return Certificate(certificate, key) if certificate and key else None
