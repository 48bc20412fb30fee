"""What comes back finds everything as it was: no address moves, and nothing is told twice."""

from __future__ import annotations

import time
from typing import Any

from lab.cluster import Cluster, eventually

COUNT = 6


def test_restarts_move_nothing(cluster: Cluster) -> None:
    """Every daemon by SIGUSR1, one after the other and then all at once; the API server; then all daemons by SIGTERM."""
    namespace = cluster.namespace()
    before = _served(cluster, namespace)

    for node in cluster.nodes.values():
        assert node.restart() == 0
        _answered_by(cluster, before)
    for node in cluster.nodes.values():
        assert node.restart() == 0
    cluster.wait_settled()
    _same(cluster, namespace, before)

    cluster.control.restart()
    # Long enough for a daemon that forgot something to say it again.
    time.sleep(5)
    cluster.wait_settled()
    _same(cluster, namespace, before)

    with cluster.sniffer.move(returns=True):
        cluster.stop_all()
        for node in cluster.nodes.values():
            node.start()
        cluster.wait_settled()
        # Nobody had them any more, so whoever was there first has taken them.
        before["owners"] = {address: cluster.owner(address).name for address in before["owners"]}
    _same(cluster, namespace, before, only_allocation=True)


def test_a_daemon_that_starts_alone_waits_for_no_other(cluster: Cluster) -> None:
    """The Leases that a planned stop gave up delay nobody: one daemon leads and answers for everything at once."""
    namespace = cluster.namespace()
    before = _served(cluster, namespace)
    with cluster.sniffer.move(returns=True):
        cluster.stop_all()
        leases = cluster.leases()
        assert not [name for name in leases if name.startswith("lbd-node-")], "a planned stop gives up its Lease"
        assert not (leases.get("lbd-controller") or {"spec": {}})["spec"].get("holderIdentity")
        node = cluster.nodes["gooseberry"]
        started = time.monotonic()
        node.start()
        for address in before["addresses"].values():
            packet = cluster.sniffer.wait_for_answer(address, 15, since=started)
            assert packet.sender_mac == node.host.mac
        assert cluster.addresses(namespace) == before["addresses"]
        for address in before["owners"]:
            before["owners"][address] = node.name
        for other in cluster.nodes.values():
            if other is not node:
                other.start()
        cluster.wait_settled()
        _answered_by(cluster, before)


def _served(cluster: Cluster, namespace: str) -> dict[str, Any]:
    """Makes Services, waits until all is told about them, and keeps what must not change."""
    cluster.pods(namespace, "web", cluster.nodes)
    for number in range(COUNT):
        cluster.service(namespace, f"service-{number}", "web")
    addresses = eventually(
        "the addresses", lambda: len(cluster.addresses(namespace)) == COUNT and cluster.addresses(namespace)
    )
    owners = {address: cluster.owner(address).name for address in addresses.values()}
    eventually("all Events", lambda: len(cluster.events(namespace)) == 2 * COUNT)
    return {"addresses": addresses, "owners": owners, "events": cluster.events(namespace)}


def _answered_by(cluster: Cluster, before: dict[str, Any]) -> None:
    """Waits until every address is answered by its owner of before."""
    for address, name in before["owners"].items():
        mac = cluster.nodes[name].host.mac

        def is_back(address: str = address, mac: str = mac) -> bool:
            return cluster.sniffer.wait_for_answer(address).sender_mac == mac

        eventually(f"{name} answers for {address}", is_back, 15)


def _same(cluster: Cluster, namespace: str, before: dict[str, Any], only_allocation: bool = False) -> None:
    """Addresses, owners and Events are those of before. A planned stop hands addresses over, of which the Event
    `nodeAssigned` tells; so after one, only what tells of an allocation counts."""
    assert cluster.addresses(namespace) == before["addresses"]
    assert [changes for _, changes in cluster.watch.changes if not changes] == [], "an address was taken away"
    _answered_by(cluster, before)
    now = cluster.events(namespace)
    if only_allocation:
        now, then = ([event for event in events if '"IPAllocated"' in event] for events in (now, before["events"]))
        assert now == then
    else:
        assert now == before["events"]
