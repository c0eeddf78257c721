"""What a recording keeps of the cluster's objects: without what may hold secrets, and redacted if that is wanted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from linkerdctl.sources.redaction import Redaction

KEPT_ENVIRONMENT = frozenset({"LINKERD2_PROXY_IDENTITY_LOCAL_NAME", "LINKERD2_PROXY_INBOUND_DEFAULT_POLICY"})
POD_FIELDS = ("containers", "initContainers", "nodeName", "serviceAccountName", "restartPolicy", "hostNetwork")
CONTAINER_FIELDS = ("name", "image", "ports", "restartPolicy")
"""Arguments, probes, volumes and the like are left out: they may hold secrets, and no command asks for them."""
LEFT_OUT = frozenset({
    "managedFields", "data", "stringData", "binaryData", "message",
    "requestHeaderModifier", "responseHeaderModifier",
})  # fmt: skip
"""Secrets, whole configurations, headers with credentials, messages that quote logs; or of no use."""
OWN_WORDS = frozenset({
    "apiVersion", "kind", "group", "phase", "type", "status", "reason", "restartPolicy", "creationTimestamp",
    "startTime", "startedAt", "finishedAt", "deletionTimestamp", "lastTransitionTime", "protocol", "proxyProtocol",
    "operator", "method", "timeout", "linkerd.io/proxy-version",
})  # fmt: skip
"""Fields whose values are Kubernetes' words, times and versions: they stay when the rest is redacted."""
_NAMED_BY_USERS = frozenset({"labels", "annotations", "matchLabels", "selector"})
_OF_LINKERD = re.compile(r"(?:[a-z0-9-]+\.)*linkerd\.io/.*")

Manifest = Mapping[str, Any]


def kept(manifest: Manifest) -> dict[str, Any]:
    """The object without what may hold secrets or only takes room; of annotations only Linkerd's (others quote the rest)."""
    cleaned: dict[str, Any] = _kept(dict(manifest), "")
    return cleaned


def redacted(manifest: Manifest, redaction: Redaction) -> dict[str, Any]:
    """The object with all its strings replaced, but for those that are Kubernetes' own words."""
    replaced: dict[str, Any] = _redacted(dict(manifest), "", redaction)
    return replaced


def _kept(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_kept(each, key) for each in value]
    if isinstance(value, dict) and key == "annotations":
        return {name: each for name, each in value.items() if _OF_LINKERD.fullmatch(name)}
    if not isinstance(value, dict) or _is_named_by_users(key, value):
        return value
    if isinstance(value.get("containers"), list):
        value = {name: each for name, each in value.items() if name in POD_FIELDS}
        containers = {name: [_container(each) for each in value.get(name) or ()] for name in POD_FIELDS[:2]}
        return {**value, **{name: each for name, each in containers.items() if each}}
    return {name: _kept(each, name) for name, each in value.items() if name not in LEFT_OUT}


def _container(container: Manifest) -> dict[str, Any]:
    if not isinstance(container, Mapping):
        return {}
    cleaned = {name: container[name] for name in CONTAINER_FIELDS if name in container}
    environment = [
        {"name": each["name"], "value": each.get("value", "")}
        for each in container.get("env") or ()
        if each.get("name") in KEPT_ENVIRONMENT
    ]
    return {**cleaned, "env": environment} if environment else cleaned


def _redacted(value: Any, key: str, redaction: Redaction) -> Any:
    if isinstance(value, list):
        return [_redacted(each, key, redaction) for each in value]
    if isinstance(value, dict) and _is_named_by_users(key, value):
        return {_label_key(name, redaction): _label_value(name, each, redaction) for name, each in value.items()}
    if isinstance(value, dict):
        return {name: _redacted(each, name, redaction) for name, each in value.items()}
    return redaction.name(value) if isinstance(value, str) and key not in OWN_WORDS else value


def _is_named_by_users(key: str, value: Manifest) -> bool:
    """Whether the keys of this mapping are anybody's words; the selector of a Service is, that of a Deployment is not."""
    return key in _NAMED_BY_USERS and all(isinstance(each, str) for each in value.values())


def _label_key(name: str, redaction: Redaction) -> str:
    return name if _OF_LINKERD.fullmatch(name) else redaction.name(name)


def _label_value(name: str, value: str, redaction: Redaction) -> str:
    return value if name in OWN_WORDS and _OF_LINKERD.fullmatch(name) else redaction.name(value)
