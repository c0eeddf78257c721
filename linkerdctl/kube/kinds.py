"""The kinds of Kubernetes object that commands take, their aliases, and the metric label each is known by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    `name` is the canonical word (`deployment`), `short` the prefix in mixed tables (`deploy`), `label` the metric
    label holding such an object's name (`k8s_job` for jobs); destination labels are the same behind `dst_`.
    `group_version` and `plural` address its API collection (`apps/v1`, `deployments`).
    """

    name: str
    short: str
    plural: str
    group_version: str
    label: str
    aliases: tuple[str, ...] = ()
    namespaced: bool = True
    object_kind: str = ""
    """The `kind:` of its manifests (`ReplicaSet`)."""
    also: tuple[str, ...] = ()
    """Other group versions that may hold such objects; of each group those that are preferred come first."""

    def answers_to(self, word: str) -> bool:
        """Whether a user may call it `word`; case does not matter."""
        return word.lower() in (self.name, self.plural, self.short, *self.aliases)

    @property
    def group(self) -> str:
        """The API group, empty for the core one."""
        return group_of(self.group_version)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The group versions in which its objects may be had, by API group."""
        versions = (self.group_version, *self.also)
        return {group_of(each): tuple(one for one in versions if group_of(one) == group_of(each)) for each in versions}


DEPLOYMENT = Kind("deployment", "deploy", "deployments", "apps/v1", "deployment", object_kind="Deployment")
STATEFULSET = Kind("statefulset", "sts", "statefulsets", "apps/v1", "statefulset", object_kind="StatefulSet")
DAEMONSET = Kind("daemonset", "ds", "daemonsets", "apps/v1", "daemonset", object_kind="DaemonSet")
REPLICASET = Kind("replicaset", "rs", "replicasets", "apps/v1", "replicaset", object_kind="ReplicaSet")
REPLICATIONCONTROLLER = Kind(
    "replicationcontroller",
    "rc",
    "replicationcontrollers",
    "v1",
    "replicationcontroller",
    object_kind="ReplicationController",
)
JOB = Kind("job", "job", "jobs", "batch/v1", "k8s_job", object_kind="Job")
CRONJOB = Kind("cronjob", "cj", "cronjobs", "batch/v1", "cronjob", object_kind="CronJob")
POD = Kind("pod", "po", "pods", "v1", "pod", object_kind="Pod")
SERVICE = Kind("service", "svc", "services", "v1", "service", object_kind="Service")
NAMESPACE = Kind("namespace", "ns", "namespaces", "v1", "namespace", namespaced=False, object_kind="Namespace")
AUTHORITY = Kind("authority", "au", "authorities", "", "authority", namespaced=False)

_POLICY, _GATEWAY = "policy.linkerd.io", "gateway.networking.k8s.io"
SERVER = Kind(
    "server",
    "srv",
    "servers",
    f"{_POLICY}/v1beta3",
    "srv_name",
    object_kind="Server",
    also=(f"{_POLICY}/v1beta2", f"{_POLICY}/v1beta1"),
)
SERVERAUTHORIZATION = Kind(
    "serverauthorization",
    "saz",
    "serverauthorizations",
    f"{_POLICY}/v1beta1",
    "authz_name",
    aliases=("serverauthz", "srvauthz"),
    object_kind="ServerAuthorization",
)
AUTHORIZATIONPOLICY = Kind(
    "authorizationpolicy",
    "authzpolicy",
    "authorizationpolicies",
    f"{_POLICY}/v1alpha1",
    "authz_name",
    aliases=("ap",),
    object_kind="AuthorizationPolicy",
)
HTTPROUTE = Kind(
    "httproute",
    "httproute",
    "httproutes",
    f"{_GATEWAY}/v1",
    "route_name",
    object_kind="HTTPRoute",
    also=(f"{_GATEWAY}/v1beta1", *(f"{_POLICY}/{each}" for each in ("v1beta3", "v1beta2", "v1beta1", "v1alpha1"))),
)
GRPCROUTE = Kind(
    "grpcroute",
    "grpcroute",
    "grpcroutes",
    f"{_GATEWAY}/v1",
    "route_name",
    object_kind="GRPCRoute",
    also=(f"{_GATEWAY}/v1alpha2",),
)
MESHTLSAUTHENTICATION = Kind(
    "meshtlsauthentication",
    "meshtlsauthn",
    "meshtlsauthentications",
    f"{_POLICY}/v1alpha1",
    "",
    object_kind="MeshTLSAuthentication",
)
NETWORKAUTHENTICATION = Kind(
    "networkauthentication",
    "netauthn",
    "networkauthentications",
    f"{_POLICY}/v1alpha1",
    "",
    aliases=("networkauthn",),
    object_kind="NetworkAuthentication",
)

POLICY_KINDS = (
    SERVER,
    SERVERAUTHORIZATION,
    AUTHORIZATIONPOLICY,
    HTTPROUTE,
    GRPCROUTE,
    MESHTLSAUTHENTICATION,
    NETWORKAUTHENTICATION,
)
"""Kinds that say who may call what. Proxies name the first five in labels; none of them has pods."""

WORKLOADS = (DAEMONSET, STATEFULSET, JOB, DEPLOYMENT, REPLICATIONCONTROLLER, CRONJOB, REPLICASET)
"""Kinds that own pods."""

ALL = (DAEMONSET, STATEFULSET, JOB, DEPLOYMENT, REPLICATIONCONTROLLER, POD, SERVICE, CRONJOB, REPLICASET)
"""What the word `all` stands for: the real tool's list, without namespaces and policy kinds."""

KINDS = (*WORKLOADS, POD, SERVICE, NAMESPACE, AUTHORITY, *POLICY_KINDS)


_BY_OBJECT_KIND = {kind.object_kind.lower(): kind for kind in KINDS if kind.object_kind}


def group_of(group_version: str) -> str:
    """`apps` of `apps/v1`; empty for the core group's `v1`."""
    return group_version.rpartition("/")[0]


def kind_key(object_kind: str, group_version: str) -> str:
    """What objects of a kind are filed under: its lower-cased name, or `service.serving.knative.dev` where ours is another.

    Without a group version it is taken for ours; `extensions` is where old clusters had the kinds of `apps`.
    """
    name, group = object_kind.lower(), group_of(group_version)
    ours = _BY_OBJECT_KIND.get(name)
    foreign = ours is not None and group_version != "" and group not in (*ours.groups, "extensions")
    return f"{name}.{group}" if foreign else name


def find_kind(word: str) -> Kind | None:
    """The kind a user means by `word`, or None when it is not one of ours."""
    return next((kind for kind in KINDS if kind.answers_to(word)), None)
