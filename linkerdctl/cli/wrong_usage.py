"""What to say of a command line that cannot be taken, and of what may have been meant. Loaded when there is one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

from linkerdctl.cli.commands import COMMANDS, load
from linkerdctl.cli.elsewhere import about_option
from linkerdctl.errors import UsageError

CLOSE = 0.6
"""How alike two options must be for one to be meant by the other, from 0 to 1."""


def wrong_usage(error: Any, words: Sequence[str]) -> UsageError:
    """What the option parser could not take, in one line. `error` is the parser's own, `words` the command line."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["linkerdctl", *_command_of(words)])
    hint = f"see: {command} --help"
    if type(error).__name__ == "NoSuchOption":
        message = f"no such option: {error.option_name}"
        hint = _instead(error, words) or "; ".join(filter(None, [_about_option(error), hint]))
    else:
        message = " ".join(str(error.format_message()).split()).rstrip(".")
    return UsageError(message[:1].lower() + message[1:], next_step=hint)


def _command_of(words: Sequence[str]) -> Sequence[str]:
    """The first word that names a command, if any does."""
    return [word for word in words if word in COMMANDS][:1]


def _instead(error: Any, words: Sequence[str]) -> str:
    """What to write instead of an option that is another tool's, or stands in another place."""
    line = _in_order(error.option_name, words) if _at_root(error) else ""
    return f"options of a command stand after its name: {line}" if line else about_option(error.option_name)


def _about_option(error: Any) -> str:
    name = error.option_name.lstrip("-")
    alike = {each: SequenceMatcher(None, name, each.lstrip("-")).ratio() for each in error.possibilities or ()}
    close = sorted(each for each, ratio in alike.items() if ratio >= max(CLOSE, *alike.values()))
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "options of a command stand after its name" if _at_root(error) else ""


def _at_root(error: Any) -> bool:
    return error.ctx is not None and error.ctx.parent is None


def _in_order(option: str, words: Sequence[str]) -> str:
    """The line with what stands before the command's name behind it, if the option is one of that command's."""
    named = _command_of(words)
    if not named or "--" in words:
        return ""
    command = load(named[0])
    both = [command, *getattr(command, "commands", {}).values()]
    if not any(option in param.opts for each in both for param in each.params):
        return ""
    at = words.index(named[0])
    return shlex.join(["linkerdctl", *words[at:], *words[:at]])
