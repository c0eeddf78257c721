"""`metrics`: all that proxies expose, word for word or as JSON; `metrics cardinality` is a command of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from linkerdctl.cli import shared_options as option
from linkerdctl.cli.commands import load
from linkerdctl.cli.metrics_texts import Asked, Family, each_text
from linkerdctl.cli.options import globals_of
from linkerdctl.cli.traffic import finish
from linkerdctl.errors import ExpositionError, UsageError
from linkerdctl.render.exposition import JsonSamples, failed_text, headed, readable, screened
from linkerdctl.render.terminal import Terminal
from linkerdctl.sources.protocol import ProxyText

SUBCOMMAND = "cardinality"
"""Lives in `cli/metrics_cardinality.py` and is loaded on use."""
FORMATS = ("text", "json")


class Metrics(TyperGroup):
    """`metrics cardinality ...` is a command of its own; everything else is `metrics RESOURCE ...`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Those that go by a name."""
        return [SUBCOMMAND]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; None when there is none of that name."""
        return load(f"metrics_{cmd_name}") if cmd_name == SUBCOMMAND else None

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The context of the one that is meant: the group itself takes nothing."""
        if subcommand := self.get_command(None, args[0]) if args else None:
            return subcommand.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return self.commands["expose"].make_context(info_name, args, parent, **extra)


app = typer.Typer(cls=Metrics, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
All that proxies expose, as it stands: of one pod, of all pods of a workload, of a namespace.

\b
Examples:
  linkerdctl metrics deploy/web -n emojivoto
  linkerdctl metrics web-5f86686c4d-58p7k -n emojivoto --raw > web.prom
  linkerdctl metrics deploy -n emojivoto --family '^(request|response)_total$'
  linkerdctl metrics ns/emojivoto --family identity_cert -o json | jq '.[] | {pod, value}'
  linkerdctl metrics cardinality -n emojivoto
  linkerdctl --recording incident.tar.gz metrics deploy/web -n emojivoto

\b
A word that is no kind names a pod. Each proxy's text stands below a heading with its pod's name; one that did not
answer has an error there, and is named on standard error too. With --raw there are no headings, which suits one pod.
"""


@dataclass(slots=True)
class _Shown:
    """How texts are written."""

    terminal: Terminal
    family: re.Pattern[str] | None
    full_names: bool
    _written: int = 0
    """Texts."""

    def text(self, number: int, of: int, said: ProxyText) -> bool:
        """Heading and text; raises `ExpositionError` before anything of it is written."""
        name = str(said.target.pod) if self.full_names else said.target.pod.name
        text = failed_text(said.failure.reason) if said.failure else self._screened(said.text)
        self.terminal.out(headed(name, number, of) + text)
        return bool(text) and said.failure is None

    def raw(self, number: int, of: int, said: ProxyText) -> bool:
        """The text alone; one that is malformed too, for who wants to see what is wrong. Raises `ExpositionError` then."""
        if said.failure:
            return False
        try:
            return self._write(self._screened(said.text))
        except ExpositionError:
            if self.family is None:
                text = readable(said.text, on_terminal=self.on_terminal)
                self._write(text if text.endswith("\n") or number == of else f"{text}\n")
            raise

    def close(self) -> None:
        """Say what nobody could tell from the texts themselves."""
        if self._written > 1:
            self.terminal.note(
                f"these are the texts of {self._written} proxies, and nothing tells where one ends: without --raw each "
                "has a heading, with -o json each sample its pod"
            )

    @property
    def on_terminal(self) -> bool:
        """Whether somebody reads it as it comes."""
        return self.terminal.width is not None

    def _write(self, text: str) -> bool:
        self.terminal.out(text)
        self._written += bool(text)
        return bool(text)

    def _screened(self, text: bytes) -> str:
        return screened(text, self.family, on_terminal=self.on_terminal)


@app.callback()
def metrics() -> None:
    """Makes it a group though only one of its commands is registered."""


@app.command("expose", hidden=True, help=HELP, no_args_is_help=True)
def expose(
    ctx: typer.Context,
    resource: Annotated[list[str], typer.Argument(help="POD, TYPE/NAME or TYPE.", show_default=False)],
    namespace: option.Namespace = None,
    all_namespaces: option.AllNamespaces = False,
    selector: option.Selector = "",
    family: Family = None,
    raw: Annotated[bool, typer.Option("--raw", help="The text alone, without headings.")] = False,
    output: Annotated[str, typer.Option("--output", "-o", metavar="FORMAT", help="text or json.")] = "text",
    strict: option.Strict = False,
) -> None:
    """Parse, ask, write."""
    options = globals_of(ctx)
    if output not in FORMATS:
        raise UsageError(f"unknown output format {output!r}", next_step=f"-o takes {', '.join(FORMATS)}")
    if raw and output == "json":
        raise UsageError("--raw and -o json exclude each other", next_step="give one of them")
    asked = Asked.of(
        options,
        resource,
        namespace,
        all_namespaces=all_namespaces,
        selector=selector,
        family=family,
        strict=strict,
    )
    if output == "json":
        writer = JsonSamples(options.terminal, asked.family)
        finish(each_text(asked, writer.take, writer.close), options)
        return
    everywhere = any(each.namespace is None for each in asked.selections)
    shown = _Shown(options.terminal, asked.family, everywhere)
    finish(each_text(asked, shown.raw if raw else shown.text, shown.close), options)
