"""Reads what the mesh's certificates hang on from a cluster, as far as the user may."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from linkerdctl.errors import ApiError
from linkerdctl.kube.rbac import About
from linkerdctl.kube.trust import ISSUER, TRUST_ROOTS, Trust


class Getter(Protocol):
    """What is asked of an API server here; `KubeClient` is one."""

    async def get(self, path: str, about: About) -> dict[str, Any]:
        """A JSON document; raises `ApiError`."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    data: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


async def read_trust(client: Getter, namespace: str) -> Trust:
    """Read both. What is not there or may not be read ends in notes; raises `ApiError` for what else goes wrong."""
    secret, config = await asyncio.gather(
        _read(client, namespace, "secrets", ISSUER, "the issuer's certificate"),
        _read(client, namespace, "configmaps", TRUST_ROOTS, "the trust anchors"),
    )
    trust = Trust.of(namespace, secret.data, config.data, (*secret.notes, *config.notes))
    return replace(trust, advice=(*secret.advice, *config.advice))


async def _read(client: Getter, namespace: str, plural: str, name: str, what: str) -> _Found:
    about = About("get", plural, namespace=namespace, name=name)
    try:
        found = await client.get(f"/api/v1/namespaces/{namespace}/{plural}/{name}", about)
    except ApiError as error:
        if error.status == 404:
            kind = plural.removesuffix("s")
            return _Found(
                notes=(f"{what} cannot be told: namespace {namespace} has no {kind} {name} (-L names another)",)
            )
        if error.status == 403:
            advice = (error.next_step,) if error.next_step else ()
            return _Found(notes=(f"{what} cannot be told: you may not read {about}",), advice=advice)
        raise
    data = found.get("data")
    return _Found({str(key): str(value) for key, value in data.items()} if isinstance(data, dict) else {})
