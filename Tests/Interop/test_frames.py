"""Every ARP and NDP packet that lbd sends, as tcpdump captures it behind the node's cable, beside the bytes that the module
tests make (Tests/frames.txt)."""

from __future__ import annotations

import ipaddress
import socket
from pathlib import Path

import pytest
from lab.cluster import Cluster, eventually
from lab.frames import Capture, table
from lab.lan import Host
from lab.neighbours import resolve
from lab.node import LbdNode

ADDRESSES = ("192.168.2.200", "fd00:2::1000")
"""What the node of the table answers for."""

OTHERS = ("192.168.2.201", "fd00:2::1001")
"""What another one does."""

NODE = "gooseberry"

INSPECTION_SECONDS = 60
"""Each of two addresses is asked for once in 10 s, more or less."""


def _is_about(frame: bytes, addresses: tuple[str, ...]) -> bool:
    """Whether it is a packet of ARP or NDP that asks for or tells of one of these addresses."""
    packed = [ipaddress.ip_address(address).packed for address in addresses]
    if frame[12:14] == b"\x08\x06":
        return frame[28:32] in packed or frame[38:42] in packed
    # A neighbour solicitation or advertisement has its target behind type, code, checksum and 4 bytes more.
    return frame[12:14] == b"\x86\xdd" and frame[20] == socket.IPPROTO_ICMPV6 and frame[54] in (135, 136) and (
        frame[62:78] in packed
    )


def _assert_all_are_known(capture: Capture, client: Host) -> None:
    """What goes to all or to the client is in the table. The other nodes are answered as well, when they ask."""
    mac = bytes.fromhex(client.mac.replace(":", ""))
    to_us = [frame for frame in capture.frames if frame[0] & 1 or frame[:6] == mac]
    ours = [frame for frame in to_us if _is_about(frame, ADDRESSES + OTHERS)]
    strange = [frame.hex(" ") for frame in ours if frame not in table().values()]
    assert not strange, "\n".join(strange)


def _port(host: Host) -> str:
    """The switch's end of a node's cable."""
    return f"port{host.number}"


def _service(cluster: Cluster, node: str, addresses: tuple[str, ...]) -> None:
    """A Service with these addresses that one node alone can answer for."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", [node])
    cluster.service(
        namespace, "web", ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack", externalTrafficPolicy="Local",
        annotations={"metallb.universe.tf/loadBalancerIPs": ",".join(addresses)},
    )
    eventually("both addresses", lambda: cluster.ingress(namespace, "web") == list(addresses))


def test_announcements_answers_and_questions(six: Cluster, tmp_path: Path) -> None:
    """The self-check's questions come when it is their turn."""
    known = table()
    client = six.lan.client
    with Capture(six.lan.switch, _port(six.nodes[NODE].host), tmp_path) as capture:
        _service(six, NODE, ADDRESSES)
        for name in ("arp-announcement-request", "arp-announcement-reply", "ndp-announcement", "mld-report"):
            capture.wait_for(known[name], name)
        client.namespace.run("arping", "-q", "-c", "1", "-w", "5", "-I", "eth0", ADDRESSES[0])
        capture.wait_for(known["arp-reply"], "arp-reply")
        assert resolve(client, ADDRESSES[1], source=f"fd00:2::{client.number}") == six.nodes[NODE].host.mac
        capture.wait_for(known["ndp-answer"], "ndp-answer")
        _service(six, "blackberry", OTHERS)
        for name in ("arp-question", "ndp-question"):
            capture.wait_for(known[name], name, INSPECTION_SECONDS)
        _assert_all_are_known(capture, client)


@pytest.mark.parametrize("family, name", [(0, "arp-probe"), (1, "ndp-probe")], ids=["ARP", "NDP"])
def test_probes(single: LbdNode, tmp_path: Path, family: int, name: str) -> None:
    """Three, all alike."""
    address = ADDRESSES[family]
    single.host.namespace.ip("address", "add", f"fd00:2::{single.host.number}/64", "dev", "eth0", "nodad")
    single.pools.write_text(f"address-pools:\n- name: home\n  protocol: layer2\n  addresses:\n  - {address}-{address}\n")
    with Capture(single.lan.switch, _port(single.host), tmp_path) as capture:
        single.start()
        eventually("three probes", lambda: capture.frames.count(table()[name]) == 3, 20)
        _assert_all_are_known(capture, single.lan.client)
