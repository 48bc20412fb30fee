"""When the owner of an address goes, another node answers for it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from lab.cluster import Cluster, eventually
from lab.node import LbdNode

AT_ONCE_SECONDS = 5
"""A generous `without waiting` on a busy machine of two cores; far below every Lease's duration."""


def _is_whole(group: dict[str, str], cluster: Cluster) -> bool:
    """Whether all other nodes are alive in a daemon's group."""
    return list(group.values()) == ["alive"] * (len(cluster.nodes) - 1)


def _keeps(cluster: Cluster, address: str, heir: LbdNode) -> None:
    """Whoever has an address keeps it, who ever comes back: looked at for a while."""
    until = time.monotonic() + 3
    while time.monotonic() < until:
        assert cluster.owner(address) is heir
        time.sleep(0.1)


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


@pytest.mark.parametrize("has_server", [True, False], ids=["", "without the API server"])
def test_a_killed_daemon_is_replaced_at_once(cluster: Cluster, has_server: bool) -> None:
    """SIGKILL, which nobody is told of: the others miss its beats."""
    address, owner = cluster.served()
    if not has_server:
        cluster.control.stop()
        time.sleep(2)
    with cluster.sniffer.move(address):
        killed = time.monotonic()
        owner.kill()
        heir = _taken_over(cluster, address, owner, killed, AT_ONCE_SECONDS)
    # Whatever the gossip and the Leases find out later is no news.
    time.sleep(8)
    assert cluster.owner(address) is heir
    if not has_server:
        cluster.control.start()
    owner.start()
    cluster.wait_settled()
    _keeps(cluster, address, heir)


def test_a_hung_daemon_is_replaced_and_comes_back(cluster: Cluster) -> None:
    """SIGSTOP, as of a board whose card stalls: when it goes on it knows that it was away, and answers nothing before it has
    heard who has the address now."""
    address, owner = cluster.served()
    with cluster.sniffer.move(address):
        stopped = time.monotonic()
        owner.freeze()
        heir = _taken_over(cluster, address, owner, stopped, AT_ONCE_SECONDS)
    owner.thaw()
    _keeps(cluster, address, heir)
    assert heir.host.mac in cluster.lan.client.namespace.ip("neighbour", "show", address)


def test_beats_are_heard_where_the_gossip_listens_on_all_addresses_of_both_families(cluster: Cluster) -> None:
    """Then they go to each member by itself: the group that they go to at once otherwise is one of IPv4."""

    def restart(gossip: dict[str, str] | None) -> None:
        for node in cluster.nodes.values():
            node.settings.pop("gossip", None)
            node.settings |= {"gossip": gossip} if gossip else {}
            node.write_settings()
            assert node.stop() == 0
        for node in cluster.nodes.values():
            node.start()
        cluster.wait_settled()

    restart({"bind": "::"})
    try:
        address, owner = cluster.served()
        for node in cluster.nodes.values():
            eventually(f"the group of {node.name}", lambda node=node: _is_whole(node.group(), cluster), 30)
        with cluster.sniffer.move(address):
            marks = {node.name: node.process.mark() for node in cluster.nodes.values()}
            killed = time.monotonic()
            owner.kill()
            heir = _taken_over(cluster, address, owner, killed, AT_ONCE_SECONDS)
        heir.wait_for_line(f'node "{owner.name}" .* is not heard any more', since=marks[heir.name])
        owner.start()
        cluster.wait_settled()
        _keeps(cluster, address, heir)
    finally:
        with cluster.sniffer.move(returns=True):
            restart(None)


def test_a_planned_stop_without_the_api_server_hands_over(cluster: Cluster) -> None:
    """The others hear of it by the gossip."""
    address, owner = cluster.served()
    cluster.control.stop()
    time.sleep(2)
    try:
        with cluster.sniffer.move(address):
            stopped = time.monotonic()
            assert owner.stop() == 0
            heir = _taken_over(cluster, address, owner, stopped, AT_ONCE_SECONDS)
    finally:
        cluster.control.start()
    owner.start()
    cluster.wait_settled()
    _keeps(cluster, address, heir)


def test_a_planned_stop_hands_over_without_waiting(cluster: Cluster) -> None:
    """SIGTERM: the others take over as soon as they hear of it, and the Service keeps its address."""
    address, owner = cluster.served()
    with cluster.sniffer.move(address):
        stopped = time.monotonic()
        assert owner.stop() == 0
        heir = _taken_over(cluster, address, owner, stopped, AT_ONCE_SECONDS)
    assert address in [found for found in cluster.watch.addresses.values() for found in found]
    owner.start()
    cluster.wait_settled()
    _keeps(cluster, address, heir)


def _link_down(cluster: Cluster, node: str, is_up: bool) -> None:
    cluster.lan.set_link(node, is_up)


def _cable_out(cluster: Cluster, node: str, is_in: bool) -> None:
    cluster.lan.set_cable(node, is_in)


@pytest.mark.parametrize("fault", [_link_down, _cable_out], ids=["link set down", "cable pulled"])
def test_an_owner_off_the_lan_is_replaced(cluster: Cluster, fault: Callable[[Cluster, str, bool], None]) -> None:
    """The daemon lives and reaches the API server, and tells the others that it cannot answer."""
    address, owner = cluster.served()
    with cluster.sniffer.move(address):
        cut = time.monotonic()
        fault(cluster, owner.name, False)
        heir = _taken_over(cluster, address, owner, cut, AT_ONCE_SECONDS)
        assert owner.is_running
    fault(cluster, owner.name, True)
    _keeps(cluster, address, heir)


def test_a_node_that_is_excluded_hands_over(cluster: Cluster) -> None:
    """By the label that Kubernetes has for it; where every node carries it, it is ignored."""
    address, owner = cluster.served()
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
            assert eventually("the page", lambda: cluster.curl(address), 5).startswith("hello from web-")
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
