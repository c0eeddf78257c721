"""The pod's own cluster: what Kubernetes mounts and sets in every container."""

from __future__ import annotations

import os
from pathlib import Path

from linkerdctl.errors import ConfigError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def server() -> str | None:
    """The API server's address as a pod sees it; None outside of pods."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT") or "443"
    if not host or not (SERVICE_ACCOUNT / "token").exists():
        return None
    return f"https://{f'[{host}]' if ':' in host else host}:{port}"


def namespace() -> str:
    """The pod's own."""
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or "default"
    except FileNotFoundError:
        return "default"
    except OSError as error:
        raise ConfigError(f"{SERVICE_ACCOUNT / 'namespace'} cannot be read: {error.strerror}") from None
