"""What is in the cluster, as far as a command needs it: objects, their pods by owner walk, which are meshed.

Pure: built from manifests, whether they came from the API server or from a recording's cluster.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class PodRef:
    """A pod by namespace and name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """A meshed pod whose proxy can be scraped.

    `labels` are what a Prometheus of the viz extension would attach to its series: `namespace`, `pod`, and one label
    per owner up to the topmost (`replicaset`, `deployment`; `k8s_job` for jobs; `rollout`, the lower-cased kind, for others).
    """

    pod: PodRef
    labels: Mapping[str, str]
    ip: str
    admin_port: int
