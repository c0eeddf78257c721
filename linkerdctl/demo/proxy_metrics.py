"""What one proxy counts: the families and labels of a real one, all moved by the same simulated requests."""

from __future__ import annotations

from functools import lru_cache

from linkerdctl.demo.families import (
    BACKEND_SECONDS,
    LATENCY_MS,
    ROUTE_SECONDS,
    Family,
    HistogramFamily,
    exposition,
)
from linkerdctl.demo.topology import ADMIN_PORT, CONTROL_PLANE, PROXY_VERSION, DemoPod
from linkerdctl.demo.traffic import Hop

_LOOPBACK = 'tls="no_identity",no_tls_reason="loopback"'
_FROM_OUTSIDE = 'tls="no_identity",no_tls_reason="no_tls_from_remote"'
_GRPC_NAMES = {0: "OK", 2: "UNKNOWN", 7: "PERMISSION_DENIED", 14: "UNAVAILABLE"}
_DAY = 86_400.0


class ProxyMetrics:
    """The counters of one proxy process, from its start on."""

    def __init__(self, pod: DemoPod, started: float) -> None:
        self.pod = pod
        self.started = started
        self.allowed = Family(
            "inbound_http_authz_allow_total",
            "counter",
            "The total number of inbound HTTP requests that were authorized",
        )
        self.requests = Family("request_total", "counter", "Total count of HTTP requests.")
        self.latency = HistogramFamily(
            "response_latency_ms",
            "Elapsed times between a request's headers being received and its response stream completing",
            LATENCY_MS,
        )
        self.responses = Family("response_total", "counter", "Total count of HTTP responses.")
        self.opened = Family("tcp_open_total", "counter", "Total count of opened connections")
        self.connections = Family("tcp_open_connections", "gauge", "Number of currently-open connections")
        self.read = Family("tcp_read_bytes_total", "counter", "Total count of bytes read from peers")
        self.written = Family("tcp_write_bytes_total", "counter", "Total count of bytes written to peers")
        self.closed = Family("tcp_close_total", "counter", "Total count of closed connections")
        self.route_families = {protocol: _RouteFamilies(protocol) for protocol in ("http", "grpc")}
        self._process = _process_families(pod, started)
        self._seen_sockets: set[str] = set()

    def count_inbound(self, hop: Hop) -> None:
        """A request that this proxy's pod served, at the end of its response."""
        target = _inbound_target(hop.server.ip, hop.service.target_port, hop.client.identity)
        policy = _default_policy(hop.service.target_port)
        request = f'direction="inbound",{target},{policy}'
        self.requests.add(request)
        self.responses.add(f"{request},{_outcome(hop)}")
        self.latency.observe(f'{request},status_code="{hop.status}"', int(hop.server_latency_ms))
        tls = f'tls="true",client_id="{hop.client.identity}"'
        self.allowed.add(f"{_address(hop.server.ip, hop.service.target_port)},{policy},{tls}")
        server = _server_policy(hop.service.target_port)
        self._transfer(f'direction="inbound",peer="src",{target},{server}', hop.request_bytes, hop.response_bytes)
        self._transfer(f'direction="inbound",peer="dst",{_LOOPBACK}', hop.response_bytes, hop.request_bytes)

    def count_outbound(self, hop: Hop) -> None:
        """A request that this proxy's pod sent, at the end of its response."""
        endpoint = _endpoint(hop)
        request = f'direction="outbound",{endpoint}'
        self.requests.add(request)
        self.responses.add(f"{request},{_outcome(hop)}")
        self.latency.observe(f'{request},status_code="{hop.status}"', int(hop.latency_ms))
        self._transfer(f'direction="outbound",peer="dst",{endpoint}', hop.response_bytes, hop.request_bytes)
        accepted = _address(hop.service.ip, hop.service.port)
        self._transfer(f'direction="outbound",peer="src",{accepted},{_LOOPBACK}', hop.request_bytes, hop.response_bytes)
        self.route_families["http" if hop.grpc_status is None else "grpc"].count(hop)

    def count_admin(self, route: str, sent: int) -> None:
        """A probe (`probe`) or a scrape (`default`) of the admin port."""
        target = f"{_address('0.0.0.0', ADMIN_PORT)},{_FROM_OUTSIDE}"  # noqa: S104 - the label real proxies write
        policy = _admin_policy(route)
        request = f'direction="inbound",{target},{policy}'
        self.requests.add(request)
        self.responses.add(f'{request},status_code="200",classification="success",grpc_status="",error=""')
        self.latency.observe(f'{request},status_code="200"', 0)
        address = _address("0.0.0.0", ADMIN_PORT)  # noqa: S104
        self.allowed.add(f"{address},{policy},{_FROM_OUTSIDE}")
        self._transfer(f'direction="inbound",peer="src",{target},{_server_policy(ADMIN_PORT)}', 120, sent)
        self._transfer(f'direction="inbound",peer="dst",{_LOOPBACK}', sent, 120)

    def text(self) -> bytes:
        """The exposition text as of now."""
        routes = [family for families in self.route_families.values() for family in families.all()]
        legacy = [self.allowed, self.requests, self.latency, self.responses]
        tcp = [self.opened, self.connections, self.read, self.written, self.closed]
        return exposition([*legacy, *tcp, *routes, *self._process])

    def _transfer(self, socket: str, read: int, written: int) -> None:
        """One connection per kind of socket, opened with its first bytes and kept, as HTTP/2 does."""
        if socket not in self._seen_sockets:
            self._seen_sockets.add(socket)
            self.opened.add(socket)
            self.connections.add(socket)
        self.read.add(socket, read)
        self.written.add(socket, written)


class _RouteFamilies:
    """The families of outbound policy routes, for HTTP or gRPC."""

    def __init__(self, protocol: str) -> None:
        prefix = f"outbound_{protocol}_route"
        self._protocol = protocol
        self.durations = HistogramFamily(
            f"{prefix}_request_duration_seconds",
            "The time between request initialization and response completion.",
            ROUTE_SECONDS,
            unit="seconds",
        )
        self.statuses = Family(
            f"{prefix}_request_statuses", "counter", "Completed request-response streams.", suffix="_total"
        )
        self.backend_requests = Family(
            f"{prefix}_backend_requests", "counter", "The total number of requests dispatched.", suffix="_total"
        )
        self.backend_durations = HistogramFamily(
            f"{prefix}_backend_response_duration_seconds",
            "The time between request completion and response completion.",
            BACKEND_SECONDS,
            unit="seconds",
        )
        self.backend_statuses = Family(
            f"{prefix}_backend_response_statuses", "counter", "Completed responses.", suffix="_total"
        )

    def count(self, hop: Hop) -> None:
        parent = _parent(hop.service.namespace, hop.service.name, hop.service.port)
        route = f'{parent},route_group="",route_kind="default",route_namespace="",route_name="{_default_route(hop)}"'
        backend = _backend(route, hop)
        status = _route_status(hop)
        seconds = hop.ended - hop.started
        self.durations.observe(f'{route},hostname=""', seconds)
        self.statuses.add(f'{route},hostname="",{status}')
        self.backend_requests.add(backend)
        self.backend_durations.observe(backend, seconds)
        self.backend_statuses.add(f"{backend},{status}")

    def all(self) -> list[Family | HistogramFamily]:
        return [self.durations, self.statuses, self.backend_requests, self.backend_durations, self.backend_statuses]


def _default_route(hop: Hop) -> str:
    return "http" if hop.grpc_status is None else "grpc"


def _route_status(hop: Hop) -> str:
    if hop.grpc_status is None:
        return f'http_status="{hop.status}",error=""'
    return f'grpc_status="{_GRPC_NAMES[hop.grpc_status]}",error=""'


def _backend(route: str, hop: Hop) -> str:
    service = hop.service
    return (
        f'{route},backend_group="core",backend_kind="Service",backend_namespace="{service.namespace}",'
        f'backend_name="{service.name}",backend_port="{service.port}",backend_section_name=""'
    )


@lru_cache(4096)
def _parent(namespace: str, name: str, port: int) -> str:
    return (
        f'parent_group="core",parent_kind="Service",parent_namespace="{namespace}",parent_name="{name}",'
        f'parent_port="{port}",parent_section_name=""'
    )


@lru_cache(4096)
def _address(ip: str, port: int) -> str:
    return f'target_addr="{ip}:{port}",target_ip="{ip}",target_port="{port}"'


@lru_cache(4096)
def _inbound_target(ip: str, port: int, client_identity: str) -> str:
    return f'{_address(ip, port)},tls="true",client_id="{client_identity}"'


@lru_cache(16)
def _server_policy(port: int) -> str:
    return f'srv_group="",srv_kind="default",srv_name="all-unauthenticated",srv_port="{port}"'


@lru_cache(16)
def _default_policy(port: int) -> str:
    route = 'route_group="",route_kind="default",route_name="default"'
    authorization = 'authz_group="",authz_kind="default",authz_name="all-unauthenticated"'
    return f"{_server_policy(port)},{route},{authorization}"


def _admin_policy(route: str) -> str:
    authorization = "probe" if route == "probe" else "all-unauthenticated"
    return (
        f'{_server_policy(ADMIN_PORT)},route_group="",route_kind="default",route_name="{route}",'
        f'authz_group="",authz_kind="default",authz_name="{authorization}"'
    )


def _endpoint(hop: Hop) -> str:
    server, service = hop.server, hop.service
    return _endpoint_labels(server, service.authority, service.name, service.target_port)


@lru_cache(16_384)
def _endpoint_labels(server: DemoPod, authority: str, service: str, port: int) -> str:
    return (
        f'authority="{authority}",{_address(server.ip, port)},tls="true",server_id="{server.identity}",'
        f'dst_control_plane_ns="{CONTROL_PLANE}",dst_deployment="{server.workload}",dst_namespace="{server.namespace}",'
        f'dst_pod="{server.name}",dst_pod_template_hash="{server.template_hash}",dst_service="{service}",'
        f'dst_serviceaccount="{server.service_account}",dst_zone=""'
    )


def _outcome(hop: Hop) -> str:
    classification = "failure" if hop.failed else "success"
    grpc = "" if hop.grpc_status is None else hop.grpc_status
    return f'status_code="{hop.status}",classification="{classification}",grpc_status="{grpc}",error=""'


def _process_families(pod: DemoPod, started: float) -> list[Family | HistogramFamily]:
    """What does not move with requests."""
    build = Family("proxy_build_info", "gauge", "Proxy build info.")
    build.set(f'date="",git_sha="",profile="release",vendor="linkerd",version="{PROXY_VERSION}"', 1)
    expires = Family(
        "control_identity_cert_expiration_timestamp_seconds", "gauge",
        "Time when this proxy's current mTLS identity certificate will expire (in seconds since the UNIX epoch).",
        unit="seconds",
    )  # fmt: skip
    expires.set("", started + _DAY)
    refreshed = Family(
        "control_identity_cert_refresh_timestamp_seconds", "gauge",
        "Time when this proxy's current mTLS identity certificate was last updated.", unit="seconds",
    )  # fmt: skip
    refreshed.set("", started)
    refreshes = Family(
        "control_identity_cert_refreshes", "counter",
        "The total number of times this proxy's mTLS identity certificate has been refreshed by the Identity provider.",
        suffix="_total",
    )  # fmt: skip
    refreshes.set('result="ok"', 1)
    refreshes.set('result="error"', 0)
    start = Family(
        "process_start_time_seconds", "gauge",
        "Time that the process started (in seconds since the UNIX epoch).", unit="seconds",
    )  # fmt: skip
    start.set("", started)
    return [build, expires, refreshed, refreshes, start]
