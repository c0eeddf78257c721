"""What a proxy tells of itself and of its control plane. No request moves these; their text is the same for all pods
but for times, and made once."""

from __future__ import annotations

from functools import lru_cache

from linkerdctl.demo.proxies.declared import BalancerFamilies
from linkerdctl.demo.proxies.families import LATENCY_MS, Family, Registry
from linkerdctl.demo.topology import CONTROL_PLANE, PROXY_VERSION, TRUST_DOMAIN, identity_of

_DAY = 86_400.0
_STARTED, _EXPIRES = 1111111111.25, 2222222222.25
"""Stand for a proxy's own times in the text that all share."""
_CONTROLLERS = {
    "identity": ("linkerd-identity-headless", 8080, "linkerd-identity", 1, 184),
    "destination": ("linkerd-dst-headless", 8086, "linkerd-destination", 5, 11),
    "policy": ("linkerd-policy", 8090, "linkerd-destination", 4, 121),
}
"""By client: its service, port and server, how many requests a proxy makes of it at its start, and their milliseconds."""
_OUTBOUND_STACKS = ("endpoint", "forward", "balance")
_TOKIO = (
    ("workers", "gauge", "The number of worker threads used by the runtime.", ""),
    ("park", "counter", "Total number of times worker threads parked.", ""),
    ("noop", "counter", "Number of times workers unparked but found no new work.", ""),
    ("steal", "counter", "Number of tasks stolen by workers from others.", ""),
    ("steal_operations", "counter", "Number of times workers stole tasks from other.", ""),
    ("remote_schedule", "counter", "Total number of remote schedule operations.", ""),
    ("local_schedule", "counter", "Total number of local schedule operations.", ""),
    ("overflow", "counter", "Total number of overflow operations.", ""),
    ("polls", "counter", "The number of tasks that have been polled across all worker threads.", ""),
    ("busy_seconds", "counter", "Total duration of time when worker threads were busy processing tasks.", "seconds"),
    ("injection_queue_depth", "gauge",
     "The number of tasks currently scheduled in the runtime's injection queue.", ""),
    ("local_queue_depth", "gauge",
     "The total number of tasks currently scheduled in workers' local queues.", ""),
    ("budget_forced_yield", "counter",
     "Number of times a worker thread was forced to yield due to budget exhaustion.", ""),
    ("io_driver_ready", "counter", "Number of times the IO driver was woken up.", ""),
)  # fmt: skip
"""Of the proxy's runtime: name, type, help and unit."""


def control_lines() -> str:
    """Requests of the proxy to its control plane, in the older dialect."""
    return _control_text()


def own_lines(started: float) -> str:
    """Builds, runtime, certificate, and the balancers towards the control plane."""
    return _own_text().replace(str(_STARTED), str(started)).replace(str(_EXPIRES), str(started + _DAY))


def process_lines(started: float, now: float, traffic_bytes: tuple[float, float]) -> str:
    """The process: its start, clock, time and memory. `traffic_bytes` are received and sent."""
    registry, uptime = Registry(), max(now - started, 0.0)
    received, sent = traffic_bytes
    values: dict[Family, float] = {
        _process("start_time_seconds", "gauge", "Time that the process started (in seconds since the UNIX epoch).",
                 "seconds"): started,
        _process("clock_time_seconds", "gauge", "Current system time for this process.", "seconds"): float(int(now)),
        _process("uptime_seconds", "counter", "Total time since the process started (in seconds)", "seconds"): uptime,
        _process("cpu_seconds", "counter", "Total user and system CPU time spent in seconds", "seconds"):
            round(uptime * 0.02, 2),
        _process("resident_memory_bytes", "gauge", "Resident memory size in bytes", "bytes"): 23_162_880,
        _process("open_fds", "gauge", "Number of open file descriptors"): 26,
        _process("max_fds", "gauge", "Maximum number of open file descriptors"): 20_000,
        _process("network_receive_bytes", "counter", "Number of bytes received by the process over the network",
                 "bytes"): float(received),
        _process("network_transmit_bytes", "counter", "Number of bytes sent by the process over the network",
                 "bytes"): float(sent),
        _process("threads", "gauge", "Number of OS threads in the process."): 2,
    }  # fmt: skip
    for family, value in values.items():
        registry.sample(family, value=value)
    return "\n".join(registry.lines(values))


@lru_cache(16)
def _process(name: str, type_: str, text: str, unit: str = "") -> Family:
    return Family(f"process_{name}", type_, text, unit)


def _address(client: str) -> str:
    service, port, *_ = _CONTROLLERS[client]
    return f'addr="{service}.{CONTROL_PLANE}.svc.{TRUST_DOMAIN}:{port}"'


@lru_cache(1)
def _control_text() -> str:
    requests = Family("control_request_total", "counter", "Total count of HTTP requests.", legacy=True)
    latencies = Family(
        "control_response_latency_ms", "histogram",
        "Elapsed times between a request's headers being received and its response stream completing",
        bounds=LATENCY_MS, legacy=True,
    )  # fmt: skip
    responses = Family("control_response_total", "counter", "Total count of HTTP responses.", legacy=True)
    registry = Registry()
    for client, (_, _, server, times, milliseconds) in _CONTROLLERS.items():
        labels = f'{_address(client)},tls="true",server_id="{identity_of(server, CONTROL_PLANE)}"'
        registry.sample(requests, labels, times)
        for _ in range(times):
            registry.distribution(latencies, f'{labels},status_code="200"').observe(milliseconds)
        if client == "identity":
            outcome = 'status_code="200",classification="success",grpc_status="0",error=""'
            registry.sample(responses, f"{labels},{outcome}", times)
    return "\n".join(registry.lines([requests, latencies, responses]))


@lru_cache(1)
def _own_text() -> str:
    registry = Registry()
    families = [*_spans(registry), *_stacks(registry), *_build(registry), *_runtime(registry)]
    families += [*_resolutions(registry), *_certificate(registry)]
    for client in _CONTROLLERS:
        families += _balancer(registry, client)
    return "\n".join(registry.lines(families))


def _build(registry: Registry) -> list[Family]:
    build = Family("proxy_build_info", "gauge", "Proxy build info.")
    version = f'date="2026-08-20T00:00:00Z",git_sha="",profile="release",vendor="linkerd",version="{PROXY_VERSION}"'
    registry.sample(build, version, 1)
    tls = Family("rustls_info", "gauge", "Proxy TLS info.")
    suites = "TLS13_AES_128_GCM_SHA256,TLS13_AES_256_GCM_SHA384,TLS13_CHACHA20_POLY1305_SHA256,"
    groups = "X25519MLKEM768,X25519,secp256r1,secp384r1,"
    key_provider = 'tls_rand="AwsLcRs",tls_key_provider="AwsLcRs",tls_fips="false"'
    registry.sample(tls, f'tls_suites="{suites}",tls_kx_groups="{groups}",{key_provider}', 1)
    return [build, tls]


def _spans(registry: Registry) -> list[Family]:
    families = [
        Family(
            "opentelemetry_span_export_streams", "counter", "Total count of opened span export streams", legacy=True
        ),
        Family(
            "opentelemetry_span_export_requests", "counter", "Total count of span export request messages", legacy=True
        ),
        Family("opentelemetry_span_exports", "counter", "Total count of spans exported", legacy=True),
    ]
    for family in families:
        registry.sample(family)
    return families


def _stacks(registry: Registry) -> list[Family]:
    """The proxy's own services: made and polled once, the rest at rest."""
    created = Family("stack_create_total", "counter", "Total number of services created", legacy=True)
    dropped = Family("stack_drop_total", "counter", "Total number of services dropped", legacy=True)
    polled = Family("stack_poll_total", "counter", "Total number of stack polls", legacy=True)
    waited = Family(
        "stack_poll_total_ms", "counter",
        "Total number of milliseconds this service has spent awaiting readiness", legacy=True,
    )  # fmt: skip
    outbound = [("outbound", protocol, name) for protocol in ("http", "tls", "opaq") for name in _OUTBOUND_STACKS]
    for direction, protocol, name in (("inbound", "http", "logical"), *outbound):
        labels, used = f'direction="{direction}",protocol="{protocol}",name="{name}"', int(protocol == "http")
        registry.sample(created, labels, used)
        registry.sample(dropped, labels)
        registry.sample(waited, labels)
        for ready in ("true", "false", "error"):
            registry.sample(polled, f'{labels},ready="{ready}"', used if ready == "true" else 0)
    return [created, dropped, polled, waited]


def _runtime(registry: Registry) -> list[Family]:
    families = [Family(f"tokio_rt_{name}", type_, text, unit) for name, type_, text, unit in _TOKIO]
    for family in families:
        registry.sample(family, value=int(family.name == "tokio_rt_workers"))
    return families


def _resolutions(registry: Registry) -> list[Family]:
    family = Family("control_dns_resolutions", "counter", "Counts the number of DNS records that have been resolved..")
    for client in _CONTROLLERS:
        for record, result in (("SRV", "ok"), ("SRV", "not_found"), ("A/AAAA", "ok"), ("A/AAAA", "not_found")):
            labels = f'client="{client}",record_type="{record}",result="{result}"'
            registry.sample(family, labels, 2 if (record, result) == ("SRV", "ok") else 0)
    return [family]


def _certificate(registry: Registry) -> list[Family]:
    prefix = "control_identity_cert"
    expires = Family(
        f"{prefix}_expiration_timestamp_seconds", "gauge",
        "Time when this proxy's current mTLS identity certificate will expire (in seconds since the UNIX epoch).",
        "seconds",
    )  # fmt: skip
    refreshed = Family(
        f"{prefix}_refresh_timestamp_seconds", "gauge",
        "Time when this proxy's current mTLS identity certificate was last updated.", "seconds",
    )  # fmt: skip
    refreshes = Family(
        f"{prefix}_refreshes", "counter",
        "The total number of times this proxy's mTLS identity certificate has been refreshed by the Identity provider.",
    )  # fmt: skip
    registry.sample(expires, value=_EXPIRES)
    registry.sample(refreshed, value=_STARTED)
    registry.sample(refreshes, 'result="ok"', 1)
    registry.sample(refreshes, 'result="error"', 0)
    return [expires, refreshed, refreshes]


def _balancer(registry: Registry, client: str) -> list[Family]:
    families, labels = BalancerFamilies.named(f"control_{client}_balancer"), _address(client)
    registry.sample(families.endpoints, f'endpoint_state="ready",{labels}', 1)
    registry.sample(families.endpoints, f'endpoint_state="pending",{labels}', 0)
    for operation, times in (("Reset", 1), ("Add", 0), ("Remove", 0)):
        registry.sample(families.updates, f'op="{operation}",{labels}', times)
    requests = _CONTROLLERS[client][3]
    for _ in range(requests):
        registry.distribution(families.latencies, labels).observe(0.0005)
    starts = {
        families.p2c_endpoints: 1, families.queued: 0, families.requests: requests, families.opened: 1, families.shut: 0,
        families.opened_at: _STARTED, families.shut_at: 0.0, families.timeout: 30.0,
    }  # fmt: skip
    for family, value in starts.items():
        registry.sample(family, labels, value)
    return list(families)
