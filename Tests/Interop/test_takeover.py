"""When the owner of an address goes, another node answers for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from lab.cluster import Cluster, eventually
from lab.node import LbdNode

AT_ONCE_SECONDS = 5
"""A generous `without waiting` on a busy machine of two cores; far below every Lease's duration."""

LEASE_SECONDS = 45
"""A node's Lease lasts 40 s; then comes the takeover."""


def _served(cluster: Cluster) -> tuple[str, LbdNode]:
    """A Service with endpoints on every node, known to each kube-proxy: its address and the node that answers for it."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "web")
    address = cluster.address(namespace, "web")
    owner = cluster.owner(address)
    assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
    # A connection that comes to a node before its kube-proxy knows the Service is lost for good: the kernel does not ask
    # for its way a second time.
    for node in cluster.nodes.values():
        eventually(f"kube-proxy on {node.name}", lambda node=node: cluster.curl(address, node.host))
    return address, owner


def _taken_over(cluster: Cluster, address: str, owner: LbdNode, since: float, within: float) -> LbdNode:
    """Waits until another node answers, and the client is served by it."""
    packet = cluster.sniffer.wait_for_answer(address, within, since=since, other_than=owner.host.mac)
    heir = cluster.node_with(packet.sender_mac)
    assert heir is not owner
    # The gratuitous ARP of the new owner has put the client's table right.
    assert eventually("the page", lambda: cluster.curl(address), 5).startswith("hello from web-")
    neighbours = cluster.lan.client.namespace.ip("neighbour", "show", address)
    assert heir.host.mac in neighbours
    return heir


def test_a_killed_daemon_is_replaced_when_its_lease_ends(cluster: Cluster) -> None:
    """SIGKILL, which nobody hears of."""
    address, owner = _served(cluster)
    with cluster.sniffer.move(address):
        killed = time.monotonic()
        owner.kill()
        _taken_over(cluster, address, owner, killed, LEASE_SECONDS)
    with cluster.sniffer.move(address):
        owner.start()
        cluster.wait_settled()
        eventually("the owner of before is back", lambda: cluster.owner(address) is owner, 15)


def test_a_planned_stop_hands_over_without_waiting(cluster: Cluster) -> None:
    """SIGTERM: the others take over as soon as they hear of it, and the Service keeps its address."""
    address, owner = _served(cluster)
    with cluster.sniffer.move(address):
        stopped = time.monotonic()
        assert owner.stop() == 0
        _taken_over(cluster, address, owner, stopped, AT_ONCE_SECONDS)
    assert address in [found for found in cluster.watch.addresses.values() for found in found]
    with cluster.sniffer.move(address):
        owner.start()
        eventually("the owner of before is back", lambda: cluster.owner(address) is owner, 15)


def _link_down(cluster: Cluster, node: str, is_up: bool) -> None:
    cluster.lan.set_link(node, is_up)


def _cable_out(cluster: Cluster, node: str, is_in: bool) -> None:
    cluster.lan.set_cable(node, is_in)


@pytest.mark.parametrize("fault", [_link_down, _cable_out], ids=["link set down", "cable pulled"])
def test_an_owner_off_the_lan_is_replaced(cluster: Cluster, fault: Callable[[Cluster, str, bool], None]) -> None:
    """The daemon lives and reaches the API server, and tells the others that it cannot answer."""
    address, owner = _served(cluster)
    with cluster.sniffer.move(address):
        cut = time.monotonic()
        fault(cluster, owner.name, False)
        _taken_over(cluster, address, owner, cut, AT_ONCE_SECONDS)
        assert owner.is_running
    with cluster.sniffer.move(address):
        fault(cluster, owner.name, True)
        eventually("the owner of before is back", lambda: cluster.owner(address) is owner, 15)


def test_a_node_that_is_excluded_hands_over(cluster: Cluster) -> None:
    """By the label that Kubernetes has for it; where every node carries it, it is ignored."""
    address, owner = _served(cluster)
    label = "node.kubernetes.io/exclude-from-external-load-balancers"

    def exclude(node: str, is_excluded: bool) -> None:
        value = "" if is_excluded else None
        cluster.control.api("PATCH", f"/api/v1/nodes/{node}", {"metadata": {"labels": {label: value}}})

    try:
        with cluster.sniffer.move(address):
            since = time.monotonic()
            exclude(owner.name, True)
            _taken_over(cluster, address, owner, since, AT_ONCE_SECONDS)
        with cluster.sniffer.move(address):
            for name in cluster.nodes:
                exclude(name, True)
            eventually("the owner of before is back", lambda: cluster.owner(address) is owner)
    finally:
        with cluster.sniffer.move(address):
            for name in cluster.nodes:
                exclude(name, False)


def test_a_local_service_is_answered_where_its_endpoint_is(cluster: Cluster) -> None:
    """externalTrafficPolicy Local: the node of the only endpoint answers, and the address follows the endpoint."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", ["blackberry"])
    cluster.service(namespace, "web", externalTrafficPolicy="Local")
    address = cluster.address(namespace, "web")
    assert cluster.owner(address) is cluster.nodes["blackberry"]
    assert eventually("the page", lambda: cluster.curl(address)) == "hello from web-blackberry\n"
    with cluster.sniffer.move(address):
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-blackberry")
        cluster.pods(namespace, "web", ["raspberry"])
        eventually("raspberry answers", lambda: cluster.owner(address) is cluster.nodes["raspberry"], 15)
    assert eventually("the page", lambda: cluster.curl(address)) == "hello from web-raspberry\n"


def test_no_endpoint_no_answer(cluster: Cluster) -> None:
    """An address without an endpoint that can serve is nobody's, until there is one."""
    namespace = cluster.namespace()
    cluster.service(namespace, "web")
    address = cluster.address(namespace, "web")
    cluster.sniffer.probe(address)
    time.sleep(2)
    assert cluster.sniffer.answers_for(address) == []
    cluster.pods(namespace, "web", ["gooseberry"])
    cluster.owner(address)
