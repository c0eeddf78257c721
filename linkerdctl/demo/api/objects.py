"""Requests for objects: HTTP on one side, `ObjectsApi` on the other; lists and single objects as tables where asked."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from linkerdctl.demo.api.access import Access, review
from linkerdctl.demo.api.paths import Subject, verb_of
from linkerdctl.demo.api.responses import body_of, json_response
from linkerdctl.demo.api.storage import Listed, ObjectsApi, Written, in_version
from linkerdctl.demo.api.watch import Watches
from linkerdctl.demo.cluster import tables
from linkerdctl.demo.cluster.status import method_not_allowed
from linkerdctl.demo.cluster.store import Manifest, ObjectStore

_MODIFYING = ("create", "update", "patch")


class ObjectRequests:
    """Answers requests for the collections and objects of a store."""

    def __init__(self, store: ObjectStore, watches: Watches) -> None:
        self._api = ObjectsApi(store)
        self._watches = watches

    async def review(self, request: Request, subject: Subject, access: Access, user: str) -> Response:
        """Access reviews: created, answered, not stored."""
        if request.method != "POST":
            raise method_not_allowed()
        body = await body_of(request) or {}
        return json_response(request, review(access, subject.resource.kind, body, user), 201)

    async def answer(self, request: Request, subject: Subject) -> Response:
        """Do what the request says; raises a `StatusError` for what cannot be done."""
        query = request.query_params
        verb = verb_of(request.method, subject, query)
        if verb == "watch" or (verb == "get" and query.get("watch") in ("true", "1")):
            return self._watches.response(request, subject)
        if verb == "list":
            return self._listed(request, subject, self._api.list(subject, query))
        if verb == "get":
            return _object(request, subject, self._api.get(subject))
        if verb in _MODIFYING:
            return await self._written(request, subject, verb)
        if verb == "delete":
            return json_response(request, self._api.delete(subject, await body_of(request), query))
        if verb == "deletecollection":
            return json_response(request, self._api.delete_collection(subject, query))
        raise method_not_allowed()

    async def _written(self, request: Request, subject: Subject, verb: str) -> Response:
        body, query = await body_of(request), request.query_params
        if verb == "create":
            done = self._api.create(subject, body, query)
        elif verb == "update":
            done = self._api.replace(subject, body, query)
        else:
            media_type = request.headers.get("content-type", "").partition(";")[0].strip()
            done = self._api.patch(subject, media_type, body, query)
        return _object(request, subject, in_version(subject.resource, done.manifest), done)

    def _listed(self, request: Request, subject: Subject, listed: Listed) -> Response:
        version = tables.wants_table(request.headers.get("accept", ""))
        resource = subject.resource
        if version:
            include = request.query_params.get("includeObject", "Metadata")
            shown = tables.table(resource, listed.items, version=version, include=include, metadata=listed.metadata)
            return json_response(request, shown)
        items = listed.items if resource.custom else [_bare(each) for each in listed.items]
        head = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "metadata": listed.metadata}
        return json_response(request, {**head, "items": items})


def _object(request: Request, subject: Subject, manifest: Manifest, done: Written | None = None) -> Response:
    version = tables.wants_table(request.headers.get("accept", ""))
    shown: Any = manifest
    if version:
        metadata = {"resourceVersion": manifest["metadata"].get("resourceVersion", "")}
        shown = tables.table(subject.resource, [manifest], version=version, metadata=metadata)
    code = 201 if done is not None and done.created else 200
    return json_response(request, shown, code, done.warnings if done is not None else ())


def _bare(manifest: Manifest) -> Manifest:
    """Items of built-in lists do not repeat their kind."""
    return {key: value for key, value in manifest.items() if key not in ("kind", "apiVersion")}
