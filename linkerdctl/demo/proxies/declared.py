"""The families that simulated requests move, named and described as real proxies do. Declarations only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from linkerdctl.demo.proxies.families import LATENCY_MS, Family

_FRAME_BYTES = (128.0, 1024.0, 10240.0)
_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0)
_COARSE_SECONDS = (0.05, 0.5, 1.0, 10.0)
_DETECTION_SECONDS = (0.001, 0.1)
_QUEUE_SECONDS = (0.0005, 0.005, 0.05, 0.5, 1.0, 3.0)


def _legacy(name: str, text: str, type_: str = "counter", bounds: tuple[float, ...] = ()) -> Family:
    return Family(name, type_, text, bounds=bounds, legacy=True)


def _histogram(name: str, text: str, unit: str, bounds: tuple[float, ...]) -> Family:
    return Family(f"{name}_{unit}", "histogram", text, unit, bounds)


AUTHORIZED = _legacy("inbound_http_authz_allow_total", "The total number of inbound HTTP requests that were authorized")
DENIED = _legacy("inbound_http_authz_deny_total", "The total number of inbound HTTP requests that were denied")
REQUESTS = _legacy("request_total", "Total count of HTTP requests.")
LATENCIES = _legacy(
    "response_latency_ms",
    "Elapsed times between a request's headers being received and its response stream completing",
    "histogram",
    LATENCY_MS,
)
RESPONSES = _legacy("response_total", "Total count of HTTP responses.")
TCP_OPENED = _legacy("tcp_open_total", "Total count of opened connections")
TCP_OPEN = _legacy("tcp_open_connections", "Number of currently-open connections", "gauge")
TCP_READ = _legacy("tcp_read_bytes_total", "Total count of bytes read from peers")
TCP_WRITTEN = _legacy("tcp_write_bytes_total", "Total count of bytes written to peers")
TCP_CLOSED = _legacy("tcp_close_total", "Total count of closed connections")

ROUTE_REQUESTS = _legacy("route_request_total", "Total count of HTTP requests.")
ROUTE_LATENCIES = _legacy(
    "route_response_latency_ms",
    "Elapsed times between a request's headers being received and its response stream completing",
    "histogram",
    LATENCY_MS,
)
ROUTE_RESPONSES = _legacy("route_response_total", "Total count of HTTP responses.")
ROUTE_RETRYABLE = _legacy("route_retryable_total", "Total count of retryable HTTP responses.")
ROUTE_ATTEMPTS = _legacy("route_actual_request_total", "Total count of HTTP requests.")
ROUTE_ATTEMPT_RESPONSES = _legacy("route_actual_response_total", "Total count of HTTP responses.")

GOLDEN = (AUTHORIZED, DENIED, REQUESTS, LATENCIES, RESPONSES)
PROFILES = (
    ROUTE_REQUESTS, ROUTE_LATENCIES, ROUTE_RESPONSES, ROUTE_RETRYABLE, ROUTE_ATTEMPTS, ROUTE_ATTEMPT_RESPONSES,
)  # fmt: skip
TCP = (TCP_OPENED, TCP_OPEN, TCP_READ, TCP_WRITTEN, TCP_CLOSED)

DETECTIONS = _histogram(
    "inbound_tcp_detect_http_duration", "Time taken for protocol detection.", "seconds", _DETECTION_SECONDS
)
DETECTED = Family("inbound_tcp_detect_http_results", "counter", "Protocol detection results.")
INBOUND_REQUESTS = Family("inbound_http_requests", "counter", "The total number of requests dispatched.")
INBOUND_REQUEST_FRAMES = _histogram(
    "inbound_http_request_frame_size", "Request data frame sizes.", "bytes", _FRAME_BYTES
)
INBOUND_REQUEST_DURATIONS = _histogram(
    "inbound_http_request_duration", "The time between request initialization and response completion.", "seconds",
    _SECONDS,
)  # fmt: skip
INBOUND_RESPONSE_FRAMES = _histogram(
    "inbound_http_response_frame_size", "Response data frame sizes.", "bytes", _FRAME_BYTES
)
INBOUND_RESPONSE_DURATIONS = _histogram(
    "inbound_http_response_duration", "The time between request completion and response completion.", "seconds",
    _COARSE_SECONDS,
)  # fmt: skip
INBOUND_STATUSES = Family("inbound_http_statuses", "counter", "Completed HTTP responses.")

INBOUND = (
    DETECTIONS, DETECTED, INBOUND_REQUESTS, INBOUND_REQUEST_FRAMES, INBOUND_REQUEST_DURATIONS, INBOUND_RESPONSE_FRAMES,
    INBOUND_RESPONSE_DURATIONS, INBOUND_STATUSES,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class BalancerFamilies:
    """What a balancer tells; in the order it is told."""

    endpoints: Family
    p2c_endpoints: Family
    updates: Family
    queued: Family
    requests: Family
    latencies: Family
    opened: Family
    shut: Family
    opened_at: Family
    shut_at: Family
    timeout: Family

    @classmethod
    def named(cls, prefix: str) -> BalancerFamilies:
        """Those of one stack (`outbound_http_balancer`)."""
        queue, gate = f"{prefix}_queue", f"{prefix}_queue_gate"
        return cls(
            Family(f"{prefix}_endpoints", "gauge", "The number of endpoints currently in a HTTP request balancer."),
            Family(f"{prefix}_p2c_endpoints", "gauge", "The number of endpoints currently in the balancer."),
            Family(f"{prefix}_p2c_updates", "counter",
                   "The total number of service discovery updates received by a balancer."),
            Family(f"{queue}_length", "gauge", "The current count of requests waiting in the queue."),
            Family(f"{queue}_requests", "counter", "The total number of requests that have entered the queue."),
            _histogram(f"{queue}_latency", "The distribution of durations that requests have spent in the queue.",
                       "seconds", _QUEUE_SECONDS),
            Family(f"{gate}_open", "counter", "The total number of gate state changes to open."),
            Family(f"{gate}_shut", "counter", "The total number of gate state changes from open to shut."),
            Family(f"{gate}_open_time_seconds", "gauge", "The time at which the gate was opened.", "seconds"),
            Family(f"{gate}_shut_time_seconds", "gauge", "The time at which the gate was shut.", "seconds"),
            Family(f"{gate}_timeout_seconds", "gauge",
                   "Indicates the request timeout after which the gate will shut and enter failfast.", "seconds"),
        )  # fmt: skip

    def __iter__(self) -> Iterator[Family]:
        return (getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True, eq=False)
class RouteFamilies:
    """What outbound policy routes tell of requests; in the order it is told."""

    durations: Family
    request_frames: Family
    backend_requests: Family
    backend_durations: Family
    backend_frames: Family
    backend_statuses: Family
    statuses: Family
    retry_limits: Family
    retry_overflows: Family
    retries: Family
    retry_successes: Family

    @classmethod
    def named(cls, protocol: str) -> RouteFamilies:
        """Those of HTTP (`http`) or gRPC routes (`grpc`)."""
        route, backend = f"outbound_{protocol}_route", f"outbound_{protocol}_route_backend"
        return cls(
            _histogram(f"{route}_request_duration",
                       "The time between request initialization and response completion.", "seconds", _COARSE_SECONDS),
            _histogram(f"{route}_request_frame_size", "Request data frame sizes.", "bytes", _FRAME_BYTES),
            Family(f"{backend}_requests", "counter", "The total number of requests dispatched."),
            _histogram(f"{backend}_response_duration",
                       "The time between request completion and response completion.", "seconds", _SECONDS),
            _histogram(f"{backend}_response_frame_size", "Response data frame sizes.", "bytes", _FRAME_BYTES),
            Family(f"{backend}_response_statuses", "counter", "Completed responses."),
            Family(f"{route}_request_statuses", "counter", "Completed request-response streams."),
            Family(f"{route}_retry_limit_exceeded", "counter", "Retryable requests not retried for their limit."),
            Family(f"{route}_retry_overflow", "counter", "Retryable requests not retried for a circuit breaker."),
            Family(f"{route}_retry_requests", "counter", "Retry requests emitted."),
            Family(f"{route}_retry_successes", "counter", "Successful responses to retry requests."),
        )  # fmt: skip

    def __iter__(self) -> Iterator[Family]:
        return (getattr(self, name) for name in self.__slots__)


BALANCER = BalancerFamilies.named("outbound_http_balancer")
ROUTES = {protocol: RouteFamilies.named(protocol) for protocol in ("http", "grpc")}
OUTBOUND = (*BALANCER, *ROUTES["http"], *ROUTES["grpc"])
