"""Where the cluster is and as whom to speak to it: from kubeconfig files, or the pod's own."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from linkerdctl.errors import ConfigError
from linkerdctl.kube import in_cluster
from linkerdctl.kube.environment_proxy import environment_proxy
from linkerdctl.kube.impersonation import Impersonation as Impersonation
from linkerdctl.kube.kubeconfig_files import Entry, Merged, find_files, merge

_PROXIES = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """One cluster and one user. What is secret is kept out of `repr`."""

    server: str
    """A URL without credentials and without a slash at its end."""
    namespace: str = "default"
    context: str = ""
    ca: bytes | None = field(default=None, repr=False)
    """PEM of the authorities to trust; None means the system's."""
    insecure: bool = False
    tls_server_name: str | None = None
    compression: bool = True
    """Whether documents may come packed."""
    proxy_url: str | None = field(default=None, repr=False)
    """May hold a password: show `proxy` instead."""
    user: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The user's entry as it stands in the file; `credentials.py` knows what to make of it."""
    cluster: Mapping[str, Any] = field(default_factory=dict, repr=False)
    impersonation: Impersonation = field(default_factory=Impersonation)
    files: tuple[str, ...] = ()
    """The kubeconfig files it was read from; none in a pod."""
    source: str = ""
    """The same for users to read."""

    @property
    def proxy(self) -> str:
        """The proxy's address without its password; empty without a proxy."""
        return _without_credentials(urlsplit(self.proxy_url)) if self.proxy_url else ""


def load_config(
    kubeconfig: str | None = None, context: str | None = None, impersonation: Impersonation | None = None
) -> ClusterConfig:
    """The current context's cluster and user, or those of `context`; in a pod without kubeconfig the pod's own.

    Raises `ConfigError` when there is none, when it cannot be read, or when it names what is not there.
    """
    files = find_files(kubeconfig)
    if kubeconfig and not files:
        raise ConfigError(f"there is no kubeconfig at {kubeconfig}", next_step="name another, or set KUBECONFIG")
    merged = merge(files)
    if merged.is_empty and not (kubeconfig or context) and (own := _in_cluster(impersonation)):
        return own
    if not files:
        _no_config(context)
    wanted = context or merged.current_context
    if not wanted:
        raise ConfigError(f"{merged} has no current context", next_step=merged.choices("contexts", "--context"))
    return _of_context(merged, wanted, impersonation)


def _of_context(merged: Merged, name: str, impersonation: Impersonation | None) -> ClusterConfig:
    context = merged.entry("contexts", name)
    cluster = merged.entry("clusters", str(context.get("cluster") or ""))
    user = merged.entry("users", str(context["user"])) if context.get("user") else {}
    address, login = _server(cluster, f"cluster {context.get('cluster')!r} in {merged}")
    asked = impersonation if impersonation and impersonation.user else Impersonation.of_user(user)
    return ClusterConfig(
        server=address,
        namespace=str(context.get("namespace") or "default"),
        context=name,
        ca=pem(cluster, "certificate-authority"),
        # Anything but a plain true leaves certificates checked: a quoted "false" must not switch that off.
        insecure=cluster.get("insecure-skip-tls-verify") is True,
        tls_server_name=str(cluster["tls-server-name"]) if cluster.get("tls-server-name") else None,
        compression=cluster.get("disable-compression") is not True,
        proxy_url=_proxy(cluster, address, f"cluster {context.get('cluster')!r} in {merged}"),
        user={**login, **user},
        cluster=cluster,
        impersonation=asked,
        files=merged.files,
        source=", ".join(merged.files),
    )


def _server(cluster: Entry, where: str) -> tuple[str, dict[str, str]]:
    """The address, and what it holds of name and password, which are a user's."""
    given = str(cluster.get("server") or "").strip()
    if not given:
        raise ConfigError(f"{where} has no server")
    if "://" not in given:
        secure = any(cluster.get(key) for key in ("certificate-authority", "certificate-authority-data"))
        given = f"{'https' if secure or cluster.get('insecure-skip-tls-verify') else 'http'}://{given}"
    url = _url(given, ("http", "https"), f"the server of {where}")
    login = {"username": unquote(url.username), "password": unquote(url.password or "")} if url.username else {}
    return _without_credentials(url).rstrip("/"), login


def _proxy(cluster: Entry, address: str, where: str) -> str | None:
    origin, given = f"the proxy-url of {where}", str(cluster.get("proxy-url") or "")
    if not given and (found := environment_proxy(address)):
        origin, given = f"{found[0]} in the environment", found[1]
    if not given:
        return None
    _url(given, _PROXIES, origin)
    return given


def _url(text: str, schemes: tuple[str, ...], what: str) -> SplitResult:
    """Its parts; raises `ConfigError` without quoting it, for it may hold a password."""
    try:
        url = urlsplit(text)
        usable = url.scheme in schemes and url.hostname and url.port != 0 and not set(text) & set(" \\^`{|}<>")
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{what} is no URL", next_step=f"write it like {schemes[-1]}://HOST:PORT")
    return url


def _without_credentials(url: SplitResult) -> str:
    return url._replace(netloc=url.netloc.rpartition("@")[2]).geturl()


def pem(entry: Mapping[str, Any], key: str) -> bytes | None:
    """What an entry gives as `KEY-data` (base64) or as the file `KEY`; data win. Raises `ConfigError`."""
    if data := entry.get(f"{key}-data"):
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError, AttributeError):
            raise ConfigError(f"{key}-data in the kubeconfig is no base64") from None
    if path := entry.get(key):
        try:
            return Path(path).read_bytes()
        except (OSError, ValueError) as error:
            raise ConfigError(f"{key} {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return None


def _in_cluster(impersonation: Impersonation | None) -> ClusterConfig | None:
    server = in_cluster.server()
    if server is None:
        return None
    return ClusterConfig(
        server=server,
        namespace=in_cluster.namespace(),
        context="in-cluster",
        ca=pem({"certificate-authority": str(in_cluster.SERVICE_ACCOUNT / "ca.crt")}, "certificate-authority"),
        proxy_url=_proxy({}, server, "the pod"),
        user={"tokenFile": str(in_cluster.SERVICE_ACCOUNT / "token")},
        impersonation=impersonation or Impersonation(),
        source=str(in_cluster.SERVICE_ACCOUNT),
    )


def _no_config(context: str | None) -> NoReturn:
    looked = os.environ.get("KUBECONFIG") or "~/.kube/config"
    wanted = f"context {context!r} to ask" if context else "cluster to ask"
    reason = "" if context else ", and this is no pod"
    raise ConfigError(
        f"there is no {wanted}: no kubeconfig at {looked}{reason}",
        next_step="set KUBECONFIG or --kubeconfig; without a cluster: --recording DIR, or linkerdctl demo",
    )
