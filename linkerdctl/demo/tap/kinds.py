"""Which kinds can be tapped."""

from __future__ import annotations

from linkerdctl.kube.kinds import NAMESPACE, POD, WORKLOADS

KINDS = (*WORKLOADS, POD, NAMESPACE)
"""All that own pods, hold them, or are one."""
