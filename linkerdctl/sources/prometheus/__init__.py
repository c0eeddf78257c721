"""Prometheus and engines like it as a source: `source.py` asks, the rest says what and how. Only `api` and `doors` do I/O."""
