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
    failure: ApiError | None = None


async def read_trust(client: Getter, namespace: str) -> Trust:
    """Read both. What is not there, may not be read or is not answered ends in notes."""
    secret, config = await asyncio.gather(
        _read(client, About("get", "secrets", namespace=namespace, name=ISSUER), "the issuer's certificate"),
        _read(client, About("get", "configmaps", namespace=namespace, name=TRUST_ROOTS), "the trust anchors"),
    )
    trust = Trust.of(namespace, secret.data, config.data, (*secret.notes, *config.notes))
    failures = tuple(each.failure for each in (secret, config) if each.failure)
    return replace(trust, advice=(*secret.advice, *config.advice), failures=failures)


async def _read(client: Getter, about: About, what: str) -> _Found:
    kind = about.resource.removesuffix("s")
    try:
        found = await client.get(f"/api/v1/namespaces/{about.namespace}/{about.resource}/{about.name}", about)
    except ApiError as error:
        if error.status == 404:
            why = f"namespace {about.namespace} has no {kind} {about.name} (-L names another)"
            return _Found(notes=(f"{what} cannot be told: {why}",))
        advice = (error.next_step,) if error.next_step else ()
        if error.status == 403:
            return _Found(notes=(f"{what} cannot be told: you may not read {about}",), advice=advice)
        return _Found(notes=(f"{what} cannot be told: {error.message}",), advice=advice, failure=error)
    data = found.get("data")
    if not isinstance(data, dict) or not data:
        return _Found(notes=(f"{what} cannot be told: {kind} {about.namespace}/{about.name} is empty",))
    return _Found({str(key): str(value) for key, value in data.items()})
