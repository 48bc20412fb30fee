"""A node with a bridge, a bond, a VLAN, and one with several networks: who answers where."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from lab.cluster import eventually
from lab.frames import Capture
from lab.namespace import Namespace
from lab.node import UNPROBED, LbdNode
from lab.sniffer import Sniffer, decode

SERVICES = "/api/v1/namespaces/default/services"

POOLS = """\
address-pools:
- name: lan
  protocol: layer2
  addresses:
  - 192.168.2.128-192.168.2.131
- name: management
  protocol: layer2
  auto-assign: false
  addresses:
  - 10.77.0.128-10.77.0.131
- name: vlan
  protocol: layer2
  auto-assign: false
  addresses:
  - 192.168.5.128-192.168.5.131
- name: elsewhere
  protocol: layer2
  auto-assign: false
  addresses:
  - 172.16.5.1-172.16.5.4
"""


def _start(node: LbdNode, **settings: Any) -> None:
    node.pools.write_text(POOLS)
    node.settings.update({**UNPROBED, **settings})
    node.write_settings()
    node.start()


def _served(node: LbdNode, address: str) -> None:
    """A Service with this address and an endpoint on the node."""
    name = "web-" + re.sub(r"\W", "-", address)
    spec = {"type": "LoadBalancer", "loadBalancerIP": address, "ports": [{"port": 80}]}
    metadata = {"namespace": "default", "name": name}
    node.control.api("POST", SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    node.control.apply(
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
            "endpoints": [{"addresses": ["10.244.11.2"], "nodeName": node.name, "conditions": {"ready": True}}],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    )
    eventually("an address", lambda: _ingress(node, name) == [address], 20)


def _ingress(node: LbdNode, name: str) -> list[str]:
    status = node.control.api("GET", f"{SERVICES}/{name}")["status"]
    return [entry["ip"] for entry in status.get("loadBalancer", {}).get("ingress") or []]


def _answers(namespace: Namespace, interface: str, address: str) -> set[str]:
    """The stations that answer two questions for an address in a second."""
    source = {"eth0": "192.168.2.50", "eth0.5": "192.168.5.50", "mgmt0": "10.77.0.1"}[interface]
    done = namespace.run("arping", "-c", "2", "-w", "2", "-I", interface, "-S", source, address, check=False)
    return set(re.findall(r"from ([0-9a-f:]{17})", done.stdout))


def test_the_bridge_answers_and_not_its_port(single: LbdNode) -> None:
    """As on a host of virtual machines, whose address is the bridge's."""
    namespace, host = single.host.namespace, single.host
    namespace.ip("link", "add", "br0", "type", "bridge", "forward_delay", "0")
    namespace.ip("link", "set", "br0", "address", "02:00:c0:a8:02:99", "up")
    namespace.ip("address", "flush", "dev", "eth0")
    namespace.ip("link", "set", "eth0", "master", "br0")
    namespace.ip("address", "add", f"{host.address}/24", "dev", "br0")
    namespace.ip("route", "replace", "default", "via", "192.168.2.1")
    _start(single)
    _served(single, "192.168.2.128")
    single.wait_for_line("answering for 192.168.2.128 .* on br0$")
    client = single.lan.client.namespace
    assert _answers(client, "eth0", "192.168.2.128") == {"02:00:c0:a8:02:99"}


def _bond(node: LbdNode) -> None:
    """A second cable to the same switch, and a bond of both, of which one at a time is in use. Without an address."""
    namespace = node.host.namespace
    namespace.ip("link", "add", "eth1", "type", "veth", "peer", "name", "port99", "netns", node.lan.switch.name)
    node.lan.switch.ip("link", "set", "port99", "master", "lan", "up")
    namespace.ip("address", "flush", "dev", "eth0")
    namespace.ip("link", "add", "bond0", "type", "bond", "mode", "active-backup", "miimon", "50")
    for slave in ("eth0", "eth1"):
        namespace.ip("link", "set", slave, "down")
        namespace.ip("link", "set", slave, "master", "bond0")
    namespace.ip("link", "set", "bond0", "address", node.host.mac, "up")
    eventually("eth0 is in use", lambda: _active_slave(node) == "eth0", 10)


def _active_slave(node: LbdNode) -> str:
    (slave,) = re.findall(r" active_slave (\S+) ", node.host.namespace.ip("-details", "link", "show", "bond0")) or [""]
    return str(slave)


@pytest.mark.links("bond")
@pytest.mark.parametrize("bearer", ["bond0", "br0"])
def test_the_bond_answers_and_announces_when_its_active_slave_changes(single: LbdNode, bearer: str) -> None:
    """Also under a bridge, where the kernel announces not even the node's own address: until a frame comes by the other
    cable, the switches send what is for the node by the first."""
    namespace, host, address = single.host.namespace, single.host, "192.168.2.128"
    _bond(single)
    if bearer == "br0":
        namespace.ip("link", "add", "br0", "address", host.mac, "type", "bridge", "forward_delay", "0")
        namespace.ip("link", "set", "bond0", "master", "br0")
        namespace.ip("link", "set", "br0", "up")
    namespace.ip("address", "add", f"{host.address}/24", "dev", bearer)
    namespace.ip("route", "replace", "default", "via", "192.168.2.1")
    with Sniffer(single.lan.client) as sniffer:

        def announcements(since: float) -> int:
            return sum(packet.sender_ip == packet.target_ip for packet in sniffer.answers_for(address, since))

        _start(single, announcements={"refreshSeconds": 0})
        _served(single, address)
        single.wait_for_line(f"answering for {address} .* on {bearer}$")
        # Five rounds of two.
        eventually("it is announced to the end", lambda: announcements(0) == 10, 15)
        sniffer.wait_for_answer(address)
        for port, other in ((f"port{host.number}", "eth1"), ("port99", "eth0")):
            pulled = time.monotonic()
            single.lan.switch.ip("link", "set", port, "down")
            eventually("the other cable is in use", lambda other=other: _active_slave(single) == other, 5)
            eventually("it is announced anew", lambda pulled=pulled: announcements(pulled) >= 2, 5)
            sniffer.wait_for_answer(address)
            assert sniffer.longest_silence(address, pulled, time.monotonic()) < 3
            single.lan.switch.ip("link", "set", port, "up")
        sniffer.assert_single_answerer(address)
    assert _answers(single.lan.client.namespace, "eth0", address) == {host.mac}
    assert not re.search(f"answering for {address} .* on (?!{bearer}$)", (single.folder / "lbd.log").read_text(), re.M)


def _networks(capture: Capture, address: str) -> set[int]:
    """In which VLANs somebody has said that the address is his; 0 for none, a frame without a tag."""
    found = set()
    for frame in capture.frames:
        is_tagged = frame[12:14] == b"\x81\x00"
        packet = decode(frame[:12] + frame[16:] if is_tagged else frame, 0)
        if packet is not None and packet.sender_ip == address:
            found.add(int.from_bytes(frame[14:16], "big") & 0xFFF if is_tagged else 0)
    return found


@pytest.mark.links("vlan")
def test_the_vlan_whose_subnet_holds_the_address_answers(single: LbdNode, tmp_path: Path) -> None:
    """And not the interface that it is on, by which its frames come and go; nor the other way round."""
    client = single.lan.client.namespace
    for namespace, number in ((single.host.namespace, 11), (client, 50)):
        namespace.ip("link", "add", "link", "eth0", "name", "eth0.5", "type", "vlan", "id", "5")
        namespace.ip("address", "add", f"192.168.5.{number}/24", "dev", "eth0.5")
        namespace.ip("link", "set", "eth0.5", "up")
    with Capture(client, "eth0", tmp_path, "arp or vlan") as capture:
        _start(single)
        for address, interface in (("192.168.5.128", "eth0.5"), ("192.168.2.128", "eth0")):
            _served(single, address)
            single.wait_for_line(f"answering for {address} .* on {interface}$")
            assert _answers(client, interface, address) == {single.host.mac}
        assert _answers(client, "eth0", "192.168.5.128") == set()
        assert _answers(client, "eth0.5", "192.168.2.128") == set()
        assert _networks(capture, "192.168.5.128") == {5}
        assert _networks(capture, "192.168.2.128") == {0}


def test_each_network_has_its_own_addresses(single: LbdNode) -> None:
    """An address is answered on the interface whose subnet holds it, and on no other; one that is in no subnet nowhere."""
    _start(single)
    client, control = single.lan.client.namespace, single.lan.control
    for address in ("192.168.2.128", "10.77.0.128", "172.16.5.1"):
        _served(single, address)
    single.wait_for_line("answering for 192.168.2.128 .* on eth0$")
    single.wait_for_line("answering for 10.77.0.128 .* on mgmt0$")
    single.wait_for_line("no node has an address in the network of 172.16.5.1-172.16.5.4")
    management = re.findall(r"link/ether (\S+)", single.host.namespace.ip("link", "show", "mgmt0"))
    assert _answers(client, "eth0", "192.168.2.128") == {single.host.mac}
    assert _answers(control, "mgmt0", "10.77.0.128") == set(management)
    assert _answers(control, "mgmt0", "192.168.2.128") == set()
    for address in ("10.77.0.128", "172.16.5.1"):
        assert _answers(client, "eth0", address) == set()


def test_an_interface_that_is_named_answers_for_other_networks_too(single: LbdNode) -> None:
    """Then no other interface is used."""
    _start(single, interfaces={"include": ["^eth0$"]})
    client, control = single.lan.client.namespace, single.lan.control
    for address in ("192.168.2.128", "10.77.0.128", "172.16.5.1"):
        _served(single, address)
        single.wait_for_line(f"answering for {address} .* on eth0$")
        assert _answers(client, "eth0", address) == {single.host.mac}
        assert _answers(control, "mgmt0", address) == set()


def test_an_interface_that_appears_later_is_used(single: LbdNode) -> None:
    """A USB adapter that is plugged in, with the only address of its network."""
    _start(single)
    _served(single, "172.16.5.1")
    namespace = single.host.namespace
    namespace.ip("link", "add", "eth1", "type", "veth", "peer", "name", "port99", "netns", single.lan.switch.name)
    namespace.ip("address", "add", "172.16.5.9/24", "dev", "eth1")
    single.lan.switch.ip("link", "set", "port99", "master", "lan", "up")
    namespace.ip("link", "set", "eth1", "up")
    single.wait_for_line("answering for 172.16.5.1 .* on eth1$")
    (mac,) = re.findall(r"link/ether (\S+)", namespace.ip("link", "show", "eth1"))
    assert _answers(single.lan.client.namespace, "eth0", "172.16.5.1") == {mac}
    namespace.ip("link", "delete", "eth1")
    single.wait_for_line("no longer answering for 172.16.5.1")
