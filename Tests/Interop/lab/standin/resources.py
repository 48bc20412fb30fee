"""What the stand-in serves: resources, dialects, and the discovery documents made from them."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Dialect:
    """The differences between Kubernetes versions that a load balancer can notice."""

    version: str
    """What /version says, for example `v1.20.2`."""
    discovery_version: str
    """The version of discovery.k8s.io: `v1beta1` (until 1.24) or `v1` (from 1.21)."""
    has_load_balancer_class: bool
    """spec.loadBalancerClass and spec.allocateLoadBalancerNodePorts are kept (from 1.21), else dropped."""
    has_ip_families: bool
    """spec.ipFamilies and spec.ipFamilyPolicy are defaulted (from 1.21: dual stack on by default), else dropped."""
    has_ip_mode: bool
    """status.loadBalancer.ingress[].ipMode is defaulted to VIP (from 1.29), else dropped."""


OLDEST = Dialect("v1.20.2", "v1beta1", False, False, False)
NEWEST = Dialect("v1.34.1", "v1", True, True, True)
DIALECTS = {"1.20": OLDEST, "1.34": NEWEST, "newest": NEWEST}


@dataclass(frozen=True)
class Resource:
    """One resource: its names and whether its objects live in namespaces."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    has_status: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Group and plural: the same for every version of the resource."""
        return self.group, self.plural

    @property
    def api_version(self) -> str:
        """`group/version`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name that error messages use: `leases.coordination.k8s.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def resources_of(dialect: Dialect) -> list[Resource]:
    """Every resource of a server of this dialect."""
    rbac = "rbac.authorization.k8s.io"
    return [
        Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",)),
        Resource("", "v1", "endpoints", "Endpoints", short_names=("ep",)),
        Resource("", "v1", "events", "Event", short_names=("ev",)),
        Resource("", "v1", "namespaces", "Namespace", False, ("ns",), has_status=True),
        Resource("", "v1", "nodes", "Node", False, ("no",), has_status=True),
        Resource("", "v1", "pods", "Pod", short_names=("po",), has_status=True),
        Resource("", "v1", "secrets", "Secret"),
        Resource("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",)),
        Resource("", "v1", "services", "Service", short_names=("svc",), has_status=True),
        Resource("apps", "v1", "daemonsets", "DaemonSet", short_names=("ds",), has_status=True),
        Resource("apps", "v1", "deployments", "Deployment", short_names=("deploy",), has_status=True),
        Resource("apps", "v1", "replicasets", "ReplicaSet", short_names=("rs",), has_status=True),
        Resource("coordination.k8s.io", "v1", "leases", "Lease"),
        Resource("discovery.k8s.io", dialect.discovery_version, "endpointslices", "EndpointSlice"),
        Resource(rbac, "v1", "clusterroles", "ClusterRole", False),
        Resource(rbac, "v1", "clusterrolebindings", "ClusterRoleBinding", False),
        Resource(rbac, "v1", "roles", "Role"),
        Resource(rbac, "v1", "rolebindings", "RoleBinding"),
    ]


SHOWN_BY_GET_ALL = {"daemonsets", "deployments", "pods", "replicasets", "services"}


class Catalogue:
    """The resources of one dialect, found by path, by kind or by plural."""

    def __init__(self, dialect: Dialect) -> None:
        """The catalogue of `dialect`."""
        self.dialect = dialect
        self.resources = resources_of(dialect)
        self.by_path = {(each.group, each.version, each.plural): each for each in self.resources}
        self.by_kind = {(each.api_version, each.kind): each for each in self.resources}
        self.by_plural = {each.plural: each for each in self.resources}

    def of(self, obj: Json) -> Resource:
        """The resource that an object with apiVersion and kind belongs to; KeyError where none."""
        return self.by_kind[obj.get("apiVersion", ""), obj.get("kind", "")]

    def document(self, path: str) -> Json | None:
        """The discovery document at `path`, or None where there is none."""
        if path == "/version":
            return self._version()
        if path == "/api":
            address = {"clientCIDR": "0.0.0.0/0", "serverAddress": ""}
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}
        versions = sorted({(each.group, each.version) for each in self.resources})
        if path == "/apis":
            groups = [self._group(*each) for each in versions if each[0]]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        for group, version in versions:
            if group and path == f"/apis/{group}":
                return {**self._group(group, version), "kind": "APIGroup", "apiVersion": "v1"}
            if path == (f"/apis/{group}/{version}" if group else f"/api/{version}"):
                return self._resource_list(group, version)
        return None

    def _version(self) -> Json:
        """The answer of /version."""
        major, minor = self.dialect.version.removeprefix("v").split(".")[:2]
        return {
            "major": major,
            "minor": minor,
            "gitVersion": self.dialect.version,
            "gitTreeState": "clean",
            "platform": "linux/arm64",
        }

    def _group(self, group: str, version: str) -> Json:
        """One group of /apis."""
        served = {"groupVersion": f"{group}/{version}", "version": version}
        return {"name": group, "versions": [served], "preferredVersion": served}

    def _resource_list(self, group: str, version: str) -> Json:
        """The APIResourceList of one group and version."""
        entries: list[Json] = []
        for each in self.resources:
            if (each.group, each.version) != (group, version):
                continue
            entry: Json = {"name": each.plural, "namespaced": each.namespaced, "kind": each.kind}
            verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
            names: Json = {"shortNames": list(each.short_names)} if each.short_names else {}
            if each.plural in SHOWN_BY_GET_ALL:
                names["categories"] = ["all"]
            entries.append({**entry, **names, "singularName": each.kind.lower(), "verbs": verbs})
            if each.has_status:
                status_verbs = ["get", "patch", "update"]
                entries.append({**entry, "name": f"{each.plural}/status", "singularName": "", "verbs": status_verbs})
        group_version = f"{group}/{version}" if group else version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}
