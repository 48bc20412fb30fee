"""Who is cut off falls silent, and takes nothing from anybody when it is back; whoever is left and hears the router serves on."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from lab.cluster import Cluster, eventually
from lab.lan import Lan
from lab.node import LbdNode

AT_ONCE_SECONDS = 5
"""A generous `without waiting` on a busy machine of two cores; far below every Lease's duration."""


def _two_of_two(cluster: Cluster) -> tuple[tuple[str, LbdNode], tuple[str, LbdNode]]:
    """Two addresses of two owners."""
    first = cluster.served()
    for _ in range(12):
        second = cluster.served()
        if second[1] is not first[1]:
            return first, second
    raise AssertionError("all addresses came to one node")


@pytest.mark.parametrize("cut, join", [(Lan.isolate, Lan.rejoin), (Lan.leave_switch, Lan.join_switch)], ids=["all", "LAN"])
@pytest.mark.parametrize("seconds", [2, 12])
def test_who_was_cut_off_takes_nothing(
    cluster: Cluster, cut: Callable[[Lan, str], None], join: Callable[[Lan, str], None], seconds: float
) -> None:
    """At the switch, so that its carrier stays: for so short that the gossip hardly notices, and until it calls all dead."""
    (mine, node), (other, owner) = _two_of_two(cluster)
    lines = node.process.mark()
    try:
        with cluster.sniffer.move(mine, settle=1):
            since = time.monotonic()
            cut(cluster.lan, node.name)
            packet = cluster.sniffer.wait_for_answer(mine, AT_ONCE_SECONDS, since=since, other_than=node.host.mac)
            heir = cluster.node_with(packet.sender_mac)
            assert heir.host.mac in cluster.lan.client.namespace.ip("neighbour", "show", mine)
            node.wait_for_line("cut off: no other node is heard, and the gateway 192.168.2.1 does not answer", since=lines)
        time.sleep(seconds)
    finally:
        join(cluster.lan, node.name)
    node.wait_for_line("no longer cut off", since=lines)
    until = time.monotonic() + 8
    while time.monotonic() < until:
        assert cluster.owner(mine) is heir
        assert cluster.owner(other) is owner
        time.sleep(0.1)
    assert not [line for line in node.process.lines(lines) if " answering for " in f" {line}" and "no longer" not in line]
    cluster.wait_settled()


def test_an_owner_that_nobody_hears_is_replaced(cluster: Cluster) -> None:
    """It lives and beats, and believes that it answers; the others ask for its address now and then and tell it."""
    address, owner = cluster.served()
    lines = owner.process.mark()
    try:
        with cluster.sniffer.move(address):
            since = time.monotonic()
            cluster.lan.set_voice(owner.name, False)
            packet = cluster.sniffer.wait_for_answer(address, 60, since=since + 0.5, other_than=owner.host.mac)
            heir = cluster.node_with(packet.sender_mac)
        owner.wait_for_line(f"nobody hears this node answer for {address}", since=lines)
    finally:
        cluster.lan.set_voice(owner.name, True)
    assert eventually("the page", lambda: cluster.curl(address), 5).startswith("hello from web-")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert cluster.owner(address) is heir
        time.sleep(0.1)


def test_who_is_left_and_hears_the_router_serves_on(cluster: Cluster) -> None:
    """Of two nodes one dies: the router answers, so it is not the survivor that is cut off."""
    address, owner = cluster.served()
    third = next(node for node in cluster.nodes.values() if node is not owner)
    assert third.stop() == 0
    survivor = next(node for node in cluster.nodes.values() if node not in (owner, third))
    lines = survivor.process.mark()
    with cluster.sniffer.move(address):
        since = time.monotonic()
        owner.kill()
        packet = cluster.sniffer.wait_for_answer(address, AT_ONCE_SECONDS, since=since, other_than=owner.host.mac)
        assert packet.sender_mac == survivor.host.mac
        assert eventually("the page", lambda: cluster.curl(address), 5).startswith("hello from web-")
    time.sleep(8)
    assert cluster.owner(address) is survivor
    assert not [line for line in survivor.process.lines(lines) if "cut off" in line]
