"""Three Pis on a shelf, which the project's own cloud-init example has made nodes, and a place for a fourth."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab.cluster import CONFIG, LEASES, Fleet, eventually
from lab.control import ControlPlane
from lab.lan import NODES
from lab.pools import POOL

from .machine import base_root
from .pi import Pi
from .probe import ECHO_PORT, Echo, Probe, is_echoed
from .repository import Repository
from .user_data import EXAMPLE, edited

SPARE = "cloudberry"
"""The fourth node's name."""


@dataclass(frozen=True)
class Served:
    """Services that clients use: a page at port 80, and an echo by TCP and UDP at ECHO_PORT, all at one address."""

    shelf: Shelf
    namespace: str
    address: str
    owner: Pi

    @contextlib.contextmanager
    def probed(self, stays: bool = True) -> Iterator[Probe]:
        """Asks for everything every 5 ms meanwhile, and for a second before and after."""
        with Probe(self.shelf.lan.client, self.address, ECHO_PORT, stays) as probe:
            probe.run_on()
            yield probe
            probe.run_on()

    def assert_answered_by_another(self) -> None:
        """For the next second every request is answered, and none by the owner."""
        sniffer = self.shelf.sniffer
        began = time.monotonic()
        time.sleep(1)
        macs = sniffer.macs_between(self.address, began, time.monotonic())
        assert macs and self.owner.host.mac not in macs, f"{self.owner.name} answers\n{sniffer.story(self.address)}"


class Shelf(Fleet[Pi]):
    """A fleet of machines that install lbd from a repository at their first boot."""

    def __init__(self, control: ControlPlane, repository: Repository, folder: Path) -> None:
        super().__init__(control, folder)
        self.repository = repository
        self.base = base_root()
        self._spares = 0

    def make_node(self, name: str) -> Pi:
        """A machine that is off, with a fresh card."""
        return Pi(self.lan, name, self.control, self.base, self.folder)

    def user_data(self) -> str:
        """The example with its three values."""
        return edited(
            EXAMPLE.read_text(),
            {
                "/etc/apt/sources.list.d/lbd.sources": self.repository.sources,
                "/etc/lbd/pools.yaml": POOL,
                "/etc/lbd/kubeconfig": self.control.kubeconfig_for("lbd").read_text(),
            },
        )

    def start(self) -> Shelf:
        """Switches the three on for the first time, and waits until cloud-init is done with them."""
        self.bring_up((*NODES, SPARE))
        del self.nodes[SPARE]
        user_data = self.user_data()
        for node in self.nodes.values():
            node.insert_card(user_data)
        self._each(lambda node: node.machine.boot())
        self._each(lambda node: node.wait_provisioned())
        self.wait_settled()
        return self

    def reset(self) -> None:
        """Takes away what a test made. A test leaves the machines as it found them, or it fails."""
        self.delete_services()
        for name in self.namespaces:
            self.control.delete(f"/api/v1/namespaces/{name}")
        self.namespaces.clear()
        for node in self.nodes.values():
            assert node.is_running, f"lbd on {node.name} is left {node.show('ActiveState')}"
        self.wait_settled()
        self.sniffer.forget()
        self.watch.forget()

    @contextlib.contextmanager
    def spare(self) -> Iterator[Pi]:
        """A fourth machine with a fresh card, up, with the repository known to apt and nothing of lbd installed; a node
        of the cluster like the others."""
        self._spares += 1
        pi = Pi(self.lan, SPARE, self.control, self.base, self.folder / f"spare-{self._spares}")
        self.nodes[SPARE] = pi
        try:
            pi.insert_card(f"#cloud-config\nhostname: {SPARE}\n")
            pi.machine.write("/etc/apt/sources.list.d/lbd.sources", self.repository.sources)
            pi.machine.boot()
            pi.wait_provisioned()
            yield pi
        finally:
            del self.nodes[SPARE]
            pi.close()
            for interface in ("eth0", "mgmt0"):
                self.lan.set_link(SPARE, True, interface)
            self.control.delete(f"{LEASES}/lbd-node-{SPARE}")

    def delete_config_map(self) -> None:
        """Without the ConfigMap each node's pools.yaml is its own again; waits until all have the pool of the tests."""
        self.control.delete(CONFIG)
        for node in self.nodes.values():
            eventually(f"{node.name} has its pool again", lambda node=node: node.has_pool(POOL), 15)

    @contextlib.contextmanager
    def served(self) -> Iterator[Served]:
        """Services with a pod on each of the three, answered and reached."""
        namespace = self.namespace()
        self.pods(namespace, "web", NODES)
        with contextlib.ExitStack() as echoes:
            for name in NODES:
                for pod in self.lan.nodes[name].pods.values():
                    echoes.enter_context(Echo(pod))
            shared = {"metallb.universe.tf/allow-shared-ip": "one"}
            ports = [
                {"name": "page", "protocol": "TCP", "port": 80, "targetPort": 8080},
                {"name": "echo", "protocol": "TCP", "port": ECHO_PORT, "targetPort": ECHO_PORT},
            ]
            self.service(namespace, "web", annotations=shared, ports=ports)
            address = self.address(namespace, "web")
            ports = [{"protocol": "UDP", "port": ECHO_PORT, "targetPort": ECHO_PORT}]
            self.service(namespace, "echo", "web", annotations=shared, ports=ports, loadBalancerIP=address)
            assert self.address(namespace, "echo") == address
            owner = self.owner(address, 15)
            eventually("the page", lambda: self.curl(address))
            eventually("the echo", lambda: is_echoed(self.lan.client, address))
            yield Served(self, namespace, address, owner)

    def _each(self, act: Callable[[Pi], None]) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(act, self.nodes.values()))
