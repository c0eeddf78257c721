"""The kubeconfig that leads to a demo."""

from __future__ import annotations

import json
from pathlib import Path

CONTEXT = "linkerdctl-demo"


def write_kubeconfig(directory: Path, url: str, token: str | None) -> Path:
    """A file only its owner can read, in a directory only its owner can enter. JSON is YAML, and needs no package."""
    user = {"token": token} if token else {}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": url}}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}}],
    }
    path = directory / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=2) + "\n")
    return path
