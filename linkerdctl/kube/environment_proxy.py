"""The proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name for a server, by Go's rules, as kubectl has it."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import SplitResult, urlsplit


def environment_proxy(server: str, *others: str) -> tuple[str, str] | None:
    """The variable and its value as a URL (which may hold a password); None where no proxy is to be used.

    `others` are variables that count too, where those of Go are not set.
    """
    url = urlsplit(server)
    host = url.hostname or ""
    names = (f"{url.scheme.upper()}_PROXY", f"{url.scheme}_proxy", *others)
    name = next((each for each in names if os.environ.get(each)), None)
    if name is None or _is_here(host) or _is_excepted(url):
        return None
    value = os.environ[name]
    return name, value if "://" in value else f"http://{value}"


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_excepted(url: SplitResult) -> bool:
    listed = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    return any(_covers(each.strip().lower(), url.hostname or "", port) for each in listed.split(",") if each.strip())


def _covers(exception: str, host: str, port: int) -> bool:
    """Whether one entry, `*`, an address, a range or a domain, all but ranges with or without a port, is about a host."""
    if exception == "*":
        return True
    if "/" in exception:
        return _in_range(host, exception)
    named, its_port = exception, None
    if _address(exception) is None and exception.rpartition(":")[2].isdecimal():
        named, _, number = exception.rpartition(":")
        its_port = int(number) if number.isascii() else None
    named = named.strip("[]").removeprefix("*")
    if its_port not in (None, port):
        return False
    if (address := _address(named)) is not None:
        return address == _address(host)
    return host == named or host.endswith(named if named.startswith(".") else f".{named}")


def _in_range(host: str, text: str) -> bool:
    address = _address(host)
    try:
        return address is not None and address in ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
