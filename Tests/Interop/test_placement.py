"""`placement`: the owner of an address bears it too. No kube-proxy, no rules, nothing but the hosts' kernels."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from lab.cluster import CONFIG, eventually
from lab.kube import MANIFEST
from lab.lan import Host, Lan
from lab.namespace import Namespace
from lab.neighbours import address6, stations
from lab.node import UNPROBED, LbdNode, node_object
from lab.standin.control import StandInControlPlane

SERVICES = "/api/v1/namespaces/default/services"
FOUR, SIX = "192.168.2.130", "fd00:2::1000"
POOLS = """\
address-pools:
- name: home
  protocol: layer2
  addresses:
  - 192.168.2.128/25
  - fd00:2::1000-fd00:2::10ff
"""
LIFETIME_SECONDS = 6
MARK = 0x6C6264
"""The group of the interface that lbd makes."""


@dataclass(eq=False)
class Hosts:
    """Two hosts with lbd, and a client."""

    lan: Lan
    control: StandInControlPlane
    nodes: dict[str, LbdNode]

    @property
    def client(self) -> Host:
        """It has addresses of both families."""
        return self.lan.client

    def start(self, mode: str, **settings: object) -> None:
        """Starts the daemons with this placement."""
        for node in self.nodes.values():
            node.settings.update({"placement": mode, **UNPROBED, **settings})
            node.write_settings()
            if mode == "dummy":
                make_device(node.host.namespace)
            node.start()
        for node in self.nodes.values():
            for name in self.nodes:
                node.wait_for_line(f'node "{name}" is alive', 30)
            # From then on each claim is told to it at once, so that none is lost to a fault that follows.
            node.wait_for_line(f'gossip: member "{self.other(node).name}" is alive', 30)

    def serve(self, address: str, timeout: float = 30) -> LbdNode:
        """A Service with this address; gives the node that bears it, as soon as there is one."""
        family = "IPv6" if ":" in address else "IPv4"
        metadata = {"namespace": "default", "name": "web-" + re.sub(r"\W", "-", address)}
        spec = {
            "type": "LoadBalancer", "loadBalancerIP": address, "ports": [{"port": 80}], "ipFamilies": [family],
            "ipFamilyPolicy": "SingleStack", "clusterIP": {"IPv4": "10.96.7.7", "IPv6": "fd00:96::7"}[family],
        }
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        self.control.api("POST", SERVICES, service)
        self.control.apply(
            {
                "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": family,
                "metadata": {**metadata, "labels": {"kubernetes.io/service-name": metadata["name"]}},
                "endpoints": [
                    {
                        "addresses": [{"IPv4": f"10.244.0.{number}", "IPv6": f"fd00:244::{number}"}[family]],
                        "nodeName": name, "conditions": {"ready": True},
                    }
                    for number, name in enumerate(self.nodes, start=2)
                ],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }
        )
        return self.holder(address, timeout)

    def holders(self, address: str) -> list[LbdNode]:
        """The nodes whose kernels have the address."""
        return [node for node in self.nodes.values() if bearer(node.host.namespace, address)]

    def holder(self, address: str, timeout: float = 10) -> LbdNode:
        """The only one, once there is one."""

        def look() -> LbdNode:
            found = self.holders(address)
            assert len(found) == 1, f"{[node.name for node in found]} bear {address}"
            return found[0]

        only: LbdNode = eventually(f"one node bears {address}", look, timeout)
        return only

    def other(self, node: LbdNode) -> LbdNode:
        """The other one."""
        (other,) = [one for one in self.nodes.values() if one is not node]
        return other

    def assert_peaceful(self) -> None:
        """No daemon takes what the other has placed, or it itself, for anybody else's."""
        for node in self.nodes.values():
            log = (node.folder / "lbd.log").read_text()
            assert not re.search("own address|used by another host|AddressConflict", log), log


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    """Hosts whose daemons are not started yet."""
    with contextlib.ExitStack() as stack:
        lan = stack.enter_context(Lan(("gooseberry", "blackberry")))
        plane = stack.enter_context(contextlib.closing(StandInControlPlane(lan.control, tmp_path / "control")))
        plane.start()
        plane.apply(*yaml.safe_load_all(MANIFEST.read_text()), *(node_object(host) for host in lan.nodes.values()))
        metadata = {"namespace": "metallb-system", "name": "config"}
        plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": POOLS}})
        assert plane.api("GET", CONFIG)
        for host in (*lan.nodes.values(), lan.client):
            stack.enter_context(address6(host))
        nodes = {name: LbdNode(lan, name, plane, tmp_path) for name in lan.nodes}
        for node in nodes.values():
            stack.callback(node.close)
        yield Hosts(lan, plane, nodes)


def has_dummy() -> bool:
    """Whether this machine's kernel has interfaces of the kind dummy."""
    namespace = Namespace("dummy")
    try:
        return namespace.run("ip", "link", "add", "trial", "type", "dummy", check=False).returncode == 0
    finally:
        namespace.delete()


def make_device(namespace: Namespace) -> None:
    """Where the kernel has no dummies, another interface that sends nothing stands for the one of a daemon before this one."""
    if not has_dummy() and "lbd0" not in namespace.ip("link", "show"):
        namespace.ip("link", "add", "lbd0", "group", str(MARK), "type", "ifb")
        namespace.ip("link", "set", "lbd0", "up")


def bearer(namespace: Namespace, address: str) -> str:
    """The interface that has the address; empty for none."""
    shown = namespace.ip("-o", "address", "show", "to", address)
    return shown.split()[1] if shown else ""


def facts(namespace: Namespace, address: str) -> dict[str, object]:
    """What the kernel says of the address."""
    shown = json.loads(namespace.ip("-json", "address", "show", "to", address))
    (found,) = [one for entry in shown for one in entry.get("addr_info", []) if one.get("local") == address]
    return dict(found)


def ping(client: Host, address: str) -> bool:
    """Whether the address answers an echo request."""
    return client.namespace.run("ping", "-n", "-c", "1", "-W", "1", address, check=False).returncode == 0


def answering(client: Host, address: str) -> set[str]:
    """The stations that answer two questions for the address in a second."""
    if ":" in address:
        return set(stations(client, address))
    argv = ["arping", "-c", "2", "-w", "2", "-I", "eth0", "-S", client.address, address]
    return set(re.findall(r"from ([0-9a-f:]{17})", client.namespace.run(*argv, check=False).stdout))


@contextlib.contextmanager
def pinged(client: Host, *addresses: str) -> Iterator[None]:
    """Sends an echo request to each address every 10 ms, from a second before what happens here to three after it, and wants an
    answer to each."""
    argv = ["ping", "-n", "-i", "0.01", "-W", "2"]
    pings = []
    try:
        for address in addresses:
            eventually(f"an answer of {address}", lambda address=address: ping(client, address), 5)
            pings.append(
                subprocess.Popen(client.namespace.command(*argv, address), stdout=subprocess.PIPE, text=True)
            )
        time.sleep(1)
        yield
        time.sleep(3)
        for each in pings:
            each.send_signal(signal.SIGINT)
            said, _ = each.communicate(timeout=10)
            numbers = [int(number) for number in re.findall(r" bytes from .* icmp_seq=(\d+) ", said)]
            odd = [line for line in said.splitlines() if " bytes from " not in line]
            assert len(numbers) > 100 and sorted(set(numbers)) == list(range(1, max(numbers) + 1)), odd
    finally:
        for each in pings:
            each.kill()
            each.communicate()


def source(namespace: Namespace, destination: str) -> str:
    """The address that a socket sends from that nobody has bound."""
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    with namespace.entered(), socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.connect((destination, 9))
        return str(opened.getsockname()[0])


MODES = pytest.mark.parametrize("mode", ["interface", "dummy"])


@MODES
def test_an_address_is_the_owners_own(hosts: Hosts, mode: str) -> None:
    """It answers ping, whoever listens on all addresses is reached by it, and nothing is ever sent from it unasked."""
    hosts.start(mode)
    for address in (FOUR, SIX):
        owner = hosts.serve(address)
        namespace = owner.host.namespace
        found = facts(namespace, address)
        assert found["prefixlen"] == (128 if ":" in address else 32)
        assert found["preferred_life_time"] == 0 and 0 < int(str(found["valid_life_time"])) <= LIFETIME_SECONDS
        assert not found.get("tentative"), "nobody waits for the kernel's own detection of duplicates"
        assert bearer(namespace, address) == {"interface": "eth0", "dummy": "lbd0"}[mode]
        eventually(f"an answer of {address}", lambda address=address: ping(hosts.client, address), 5)
        assert answering(hosts.client, address) == {owner.host.mac}
        _connects(hosts.client, owner.host, address)
        # A route without an address of its own, on a node whose kube-proxy lets 127.0.0.1 leave, takes the first there is.
        namespace.sysctl("net.ipv4.conf.all.route_localnet", 1)
        namespace.ip("route", "replace", "10.55.0.0/16", "dev", "eth0")
        for destination in ("192.168.2.50", "192.168.2.1", "10.55.1.1", "9.9.9.9"):
            assert source(namespace, destination) == owner.host.address
        assert source(namespace, "fd00:2::50") == f"fd00:2::{owner.host.number}"
        bears = owner.status()["placement"]
        assert bears["mode"] == mode and address in bears["addresses"]
    # Programs that look for the node's own address take the first.
    shown = json.loads(owner.host.namespace.ip("-json", "-4", "address", "show", "dev", "eth0"))
    assert shown[0]["addr_info"][0]["local"] == owner.host.address
    time.sleep(LIFETIME_SECONDS + 2)
    for address in (FOUR, SIX):
        hosts.holder(address)
        assert ping(hosts.client, address)
    hosts.assert_peaceful()


def _connects(client: Host, server: Host, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.namespace.entered(), socket.create_server(
        ("::" if ":" in address else "0.0.0.0", 8080), family=family
    ) as listening:
        listening.settimeout(5)
        with client.namespace.entered():
            calling = socket.create_connection((address, 8080), timeout=5)
        with calling:
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockname()[0] == address
                accepted.sendall(b"hello")
            assert calling.recv(16) == b"hello"


@MODES
def test_a_planned_stop_leaves_nothing(hosts: Hosts, mode: str) -> None:
    """SIGTERM: when the daemon has ended, the other host has the address, and this one neither that nor an interface. No echo
    request goes unanswered."""
    hosts.start(mode)
    owners = {address: hosts.serve(address) for address in (FOUR, SIX)}
    owner = owners[FOUR]
    with pinged(hosts.client, FOUR, SIX):
        assert owner.stop() == 0
        _has_left_nothing(owner)
    for address in (FOUR, SIX):
        assert hosts.holder(address, 5) is hosts.other(owner)
    hosts.assert_peaceful()


def _has_left_nothing(owner: LbdNode) -> None:
    assert not bearer(owner.host.namespace, FOUR) and not bearer(owner.host.namespace, SIX)
    assert "lbd0" not in owner.host.namespace.ip("link", "show")


@MODES
def test_what_a_killed_daemon_left_goes_by_itself(hosts: Hosts, mode: str) -> None:
    """SIGKILL: the heir has it at once, the dead one's kernel for a few seconds more, which is no conflict to anybody."""
    hosts.start(mode, addresses={"probe": True})
    owners = {address: hosts.serve(address, 60) for address in (FOUR, SIX)}
    owner = owners[FOUR]
    heir = hosts.other(owner)
    killed = time.monotonic()
    owner.kill()
    eventually("the heir bears it", lambda: bearer(heir.host.namespace, FOUR), 5)
    eventually("the dead one does not", lambda: hosts.holders(FOUR) == [heir], LIFETIME_SECONDS + 4)
    assert time.monotonic() - killed <= LIFETIME_SECONDS + 4
    for address in (FOUR, SIX):
        assert hosts.holder(address) is heir
        assert answering(hosts.client, address) == {heir.host.mac}
        assert ping(hosts.client, address)
    hosts.assert_peaceful()


def test_with_arp_ignore_a_dead_hosts_kernel_is_silent(hosts: Hosts) -> None:
    """Which is what lbd.yaml(5) advises for `dummy`."""
    hosts.start("dummy")
    owner = hosts.serve(FOUR)
    heir = hosts.other(owner)
    owner.host.namespace.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    owner.kill()
    eventually("the heir bears it", lambda: bearer(heir.host.namespace, FOUR), 5)
    assert answering(hosts.client, FOUR) == {heir.host.mac}
    assert bearer(owner.host.namespace, FOUR), "this came too late to show anything"


@MODES
def test_a_restart_has_no_gap(hosts: Hosts, mode: str) -> None:
    """SIGUSR1 and a new daemon, under an echo request each 10 ms to either family's address."""
    hosts.start(mode)
    for address in (FOUR, SIX):
        hosts.serve(address)
    with pinged(hosts.client, FOUR, SIX):
        for node in hosts.nodes.values():
            assert node.restart() == 0
    for address in (FOUR, SIX):
        hosts.holder(address)
    hosts.assert_peaceful()


@MODES
def test_leftovers_are_cleared_at_the_start(hosts: Hosts, mode: str) -> None:
    """What both daemons left when they were killed is neither a node's own address nor another host's to those that
    follow; the address can be given away and is."""
    hosts.start(mode)
    owner = hosts.serve(FOUR)
    other = hosts.other(owner)
    for node in (owner, other):
        node.kill()
    assert bearer(owner.host.namespace, FOUR)
    hosts.control.delete(f"{SERVICES}/web-192-168-2-130")
    mark = owner.process.mark()
    owner.start()
    eventually("it is cleared", lambda: not bearer(owner.host.namespace, FOUR), 1)
    owner.wait_for_line("started on node", since=mark)
    other.start()
    assert bearer(hosts.serve(FOUR, 60).host.namespace, FOUR)
    eventually("an answer", lambda: ping(hosts.client, FOUR), 5)
    hosts.assert_peaceful()
    # And without a placement the next one clears it all the same.
    for node in hosts.nodes.values():
        node.kill()
        node.settings["placement"] = "none"
        node.write_settings()
        node.start()
    for node in hosts.nodes.values():
        eventually("its status", lambda node=node: node.status().get("placement") is None, 5)
        assert "lbd0" not in node.host.namespace.ip("link", "show")
    # By itself it would have gone later.
    assert not hosts.holders(FOUR)


@MODES
def test_who_is_cut_off_bears_nothing(hosts: Hosts, mode: str) -> None:
    """lbd falls silent, and so does the kernel."""
    hosts.start(mode)
    owner = hosts.serve(FOUR)
    heir = hosts.other(owner)
    hosts.lan.isolate(owner.name)
    owner.wait_for_line("cut off:", 20)
    eventually("it bears nothing", lambda: not bearer(owner.host.namespace, FOUR), 1)
    assert hosts.holder(FOUR) is heir
    hosts.lan.rejoin(owner.name)
    owner.wait_for_line("no longer cut off", 20)
    assert hosts.holder(FOUR) is heir
    hosts.assert_peaceful()


def test_a_hung_daemon_bears_its_address_no_longer_than_it_is_good_for(hosts: Hosts) -> None:
    """SIGSTOP; when it goes on it takes nothing back."""
    hosts.start("interface")
    owner = hosts.serve(FOUR)
    owner.freeze()
    heir = hosts.other(owner)
    eventually("the hung one does not", lambda: hosts.holders(FOUR) == [heir], LIFETIME_SECONDS + 4)
    owner.thaw()
    time.sleep(3)
    assert hosts.holder(FOUR) is heir
    owner.process.signal(signal.SIGCONT)


def test_the_interface_of_its_own(hosts: Hosts) -> None:
    """lbd makes it and removes it; a kernel that has no such interfaces is no reason not to answer."""
    node = hosts.nodes["gooseberry"]
    namespace = node.host.namespace
    node.settings.update({"placement": "dummy", **UNPROBED})
    node.write_settings()
    node.start()
    if has_dummy():
        eventually("lbd0", lambda: "lbd0" in namespace.ip("link", "show"), 5)
        shown = namespace.ip("-details", "link", "show", "lbd0")
        assert "dummy" in shown and f"group {MARK}" in shown and "UP" in shown
        assert node.restart() == 0
        assert "lbd0" in namespace.ip("link", "show")
    else:
        node.wait_for_line("this kernel has no interfaces of the kind dummy.*modprobe dummy.*answered for all the same")
        # One that somebody else has made is not touched.
        namespace.ip("link", "add", "lbd0", "type", "ifb")
        node.wait_for_line("there is an interface lbd0 which lbd has not made", 15)
        namespace.ip("link", "delete", "lbd0")
    mark = node.process.mark()
    hosts.nodes["blackberry"].start()
    with contextlib.suppress(AssertionError):
        hosts.serve(FOUR, 1)
    node.wait_for_line(f"answering for {FOUR}|\"blackberry\" is alive", 30, since=mark)
    eventually("an answer", lambda: len(answering(hosts.client, FOUR)) == 1, 20)
    assert node.stop() == 0
    assert "lbd0" not in namespace.ip("link", "show")


def test_without_the_right_to_it_addresses_are_answered_all_the_same(hosts: Hosts) -> None:
    """As by the unit as it comes, which may send and hear frames and no more."""
    for node in hosts.nodes.values():
        node.process.argv = ["setpriv", "--bounding-set", "-net_admin", *node.process.argv]
    hosts.start("interface")
    with contextlib.suppress(AssertionError):
        hosts.serve(FOUR, 1)
    eventually("an answer", lambda: len(answering(hosts.client, FOUR)) == 1, 20)
    assert hosts.holders(FOUR) == []
    text = f"cannot put {FOUR} on eth0: Operation not permitted, which needs CAP_NET_ADMIN"

    def told() -> int:
        return sum((node.folder / "lbd.log").read_text().count(text) for node in hosts.nodes.values())

    count = eventually("it is told", told)
    time.sleep(5)
    assert told() == count, "once, however often it is tried"
