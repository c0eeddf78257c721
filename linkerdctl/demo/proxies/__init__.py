"""What the proxies count and tell of the simulated requests."""
