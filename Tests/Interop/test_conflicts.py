"""Hosts that are no nodes use addresses of the pool: real kernels that answer for them."""

from __future__ import annotations

import itertools
import time
from typing import Any

from lab.cluster import eventually
from lab.lan import Host
from lab.node import LbdNode
from lab.sniffer import Sniffer

SERVICES = "/api/v1/namespaces/default/services"

POOL = """\
address-pools:
- name: home
  protocol: layer2
  addresses:
  - {}
"""

PROBING_SECONDS = 15
"""RFC 5227 takes seven at most; a busy machine some more."""


def _squatter(node: LbdNode, *addresses: str) -> Host:
    """A host that has these addresses besides its own."""
    host = node.lan.add_client("squatter", 66)
    for address in addresses:
        extra = ["nodad"] if ":" in address else []
        host.namespace.ip("address", "add", f"{address}/{64 if ':' in address else 24}", "dev", "eth0", *extra)
    return host


def _start(node: LbdNode, ranges: str, **settings: Any) -> None:
    node.pools.write_text(POOL.format(ranges))
    node.settings.update(settings)
    node.write_settings()
    node.start()


def _service(node: LbdNode, name: str, **spec: Any) -> None:
    body = {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}
    metadata = {"namespace": "default", "name": name}
    node.control.api("POST", SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body})


def _address(node: LbdNode, name: str) -> str | None:
    ingress = node.control.api("GET", f"{SERVICES}/{name}")["status"].get("loadBalancer", {}).get("ingress") or []
    return ingress[0]["ip"] if ingress else None


def _wait_for_address(node: LbdNode, name: str, timeout: float = PROBING_SECONDS) -> str:
    return str(eventually(f"an address for {name}", lambda: _address(node, name), timeout))


def test_what_another_host_uses_is_skipped_and_told(single: LbdNode) -> None:
    """In the journal, in the status and as a Kubernetes Event, each with the Ethernet address."""
    squatter = _squatter(single, "192.168.2.128", "192.168.2.130")
    _service(single, "one")
    _service(single, "two")
    _start(single, "192.168.2.128-192.168.2.131")
    assert _wait_for_address(single, "one") == "192.168.2.129"
    assert _wait_for_address(single, "two") == "192.168.2.131"
    text = f'192.168.2.128 of the pool "home" is used by another host, {squatter.mac}: no Service gets it'
    single.wait_for_line(text)
    (pool,) = single.status()["pools"]
    assert pool["conflicts"] == [
        {"address": address, "station": squatter.mac} for address in ("192.168.2.128", "192.168.2.130")
    ]
    assert pool["free"] == 0
    shown = single.host.namespace.run(str(single.process.argv[0]), "status", "--config", str(single.config)).stdout
    assert f"other hosts use 192.168.2.128 ({squatter.mac})" in shown
    events = [event for event in single.control.events("default") if event["reason"] == "AddressInUse"]
    assert sorted(event["involvedObject"]["kind"] for event in events) == ["Node", "Node"]
    assert text in [event["message"] for event in events]
    # What is left is all in use.
    _service(single, "three")
    single.wait_for_line('"default/three": no free IPv4 address in any pool with auto-assign')


def test_who_asks_for_it_is_told_who_has_it(single: LbdNode) -> None:
    squatter = _squatter(single, "192.168.2.140")
    _service(single, "web", loadBalancerIP="192.168.2.140")
    _start(single, "192.168.2.128/25")
    single.wait_for_line(f'"default/web": 192.168.2.140 is used by another host, {squatter.mac}', PROBING_SECONDS)
    assert _address(single, "web") is None


def test_a_host_with_an_ipv6_address_is_heard_too(single: LbdNode) -> None:
    """Its kernel defends the address against duplicate address detection (RFC 4862)."""
    single.host.namespace.ip("address", "add", "fd00:2::11/64", "dev", "eth0", "nodad")
    squatter = _squatter(single, "fd00:2::1000")
    _service(single, "web", ipFamilies=["IPv6"])
    _start(single, "fd00:2::1000-fd00:2::10ff")
    assert _wait_for_address(single, "web") == "fd00:2::1001"
    single.wait_for_line(f'fd00:2::1000 of the pool "home" is used by another host, {squatter.mac}')


def test_probes_keep_to_the_pace_and_to_the_standard(single: LbdNode) -> None:
    """Three for each address, a second or two apart, in nobody's name, 50 frames a second at most; and none for what is in
    use, none again while all is as it was."""
    client = single.lan.client
    with Sniffer(client) as sniffer:
        _start(single, "192.168.2.128-192.168.2.227")
        _service(single, "web")
        address = _wait_for_address(single, "web")
        assert address == "192.168.2.128"

        def probes() -> list[tuple[float, str]]:
            return [
                (packet.time, packet.target_ip) for packet in sniffer.packets
                if packet.opcode == 1 and packet.sender_ip == "0.0.0.0" and packet.sender_mac == single.host.mac
            ]

        eventually("all probes", lambda: len(probes()) == 300, 30)
        time.sleep(5)
        seen = probes()
    assert len(seen) == 300
    for number in range(128, 228):
        times = [when for when, target in seen if target == f"192.168.2.{number}"]
        assert len(times) == 3, (number, times)
        for before, after in itertools.pairwise(times):
            assert after - before > 0.99
    for index in range(len(seen) - 50):
        assert seen[index + 50][0] - seen[index][0] > 0.9, "more than 50 in a second"


def test_where_it_is_switched_off_nothing_is_probed(single: LbdNode) -> None:
    _squatter(single, "192.168.2.128")
    _service(single, "web")
    with Sniffer(single.lan.client) as sniffer:
        _start(single, "192.168.2.128-192.168.2.131", addresses={"probe": False})
        assert _wait_for_address(single, "web") == "192.168.2.128"
        assert not [packet for packet in sniffer.packets if packet.sender_ip == "0.0.0.0"]


# Who appears later


def _served(node: LbdNode, **settings: Any) -> str:
    """The address of a Service that the node answers for."""
    _service(node, "web")
    node.control.apply(
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"namespace": "default", "name": "web", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"addresses": ["10.244.11.2"], "nodeName": node.name, "conditions": {"ready": True}}],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    )
    _start(node, "192.168.2.128-192.168.2.131", **settings)
    address = _wait_for_address(node, "web")
    node.wait_for_line(f"answering for {address}")
    return address


def test_who_takes_a_free_address_is_heard(single: LbdNode) -> None:
    """By what it sends to all, though what is known to be free is not probed again for half an hour."""
    _start(single, "192.168.2.128-192.168.2.131")
    time.sleep(9)
    squatter = _squatter(single, "192.168.2.128")
    squatter.namespace.run("arping", "-q", "-c", "1", "-w", "2", "-I", "eth0", "-S", "192.168.2.128", "192.168.2.1", check=False)
    single.wait_for_line(f'192.168.2.128 of the pool "home" is used by another host, {squatter.mac}')
    _service(single, "web")
    assert _wait_for_address(single, "web") == "192.168.2.129"


def test_an_owner_defends_its_address(single: LbdNode) -> None:
    """A client that was misled learns better at once; the Service hears of it."""
    address = _served(single)
    client = single.lan.client
    client.namespace.ip("neighbour", "replace", address, "lladdr", single.host.mac, "nud", "reachable", "dev", "eth0")
    squatter = _squatter(single, address)
    # As a host does that has just taken an address.
    squatter.namespace.run("arping", "-q", "-c", "1", "-w", "2", "-U", "-I", "eth0", "-S", address, address, check=False)

    def believed() -> str:
        return str(client.namespace.ip("neighbour", "show", address))

    single.wait_for_line(f'{address} of "default/web" is also used by another host, {squatter.mac}')
    eventually("the client knows better", lambda: single.host.mac in believed(), 5)
    events = [event for event in single.control.events("default", "web") if event["reason"] == "AddressConflict"]
    assert len(events) == 1 and squatter.mac in events[0]["message"]
    assert any(squatter.mac in problem for problem in single.status()["problems"])
    assert _address(single, "web") == address


def test_an_address_is_withdrawn_where_defending_it_is_in_vain(single: LbdNode) -> None:
    """Where the settings want that: nobody answers for it, and the Service keeps it and hears why."""
    address = _served(single, addresses={"conflicts": "withdraw"})
    squatter = _squatter(single, address)
    for _ in range(2):
        squatter.namespace.run("arping", "-q", "-c", "1", "-w", "2", "-U", "-I", "eth0", "-S", address, address, check=False)
    single.wait_for_line(
        f'{address} of "default/web" is answered for by no node until another host, {squatter.mac}, has given it up'
    )
    single.wait_for_line(f"no longer answering for {address}")
    with Sniffer(single.lan.client) as sniffer:
        single.lan.client.namespace.run("arping", "-q", "-c", "2", "-w", "3", "-I", "eth0", address, check=False)
        answers = {packet.sender_mac for packet in sniffer.packets if packet.sender_ip == address and packet.opcode == 2}
    assert answers == {squatter.mac}
    assert _address(single, "web") == address
    (service,) = single.status()["services"]
    assert "another host uses it too" in service["problem"]
