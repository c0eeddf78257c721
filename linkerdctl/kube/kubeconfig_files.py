"""Kubeconfig files: found, read, and merged as kubectl merges them. What their entries mean is for others to say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linkerdctl.errors import ConfigError

_SECTIONS = {"contexts": "context", "clusters": "cluster", "users": "user"}
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_TEXTS = (
    *("cluster", "user", "namespace"),
    *("server", "tls-server-name", "proxy-url", "certificate-authority-data"),
    *("token", "username", "password", "as", "as-uid", "client-certificate-data", "client-key-data"),
    *_PATHS,
)
_SHAPES = {"exec": dict, "auth-provider": dict, "as-groups": list, "as-user-extra": dict, "extensions": list}
"""What stands in an entry that is neither text nor number."""
_SHAPE_NAMES = {dict: "mapping", list: "list"}

Entry = Mapping[str, Any]


@dataclass(slots=True)
class Merged:
    """Several files as one: the first that names something decides what it is."""

    files: tuple[str, ...] = ()
    current_context: str = ""
    sections: dict[str, dict[str, Entry]] = field(default_factory=lambda: {name: {} for name in _SECTIONS}, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it to choose from."""
        return not (self.current_context or self.sections["contexts"])

    def entry(self, section: str, name: str) -> Entry:
        """A context, cluster or user by name; raises `ConfigError` naming those that there are."""
        found = self.sections[section].get(name)
        if found is None:
            raise ConfigError(
                f"there is no {_SECTIONS[section]} {name!r} in {self}", next_step=self.choices(section, section)
            )
        return found

    def choices(self, section: str, what: str) -> str:
        """What could be named instead."""
        names = sorted(self.sections[section])
        return f"{what} there are: {', '.join(names)}" if names else f"{what}: there are none"

    def __str__(self) -> str:
        return f"kubeconfig {', '.join(self.files)}"


def find_files(kubeconfig: str | None) -> tuple[str, ...]:
    """The files that exist: the one given, else those of KUBECONFIG, else the usual one."""
    if kubeconfig:
        listed = [kubeconfig]
    elif os.environ.get("KUBECONFIG"):
        listed = [each for each in os.environ["KUBECONFIG"].split(os.pathsep) if each]
    else:
        listed = [os.path.expanduser("~/.kube/config")]  # noqa: PTH111 - Path.home() fails where nobody has a home
    # os.path.exists, for Path.exists fails in folders that one may not enter.
    return tuple(path for path in listed if os.path.exists(path))  # noqa: PTH110


def merge(files: tuple[str, ...]) -> Merged:
    """Read them all. Raises `ConfigError` for one that cannot be read; secrets in it are never quoted."""
    merged = Merged(files)
    for path in map(Path, files):
        document = _read(path)
        merged.current_context = merged.current_context or str(document.get("current-context") or "")
        for section in _SECTIONS:
            for name, entry in _entries(document, section, path):
                merged.sections[section].setdefault(name, entry)
    return merged


def _entries(document: Entry, section: str, path: Path) -> Iterator[tuple[str, Entry]]:
    listed = document.get(section) or []
    if not isinstance(listed, list):
        raise ConfigError(f"kubeconfig {path} is no kubeconfig: its {section} are no list")
    for each in listed:
        entry = each.get(_SECTIONS[section]) or {} if isinstance(each, dict) else None
        if not isinstance(entry, dict) or "name" not in each:
            raise ConfigError(
                f"kubeconfig {path} is no kubeconfig: one of its {section} lacks a name or is no mapping",
            )
        _check_shapes(entry, f"{_SECTIONS[section]} {str(each['name'])!r} in kubeconfig {path}")
        yield str(each["name"]), _located(entry, path.parent)


def _check_shapes(entry: Entry, what: str) -> None:
    """Keys that nobody here knows may hold anything. No value is quoted: it may be a secret."""
    for key, value in entry.items():
        if key in _TEXTS and isinstance(value, dict | list | bytes):
            raise ConfigError(f"{what} cannot be used: {key} is no text")
        if key in _SHAPES and not isinstance(value, _SHAPES[key] | None):
            raise ConfigError(f"{what} cannot be used: {key} is no {_SHAPE_NAMES[_SHAPES[key]]}")


def _located(entry: Entry, folder: Path) -> Entry:
    """Paths inside a kubeconfig are relative to the file they stand in."""
    located = {**entry, **{key: str(folder / str(entry[key])) for key in _PATHS if entry.get(key)}}
    plugin = located.get("exec")
    command = str(plugin.get("command") or "") if isinstance(plugin, dict) else ""
    if "/" in command:
        path = str(folder / command)
        # Without a slash it would be looked for in PATH.
        located["exec"] = {**located["exec"], "command": path if "/" in path else f"./{path}"}
    return located


def _read(path: Path) -> Entry:
    import yaml

    try:
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except OSError as error:
        raise ConfigError(f"kubeconfig {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"kubeconfig {path} is no YAML{_place(error)}") from None
    if not isinstance(document, dict | None):
        raise ConfigError(f"kubeconfig {path} is no kubeconfig: it holds no mapping")
    return document or {}


def _place(error: Exception) -> str:
    """Where and why, in the parser's own words where those quote nothing of the file."""
    mark, problem = getattr(error, "problem_mark", None), str(getattr(error, "problem", "") or "")
    place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    quotes = "'" in problem or '"' in problem
    return place if not problem or quotes else f"{place}: {problem}"
