"""Where the cluster is and as whom to speak to it: kubeconfig files, merged as kubectl merges them, or the pod's own."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkerdctl.errors import ConfigError, UsageError

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom to act as: `--as`, `--as-group`, `--as-uid`."""

    user: str | None = None
    groups: tuple[str, ...] = ()
    uid: str | None = None

    def __post_init__(self) -> None:
        if not self.user and (self.groups or self.uid):
            raise UsageError("--as-group and --as-uid need --as", next_step="give the user too: --as NAME")

    def headers(self) -> list[tuple[str, str]]:
        """The request headers that ask for it."""
        user = [("Impersonate-User", self.user)] if self.user else []
        uid = [("Impersonate-Uid", self.uid)] if self.uid else []
        return [*user, *uid, *(("Impersonate-Group", group) for group in self.groups)]


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """One cluster and one user. What is secret is kept out of `repr`."""

    server: str
    namespace: str = "default"
    context: str = ""
    ca: bytes | None = None
    """PEM of the authorities to trust; None means the system's."""
    insecure: bool = False
    tls_server_name: str | None = None
    proxy_url: str | None = None
    user: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The user's entry as it stands in the file; `credentials.py` knows what to make of it."""
    cluster: Mapping[str, Any] = field(default_factory=dict, repr=False)
    impersonation: Impersonation = Impersonation()
    source: str = ""
    """The file, or files, it was read from."""


def load_config(
    kubeconfig: str | None = None, context: str | None = None, impersonation: Impersonation | None = None
) -> ClusterConfig:
    """The current context's cluster and user, or those of `context`; in a pod without kubeconfig the pod's own.

    Raises `ConfigError` when there is none, when it cannot be read, or when it names what is not there.
    """
    impersonation = impersonation or Impersonation()
    paths = _paths(kubeconfig)
    if kubeconfig and not paths:
        raise ConfigError(f"there is no kubeconfig at {kubeconfig}")
    if not paths:
        return _in_cluster(impersonation) or _no_config()
    merged = _merged(paths)
    wanted = context or merged["current-context"]
    if not wanted:
        raise ConfigError(
            f"{_names(paths)} has no current context", next_step=_choices("--context", merged["contexts"])
        )
    chosen = _named(merged, "contexts", "context", wanted)
    cluster = _named(merged, "clusters", "cluster", str(chosen.get("cluster", "")))
    user = _named(merged, "users", "user", str(chosen["user"])) if chosen.get("user") else {}
    if not cluster.get("server"):
        raise ConfigError(f"cluster {chosen.get('cluster')!r} in {_names(paths)} has no server")
    return ClusterConfig(
        server=str(cluster["server"]).rstrip("/"),
        namespace=str(chosen.get("namespace") or "default"),
        context=wanted,
        ca=pem(cluster, "certificate-authority"),
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
        tls_server_name=cluster.get("tls-server-name"),
        proxy_url=cluster.get("proxy-url"),
        user=user,
        cluster=cluster,
        impersonation=impersonation,
        source=_names(paths),
    )


def pem(entry: Mapping[str, Any], key: str) -> bytes | None:
    """What an entry gives as `KEY-data` (base64) or as the file `KEY`; data win. Raises `ConfigError`."""
    if data := entry.get(f"{key}-data"):
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise ConfigError(f"{key}-data in the kubeconfig is no base64") from None
    if path := entry.get(key):
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(f"{key} {path} cannot be read: {error.strerror}") from None
    return None


def _paths(kubeconfig: str | None) -> list[Path]:
    if kubeconfig:
        listed = [kubeconfig]
    elif os.environ.get("KUBECONFIG"):
        listed = [each for each in os.environ["KUBECONFIG"].split(os.pathsep) if each]
    else:
        listed = [str(Path.home() / ".kube" / "config")]
    return [path for path in map(Path, listed) if path.exists()]


def _merged(paths: list[Path]) -> dict[str, Any]:
    """kubectl's rule: the first file that has a name, or a current context, decides it."""
    merged: dict[str, Any] = {"current-context": "", "contexts": {}, "clusters": {}, "users": {}}
    for path in paths:
        document = _read(path)
        merged["current-context"] = merged["current-context"] or document.get("current-context") or ""
        for section, inner in (("contexts", "context"), ("clusters", "cluster"), ("users", "user")):
            for entry in document.get(section) or ():
                if isinstance(entry, dict) and "name" in entry:
                    merged[section].setdefault(entry["name"], _located(entry.get(inner) or {}, path.parent))
    return merged


def _located(entry: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Paths inside a kubeconfig are relative to the file they stand in."""
    located = dict(entry)
    for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
        if located.get(key):
            located[key] = str(folder / located[key])
    command = (located.get("exec") or {}).get("command", "")
    if "/" in command and not command.startswith("/"):
        located["exec"] = {**located["exec"], "command": str(folder / command)}
    return located


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except OSError as error:
        raise ConfigError(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(
            f"kubeconfig {path} is no YAML{place}: {getattr(error, 'problem', '') or 'bad bytes'}"
        ) from None
    if not isinstance(document, dict | None):
        raise ConfigError(f"kubeconfig {path} is no kubeconfig: it holds no mapping")
    return document or {}


def _named(merged: Mapping[str, Any], section: str, word: str, name: str) -> dict[str, Any]:
    if name not in merged[section]:
        raise ConfigError(
            f"there is no {word} {name!r} in the kubeconfig", next_step=_choices(section, merged[section])
        )
    found: dict[str, Any] = merged[section][name]
    return found


def _choices(what: str, names: Mapping[str, Any]) -> str:
    return f"{what} there are: {', '.join(sorted(map(str, names)))}" if names else f"{what}: there are none"


def _names(paths: list[Path]) -> str:
    return ", ".join(map(str, paths))


def _in_cluster(impersonation: Impersonation) -> ClusterConfig | None:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (SERVICE_ACCOUNT / "token").exists():
        return None
    namespace = SERVICE_ACCOUNT / "namespace"
    return ClusterConfig(
        server=f"https://{f'[{host}]' if ':' in host else host}:{port}",
        namespace=namespace.read_text().strip() if namespace.exists() else "default",
        context="in-cluster",
        ca=pem({"certificate-authority": str(SERVICE_ACCOUNT / "ca.crt")}, "certificate-authority"),
        user={"tokenFile": str(SERVICE_ACCOUNT / "token")},
        impersonation=impersonation,
        source=str(SERVICE_ACCOUNT),
    )


def _no_config() -> ClusterConfig:
    looked = os.environ.get("KUBECONFIG") or "~/.kube/config"
    raise ConfigError(
        f"there is no cluster to ask: no kubeconfig at {looked}, and this is no pod",
        next_step="set KUBECONFIG or --kubeconfig; without a cluster: --recording DIR, or linkerdctl demo",
    )
