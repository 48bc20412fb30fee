"""What the tools that people have at hand say of our addresses, and what a host's kernel does with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.cluster import Cluster, eventually
from lab.frames import Capture
from lab.lan import Host
from lab.neighbours import knock, neighbour, resolve

AT_ONCE_SECONDS = 5


def _scan(client: Host, prefix: str) -> set[tuple[str, str]]:
    """Whom arp-scan finds at the addresses of a prefix: the addresses and the Ethernet addresses."""
    done = client.namespace.run("arp-scan", "--interface=eth0", "--plain", "--numeric", "--retry=2", prefix, timeout=60)
    # Who answers the sniffer, or announces, is listed again as a duplicate.
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return {(address, mac.lower()) for address, mac, *_ in lines}


def _is_used(client: Host, address: str) -> bool:
    """Whether `arping -D`, as iputils and busybox have it, hears that an address is in use."""
    argv = ["busybox", "arping", "-D", "-c", "2", "-w", "3", "-I", "eth0", address]
    done = client.namespace.run(*argv, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 1


def test_arp_scan_sees_what_is_announced_and_nothing_else(cluster: Cluster) -> None:
    """Each address at its owner's alone."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    names = [f"web-{number}" for number in range(5)]
    for name in names:
        cluster.service(namespace, name, "web")
    # It has no endpoint, so that nobody answers for it.
    cluster.service(namespace, "silent", "nobody")
    addresses = [cluster.address(namespace, name) for name in names]
    assert cluster.address(namespace, "silent") not in addresses
    expected = {(address, cluster.owner(address).host.mac) for address in addresses}
    assert _scan(cluster.lan.client, "192.168.2.128/25") == expected


def test_arping_finds_an_owned_address_in_use(cluster: Cluster) -> None:
    """And one that is free to take."""
    address, owner = cluster.served()
    client = cluster.lan.client
    assert _is_used(client, address)
    assert not _is_used(client, "192.168.2.254")
    with cluster.sniffer.move(address):
        assert owner.stop() == 0
        assert cluster.sniffer.wait_for_answer(address, AT_ONCE_SECONDS, other_than=owner.host.mac)
    assert _is_used(client, address)


def _asked_alone(frame: bytes, client: Host) -> bool:
    """Whether a frame is a request of the client's, of ARP or NDP, to one station."""
    is_arp = frame[12:14] == b"\x08\x06" and frame[20:22] == b"\x00\x01"
    is_ndp = frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135
    return frame[6:12].hex(":") == client.mac and frame[0] & 1 == 0 and (is_arp or is_ndp)


@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_a_kernel_that_doubts_asks_the_owner_alone_and_is_answered(six: Cluster, tmp_path: Path, family: str) -> None:
    """Neighbour unreachability detection (RFC 4861 section 7.3): stale, then delay, then probe, and reachable again; for ARP
    Linux does the same."""
    namespace = six.namespace()
    six.pods(namespace, "web", six.nodes)
    six.service(namespace, "web", ipFamilies=[family])
    (address,) = eventually("an address", lambda: six.ingress(namespace, "web"))
    client = six.lan.client
    client.namespace.sysctl(f"net.{family.lower()}.neigh.eth0.delay_first_probe_time", 1)
    mac = resolve(client, address, 10)
    owner = six.node_with(mac)
    with Capture(six.lan.switch, f"port{client.number}", tmp_path) as capture:
        client.namespace.ip("neighbour", "replace", address, "lladdr", mac, "nud", "stale", "dev", "eth0")
        assert neighbour(client, address) == (mac, "STALE")
        knock(client, address)
        assert neighbour(client, address)[1] in ("DELAY", "PROBE", "REACHABLE")
        eventually("it is reachable again", lambda: neighbour(client, address) == (mac, "REACHABLE"), 10)
        alone = [frame for frame in capture.frames if _asked_alone(frame, client)]
    assert alone, "the kernel has asked nobody"
    assert {frame[:6].hex(":") for frame in alone} == {owner.host.mac}
