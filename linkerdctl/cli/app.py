"""The command line's root: commands by name, loaded when used; errors to exit codes, in one place."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from linkerdctl import __version__
from linkerdctl.cli.options import GlobalOptions, hoisted, with_optional_values
from linkerdctl.errors import ExitCode, LinkerdctlError, UsageError
from linkerdctl.render.terminal import Terminal

COMMANDS = {
    "stat": "Golden metrics of workloads, pods, services and namespaces",
    "record": "Record what the proxies count, to look at later or elsewhere",
    "demo": "Run a small mesh on loopback, to try things without a cluster",
}
"""Name and one-line help; each lives in `cli/NAME.py` as `app`."""


class LazyGroup(TyperGroup):
    """Knows the names of all commands and loads the module of the one that is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; unknown names end in an error that suggests what is close."""
        if cmd_name not in COMMANDS:
            close = difflib.get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"did you mean {close[0]}?" if close else f"commands are {', '.join(COMMANDS)}"
            raise UsageError(f"unknown command {cmd_name!r}", next_step=hint)
        module = importlib.import_module(f"linkerdctl.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table itself: listing commands must not load them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=True,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"linkerdctl {__version__}")
        raise typer.Exit


@app.callback(
    help="""\b
Golden metrics, live requests and service profiles for Linkerd, from the proxies themselves.

\b
Examples:
  linkerdctl stat deploy -n emojivoto
  linkerdctl stat deploy/web --to deploy/voting -n emojivoto
  linkerdctl record -n emojivoto --for 60s -o incident.tar.gz
  linkerdctl --recording incident.tar.gz stat pods -n emojivoto
  linkerdctl demo -- stat deploy -n emojivoto
"""
)
def root(
    ctx: typer.Context,
    context: Annotated[str | None, typer.Option(help="Context of the kubeconfig to use.")] = None,
    kubeconfig: Annotated[
        str | None, typer.Option(help="Kubeconfig file (default: $KUBECONFIG, ~/.kube/config).")
    ] = None,
    impersonate: Annotated[str | None, typer.Option("--as", help="User to act as.")] = None,
    impersonate_group: Annotated[
        list[str] | None, typer.Option("--as-group", help="Group to act as; repeatable.")
    ] = None,
    impersonate_uid: Annotated[str | None, typer.Option("--as-uid", help="UID to act as.")] = None,
    recording: Annotated[
        Path | None,
        typer.Option(envvar="LINKERDCTL_RECORDING", help="Answer from this recording; no cluster is contacted."),
    ] = None,
    via: Annotated[
        str, typer.Option(help="How proxies are reached: api (pod proxy), port-forward, direct (pod IP).")
    ] = "api",
    concurrency: Annotated[int, typer.Option(min=1, help="How many proxies are asked at once.")] = 64,
    timeout: Annotated[str, typer.Option(help="Deadline for each proxy.")] = "5s",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log requests to stderr, without secrets.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Put the global options where commands find them."""
    from linkerdctl.durations import parse_duration

    if verbose:
        _log_to_stderr()
    ctx.obj = GlobalOptions(
        terminal=Terminal.of_process(quiet=quiet),
        context=context,
        kubeconfig=kubeconfig,
        impersonate=impersonate,
        impersonate_groups=tuple(impersonate_group or ()),
        impersonate_uid=impersonate_uid,
        recording=recording,
        via=via,
        concurrency=concurrency,
        timeout=parse_duration(timeout),
        verbose=verbose,
    )


def run(args: Sequence[str] | None = None) -> int:
    """Run one command line and return the exit code. Nothing but this function turns exceptions into messages."""
    words = list(sys.argv[1:] if args is None else args)
    try:
        code = app(hoisted(with_optional_values(words)), prog_name="linkerdctl", standalone_mode=False)
        sys.stdout.flush()
        return int(code or ExitCode.OK)
    except LinkerdctlError as error:
        Terminal.of_process().error(error)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return _leave_closed_pipe()
    except Exception as error:
        if hasattr(error, "format_message"):
            return _wrong_usage(error)
        return _bug(error, words)


def _wrong_usage(error: Any) -> int:
    """What the option parser could not take. Without arguments it is the help text that it raises."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.ctx.get_help())  # noqa: T201
        return ExitCode.OK
    command = error.ctx.command_path if getattr(error, "ctx", None) else "linkerdctl"
    message = str(error.format_message()).rstrip(".")
    Terminal.of_process().error(UsageError(message[:1].lower() + message[1:], next_step=f"see: {command} --help"))
    return ExitCode.USAGE


def _leave_closed_pipe() -> int:
    """The reader has seen enough (`| head`). Python must not try to flush what is left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.OK


def _bug(error: Exception, words: Sequence[str]) -> int:
    if os.environ.get("LINKERDCTL_DEBUG") or "-v" in words or "--verbose" in words:
        import traceback

        traceback.print_exc()
    bug = LinkerdctlError(
        f"this is a bug in linkerdctl: {type(error).__name__}: {error}",
        next_step="run it again with -v and report what it prints",
    )
    Terminal.of_process().error(bug)
    return ExitCode.ERROR


def _log_to_stderr() -> None:
    import logging

    logging.basicConfig(stream=sys.stderr, format="%(relativeCreated)6.0f ms %(message)s")
    logging.getLogger("linkerdctl").setLevel(logging.DEBUG)
