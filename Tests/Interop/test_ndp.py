"""Addresses of IPv6 on the LAN: kernels and ndisc6 ask for them in every way that there is, and follow them."""

from __future__ import annotations

import contextlib
import ipaddress
import time

import pytest
from lab.cluster import Cluster, eventually
from lab.neighbours import group_of, groups, neighbour, resolve, stations
from lab.node import LbdNode

AT_ONCE_SECONDS = 5


def served6(cluster: Cluster, **spec: object) -> str:
    """The IPv6 address of a new Service with endpoints, once somebody has it."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "web", **{"ipFamilies": ["IPv6"], **spec})
    found = eventually("an address", lambda: [one for one in cluster.ingress(namespace, "web") if ":" in one])
    eventually("an owner", lambda: any(group_of(found[0]) in groups(node.host) for node in cluster.nodes.values()))
    return str(found[0])


def owner6(cluster: Cluster, address: str) -> LbdNode:
    """The node that alone answers for an address."""
    found = stations(cluster.lan.client, address)
    assert len(found) == 1, found
    return cluster.node_with(found[0])


def test_a_kernel_finds_the_owner_and_finds_it_again(six: Cluster) -> None:
    """By its group, and, once it knows where the address is, by unicast (RFC 4861 section 7.3)."""
    address = served6(six)
    client = six.lan.client
    owner = owner6(six, address)
    assert resolve(client, address) == owner.host.mac
    client.namespace.ip("-6", "neighbour", "replace", address, "lladdr", owner.host.mac, "nud", "probe", "dev", "eth0")
    eventually("it is reachable", lambda: neighbour(client, address) == (owner.host.mac, "REACHABLE"), 5)
    assert [name for name, node in six.nodes.items() if group_of(address) in groups(node.host)] == [owner.name]


def test_a_kernel_that_wants_the_address_finds_it_taken(six: Cluster) -> None:
    """Duplicate address detection (RFC 4862 section 5.4), by a host whose address would be the same."""
    address = served6(six)
    guest = six.lan.add_client("guest", 60)
    guest.namespace.sysctl("net.ipv6.conf.eth0.accept_dad", 1)
    guest.namespace.ip("address", "add", f"{address}/64", "dev", "eth0")
    eventually("it is a duplicate", lambda: "dadfailed" in guest.namespace.ip("-6", "address", "show", "dev", "eth0"), 5)
    # An address that nobody has is taken by the same host.
    guest.namespace.ip("address", "add", "fd00:2::10ff/64", "dev", "eth0")
    eventually(
        "it is no duplicate",
        lambda: "fd00:2::10ff/64 scope global" in guest.namespace.ip("-6", "address", "show", "dev", "eth0", "-tentative"),
        5,
    )


@pytest.mark.parametrize("end", ["killed", "stopped", "cut"])
def test_a_clients_entry_follows_the_address(six: Cluster, end: str) -> None:
    """The new owner's unsolicited advertisements put it right; the client asks nobody."""
    address = served6(six)
    client = six.lan.client
    owner = owner6(six, address)
    assert resolve(client, address) == owner.host.mac
    with contextlib.ExitStack() as stack:
        if end == "killed":
            owner.kill()
        elif end == "stopped":
            owner.stop()
        else:
            six.lan.isolate(owner.name)
            stack.callback(six.lan.rejoin, owner.name)
        eventually("another", lambda: neighbour(client, address)[0] not in ("", owner.host.mac), AT_ONCE_SECONDS)
        heir = six.node_with(neighbour(client, address)[0])
        assert owner6(six, address) is heir
    if end != "cut":
        owner.start()
    six.wait_settled()
    time.sleep(2)
    assert owner6(six, address) is heir, "who returns takes nothing back"
    eventually("the other one has left the group", lambda: group_of(address) not in groups(owner.host), 5)


def test_a_restart_leaves_the_address_where_it_is(six: Cluster) -> None:
    """Nobody else answers, and the new daemon is in the group that the old one was in."""
    address = served6(six)
    owner = owner6(six, address)
    owner.restart()
    eventually("it answers", lambda: stations(six.lan.client, address) == [owner.host.mac], AT_ONCE_SECONDS)
    assert group_of(address) in groups(owner.host)


def test_an_owner_that_nobody_hears_is_replaced(six: Cluster) -> None:
    """It beats, and believes that it answers; the others solicit its address now and then and tell it."""
    address = served6(six)
    owner = owner6(six, address)
    lines = owner.process.mark()
    client = six.lan.client
    try:
        six.lan.set_voice(owner.name, False)
        assert stations(client, address) == []
        (mac,) = eventually("another answers", lambda: stations(client, address), 60)
        heir = six.node_with(mac)
        assert heir is not owner
        owner.wait_for_line(f"nobody hears this node answer for {address}", since=lines)
    finally:
        six.lan.set_voice(owner.name, True)
    eventually("the owner has left the group", lambda: group_of(address) not in groups(owner.host), 5)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        assert owner6(six, address) is heir


def test_a_switch_that_snoops_carries_what_is_asked(six: Cluster) -> None:
    """A switch that looks into MLD carries a group's frames to those alone that have joined it."""
    address = served6(six)
    owner = owner6(six, address)
    six.lan.switch.ip("link", "set", "lan", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "1")

    def members() -> str:
        return six.lan.switch.run("bridge", "mdb", "show", "dev", "lan").stdout

    # It asks who is there only now, and tells all ports everything until it has.
    eventually("the switch knows the group", lambda: f"port{owner.host.number} grp {group_of(address)}" in members(), 20)
    assert resolve(six.lan.client, address) == owner.host.mac
    others = [node for node in six.nodes.values() if node is not owner]
    assert not any(f"port{node.host.number} grp {group_of(address)}" in members() for node in others)
    owner.stop()
    eventually("the heir has joined", lambda: any(group_of(address) in groups(node.host) for node in others), 5)
    assert resolve(six.lan.client, address) in {node.host.mac for node in others}
    owner.start()


def test_a_service_of_both_families_has_both(six: Cluster) -> None:
    """One address a family, of one pool; each is answered for by whoever has it."""
    namespace = six.namespace()
    six.pods(namespace, "web", six.nodes)
    six.service(namespace, "web", ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack")
    four, sixth = eventually("both", lambda: found if len(found := six.ingress(namespace, "web")) == 2 else None)
    assert ipaddress.IPv4Address(four) in ipaddress.IPv4Network("192.168.2.128/25")
    assert sixth.startswith("fd00:2::10")
    assert six.owner(four).name in six.nodes
    eventually("the other too", lambda: owner6(six, sixth), 5)
    assert six.curl(four).startswith("hello from web-")
    messages = [item["message"] for item in six.control.events(namespace) if item["reason"] == "IPAllocated"]
    assert messages == [f'Assigned IP "{four}", "{sixth}"']
