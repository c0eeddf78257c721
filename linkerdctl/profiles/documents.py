"""YAML and JSON as people write them: plain data with text for keys, and the line and column of each part.

Values are what the real tool sees after turning YAML into JSON: dates stay text, `404:` becomes the key "404".
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from linkerdctl.errors import SpecificationError

if TYPE_CHECKING:
    import yaml

Path = tuple[str | int, ...]
"""Where something is in a document: keys and indices from the root."""

_TAG = "tag:yaml.org,2002:"
_HALF = r"\\u[dD]%s[0-9a-fA-F]{2}"
_BACKSLASH_OR_PAIR_OR_HALF = re.compile(
    rf"\\\\|{_HALF % '[89abAB]'}{_HALF % '[c-fC-F]'}|(?P<half>{_HALF % '[89a-fA-F]'})"
)
_BRACKET_OR_STRING = re.compile(r'[\[\]{}]|"(?:[^"\\]|\\.)*"')
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. `index` counts the documents before it."""

    data: Any
    text: str = field(repr=False)
    source: str
    index: int = 0
    warnings: tuple[str, ...] = ()

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column, from 1, of the part at `path`, or of what is nearest above it; (0, 0) when it has none."""
        try:
            node: Any = _nodes(self.text, self.source)[self.index]
        except (SpecificationError, IndexError):
            return 0, 0
        mark = node.start_mark
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            mark, node = found
        return mark.line + 1, mark.column + 1

    def where(self, path: Path) -> str:
        """`FILE:line:column`."""
        line, column = self.place(path)
        return f"{self.source}:{line}:{column}" if line else self.source

    def error(self, path: Path, reason: str) -> SpecificationError:
        """An error about the part at `path`, to be raised."""
        return SpecificationError(f"{self.where(path)}: {dotted(path)}{' ' if path else ''}{reason}")


def dotted(path: Path) -> str:
    """A path as people read it: `paths./a.get.responses.404`."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f"{'.' if index else ''}{step}" for index, step in enumerate(path)
    )


def load(text: str, source: str) -> Document:
    """The first document of a file; raises `SpecificationError` with line and column when it is neither YAML nor JSON."""
    if text.lstrip()[:1] in ("{", "["):
        warnings: list[str] = []
        try:
            data = json.loads(_whole(text), object_pairs_hook=lambda pairs: _object(pairs, warnings))
            return Document(data, text, source, 0, tuple(f"{source}: {each}" for each in warnings))
        except RecursionError:
            raise _too_deep(text, source) from None
        except ValueError as error:
            return _flow_yaml(text, source, error)
    documents = load_all(text, source)
    first = documents[0] if documents else Document(None, "", source)
    if len(documents) < 2:
        return first
    more = f"{source}: holds {len(documents)} documents; the first is read"
    return Document(first.data, text, source, 0, (*first.warnings, more))


def load_all(text: str, source: str) -> list[Document]:
    """Every YAML document of a file, empty ones left out."""
    try:
        nodes = _nodes(text, source)
        return [_document(node, text, source, index) for index, node in enumerate(nodes)]
    except RecursionError:
        raise _too_deep(text, source) from None


def _too_deep(text: str, source: str) -> SpecificationError:
    """An error about the place where brackets get too many; without a place when it is indentation that does."""
    depth = 0
    for bracket in _BRACKET_OR_STRING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket[0], 0)
        if depth > _DEEPEST:
            line, column = (
                text.count("\n", 0, bracket.start()) + 1,
                bracket.start() - text.rfind("\n", 0, bracket.start()),
            )
            return SpecificationError(f"{source}:{line}:{column}: nested too deeply")
    return SpecificationError(f"{source}: nested too deeply")


def _document(node: Any, text: str, source: str, index: int) -> Document:
    builder = _Builder(source)
    return Document(builder.build(node), text, source, index, tuple(builder.warnings))


def _whole(text: str) -> str:
    """The JSON with U+FFFD for halves of surrogate pairs, which cannot be written out again: so the real tool reads them."""
    return _BACKSLASH_OR_PAIR_OR_HALF.sub(lambda found: r"\ufffd" if found["half"] else found[0], text)


def _object(pairs: list[tuple[str, Any]], warnings: list[str]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        warnings.extend(f"{key!r} is there twice in one object; the last counts" for key in twice)
    return built


def _flow_yaml(text: str, source: str, error: ValueError) -> Document:
    """What begins like JSON may still be YAML in flow style; if it is neither, it is broken JSON."""
    if isinstance(error, json.JSONDecodeError):
        try:
            return load_all(text, source)[0]
        except SpecificationError:
            reason = f"{error.msg[:1].lower()}{error.msg[1:]}"
            raise SpecificationError(f"{source}:{error.lineno}:{error.colno}: no JSON: {reason}") from None
    raise SpecificationError(f"{source}: no JSON: {error}") from None


@lru_cache(maxsize=2)
def _nodes(text: str, source: str) -> list[yaml.Node]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        reason = ", ".join(part for part in (error.problem, error.context) if part)
    except yaml.YAMLError as error:
        place, reason = _reader_place(text, error), str(getattr(error, "reason", "unreadable"))
    raise SpecificationError(f"{source}{place}: no YAML: {reason}")


def _reader_place(text: str, error: Exception) -> str:
    position = getattr(error, "position", None)
    if position is None:
        return ""
    before = text[:position]
    return f":{before.count(chr(10)) + 1}:{position - before.rfind(chr(10))}"


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """The mark to point at and the node one step down."""
    if isinstance(step, int):
        items = node.value if node.id == "sequence" else ()
        return (items[step].start_mark, items[step]) if step < len(items) else None
    pairs = node.value if node.id == "mapping" else ()
    for key, value in reversed(pairs):
        if key.id == "scalar" and key.value == step:
            return key.start_mark, value
    return None


class _Builder:
    """From YAML nodes to plain data."""

    def __init__(self, source: str) -> None:
        self.warnings: list[str] = []
        self._source = source
        self._built: dict[int, Any] = {}
        self._open: set[int] = set()

    def build(self, node: Any) -> Any:
        """The data of a node; nodes that aliases share are built once."""
        if node.id == "scalar":
            return _scalar(node.tag, node.value)
        known = self._built.get(id(node), self)
        if known is not self:
            return known
        if id(node) in self._open:
            self._fail(node, "an anchor that holds itself")
        self._open.add(id(node))
        built = [self.build(item) for item in node.value] if node.id == "sequence" else self._mapping(node)
        self._open.discard(id(node))
        self._built[id(node)] = built
        return built

    def _mapping(self, node: Any) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                self._fail(key_node, "a key that is no plain text or number")
            if key_node.tag == f"{_TAG}merge":
                merged |= self._merge(value_node)
                continue
            key = _key(_scalar(key_node.tag, key_node.value))
            if key in built:
                mark = key_node.start_mark
                self.warnings.append(
                    f"{self._source}:{mark.line + 1}:{mark.column + 1}: {key!r} is there twice; the last counts"
                )
            built[key] = self.build(value_node)
        return merged | built if merged else built

    def _merge(self, node: Any) -> dict[str, Any]:
        """What `<<` brings in; the first of several mappings wins."""
        sources = node.value if node.id == "sequence" else [node]
        merged: dict[str, Any] = {}
        for source in reversed(sources):
            if source.id != "mapping":
                self._fail(source, "'<<' takes a mapping or a list of them")
            merged |= self.build(source)
        return merged

    def _fail(self, node: Any, reason: str) -> None:
        mark = node.start_mark
        raise SpecificationError(f"{self._source}:{mark.line + 1}:{mark.column + 1}: no JSON can hold {reason}")


def _scalar(tag: str, value: str) -> Any:
    if tag == f"{_TAG}str":
        return value
    if tag == f"{_TAG}null":
        return None
    if tag == f"{_TAG}bool":
        return value.lower() in ("yes", "true", "on")
    if tag in (f"{_TAG}int", f"{_TAG}float") and ":" not in value:
        return _number(value, whole=tag.endswith("int"))
    return value


def _number(value: str, *, whole: bool) -> int | float | str:
    """A number as YAML 1.1 writes it, or the text when Python cannot tell."""
    text = value.replace("_", "")
    digits = text.lstrip("+-")
    try:
        if not whole:
            return float(text.replace(".inf", "inf").replace(".nan", "nan").lower())
        octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
        number = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        return value
    return -number if text.startswith("-") else number


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def lookup(data: Any, path: Sequence[str | int]) -> Any:
    """What is at a path; None when there is nothing."""
    for step in path:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    return data
