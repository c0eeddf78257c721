"""The rule a user lacks, as YAML to hand to whoever grants permissions."""

from __future__ import annotations

from linkerdctl.errors import ApiError


def missing_rule(verb: str, group: str, resource: str, namespace: str | None) -> str:
    """A Role (ClusterRole without a namespace) that allows one verb on one resource (`pods/proxy`)."""
    kind = "Role" if namespace else "ClusterRole"
    where = f"\n  namespace: {namespace}" if namespace else ""
    return f"""\
whoever grants permissions here can apply this {kind}, bound to you:
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata:
  name: linkerdctl-{resource.replace("/", "-")}{where}
rules:
- apiGroups: ["{group}"]
  resources: ["{resource}"]
  verbs: ["{verb}"]"""


def forbidden(verb: str, group: str, resource: str, namespace: str | None, name: str | None, why: str) -> ApiError:
    """The error of a 403."""
    where = f" in namespace {namespace}" if namespace else ""
    what = f"{resource} {name!r}" if name else resource
    return ApiError(
        f"you may not {verb} {what}{where}{f': {why}' if why else ''}",
        verb=verb,
        resource=resource,
        namespace=namespace,
        name=name,
        status=403,
        reason="Forbidden",
        next_step=missing_rule(verb, group, resource, namespace),
    )
