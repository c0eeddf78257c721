"""Which commands there are, how they are found by name and loaded on use, and what their help looks like."""

from __future__ import annotations

import copy
import difflib
import importlib
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from linkerdctl.cli.options import NOT_FOR_COMMANDS, handed_up
from linkerdctl.cli.spelling import as_parsed
from linkerdctl.cli.values import light
from linkerdctl.errors import UsageError

GROUPS = {
    "Look at traffic": {
        "stat": "Golden metrics of workloads, pods, services and namespaces",
        "stat-inbound": "What came in, by Server and route",
        "stat-outbound": "What was sent, by service and route, to which backends, with timeouts and retries",
        "authz": "Who may call: requests by authorization, and those denied",
        "edges": "Who talks to whom, under which identity, encrypted or why not",
        "graph": "The same, drawn as trees of calls",
        "routes": "Golden metrics by route, of ServiceProfiles and of the Gateway API, with retries",
        "tap": "Live requests of a workload, filtered, as lines or JSON",
        "top": "The same as a live table: who asks whom for what, how often, how fast",
    },
    "Look after the mesh": {
        "check": "Whether all is there that commands need, and what to do about what is not",
        "list": "Meshed pods: proxy version, tap enabled or not",
        "metrics": "All that proxies expose, as it stands; series and bytes by family and label",
        "identity": "Certificates of proxies, issuer and trust anchors: how long they hold (also: certs)",
        "rbac": "The least Role or ClusterRole that commands need",
    },
    "Describe services": {
        "profile": "Service profiles and Gateway API routes, from specifications or requests",
    },
    "Take it along": {
        "record": "Record what the proxies count, to look at later or elsewhere",
    },
    "Without a cluster": {
        "demo": "Run a small mesh on loopback, to try things",
    },
}
"""Name and one-line help. Each command lives in `cli/NAME.py` (with `_` for `-`) as `app`, a Typer; naming it here is all
there is to do."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}

ALIASES = {"certs": "identity"}


class Command(TyperCommand):
    """A command that takes the global options too, and shows them in a section of their own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._global_params: list[Any] | None = None

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own and the global ones."""
        params = [*super().get_params(ctx), *self._globals(ctx)]
        light(params)
        _with_completion(ctx, params)
        return params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As ever, of words as they may be written."""
        return super().parse_args(ctx, as_parsed(args, self.get_params(ctx)))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """`RESOURCE... [OPTIONS]`; what stands behind `--` comes last."""
        names = [_argument_name(param) for param in self.params if _is_argument(param)]
        return sorted([*names, "[OPTIONS]"], key=lambda name: name.lstrip("[").startswith("--"))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, own options, global options."""
        own: list[Any] = list(super().get_params(ctx))
        arguments = [(_argument_name(param), param.help or "") for param in own if _is_argument(param)]
        _write_section(formatter, "Arguments", arguments)
        _write_section(formatter, "Options", list(_records(ctx, [param for param in own if not _is_argument(param)])))
        title = "Global options, before or after the command"
        _write_section(formatter, title, list(_records(ctx, self._globals(ctx))))

    def _globals(self, ctx: Any) -> list[Any]:
        # The parser recognises parameters by identity: they must be the same each time it asks
        if self._global_params is None:
            root = ctx.find_root().command
            others = (
                [] if root is self else [each for each in global_params(root) if not self._own_names() & {*each.opts}]
            )
            self._global_params = [handed_up(param) for param in others]
        return self._global_params

    def _own_names(self) -> set[str]:
        return {name for param in self.params for name in param.opts}


class Commands(TyperGroup):
    """Knows the names of all commands and loads the module of the one that is used."""

    def get_params(self, ctx: Any) -> list[Any]:
        """As ever, in the light form."""
        params = super().get_params(ctx)
        light(params)
        _with_completion(ctx, params)
        return params

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As ever, of words as they may be written."""
        return list(super().parse_args(ctx, as_parsed(args, global_params(self))))

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one; None when there is none of that name."""
        name = ALIASES.get(cmd_name, cmd_name)
        return load(name) if name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As ever; an unknown name ends in an error that suggests what to use."""
        name, *words = args
        if ALIASES.get(name, name) not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise UsageError(f"unknown command {name!r}", next_step=_instead(name, words))
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The table of commands, then the options; listing commands must not load them."""
        width = max(map(len, COMMANDS))
        for title, commands in GROUPS.items():
            _write_section(formatter, title, [(name.ljust(width), text) for name, text in commands.items()])
        formatter.write_paragraph()
        formatter.write_text("linkerdctl COMMAND --help tells more about each.")
        globally = global_params(self)
        _write_section(formatter, "Global options, before or after the command", list(_records(ctx, globally)))
        others = [param for param in self.get_params(ctx) if param not in globally]
        _write_section(formatter, "Options", list(_records(ctx, others)))

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Names from the table, and the group's own options."""
        from typer._click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *super(TyperGroup, self).shell_complete(ctx, incomplete)]


def _instead(name: str, words: Sequence[str]) -> str:
    """What may have been meant by a command that does not exist."""
    from linkerdctl.cli.elsewhere import about_command

    if hint := about_command(name, words):
        return hint
    close = difflib.get_close_matches(name.lower(), COMMANDS, n=1)
    return f"did you mean {close[0]}?" if close else f"commands are {', '.join(COMMANDS)}"


def _with_completion(ctx: Any, params: Sequence[Any]) -> None:
    if ctx.resilient_parsing:
        from linkerdctl.cli.completion import complete

        complete(ctx.command.name, params)


def global_params(root: Any) -> list[Any]:
    """The root's parameters that are global options."""
    return [param for param in root.params if param.name not in NOT_FOR_COMMANDS]


def load(name: str) -> Any:
    """A command of the table, from its module."""
    app: typer.Typer = importlib.import_module(f"linkerdctl.cli.{name.replace('-', '_')}").app
    for info in app.registered_commands:
        info.cls = Command
    command = typer.main.get_command(app)
    command.name = name
    return command


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _argument_name(param: Any) -> str:
    name = (param.metavar or param.name).upper() + ("..." if param.nargs != 1 else "")
    return name if param.required else f"[{name}]"


def _records(ctx: Any, params: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Names and help of options."""
    records = (_with_metavar(param).get_help_record(ctx) for param in params)
    return (record for record in records if record is not None)


def _with_metavar(param: Any) -> Any:
    """The option with a word for its value, where typer would show a Python type: its choices, or the end of its name."""
    named = copy.copy(param)
    if not named.metavar and not named.is_flag:
        choices = named.type_descriptor.choices
        longest = max(named.opts, key=len)
        named.metavar = "|".join(choices) if choices else longest.rpartition("-")[2].upper()
    return named


def _write_section(formatter: Any, title: str, records: Sequence[tuple[str, str]]) -> None:
    if records:
        with formatter.section(title):
            formatter.write_dl(records)
