"""Words that kubectl, `linkerd` and `linkerd viz` know and linkerdctl does not, and what to use instead."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

_COMMANDS = {
    "allow-scrapes": "linkerdctl changes nothing in a cluster; use linkerd viz allow-scrapes",
    "completion": "use: linkerdctl --show-completion, or --install-completion",
    "controller-metrics": "use: linkerdctl metrics deploy -n linkerd, or linkerd diagnostics controller-metrics",
    "dashboard": "there is no web page; live on the terminal: linkerdctl top, or linkerdctl stat --watch",
    "diagnostics": "for proxy-metrics use linkerdctl metrics; for the others linkerd diagnostics",
    "dg": "for proxy-metrics use linkerdctl metrics; for the others linkerd diagnostics",
    "endpoints": "use: linkerd diagnostics endpoints",
    "policy": "which policies apply: linkerdctl authz; as the control plane has them: linkerd diagnostics policy",
    "proxy-metrics": "use: linkerdctl metrics",
    "version": "use: linkerdctl --version; versions of proxies: linkerdctl list",
}
_OPTIONS = {
    "--api-addr": "leave it out, no metrics API is asked; where the API server is says the kubeconfig",
    "--cni-namespace": "leave it out, nothing here looks at the CNI plugin",
    "--destination-pod": "leave it out, the control plane is not asked",
    "--json": "use -o json",
    "--no-headers": "use -o csv or -o json",
    "--obfuscate": "use linkerdctl record --redact",
    "--prometheusURL": "use --prometheus ADDRESS",
    "--proxy": "leave it out, proxies are looked at in any case; -n NAMESPACE for those of one",
    "--token": "leave it out, the control plane is not asked",
    "--viz-namespace": "leave it out, it makes no difference where viz is installed",
    "--wide": "use -o wide",
    "--yaml": "use -o yaml",
}


def about_command(name: str, words: Sequence[str]) -> str:
    """What to use instead of a command that is none here; empty for words nobody knows. `words` stand behind it."""
    rest = shlex.join(words)
    if name == "viz" and words:
        return f"leave viz out: linkerdctl {rest}"
    if name == "help":
        return f"use: linkerdctl {rest} --help" if words else "use: linkerdctl --help"
    if name in ("get", "describe", "logs"):
        return f"use: kubectl {name}"
    if name in ("install", "uninstall", "prune", "inject", "uninject", "upgrade"):
        return f"linkerdctl changes nothing in a cluster; use linkerd {name}, or linkerd viz {name}"
    return _COMMANDS.get(name, "")


def about_option(name: str) -> str:
    """What to use instead of an option that is none here; empty for those nobody knows."""
    return _OPTIONS.get(name, "")
