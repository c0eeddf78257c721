"""linkerdctl: golden metrics, live requests and service profiles for Linkerd, from the proxies themselves."""

__version__ = "0.1.0"
