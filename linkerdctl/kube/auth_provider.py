"""Kubeconfig's auth-provider entries, of which only the `kubernetes` package knows. It is loaded for nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from linkerdctl.errors import ConfigError
from linkerdctl.kube.kubeconfig import ClusterConfig
from linkerdctl.kube.presented import Presented, bearer

_INSTEAD = "kubectl knows no auth-providers any more either: use your provider's exec plugin"


class AuthProvider:
    """Asks the package for a token, and again when the one it gave was refused."""

    def __init__(self, entry: Any, config: ClusterConfig) -> None:
        self._name = str(entry.get("name") if isinstance(entry, Mapping) else None)
        self._config = config
        self._configuration: Any = None
        self._loading = threading.Lock()

    @property
    def at_hand(self) -> bool:
        """Never: the package may refresh what it has."""
        return False

    def present(self) -> Presented:
        """The header that the package would send: auth-providers give tokens. Raises `ConfigError`."""
        with self._loading:
            if self._configuration is None:
                self._configuration = self._load()
            # Before its version 32 the package had it under the other name.
            header = self._configuration.get_api_key_with_prefix("BearerToken", "authorization")
        if not header:
            raise ConfigError(f"auth-provider {self._name!r} gives no token", next_step=_INSTEAD)
        return Presented(bearer(str(header).removeprefix("Bearer "), f"auth-provider {self._name!r}"))

    def renew(self, refused: str | None) -> bool:
        """Load it anew next time: the package refreshes what has expired."""
        with self._loading:
            self._configuration = None
        return True

    def _load(self) -> Any:
        from kubernetes import client, config

        configuration = client.Configuration()
        try:
            load: Any = config.load_kube_config
            load(os.pathsep.join(self._config.files), self._config.context, configuration)
        except Exception as error:
            # Its messages may quote what it was given; what sort of failure it was must do.
            raise ConfigError(
                f"auth-provider {self._name!r} cannot log in: {type(error).__name__}", next_step=_INSTEAD
            ) from None
        return configuration
