"""Options that every command takes, before or after its name, as cobra's persistent flags."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import typer

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.render.terminal import Terminal, printable

NOT_FOR_COMMANDS = ("version", "install_completion", "show_completion")
"""Parameters of the root that are not global options."""


@dataclass(frozen=True, slots=True)
class PrometheusOptions:
    """Which Prometheus to ask, and how to present oneself; texts as they were given."""

    address: str
    config: Path | None = None
    headers: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    timeout: float = 30.0
    """Deadline for each query, in seconds."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self | None:
        """None when no Prometheus is chosen, or when a recording is, and with more emphasis."""
        address = given.get("prometheus")
        if not address or _recording_wins(given):
            return None
        return cls(
            address=address,
            config=given.get("prometheus_config"),
            headers=tuple(given.get("prometheus_header") or ()),
            labels=tuple(given.get("prometheus_label") or ()),
            timeout=_deadline(given.get("timeout") or "30s"),
        )


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Which cluster, recording or Prometheus, how to reach proxies, and how to talk."""

    terminal: Terminal
    context: str | None = None
    kubeconfig: str | None = None
    impersonate: str | None = None
    impersonate_groups: tuple[str, ...] = ()
    impersonate_uid: str | None = None
    recording: Path | None = None
    prometheus: PrometheusOptions | None = None
    via: str = "api"
    concurrency: int = 64
    timeout: float = 5.0
    """Deadline for each proxy, in seconds."""
    control_plane_named: str | None = None
    """The namespace of the control plane, if one was named."""
    verbose: bool = False

    @property
    def control_plane(self) -> str:
        """The namespace of the control plane, named or usual."""
        return self.control_plane_named or "linkerd"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """From what was given on the command line, by the names of the root's parameters; None where nothing was."""
        quiet, verbose = bool(given.get("quiet")), bool(given.get("verbose"))
        prometheus = PrometheusOptions.of(given)
        return cls(
            terminal=Terminal.of_process(colour=given.get("color") or "auto", quiet=quiet, verbose=verbose),
            context=given.get("context"),
            kubeconfig=given.get("kubeconfig"),
            impersonate=given.get("impersonate"),
            impersonate_groups=tuple(given.get("impersonate_group") or ()),
            impersonate_uid=given.get("impersonate_uid"),
            recording=None if prometheus else given.get("recording"),
            prometheus=prometheus,
            via=given.get("via") or "api",
            concurrency=_at_once(given.get("concurrency")),
            timeout=_deadline(given.get("timeout")),
            control_plane_named=given.get("linkerd_namespace") or None,
            verbose=verbose,
        )


def _recording_wins(given: Mapping[str, Any]) -> bool:
    """What stands on the command line goes before what the environment says; two of a sort exclude each other."""
    recording = given.get("recording")
    if not recording:
        return False
    from_environment = str(recording) == os.environ.get("LINKERDCTL_RECORDING")
    if from_environment == (given["prometheus"] == os.environ.get("LINKERDCTL_PROMETHEUS")):
        raise UsageError(
            "a recording and a Prometheus exclude each other",
            next_step="give one of --recording ($LINKERDCTL_RECORDING) and --prometheus ($LINKERDCTL_PROMETHEUS)",
        )
    return not from_environment


def _deadline(text: str | None) -> float:
    seconds = parse_duration(text or "5s")
    if seconds <= 0:
        raise UsageError(f"--timeout {text} leaves no time to answer", next_step="give 1s or more")
    return seconds


def _at_once(number: int | None) -> int:
    if number is not None and number < 1:
        raise UsageError(f"--concurrency {number} is not in the range from 1 on", next_step="give 1 or more")
    return number or 64


def globals_of(context: typer.Context) -> GlobalOptions:
    """The global options of this run, wherever on the command line they stood."""
    root = context.find_root()
    if not isinstance(root.obj, GlobalOptions):
        root.obj = GlobalOptions.of(root.params)
        if root.obj.verbose:
            log_to_stderr()
    return root.obj


def log_to_stderr() -> None:
    """What -v shows: the requests that are made, and when; with nothing of other people's that a terminal obeys."""
    import logging
    import sys

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return printable(super().format(record))

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter("%(relativeCreated)6.0f ms %(message)s"))
    logging.basicConfig(handlers=[handler])
    logging.getLogger("linkerdctl").setLevel(logging.DEBUG)


def handed_up(parameter: Any) -> Any:
    """A parameter of the root for use after a command's name: what it is given there goes to the root's."""
    twin = copy.copy(parameter)
    twin.expose_value, twin.envvar, twin.callback = False, None, _hand_up
    return twin


def _hand_up(context: Any, parameter: Any, value: Any) -> Any:
    given = context.find_root().params
    if parameter.multiple:
        given[parameter.name] = [*(given.get(parameter.name) or ()), *value]
    elif value is not None and value is not False:
        given[parameter.name] = value
    return value
