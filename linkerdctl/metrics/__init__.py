"""Pure: exposition text to samples to deltas to golden metrics. Knows no Kubernetes and does no I/O."""
