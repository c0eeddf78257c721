"""The exceptions users can meet, each with a cause and a next step, and the exit codes they end in.

Every error a user can cause or suffer is a `LinkerdctlError`; anything else that escapes is a bug.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns."""

    OK = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    """Some proxies did not answer and `--strict` was given."""
    GATE = 4
    """A gate (`check`, `slo`) was not met."""
    INTERRUPTED = 130


class LinkerdctlError(Exception):
    """Something the user should read: what was tried and why it failed, then what to do about it.

    `message` is one line without a trailing period; `next_step`, when given, is printed on lines of its own and
    may hold several (a missing RBAC rule as YAML, a command to run).
    """

    exit_code: ExitCode = ExitCode.ERROR

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UsageError(LinkerdctlError):
    """The command line asks for something that cannot be: an unknown kind, a bad duration, two flags that exclude."""

    exit_code = ExitCode.USAGE


class ConfigError(LinkerdctlError):
    """The kubeconfig (or its credentials) cannot be used. Never carries a secret."""


class ApiError(LinkerdctlError):
    """The Kubernetes API refused or failed a request.

    `status` is the HTTP status, 0 when no answer came at all; `verb` is the RBAC verb (`get`, `list`, `create`, ...).
    """

    def __init__(
        self,
        message: str,
        *,
        verb: str,
        resource: str,
        namespace: str | None = None,
        name: str | None = None,
        status: int = 0,
        reason: str = "",
        next_step: str | None = None,
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.verb = verb
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.status = status
        self.reason = reason


class NotFoundError(LinkerdctlError):
    """A named object does not exist."""


class ObjectError(LinkerdctlError):
    """An object of the cluster is not as Kubernetes has them. An API server would not have let it in."""


class SpecificationError(LinkerdctlError):
    """An OpenAPI document, a .proto file or a profile cannot be used. The message starts with FILE:line:column."""


class RecordingError(LinkerdctlError):
    """A recording cannot be read or written."""


class PrometheusError(LinkerdctlError):
    """A Prometheus cannot be asked, refuses, or holds nothing that can be used. Never carries a secret."""


class ExpositionError(LinkerdctlError):
    """A proxy's metrics text is malformed. `line` and `column` count from 1."""

    def __init__(self, reason: str, *, line: int, column: int) -> None:
        super().__init__(f"malformed metrics at line {line}, column {column}: {reason}")
        self.reason = reason
        self.line = line
        self.column = column


class ProxyError(LinkerdctlError):
    """One proxy did not give its metrics: dead, slow, refused, or its answer was unusable. Costs that proxy alone."""


class TapError(LinkerdctlError):
    """Live requests cannot be had, or not read: no tap API, a broken stream, a file that is none."""


class PartialDataError(LinkerdctlError):
    """Not every proxy answered and the user asked to be strict about it."""

    exit_code = ExitCode.PARTIAL


class NobodyAnsweredError(LinkerdctlError):
    """Proxies were asked, and not one of them answered."""


class GateError(LinkerdctlError):
    """What the user asked to be so is not: a certificate with less left than it should have."""

    exit_code = ExitCode.GATE
