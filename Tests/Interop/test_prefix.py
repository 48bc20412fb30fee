"""Pools that follow the prefix which the router advertises: a real radvd changes it, and the Services move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab.cluster import Cluster, eventually
from lab.fixtures import folder_of
from lab.lan import Host
from lab.neighbours import resolve, stations
from lab.radvd import VALID_SECONDS, Radvd

OLD = "2001:db8:1::"
NEW = "2001:db8:2::"

POOL = """\
address-pools:
- name: home
  protocol: layer2
  addresses:
  - 192.168.2.128/25
  - ::1:0-::1:ff of eth0
"""


def has_network(host: Host, network: str) -> bool:
    """Whether the host's `eth0` has an address in a network."""
    return f" {network[:-1]}" in host.namespace.ip("-6", "address", "show", "dev", "eth0", "scope", "global")


@pytest.fixture
def router(
    standin_cluster: Callable[..., Cluster], request: pytest.FixtureRequest, folder: Path
) -> Iterator[tuple[Cluster, Radvd]]:
    """A cluster on a LAN whose router advertises the old prefix, and whose pool follows that."""
    cluster = standin_cluster()
    hosts = [*(node.host for node in cluster.nodes.values()), cluster.lan.client]
    for host in hosts:
        # A node that sends on listens no less.
        host.namespace.sysctl("net.ipv6.conf.eth0.accept_ra", 2)
    with Radvd(cluster.lan.switch, "lan", folder_of(request, folder)) as radvd:
        radvd.advertise(f"{OLD}/64")
        for host in hosts:
            eventually(f"{host.name} has heard the router", lambda host=host: has_network(host, OLD), 15)
        cluster.pools(POOL)
        yield cluster, radvd


def serve(cluster: Cluster, *families: str) -> Callable[[], list[str]]:
    """A new Service with endpoints; what looks up its addresses."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    policy = "RequireDualStack" if len(families) > 1 else "SingleStack"
    cluster.service(namespace, "web", ipFamilies=list(families), ipFamilyPolicy=policy)
    return lambda: cluster.ingress(namespace, "web")


def assert_answered(cluster: Cluster, *addresses: str) -> None:
    """One node answers for each address: to ndisc6, and to a kernel that wants to send something there."""
    for address in addresses:
        found = eventually(f"one answers for {address}", lambda a=address: stations(cluster.lan.client, a), 10)
        assert len(found) == 1, found
        assert resolve(cluster.lan.client, address) == found[0]


def test_a_service_moves_to_the_new_prefix(router: tuple[Cluster, Radvd]) -> None:
    """It has both addresses while the old prefix is deprecated, also over a restart, and the new one alone after that."""
    cluster, radvd = router
    alone, both = serve(cluster, "IPv6"), serve(cluster, "IPv4", "IPv6")
    one = eventually("an address", alone)
    four, two = eventually("two addresses", lambda: found if len(found := both()) == 2 else None)
    assert {*one, two} == {f"{OLD}1:0", f"{OLD}1:1"}
    assert_answered(cluster, *one, two)

    radvd.advertise(f"{NEW}/64", deprecated=(f"{OLD}/64",))
    host_part = one[0].removeprefix(OLD)
    eventually("both addresses", lambda: alone() == [f"{NEW}{host_part}", f"{OLD}{host_part}"], 20)
    new_two = two.replace(OLD, NEW)
    eventually("both addresses", lambda: both() == [four, new_two, two], 20)
    assert_answered(cluster, *alone(), new_two, two)
    leader = cluster.nodes[cluster.leader() or ""]
    leader.wait_for_line("the pools follow the network 2001:db8:2::/64 of eth0; 2001:db8:1::/64 is deprecated")
    status = leader.status()
    assert status["pools"][0]["addresses"][1] == f"{NEW}1:0-{NEW}1:ff"
    assert status["pools"][0]["used"] == 3

    for node in cluster.nodes.values():
        node.restart()
    cluster.wait_settled()
    assert alone() == [f"{NEW}{host_part}", f"{OLD}{host_part}"]
    assert_answered(cluster, *alone())
    assert cluster.curl(four).startswith("hello from web-")

    radvd.advertise(f"{NEW}/64")
    eventually("the new address", lambda: alone() == [f"{NEW}{host_part}"], VALID_SECONDS + 40)
    eventually("the new address", lambda: both() == [four, new_two], 20)
    assert_answered(cluster, f"{NEW}{host_part}", new_two)
    assert stations(cluster.lan.client, one[0]) == []


def test_nothing_moves_while_the_router_is_silent(router: tuple[Cluster, Radvd]) -> None:
    """Without a prefix nobody gets an address, nobody loses one, and it is as before when the router is back."""
    cluster, radvd = router
    first = serve(cluster, "IPv6")
    address = eventually("an address", first)[0]
    assert_answered(cluster, address)
    radvd.process.end()
    hosts = [node.host for node in cluster.nodes.values()]
    for host in hosts:
        eventually("the prefix has run out", lambda host=host: not has_network(host, OLD), VALID_SECONDS + 10)
    namespace = cluster.namespace()
    cluster.service(namespace, "late", ipFamilies=["IPv6"])

    def reasons() -> list[str]:
        return [item["message"] for item in cluster.control.events(namespace) if item["reason"] == "AllocationFailed"]

    told = eventually("it is told why", reasons)
    assert "follows the global IPv6 prefix of eth0, and the node that leads has none there now" in told[0]
    assert first() == [address]
    radvd.advertise(f"{OLD}/64")
    assert_answered(cluster, address)
    assert first() == [address]
    late = eventually("an address", lambda: cluster.ingress(namespace, "late"), 15)
    assert late[0].startswith(OLD) and late != [address]
