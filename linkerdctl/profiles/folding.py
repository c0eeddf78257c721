"""One path for all that differ in identifiers only: `/users/1234` is `/users/{id}`. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from linkerdctl.profiles.routes import GrpcMethod
from linkerdctl.profiles.segments import ANY, template

ID = "{id}"
"""Stands for an identifier in a folded path."""


@lru_cache(8_192)
def folded(method: str, path: str) -> str:
    """The path with `ID` for whatever looks like an identifier. Methods of gRPC services are names."""
    call = GrpcMethod.of_path(path)
    if method == "POST" and call is not None and "." in call.service:
        return path
    return "/".join(template(segment).replace(ANY, ID) for segment in path.split("/"))


def folded_pattern(path: str) -> str:
    """A regular expression that matches the paths which a folded one stands for, and few others."""
    return "^" + re.escape(path).replace(re.escape(ID), "[^/]+") + "$"


def literal_prefix(path: str) -> str:
    """How all paths begin which a folded one stands for."""
    return path.partition(ID)[0]
