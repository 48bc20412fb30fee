"""A home network of network namespaces.

Two networks, each a bridge: the home LAN 192.168.2.0/24 (`eth0` in every host), whose bridge's namespace plays the
router 192.168.2.1, and a management network 10.77.0.0/24 (`mgmt0` in every node) on which the control plane stands at
10.77.0.1. So a node's place on the LAN can be cut with its way to the API server left as it is, and the other way round.

A pod is a namespace behind its node's bridge `cni0`, in 10.244.NODE.0/24; the nodes route to each other's pods over the
management network.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from types import TracebackType

from .namespace import Namespace, sweep

NODES = ("gooseberry", "blackberry", "raspberry")
"""The names of the nodes unless told otherwise."""

CONTROL_ADDRESS = "10.77.0.1"
"""The control plane's address on the management network."""


@dataclass(eq=False)
class Pod:
    """A host behind a node's `cni0`."""

    name: str
    node: str
    address: str
    namespace: Namespace


@dataclass(eq=False)
class Host:
    """A host of the LAN: a node or a client."""

    name: str
    number: int
    """The last byte of its addresses."""
    namespace: Namespace
    pods: dict[str, Pod] = field(default_factory=dict)
    pods_made: int = 0

    @property
    def address(self) -> str:
        """Its address on the LAN."""
        return f"192.168.2.{self.number}"

    @property
    def mac(self) -> str:
        """The hardware address of its `eth0`, which spells its address on the LAN."""
        return f"02:00:c0:a8:02:{self.number:02x}"

    @property
    def management_address(self) -> str:
        """Its address on the management network."""
        return f"10.77.0.{self.number}"

    @property
    def pod_network(self) -> str:
        """The prefix of its pods' addresses, without the last byte."""
        return f"10.244.{self.number}"


def make_control_namespace() -> Namespace:
    """A namespace for a control plane, with the management network's bridge `mgmt0` in it at 10.77.0.1/24. A Lan makes
    one unless it is given one that outlives it."""
    sweep()
    control = Namespace("control")
    _add_bridge(control, "mgmt0", f"{CONTROL_ADDRESS}/24")
    return control


class Lan:
    """The network, from `with` to the end of it. One at a time on a control namespace."""

    def __init__(self, nodes: tuple[str, ...] = NODES, control: Namespace | None = None) -> None:
        self._node_names = nodes
        self._owns_control = control is None
        self._control = control
        self._made: list[Namespace] = []
        self.nodes: dict[str, Host] = {}
        self.clients: dict[str, Host] = {}

    @property
    def control(self) -> Namespace:
        """Where the control plane runs."""
        assert self._control is not None, "the network is not up"
        return self._control

    @property
    def client(self) -> Host:
        """A laptop on the LAN: 192.168.2.50."""
        return self.clients["client"]

    def __enter__(self) -> Lan:
        try:
            sweep()
            if self._control is None:
                self._control = make_control_namespace()
            self.switch = self._namespace("switch")
            # The router is not to answer by a port that has left the bridge.
            self.switch.sysctl("net.ipv4.conf.all.arp_ignore", 1)
            _add_bridge(self.switch, "lan", "192.168.2.1/24")
            for number, name in enumerate(self._node_names, start=11):
                self._add_node(name, number)
            self.add_client("client", 50)
            self._wait_for_links()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Removes every namespace of this network with all that runs in them; the control namespace if it made it."""
        while self._made:
            self._made.pop().delete()
        if self._owns_control and self._control is not None:
            self._control.delete()
            self._control = None

    def add_client(self, name: str, number: int) -> Host:
        """One more host on the LAN, at 192.168.2.NUMBER."""
        host = Host(name, number, self._namespace(name))
        self._join_lan(host)
        self.clients[name] = host
        return host

    def add_pod(self, node: str, name: str) -> Pod:
        """A pod on a node, with an address of its own."""
        host = self.nodes[node]
        host.pods_made += 1
        label = f"pod{host.pods_made}"
        pod = Pod(name, node, f"{host.pod_network}.{host.pods_made + 1}", self._namespace(f"{node}-{label}"))
        pod.namespace.ip(
            "link", "add", "eth0", "type", "veth", "peer", "name", f"veth{label}", "netns", host.namespace.name
        )
        pod.namespace.ip("address", "add", f"{pod.address}/24", "dev", "eth0")
        pod.namespace.ip("link", "set", "eth0", "up")
        pod.namespace.ip("route", "add", "default", "via", f"{host.pod_network}.1")
        host.namespace.ip("link", "set", f"veth{label}", "master", "cni0", "up")
        host.pods[name] = pod
        return pod

    def remove_pod(self, pod: Pod) -> None:
        """Ends a pod."""
        del self.nodes[pod.node].pods[pod.name]
        self._made.remove(pod.namespace)
        pod.namespace.delete()

    def set_link(self, node: str, up: bool, interface: str = "eth0") -> None:
        """`ip link set` up or down on the node itself; its static routes come back too."""
        namespace = self.nodes[node].namespace
        namespace.ip("link", "set", interface, "up" if up else "down")
        if up:
            self._add_routes(self.nodes[node])

    def set_cable(self, node: str, plugged: bool) -> None:
        """Pulls the node's LAN cable at the switch, or puts it back: its `eth0` stays up and loses its carrier."""
        self.switch.ip("link", "set", f"port{self.nodes[node].number}", "up" if plugged else "down")

    def wait_for_carrier(self, node: str, timeout: float = 10) -> None:
        """Waits until the node's kernel calls its LAN link up again after `set_cable`."""
        self._wait_for_link(self.nodes[node], "eth0", time.monotonic() + timeout)

    def isolate(self, node: str) -> None:
        """Takes the node's cables out of both networks beyond its sight, the LAN's first: its links keep their carriers,
        and it hears nobody and nobody hears it, as if the power were cut for one of the two sides."""
        for namespace in (self.switch, self.control):
            namespace.ip("link", "set", f"port{self.nodes[node].number}", "nomaster")

    def rejoin(self, node: str) -> None:
        """Ends an `isolate`."""
        for namespace, bridge in ((self.control, "mgmt0"), (self.switch, "lan")):
            namespace.ip("link", "set", f"port{self.nodes[node].number}", "master", bridge)

    def leave_switch(self, node: str) -> None:
        """Takes the node's cable out of the LAN alone, as `isolate` does."""
        self.switch.ip("link", "set", f"port{self.nodes[node].number}", "nomaster")

    def join_switch(self, node: str) -> None:
        """Ends a `leave_switch`."""
        self.switch.ip("link", "set", f"port{self.nodes[node].number}", "master", "lan")

    def set_voice(self, node: str, is_heard: bool) -> None:
        """Has the switch drop the ARP and NDP that a node sends in the name of the pools' addresses, or carry it again: as a filter
        does, or an access point that knows a station by one address alone."""
        rules = "add table bridge voice\ndelete table bridge voice\n"
        if not is_heard:
            mac = self.nodes[node].mac
            rules += (
                "table bridge voice {\nchain prerouting {\ntype filter hook prerouting priority 0\n"
                f"ether saddr {mac} arp saddr ip 192.168.2.128/25 drop\n"
                f"ether saddr {mac} ip6 saddr fd00:2::1000-fd00:2::10ff icmpv6 type nd-neighbor-advert drop\n}}\n}}\n"
            )
        self.switch.run("nft", "-f", "-", stdin=rules)

    def set_loss(self, percent: int) -> None:
        """Has the LAN's switch lose this share of all frames between hosts, each copy of a broadcast by itself."""
        rules = "add table bridge loss\ndelete table bridge loss\n"
        if percent:
            rules += (
                "table bridge loss {\nchain forward {\ntype filter hook forward priority 0\n"
                f"numgen random mod 100 < {percent} counter drop\n}}\n}}\n"
            )
        self.switch.run("nft", "-f", "-", stdin=rules)

    @property
    def lost_count(self) -> int:
        """How many frames were lost since the last `set_loss`."""
        found = re.search(r"counter packets (\d+)", self.switch.run("nft", "list", "table", "bridge", "loss").stdout)
        return int(found[1]) if found else 0

    def set_management(self, node: str, plugged: bool) -> None:
        """Cuts the node off the control plane, or joins it again; its LAN is not touched."""
        self.control.ip("link", "set", f"port{self.nodes[node].number}", "up" if plugged else "down")

    def _namespace(self, label: str) -> Namespace:
        namespace = Namespace(label)
        self._made.append(namespace)
        return namespace

    def _join(self, host: Host, interface: str, bridge_namespace: Namespace, bridge: str, address: str) -> None:
        port = f"port{host.number}"
        host.namespace.ip(
            "link", "add", interface, "type", "veth", "peer", "name", port, "netns", bridge_namespace.name
        )
        bridge_namespace.ip("link", "set", port, "master", bridge, "up")
        host.namespace.ip("address", "add", f"{address}/24", "dev", interface)

    def _join_lan(self, host: Host) -> None:
        self._join(host, "eth0", self.switch, "lan", host.address)
        host.namespace.ip("link", "set", "eth0", "address", host.mac)
        host.namespace.ip("link", "set", "eth0", "up")
        host.namespace.ip("route", "add", "default", "via", "192.168.2.1")

    def _wait_for_links(self, timeout: float = 10) -> None:
        """Waits until the kernel calls every host's links up: it takes up to a second for that after their carrier."""
        deadline = time.monotonic() + timeout
        for host in (*self.nodes.values(), *self.clients.values()):
            for interface in ("eth0", "mgmt0") if host.name in self.nodes else ("eth0",):
                self._wait_for_link(host, interface, deadline)

    @staticmethod
    def _wait_for_link(host: Host, interface: str, deadline: float) -> None:
        while "state UP" not in host.namespace.ip("link", "show", interface):
            assert time.monotonic() < deadline, f"{interface} of {host.name} is not up in time"
            time.sleep(0.02)

    def _add_node(self, name: str, number: int) -> None:
        host = Host(name, number, self._namespace(name))
        namespace = host.namespace
        for key, value in {
            "net.ipv4.ip_forward": 1,
            # Answers from a pod come in by another link than the one that leads to the client.
            "net.ipv4.conf.all.rp_filter": 0,
            "net.ipv4.conf.default.rp_filter": 0,
        }.items():
            namespace.sysctl(key, value)
        _add_bridge(namespace, "cni0", f"{host.pod_network}.1/24")
        self._join(host, "mgmt0", self.control, "mgmt0", host.management_address)
        namespace.ip("link", "set", "mgmt0", "up")
        self._join_lan(host)
        self.nodes[name] = host
        for other in self.nodes.values():
            self._add_routes(other)

    def _add_routes(self, host: Host) -> None:
        """The routes of a node that the kernel does not make by itself; those that are there stay."""
        links = host.namespace.ip("link", "show", "up")
        if " eth0" in links:
            host.namespace.ip("route", "replace", "default", "via", "192.168.2.1")
        if " mgmt0" in links:
            for other in self.nodes.values():
                if other is not host:
                    host.namespace.ip(
                        "route", "replace", f"{other.pod_network}.0/24", "via", other.management_address
                    )


def _add_bridge(namespace: Namespace, name: str, address: str) -> None:
    """A bridge that forwards at once and to all ports, up, with an address."""
    namespace.ip("link", "add", name, "type", "bridge", "forward_delay", "0", "stp_state", "0", "mcast_snooping", "0")
    namespace.ip("address", "add", address, "dev", name)
    namespace.ip("link", "set", name, "up")
