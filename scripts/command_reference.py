"""Writes docs/commands.md to standard output: the help texts of all commands, as a terminal of 110 columns shows them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

HEAD = """# Commands

What `--help` says; `make docs` writes this page. Every command takes the global options too, before or after its name.
"""
GLOBAL_OPTIONS = "\nGlobal options,"


def command_reference() -> str:
    """The page, in Markdown."""
    from linkerdctl.cli.commands import GROUPS

    sections = [HEAD, f"## linkerdctl\n\n{_fenced(_help_of())}"]
    for title, names in GROUPS.items():
        sections.append(f"## {title}\n")
        lines = (line for name in names for line in (name, *_subcommands(name)))
        sections.extend(
            f"### {line}\n\n{_fenced(_help_of(*line.split()).partition(GLOBAL_OPTIONS)[0])}" for line in lines
        )
    return "\n".join(sections)


def _subcommands(name: str) -> Iterator[str]:
    from linkerdctl.cli.commands import load

    group = load(name)
    for word in group.list_commands(None) if hasattr(group, "list_commands") else ():
        if not group.get_command(None, word).hidden:
            yield f"{name} {word}"


def _help_of(*command: str) -> str:
    from linkerdctl.cli.run import run

    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        run([*command, "--help"])
    return said.getvalue()


def _fenced(text: str) -> str:
    return f"```\n{text.rstrip()}\n```\n"


if __name__ == "__main__":
    os.environ["COLUMNS"] = "110"
    sys.stdout.write(command_reference())
