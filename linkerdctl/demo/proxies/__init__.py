"""What the proxies count and tell of the simulated requests, and their admin ports."""
