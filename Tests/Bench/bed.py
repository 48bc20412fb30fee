"""The bed of the benchmark: a control plane, nodes, three as a rule, and a client; the daemons come and go as a measurement needs."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from lab.kube import KubeControlPlane
from lab.lan import NODES, Lan, make_control_namespace
from lab.node import LbdNode

from . import objects
from .client import Client
from .progress import say
from .services import Services

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases"
_SERVER_FLAGS = [
    # Every Service takes a node port; the default range has 2,768.
    "--service-node-port-range=2000-64000",
    # Hundreds of writes at once overrun the watch cache on two cores; it then ends the watches that lag behind, and
    # kube-apiserver 1.20 leaves out to tell so for those of Services (kubernetes issue 102464): they hang for good.
    # Without the cache they come from etcd and none is ended. Floor and lbd are measured with the same server.
    "--watch-cache-sizes=services#0",
]


class Bed:
    """From `with` to the end of it. No daemon runs at first."""

    def __init__(self, nodes: tuple[str, ...] = NODES) -> None:
        """A bed with nodes of these names."""
        self._node_names = nodes
        self._open = contextlib.ExitStack()
        self._canaries = itertools.count(1)
        self.nodes: list[LbdNode] = []

    def __enter__(self) -> Bed:
        try:
            self._make()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _make(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="lbd-bench-"))
        self._open.callback(shutil.rmtree, folder, ignore_errors=True)
        namespace = make_control_namespace()
        self._open.callback(namespace.delete)
        say("starting etcd and kube-apiserver (which are built first if they were not, a few minutes)")
        self.control = KubeControlPlane(namespace, folder / "control")
        self._open.callback(self.control.close)
        self.control.server.argv += _SERVER_FLAGS
        self.control.start()
        self.lan = self._open.enter_context(Lan(self._node_names, control=namespace))
        for host in [*self.lan.nodes.values(), self.lan.client]:
            host.namespace.ip("address", "add", f"{self.pool_network_address(host.number)}/16", "dev", "eth0")
        for name in self.lan.nodes:
            node = LbdNode(self.lan, name, self.control, folder)
            self._open.callback(node.close)
            node.announce()
            self.nodes.append(node)
        self.folder = folder
        self.client = self._open.enter_context(Client(self.control, folder))
        self._make_objects()
        self.services = Services(self.client, list(self.lan.nodes))

    def _make_objects(self) -> None:
        self.client.call(
            "POST", "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": objects.NAMESPACE}},
        )
        collection, name = objects.CONFIG.rsplit("/", 1)
        self.client.call(
            "POST", collection,
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"config": objects.POOLS}},
        )

    @staticmethod
    def pool_network_address(number: int) -> str:
        """The address of a host of the LAN in the pool's subnet."""
        return f"10.80.0.{number}"

    # The daemons

    def start_daemons(self) -> None:
        """Starts every daemon, and waits until they allocate and know of each other."""
        self.launch()
        self.wait_settled()

    def launch(self) -> float:
        """Starts every daemon, and gives the instant before the first."""
        start = time.monotonic()
        for node in self.nodes:
            node.start()
        return start

    def wait_settled(self, timeout: float = 90) -> None:
        """Waits until each daemon holds a Lease and a Service gets an address."""
        wanted = {f"lbd-node-{node.name}" for node in self.nodes}
        deadline = time.monotonic() + timeout
        while not wanted <= {lease["metadata"]["name"] for lease in self.client.call("GET", _LEASES)["items"]}:
            assert time.monotonic() < deadline, f"not every daemon has a Lease\n{self.tail()}"
            self.client.sleep(time.monotonic() + 0.2)
        canary = f"canary-{next(self._canaries)}"
        self.services.create([canary], is_floor=False)
        self.services.wait_served([canary], timeout)
        self.services.delete([canary])

    def stop_daemons(self) -> None:
        """A planned stop of every daemon, at once; their Leases go with them."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda node: node.process.end(), self.nodes))

    def check_running(self) -> None:
        """An error if a daemon has ended by itself: its figures would be worth nothing."""
        for node in self.nodes:
            assert node.is_running, f"{node.name}'s daemon has ended with status {node.process.status()}\n{node.tail()}"

    def tail(self) -> str:
        """The end of every daemon's log, for a person."""
        return "\n".join(node.tail(15) for node in self.nodes)
