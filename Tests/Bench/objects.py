"""The Kubernetes objects that the benchmark makes."""

from __future__ import annotations

from typing import Any

NAMESPACE = "bench"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
CONFIG = "/api/v1/namespaces/metallb-system/configmaps/config"

POOL_NETWORK = "10.80.0.0/16"
"""A second subnet of the LAN: the first has no room for thousands of addresses."""
POOLS = """\
address-pools:
- name: bench
  protocol: layer2
  addresses:
  - 10.80.64.0/18
"""

_MARK = "bench/address"
MERGE_PATCH = "application/merge-patch+json"


def service(name: str, is_floor: bool) -> dict[str, Any]:
    """A Service, without a selector so that no controller makes endpoints. lbd gives a LoadBalancer an address. The
    floor's Service is a NodePort: the same work for the API server at its creation (an address and a port out of its
    ranges), and lbd leaves it alone. API servers before 1.21 know no `loadBalancerClass` that would do that."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "type": "NodePort" if is_floor else "LoadBalancer",
            "ports": [{"protocol": "TCP", "port": 80, "targetPort": 8080}],
        },
    }


def is_floor(service: dict[str, Any]) -> bool:
    """Whether it is one of the floor's."""
    return bool(service["spec"]["type"] == "NodePort")


def floor_patch(service: dict[str, Any]) -> dict[str, Any]:
    """What the floor writes where lbd writes an address: a patch of the same subresource with the same optimistic
    concurrency, in an annotation, since an address in the status of a NodePort would be taken away again."""
    version = service["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version, "annotations": {_MARK: "10.80.64.0"}}}


def address(service: dict[str, Any]) -> str | None:
    """The address that a Service got, from lbd or from the floor; nil before."""
    if is_floor(service):
        marked: str | None = service["metadata"].get("annotations", {}).get(_MARK)
        return marked
    ingress = service["status"]["loadBalancer"].get("ingress") or [{}]
    given: str | None = ingress[0].get("ip")
    return given


def slices_path(version: str) -> str:
    """Where the EndpointSlices are."""
    return f"/apis/discovery.k8s.io/{version}/namespaces/{NAMESPACE}/endpointslices"


def endpoint_slice(name: str, nodes: list[str], version: str) -> dict[str, Any]:
    """Ready endpoints of the Service `name`, one on each node."""

    def endpoint(number: int, node: str) -> dict[str, Any]:
        place = {"nodeName": node} if version == "v1" else {"topology": {"kubernetes.io/hostname": node}}
        return {"addresses": [f"10.244.{number}.2"], "conditions": {"ready": True}} | place

    return {
        "apiVersion": f"discovery.k8s.io/{version}",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": [endpoint(number, node) for number, node in enumerate(nodes, start=11)],
        "ports": [{"name": "", "protocol": "TCP", "port": 8080}],
    }
