"""Routes of an OpenAPI document of any version."""

from __future__ import annotations

from linkerdctl.profiles import openapi3, swagger2
from linkerdctl.profiles.documents import Document, load
from linkerdctl.profiles.operations import Naming, generated
from linkerdctl.profiles.routes import Generated


def routes_of_openapi(
    text: str, source: str = "-", *, typed: bool = False, names_from_operation_id: bool = False
) -> Generated:
    """One route per operation; raises `SpecificationError` naming `source`, line and column.

    What does not say it is OpenAPI 3 is read as Swagger 2, the way the real tool reads everything.
    """
    document = load(text, source)
    naming = Naming(typed=typed, by_id=names_from_operation_id)
    notes: list[str] = []
    version = _version(document)
    if version.startswith("3"):
        found = openapi3.operations(document, naming, notes)
    else:
        if version:
            raise document.error(("openapi",), f"{version!r} is a version that is not known; 3.0 to 3.2 are")
        notes.extend(_oddities(document))
        found = swagger2.operations(document, naming)
    return generated(document, found, naming, notes)


def _version(document: Document) -> str:
    """What `openapi:` says, numbers included: `3.0` unquoted is a number in YAML."""
    given = document.data.get("openapi") if isinstance(document.data, dict) else None
    return "" if given is None else str(given)


def _oddities(document: Document) -> list[str]:
    data = document.data
    if not isinstance(data, dict):
        return [] if data is not None else [f"{document.source}: is empty; there are no routes"]
    if "swaggerVersion" in data:
        return [f"{document.source}: Swagger {data['swaggerVersion']} is older than what is read; there are no routes"]
    if "swagger" not in data and "paths" not in data:
        return [f"{document.source}: has neither swagger, openapi nor paths; there are no routes"]
    return []
