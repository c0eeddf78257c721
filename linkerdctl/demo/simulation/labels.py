"""Labels as real proxies write them, in their order: texts between a series' braces, each made once."""

from __future__ import annotations

from functools import lru_cache

from linkerdctl.demo.topology import CONTROL_PLANE, DemoPod, Service

LOOPBACK = 'tls="no_identity",no_tls_reason="loopback"'
FROM_OUTSIDE = 'tls="no_identity",no_tls_reason="no_tls_from_remote"'
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what proxies write of their admin port, nothing listens there
_MANY = 65_536


@lru_cache(_MANY)
def address(ip: str, port: int) -> str:
    """Where a connection was going."""
    return f'target_addr="{ip}:{port}",target_ip="{ip}",target_port="{port}"'


@lru_cache(_MANY)
def from_client(identity: str) -> str:
    """A client whose identity is known."""
    return f'tls="true",client_id="{identity}"'


@lru_cache(_MANY)
def endpoint(server: DemoPod, service: Service) -> str:
    """What a client's proxy knows of the pod it chose."""
    return (
        f'authority="{service.authority}",{address(server.ip, service.target_port)},'
        f'tls="true",server_id="{server.identity}",'
        f'dst_control_plane_ns="{CONTROL_PLANE}",dst_deployment="{server.workload}",dst_namespace="{server.namespace}",'
        f'dst_pod="{server.name}",dst_pod_template_hash="{server.template_hash}",dst_service="{service.name}",'
        f'dst_serviceaccount="{server.service_account}",dst_zone=""'
    )


@lru_cache(_MANY)
def parent(service: Service) -> str:
    """The service that an outbound route hangs on."""
    return (
        f'parent_group="core",parent_kind="Service",parent_namespace="{service.namespace}",'
        f'parent_name="{service.name}",parent_port="{service.port}",parent_section_name=""'
    )


@lru_cache(_MANY)
def backend(service: Service) -> str:
    """The service that an outbound route leads to."""
    return (
        f'backend_group="core",backend_kind="Service",backend_namespace="{service.namespace}",'
        f'backend_name="{service.name}",backend_port="{service.port}",backend_section_name=""'
    )
