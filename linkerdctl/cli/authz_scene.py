"""The policy objects that `authz` reads beside traffic; what may not be read is told, and missing kinds are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from linkerdctl.cli.scene import Scene, all_answers
from linkerdctl.errors import ApiError
from linkerdctl.kube.kinds import (
    AUTHORIZATIONPOLICY,
    GRPCROUTE,
    HTTPROUTE,
    SERVER,
    SERVERAUTHORIZATION,
    Kind,
)
from linkerdctl.kube.selection import Selection, namespaces_of
from linkerdctl.reports.authz_objects import PolicyObjects

READ = (SERVER, SERVERAUTHORIZATION, AUTHORIZATIONPOLICY, HTTPROUTE, GRPCROUTE)
Listed = tuple[Sequence[Mapping[str, Any]], str | None]
"""Objects, and what there is to say of them."""


async def policy_objects(scene: Scene, selections: Iterable[Selection], *, live: bool) -> PolicyObjects:
    """Those in the namespaces of the selections; of a `live` cluster all lists are read at once."""
    places = namespaces_of(selections)
    asked = [(kind, versions, each) for kind in READ for versions in kind.groups.values() for each in places]
    answers = await all_answers([_listed(scene, *each) for each in asked], live=live)
    notes = dict.fromkeys(note for _, note in answers if note)
    return PolicyObjects.of((manifest for found, _ in answers for manifest in found), notes)


async def _listed(scene: Scene, kind: Kind, versions: Sequence[str], namespace: str | None) -> Listed:
    """Objects of one API group in the first version that has any, or why there are none."""
    for version in versions:
        try:
            found = await scene.manifests(version, kind.plural, kind.object_kind, namespace)
        except ApiError as error:
            if error.status == 403:
                return (), f"{kind.plural} cannot be listed: authorizations without traffic may be missing"
            if error.status != 404:
                raise
            continue
        if found:
            return found, None
    return (), None
