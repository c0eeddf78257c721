"""One run of the command line: the only place that turns exceptions into messages and exit codes."""

from __future__ import annotations

import errno
import os
import shlex
import sys
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any, cast

import typer

from linkerdctl.errors import ExitCode, LinkerdctlError, UsageError
from linkerdctl.render.terminal import Terminal

DEBUG = "LINKERDCTL_DEBUG"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
CLOSE = 0.6
"""How alike two options must be for one to be meant by the other, from 0 to 1."""


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's) and return the exit code. Raises nothing."""
    words = list(sys.argv[1:] if args is None else args)
    _write_anything()
    try:
        code = _invoke(words)
        _flush()
    except BrokenPipeError:
        # The reader has seen enough (`| head`)
        code = ExitCode.OK
    except (KeyboardInterrupt, typer.Abort):
        code = ExitCode.INTERRUPTED
    except Exception as error:
        code = _failed(_cause(error), words)
    _give_up_what_cannot_be_written()
    return int(code)


def _cause(error: Exception) -> Exception:
    """Tasks that run together fail as a group; what a user can understand comes first."""
    if not isinstance(error, ExceptionGroup):
        return error
    causes = [_cause(each) for each in error.exceptions]
    return next((each for each in causes if isinstance(each, LinkerdctlError)), causes[0])


def _failed(error: Exception, words: Sequence[str]) -> ExitCode:
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        # Help texts are written by the option parser; everything else goes through the terminal
        error = LinkerdctlError(f"standard output cannot be written: {error.strerror}")
    if isinstance(error, LinkerdctlError):
        Terminal.of_process().error(error)
        return error.exit_code
    return _wrong_usage(error, words) if hasattr(error, "format_message") else _bug(error, words)


def _invoke(words: list[str]) -> int:
    from linkerdctl.cli.app import app

    command: Any = typer.main.get_command(app)
    if os.environ.get("_LINKERDCTL_COMPLETE"):
        from linkerdctl.cli.completion import take_help_for_text

        take_help_for_text()
        return int(command.main(words, prog_name="linkerdctl", standalone_mode=False) or 0)
    try:
        # Not through main(): it answers a closed pipe with exit code 1
        with command.make_context("linkerdctl", [*words]) as context:
            command.invoke(context)
    except typer.Exit as leave:
        return leave.exit_code
    except Exception as error:
        if type(error).__name__ != "NoArgsIsHelpError":
            raise
        Terminal.of_process().out(f"{cast('Any', error).ctx.get_help()}\n")
    return ExitCode.OK


def _write_anything() -> None:
    """A name that the terminal's encoding lacks is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flush() -> None:
    if sys.stdout is not None:
        Terminal.of_process().out("")


def _give_up_what_cannot_be_written() -> None:
    """Closed pipe or full disk: Python would try again as it exits, complain, and change the exit code."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except (OSError, ValueError):
            sys.stdout = None


def _wrong_usage(error: Any, words: Sequence[str]) -> ExitCode:
    """What the option parser could not take, in one line."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else " ".join(["linkerdctl", *_command_of(words)])
    hint = f"see: {command} --help"
    if type(error).__name__ == "NoSuchOption":
        message = f"no such option: {error.option_name}"
        hint = _instead(error, words) or "; ".join(filter(None, [_about_option(error), hint]))
    else:
        message = " ".join(str(error.format_message()).split()).rstrip(".")
    Terminal.of_process().error(UsageError(message[:1].lower() + message[1:], next_step=hint))
    return ExitCode.USAGE


def _command_of(words: Sequence[str]) -> Sequence[str]:
    """The first word that names a command, if any does."""
    from linkerdctl.cli.commands import COMMANDS

    return [word for word in words if word in COMMANDS][:1]


def _instead(error: Any, words: Sequence[str]) -> str:
    """What to write instead of an option that is another tool's, or stands in another place."""
    from linkerdctl.cli.elsewhere import about_option

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
    from linkerdctl.cli.commands import load

    named = _command_of(words)
    if not named or "--" in words:
        return ""
    command = load(named[0])
    both = [command, *getattr(command, "commands", {}).values()]
    if not any(option in param.opts for each in both for param in each.params):
        return ""
    at = words.index(named[0])
    return shlex.join(["linkerdctl", *words[at:], *words[:at]])


def _bug(error: Exception, words: Sequence[str]) -> ExitCode:
    told = bool(os.environ.get(DEBUG)) or bool({"-v", "--verbose"} & set(words))
    if told:
        import traceback

        for line in "".join(traceback.format_exception(error)).splitlines():
            Terminal.of_process().note(line)
    Terminal.of_process().error(
        LinkerdctlError(
            f"this is a bug in linkerdctl: {type(error).__name__}: {error}",
            next_step=_after_a_bug(told),
        )
    )
    return ExitCode.ERROR


def _after_a_bug(told: bool) -> str:
    return "report it with the lines above" if told else "run it again with -v, and report what it prints"
