"""Benchmarks: what is fast, what is not, always as ratios measured in one run."""
