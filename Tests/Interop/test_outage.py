"""The API server is away; the addresses are not."""

from __future__ import annotations

import time

from lab.cluster import Cluster, eventually
from lab.pools import POOL

MINUTE_SECONDS = 60

AFTER_OUTAGE_SECONDS = 60
"""How long a daemon may take to see a Service just after an outage, an earlier test's: an API server that has just started
refuses for a while, and the waits between attempts have grown."""


def test_a_minute_without_the_api_server(cluster: Cluster) -> None:
    """Every address is answered throughout, by the same node, though every Lease has ended meanwhile."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    for number in range(6):
        cluster.service(namespace, f"service-{number}", "web")
    addresses = eventually(
        "the addresses", lambda: len(cluster.addresses(namespace)) == 6 and cluster.addresses(namespace)
    )
    owners = {address: cluster.owner(address) for address in addresses.values()}
    eventually("all Events", lambda: len(cluster.events(namespace)) == 12, AFTER_OUTAGE_SECONDS)
    events = cluster.events(namespace)

    began = time.monotonic()
    cluster.control.stop()
    for second in range(0, MINUTE_SECONDS, 10):
        time.sleep(max(0.0, began + second + 10 - time.monotonic()))
        for address in addresses.values():
            assert cluster.curl(address).startswith("hello from web-")
    cluster.control.start()
    cluster.wait_settled()
    # What a daemon that took the outage for its peers' deaths would do, it would do soon after the first list.
    time.sleep(10)
    ended = time.monotonic()

    for address, owner in owners.items():
        macs = cluster.sniffer.macs_between(address, began, ended)
        assert macs == {owner.host.mac}, f"{address} was {owner.name}'s: {macs}"
        assert cluster.sniffer.longest_silence(address, began, ended) < 1
    assert cluster.addresses(namespace) == addresses
    assert cluster.events(namespace) == events
    cluster.service(namespace, "new", "web")
    cluster.address(namespace, "new")


def test_a_node_that_loses_the_api_server_alone_goes_on(cluster: Cluster) -> None:
    """An owner cut off for less than its Lease keeps answering, and says nothing new when it is back."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "web")
    address = cluster.address(namespace, "web")
    owner = cluster.owner(address)
    leader_is_cut = cluster.leader() == owner.name
    eventually("all Events", lambda: len(cluster.events(namespace)) == 2, AFTER_OUTAGE_SECONDS)
    events = cluster.events(namespace)
    began = time.monotonic()
    cluster.lan.set_management(owner.name, False)
    time.sleep(12)
    cluster.lan.set_management(owner.name, True)
    cluster.wait_settled()
    time.sleep(3)
    ended = time.monotonic()
    assert cluster.sniffer.macs_between(address, began, ended) == {owner.host.mac}
    assert cluster.sniffer.longest_silence(address, began, ended) < 1
    assert cluster.events(namespace) == events, f"the leader was cut: {leader_is_cut}"


def test_boot_without_the_api_server(cluster: Cluster) -> None:
    """The mirrored file serves: the pools are in force before the API server is there."""
    node = cluster.nodes["gooseberry"]
    cluster.stop_all()
    text = node.pools.read_text()
    assert text.endswith(POOL)
    cluster.control.stop()
    try:
        mark = node.process.mark()
        node.start()
        node.wait_for_line(r"address-pool-1|pools", since=mark)
        time.sleep(2)
        assert node.is_running
        assert node.pools.read_text() == text
    finally:
        cluster.control.start()
    for other in cluster.nodes.values():
        if not other.is_running:
            other.start()
    cluster.wait_settled()
    namespace = cluster.namespace()
    cluster.service(namespace, "web")
    assert cluster.address(namespace, "web", 20) == "192.168.2.128"


def test_all_daemons_start_without_the_api_server(cluster: Cluster) -> None:
    """They are killed and start anew: what they knew last is answered for, each address by one node, and by another where that
    one dies; but for what another host has taken meanwhile. When the API server is back, nothing moves."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    for number in range(5):
        cluster.service(namespace, f"service-{number}", "web")
    taken = "192.168.2.250"
    cluster.service(namespace, "taken", "web", loadBalancerIP=taken)
    addresses = eventually(
        "the addresses", lambda: len(cluster.addresses(namespace)) == 6 and cluster.addresses(namespace), AFTER_OUTAGE_SECONDS
    )
    kept = [address for address in addresses.values() if address != taken]
    for name, node in cluster.nodes.items():
        for service in addresses:
            eventually(f"{name} knows {service}", lambda: node.assert_knows(namespace, service, len(cluster.nodes)), 30)
        cluster.sniffer.wait_for_answer(taken)
    # What has changed is saved within a second.
    time.sleep(3)
    client = cluster.lan.client.namespace
    marks = {}
    with cluster.sniffer.move(returns=True):
        cluster.control.stop()
        for name, node in cluster.nodes.items():
            node.kill()
            marks[name] = node.process.mark()
        client.ip("address", "add", f"{taken}/24", "dev", "eth0")
        try:
            started = time.monotonic()
            for node in cluster.nodes.values():
                node.start()
            owners = {a: cluster.node_with(cluster.sniffer.wait_for_answer(a, 30, since=started).sender_mac) for a in kept}
            for name, node in cluster.nodes.items():
                node.wait_for_line("serving what was known last, 6 addresses", since=marks[name])
                assert any("serving what was known last" in problem for problem in node.status()["problems"])
            # For longer than it takes to be sure of an owner.
            time.sleep(12)
            for address, owner in owners.items():
                assert cluster.sniffer.macs_between(address, started, time.monotonic()) == {owner.host.mac}, address
            assert any("is used by another host" in node.tail(200) for node in cluster.nodes.values())

            dead = owners[kept[0]]
            dead.kill()
            died = time.monotonic()
            for address in (address for address, owner in owners.items() if owner is dead):
                answer = cluster.sniffer.wait_for_answer(address, 3, since=died, other_than=dead.host.mac)
                owners[address] = cluster.node_with(answer.sender_mac)
            dead.start()

            cluster.control.start()
            cluster.wait_settled()
            back = time.monotonic()
            time.sleep(10)
            for address, owner in owners.items():
                assert cluster.sniffer.macs_between(address, back, time.monotonic()) == {owner.host.mac}, address
                assert cluster.sniffer.longest_silence(address, died + 3, time.monotonic()) < 1
            assert cluster.addresses(namespace) == addresses
            nodes = {node.host.mac for node in cluster.nodes.values()}
            assert not cluster.sniffer.macs_between(taken, started, time.monotonic()) & nodes, "another host has it"
            for node in cluster.nodes.values():
                assert not any("serving what was known last" in problem for problem in node.status()["problems"])
        finally:
            client.ip("address", "delete", f"{taken}/24", "dev", "eth0")
