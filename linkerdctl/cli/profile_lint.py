"""`profile lint`: profiles of files, or of a namespace, looked over."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from linkerdctl.cli.options import GlobalOptions, globals_of
from linkerdctl.cli.specifications import display_name, read_all
from linkerdctl.errors import ExitCode, UsageError
from linkerdctl.profiles.documents import load_all
from linkerdctl.profiles.findings import Finding
from linkerdctl.profiles.lint import lint_documents, lint_objects, profiles_in
from linkerdctl.profiles.service_profile import KIND
from linkerdctl.render.lint import check_lint_output, show_findings

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

HELP = """\b
Look ServiceProfiles over: what the cluster refuses, what never matches, what an earlier route takes away.

\b
Examples:
  linkerdctl profile lint web-svc.yaml
  linkerdctl profile -n books webapp --open-api webapp.yaml | linkerdctl profile lint -
  linkerdctl profile lint -n emojivoto

\b
HTTPRoutes and GRPCRoutes in the same file or namespace are looked at for what a profile overrides.
Exits with 4 when there are errors.
"""


@app.command("lint", help=HELP, no_args_is_help=True)
def lint(
    ctx: typer.Context,
    file: Annotated[list[str] | None, typer.Argument(help="Files, URLs, or -.", show_default=False)] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Look at the profiles of this namespace of the cluster.")
    ] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", show_default=False, help="text, json, yaml or csv (default: text).")
    ] = "text",
) -> None:
    """Read, look over, tell."""
    options = globals_of(ctx)
    check_lint_output(output)
    if bool(file) == bool(namespace):
        raise UsageError("nothing to look at" if not file else "files and -n exclude each other")
    if show_findings(findings(options, file, namespace), output, options.terminal):
        raise typer.Exit(ExitCode.GATE)


def findings(options: GlobalOptions, files: Sequence[str] | None, namespace: str | None) -> tuple[Finding, ...]:
    """Of files, or of what a namespace of the cluster (or recording) has. Raises `UsageError` without any profile."""
    if namespace:
        from linkerdctl.cli.cluster_profiles import read_objects

        objects = read_objects(options, namespace)
        if not any(each.get("kind") == KIND for each in objects):
            options.terminal.note(f"there is no {KIND} in namespace {namespace}")
        return lint_objects(objects, namespace)
    documents = [document for source, text in read_all(files or ()) for document in load_all(text, source)]
    if not profiles_in(documents):
        raise UsageError(f"there is no {KIND} in {', '.join(map(display_name, files or ()))}")
    return lint_documents(documents)
