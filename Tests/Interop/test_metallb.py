"""A MetalLB in the same cluster: its controller keeps the allocating, and its custom resources are told of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.cluster import eventually
from lab.lone import Lone

PODS = "/api/v1/namespaces/metallb-system/pods"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POOLS = "ipaddresspools.metallb.io"
YIELDED = r"MetalLB's controller runs \(pod metallb-system/controller-65db86ddc6-x7k2p\) and keeps giving addresses"


@pytest.fixture
def controller(lone: Lone) -> Iterator[str]:
    """The Pod of a MetalLB controller that runs, by its path; gone after the test."""
    path = f"{PODS}/controller-65db86ddc6-x7k2p"
    metadata = {
        "namespace": "metallb-system",
        "name": "controller-65db86ddc6-x7k2p",
        "labels": {"app": "metallb", "component": "controller"},
    }
    spec = {"nodeName": "raspberry", "containers": [{"name": "controller", "image": "metallb/controller:v0.9.3"}]}
    lone.control.api("POST", PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    lone.control.api("PATCH", f"{path}/status", {"status": {"phase": "Running"}})
    yield path
    end(lone, path)


def end(lone: Lone, path: str) -> None:
    """Ends a Pod at once; harmless where there is none."""
    if lone.control.get(path) is not None:
        lone.control.api("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})


def test_a_controller_keeps_the_allocating_until_it_ends(lone: Lone, controller: str) -> None:
    mark = lone.start()
    lone.service("web")
    lone.node.wait_for_line(YIELDED, since=mark)
    lone.wait_for_status("MetalLB's controller keeps giving the addresses (pod metallb-system/controller-")
    # What it gives is taken as it is.
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.168.2.200"}]}}}
    lone.service("theirs")
    lone.control.api("PATCH", "/api/v1/namespaces/default/services/theirs/status", status)
    lone.wait_for_status("pool address-pool-1 1/128 used")
    assert lone.address("web") is None

    end(lone, controller)
    lone.node.wait_for_line("MetalLB's controller is gone: lbd gives Services their addresses", since=mark)
    assert lone.wait_for_address("web") == "192.168.2.128"
    assert lone.address("theirs") == "192.168.2.200"
    lone.wait_for_status("MetalLB", is_there=False)


def test_allocate_always_does_not_wait_for_it(lone: Lone, controller: str) -> None:
    lone.service("web")
    mark = lone.start(allocate="always")
    lone.wait_for_address("web")
    assert not [line for line in lone.node.process.lines(mark) if "MetalLB" in line]


def test_allocate_never_leaves_it_to_others(lone: Lone) -> None:
    lone.service("web")
    lone.start(allocate="never")
    lone.wait_for_status("1 node alive")
    lone.wait_for_status("announcing 0 of 1 service")
    leases = lone.control.api("GET", "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases")["items"]
    assert [lease["metadata"]["name"] for lease in leases] == ["lbd-node-gooseberry"]
    assert lone.address("web") is None


def test_custom_resources_are_told_of(lone: Lone) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": POOLS},
        "spec": {
            "group": "metallb.io",
            "scope": "Namespaced",
            "names": {"plural": "ipaddresspools", "singular": "ipaddresspool", "kind": "IPAddressPool"},
            "versions": [
                {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    lone.control.api("POST", CRDS, definition)
    try:
        eventually("the API group", lambda: lone.control.get("/apis/metallb.io") is not None, 20)
        mark = lone.start()
        told = r"MetalLB's custom resources \(IPAddressPool and the like\) are not read: lbd takes its pools from the "
        lone.node.wait_for_line(told + "ConfigMap metallb-system/config, or from /.*/pools.yaml", since=mark)
        lone.wait_for_status("MetalLB's custom resources are not read: lbd uses the ConfigMap metallb-system/config; ")
        lone.service("web")
        lone.wait_for_address("web")
    finally:
        lone.control.delete(f"{CRDS}/{POOLS}")
