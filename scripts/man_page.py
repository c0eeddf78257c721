"""Writes docs/man/linkerdctl.1 to standard output: the help texts of all commands, as a page for man(1)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer._click.formatting import HelpFormatter

from linkerdctl import __version__
from linkerdctl.errors import ExitCode

VERBATIM = "Examples:"
GLOBAL = "Global options"
EXIT_STATUS = {
    ExitCode.OK: "Fine.",
    ExitCode.ERROR: "An error, or no proxy answered; standard error says what was tried, why it failed and what to do.",
    ExitCode.USAGE: "Wrong usage.",
    ExitCode.PARTIAL: "Proxies did not answer, with --strict.",
    ExitCode.GATE: "A gate was not met: check, identity --min-left, profile lint, tap --doctor.",
    ExitCode.INTERRUPTED: "Ended by Ctrl-C.",
}
ENVIRONMENT = {
    "KUBECONFIG": "Kubeconfig files, as for kubectl.",
    "LINKERDCTL_RECORDING": "Stands for --recording.",
    "LINKERDCTL_PROMETHEUS": "Stands for --prometheus; its credentials are in LINKERDCTL_PROMETHEUS_TOKEN, "
    "LINKERDCTL_PROMETHEUS_TOKEN_FILE, LINKERDCTL_PROMETHEUS_USER and LINKERDCTL_PROMETHEUS_PASSWORD, "
    "LINKERDCTL_PROMETHEUS_HEADERS, LINKERDCTL_PROMETHEUS_CA.",
    "LINKERDCTL_PROMETHEUS_CONFIG": "Stands for --prometheus-config.",
    "LINKERD_NAMESPACE": "Stands for --linkerd-namespace.",
    "NO_COLOR": "No colours, if it is set.",
}
_PLAIN = str.maketrans(
    {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"},
)


class Roff(HelpFormatter):
    """Takes what a command has to say of itself, and writes it in roff."""

    def __init__(self, *, leave_out: str = "") -> None:
        super().__init__()
        self._leave_out = leave_out

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The first line of a command's help."""
        self.write(f".PP\n{bold(prog)} {escaped(args)}\n")

    def write_text(self, text: str) -> None:
        """Paragraphs; examples as they stand, all others filled."""
        for paragraph in text.replace("\b\n", "").strip().split("\n\n"):
            lines = paragraph.splitlines()
            if lines[0].strip() == VERBATIM:
                self.write(f".PP\n{VERBATIM}\n.PP\n.nf\n")
                self.write("".join(f"{escaped(line.strip())}\n" for line in lines[1:]) + ".fi\n")
            else:
                self.write(".PP\n" + "".join(f"{escaped(line.strip())}\n" for line in lines))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Terms and what they mean."""
        self.write("".join(f".TP\n{bold(term.strip())}\n{escaped(text)}\n" for term, text in rows))

    def write_paragraph(self) -> None:
        """Each one begins with a request of its own."""

    @contextlib.contextmanager
    def section(self, name: str) -> Iterator[None]:
        """A heading and what belongs to it."""
        before = len(self.buffer)
        self.write(f".PP\n\\fI{escaped(name)}\\fR\n")
        yield
        if self._leave_out and name.startswith(self._leave_out):
            del self.buffer[before:]


def man_page() -> str:
    """The page."""
    from linkerdctl.cli.app import app
    from linkerdctl.cli.commands import COMMANDS

    root: Any = typer.main.get_command(app)
    context = typer.Context(root, info_name="linkerdctl", **root.context_settings)
    parts = [
        f'.TH LINKERDCTL 1 "" "linkerdctl {__version__}" "User Commands"\n',
        f".SH NAME\nlinkerdctl \\- {first_line(root)}\n",
        f".SH SYNOPSIS\n{bold('linkerdctl')} COMMAND [OPTIONS]\n",
        f".SH DESCRIPTION\n{told(root, context)}",
        ".SH COMMANDS\n",
        *(subsection(name, command, parent) for name, command, parent in commands(COMMANDS, context)),
        f".SH ENVIRONMENT\n{definitions(ENVIRONMENT.items())}",
        f".SH EXIT STATUS\n{definitions((str(int(code)), text) for code, text in EXIT_STATUS.items())}",
        ".SH SEE ALSO\n.BR kubectl (1)\n",
    ]
    return "".join(parts)


def commands(names: Any, context: typer.Context) -> Iterator[tuple[str, Any, typer.Context]]:
    """Name, command and context of each, those below others behind them."""
    from linkerdctl.cli.commands import load

    for name in names:
        command = load(name)
        yield name, command, context
        if hasattr(command, "list_commands"):
            own = typer.Context(command, info_name=name, parent=context)
            below = ((word, command.get_command(own, word)) for word in command.list_commands(own))
            yield from ((f"{name} {word}", each, own) for word, each in below if not each.hidden)


def subsection(name: str, command: Any, parent: typer.Context) -> str:
    """What one command says of itself, but for the global options."""
    context = typer.Context(command, info_name=name.split()[-1], parent=parent)
    return f".SS {name}\n{told(command, context, leave_out=GLOBAL)}"


def told(command: Any, context: typer.Context, *, leave_out: str = "") -> str:
    """A command's help."""
    formatter = Roff(leave_out=leave_out)
    command.format_help(context, formatter)
    return formatter.getvalue()


def definitions(pairs: Any) -> str:
    """Terms and what they mean."""
    formatter = Roff()
    formatter.write_dl(list(pairs))
    return formatter.getvalue()


def first_line(command: Any) -> str:
    """What it is, in a line."""
    return escaped(command.help.replace("\b\n", "").strip().splitlines()[0].rstrip("."))


def bold(text: str) -> str:
    """In bold letters."""
    return f"\\fB{escaped(text)}\\fR"


def escaped(text: str) -> str:
    """Without meaning to roff, and with quotes and hyphens that can be copied from the page."""
    plain = text.translate(_PLAIN)
    return f"\\&{plain}" if plain.startswith(".") else plain


if __name__ == "__main__":
    sys.stdout.write(man_page())
