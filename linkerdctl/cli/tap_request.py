"""From the options of `tap` to what is asked: a query for the proxies, filters, an output. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linkerdctl.durations import parse_duration
from linkerdctl.errors import UsageError
from linkerdctl.kube.kinds import NAMESPACE
from linkerdctl.kube.selection import Selection, parse_target
from linkerdctl.kube.selectors import parse_selector
from linkerdctl.render.tap import TapOutput
from linkerdctl.tap import filters
from linkerdctl.tap.query import MOST_RPS, Matches, TapQuery, check_kinds
from linkerdctl.tap.transports.mesh_tls import TlsFiles


@dataclass(frozen=True, slots=True)
class Asked:
    """How what comes is filtered, shown, saved, and when to stop."""

    output: TapOutput
    filters: Sequence[filters.Filter] = ()
    group: bool = False
    show_secrets: bool = False
    duration: float | None = None
    """Seconds."""
    limit: int | None = None
    """Requests."""
    save: Path | None = None
    tls: TlsFiles | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """The options that become filters, as they were given; None where they were not."""

    status: str | None = None
    grpc_status: str | None = None
    min_latency: str | None = None
    failed: bool = False
    path_regex: str | None = None
    not_path: str | None = None
    source: Selection | None = None

    def filters(self) -> Sequence[filters.Filter]:
        """Those given, the quick ones first. Raises `UsageError` for what cannot be read."""
        found: list[filters.Filter] = []
        if self.source is not None:
            found.append(filters.source_filter(self.source))
        if self.path_regex is not None:
            found.append(filters.path_filter(self.path_regex, wanted=True))
        if self.not_path is not None:
            found.append(filters.path_filter(self.not_path, wanted=False))
        if self.status is not None:
            found.append(filters.status_filter(self.status))
        if self.grpc_status is not None:
            found.append(filters.grpc_status_filter(self.grpc_status))
        if self.min_latency is not None:
            found.append(filters.latency_filter(self.min_latency))
        if self.failed:
            found.append(filters.failed_filter)
        return found


def tap_query(
    resource: Sequence[str], namespace: str, selector: str, matches: Matches, *, max_rps: float, headers: bool
) -> TapQuery:
    """What is asked of a cluster; raises `UsageError` for what cannot be tapped."""
    target = parse_target(_one(resource), namespace=namespace)
    labels = parse_selector(selector)
    if labels and target.name:
        raise UsageError("-l chooses among resources, and a name is one", next_step=f"give {target.kind.short} -l ...")
    if not max_rps > 0:
        raise UsageError(f"--max-rps {max_rps:g} lets no request through", next_step="give 1 or more")
    if max_rps > MOST_RPS:
        raise UsageError(f"--max-rps {max_rps:g} is more than can be asked for", next_step=f"give {MOST_RPS} or less")
    _check_can_be_sent(matches)
    selection = Selection(target.kind, target.namespace, target.name, labels or None)
    query = TapQuery(selection, matches, max_rps, headers)
    check_kinds(query)
    return query


def _one(resource: Sequence[str]) -> str:
    """TYPE or TYPE/NAME of what may be given as TYPE NAME too."""
    if not resource:
        raise UsageError("what to tap is missing", next_step="give TYPE/NAME (deploy/web), or --input FILE")
    if resource[0].lower() == "all":
        raise UsageError("'all' cannot be tapped", next_step="ns/NAME taps all there is in a namespace")
    if len(resource) > 1 and (len(resource) > 2 or any("/" in each for each in resource)):
        raise UsageError(
            f"only one resource can be tapped at a time, not {' '.join(resource)!r}",
            next_step="give TYPE/NAME, all of a kind (deploy, with -l some of them), or a namespace (ns/NAME)",
        )
    return "/".join(resource)


def _check_can_be_sent(matches: Matches) -> None:
    for option in ("scheme", "method", "authority", "path"):
        try:
            getattr(matches, option).encode()
        except UnicodeEncodeError:
            raise UsageError(
                f"--{option} is no UTF-8", next_step="requests have it percent-encoded: /caf%C3%A9"
            ) from None


def check_recorded(resource: Sequence[str], selector: str) -> None:
    """Raise `UsageError` for what chooses among a cluster's objects: a recorded stream has none."""
    if resource:
        raise UsageError("--input holds what was tapped, whosoever it was", next_step=f"leave {' '.join(resource)} out")
    if selector:
        raise UsageError("-l chooses among a cluster's resources, and --input has none", next_step="leave -l out")


def other_side(option: str, text: str | None, namespace: str | None) -> Selection | None:
    """The resource of --to or --from, in any namespace unless one is given; a namespace alone means everything in it."""
    if text is None:
        return parse_target(f"ns/{namespace}", namespace=None) if namespace else None
    target = parse_target(text, namespace=namespace)
    if namespace and target.kind is NAMESPACE:
        raise UsageError(f"{option} names a namespace already", next_step=f"leave {option}-namespace out")
    return target


def tls_files(ca: Path | None, certificate: Path | None, key: Path | None) -> TlsFiles | None:
    """All three of them or none."""
    if ca and certificate and key:
        return TlsFiles(ca, certificate, key)
    if ca or certificate or key:
        raise UsageError("an identity is three files", next_step="give --tls-ca, --tls-cert and --tls-key")
    return None


def seconds(text: str | None, option: str) -> float | None:
    """A duration that is one."""
    if text is None:
        return None
    found = parse_duration(text)
    if found <= 0:
        raise UsageError(f"{option} {text} is no time", next_step="write it like 30s")
    return found


def whole(limit: int | None) -> int | None:
    """A number of requests."""
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} shows nothing", next_step="give 1 or more")
    return limit
