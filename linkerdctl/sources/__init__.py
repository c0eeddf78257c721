"""Where traffic comes from: the proxies, a Prometheus, a recording. One protocol (see protocol.py)."""
