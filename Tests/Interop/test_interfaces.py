"""A node with a bridge, and one with several networks: who answers where."""

from __future__ import annotations

import re
from typing import Any

from lab.cluster import eventually
from lab.namespace import Namespace
from lab.node import UNPROBED, LbdNode

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
    source = {"eth0": "192.168.2.50", "mgmt0": "10.77.0.1"}[interface]
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
