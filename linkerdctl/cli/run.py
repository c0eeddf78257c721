"""One run of the command line: the only place that turns exceptions into messages and exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any, cast

import typer

from linkerdctl.errors import ExitCode, LinkerdctlError
from linkerdctl.render.terminal import Terminal

DEBUG = "LINKERDCTL_DEBUG"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


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
    if not hasattr(error, "format_message"):
        return _bug(error, words)
    from linkerdctl.cli.wrong_usage import wrong_usage

    Terminal.of_process().error(wrong_usage(error, words))
    return ExitCode.USAGE


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
