"""`profile lint`: which profiles are looked over."""

from __future__ import annotations

from collections.abc import Sequence

from linkerdctl.cli.options import GlobalOptions
from linkerdctl.cli.specifications import display_name, read_all
from linkerdctl.errors import UsageError
from linkerdctl.profiles.documents import load_all
from linkerdctl.profiles.findings import Finding
from linkerdctl.profiles.lint import lint_documents, lint_objects, profiles_in
from linkerdctl.profiles.service_profile import KIND


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
