"""How options may be written: as cobra takes them (`-o=json`, `-A=true`), and without the value that some can do without."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from linkerdctl.errors import UsageError

OPTIONAL_VALUES = {"--watch": "2s", "-w": "2s", "--batch": "2s"}
"""Options that may stand alone, and what they then mean; the parser itself knows no optional values."""

_TRUE = {"1", "t", "T", "true", "TRUE", "True"}
_FALSE = {"0", "f", "F", "false", "FALSE", "False"}
"""What Go reads as a truth value."""


def as_parsed(args: Sequence[str], params: Iterable[Any]) -> list[str]:
    """The words as our parser understands them; what stands behind `--` stays as it is. Raises `UsageError`."""
    options = {name: param for param in params if param.param_type_name == "option" for name in param.opts}
    end = args.index("--") if "--" in args else len(args)
    words = [each for word in args[:end] for each in _taken_apart(word, options)]
    return [*_with_values(words, options), *args[end:]]


def _taken_apart(word: str, options: dict[str, Any]) -> Iterator[str]:
    """`-o=json` is `-o json`; `-Ao=json` too, with `-A` before it. `--all-namespaces=true` is `--all-namespaces`."""
    written, equals, value = word.partition("=")
    *flags, name = _names(written) or ("",)
    if not equals or name not in options or not all(each in options and options[each].is_flag for each in flags):
        yield word
        return
    yield from flags
    if options[name].is_flag:
        yield from [name] if _is_true(word, value) else []
    elif name.startswith("--"):
        yield word
    else:
        yield from (name, value)


def _names(written: str) -> tuple[str, ...]:
    """The options in a word without its value; none where it is no option."""
    if written.startswith("--"):
        return (written,)
    return tuple(f"-{letter}" for letter in written[1:]) if written.startswith("-") else ()


def _is_true(word: str, value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise UsageError(f"{word}: {value!r} is neither true nor false", next_step=f"write {word.partition('=')[0]}")
    return value in _TRUE


def _with_values(words: Sequence[str], options: dict[str, Any]) -> Iterator[str]:
    """Write out what options mean that stand alone; a value that follows begins with a digit."""
    for word, follower in zip(words, [*words, ""][1:], strict=True):
        yield word
        if word in OPTIONAL_VALUES and word in options and not follower[:1].isdigit():
            yield OPTIONAL_VALUES[word]
