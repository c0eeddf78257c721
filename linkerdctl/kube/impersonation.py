"""Acting as someone else: `--as`, `--as-group`, `--as-uid`, and the same in a kubeconfig's user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote

from linkerdctl.errors import ConfigError, UsageError


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom to act as. Raises `UsageError` for groups or a UID without a user, and for what no header can carry."""

    user: str | None = None
    groups: tuple[str, ...] = ()
    uid: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.user and (self.groups or self.uid):
            raise UsageError("--as-group and --as-uid need --as", next_step="give the user too: --as NAME")
        for name, value in self.headers():
            if not value.isprintable() or value != value.strip():
                raise UsageError(f"{value!r} cannot be asked for in {name}", next_step="give a plain name")

    @classmethod
    def of_user(cls, user: Mapping[str, Any]) -> Self:
        """What a kubeconfig's user entry asks for; raises `ConfigError` for extras that are no lists."""
        extra = user.get("as-user-extra") or {}
        if any(not isinstance(values, list) for values in extra.values()):
            raise ConfigError("as-user-extra in the kubeconfig holds something else than lists")
        return cls(
            user=str(user["as"]) if user.get("as") else None,
            groups=tuple(map(str, user.get("as-groups") or ())),
            uid=str(user["as-uid"]) if user.get("as-uid") else None,
            extra=tuple((str(key), str(value)) for key, values in extra.items() for value in values),
        )

    def headers(self) -> list[tuple[str, str]]:
        """The request headers that ask for it."""
        user = [("Impersonate-User", self.user)] if self.user else []
        uid = [("Impersonate-Uid", self.uid)] if self.uid else []
        groups = [("Impersonate-Group", group) for group in self.groups]
        extra = [(f"Impersonate-Extra-{quote(key.lower(), safe='')}", value) for key, value in self.extra]
        return [*user, *uid, *groups, *extra]
