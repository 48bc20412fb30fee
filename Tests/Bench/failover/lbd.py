"""lbd on three nodes or more with a real API server, under what stands for systemd."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from types import TracebackType

from lab.lan import NODES, Host
from lab.manager import ServiceManager
from lab.node import LbdNode
from lab.varlink import VarlinkError, call

from ..bed import Bed
from .contender import Contender
from .prober import prepare

SERVICES = 10
_TIMEOUT_SECONDS = 15


class Lbd(Contender):
    """On a bed of its own, with ten Services; one address is probed."""

    can_upgrade = True

    def __init__(self, names: tuple[str, ...] = NODES) -> None:
        """On nodes of these names."""
        self.name = "lbd" if names == NODES else f"lbd on {len(names)} nodes"
        self._names = names
        self._open = contextlib.ExitStack()
        self._marks: dict[str, int] = {}
        self._managers: dict[str, ServiceManager] = {}
        self._nodes: dict[str, LbdNode] = {}

    def __enter__(self) -> Lbd:
        try:
            self.bed = self._open.enter_context(Bed(self._names))
            self.lan = self.bed.lan
            newcomer = self.lan.add_client("newcomer", 51)
            newcomer.namespace.ip("address", "add", f"{self.bed.pool_network_address(51)}/16", "dev", "eth0")
            for node in self.bed.nodes:
                self._nodes[node.name] = node
                self._managers[node.name] = self._open.enter_context(ServiceManager(node.process, node.folder))
                # Before the manager and the bed go.
                self._open.callback(node.close)
            self.bed.start_daemons()
            names = self.bed.services.ensure(SERVICES)
            address = self.bed.services.addresses[names[0]]
            assert address is not None, f"{names[0]} has no address"
            self.address = address
            for host in self.lan.nodes.values():
                prepare(host, address)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def stop_server(self) -> None:
        """The API server goes, and stays away."""
        self.bed.control.stop()

    def set_server(self, serves: bool) -> None:
        """SIGSTOP to the API server, or SIGCONT."""
        if serves:
            self.bed.control.thaw()
        else:
            self.bed.control.freeze()

    def start(self, host: Host) -> None:
        """Starts the daemon, with what is stored for it."""
        self._managers[host.name].prepare()
        self._nodes[host.name].start()

    def stop(self, host: Host) -> None:
        """SIGTERM; what is stored goes with it, as with a unit that is stopped."""
        self._nodes[host.name].stop(_TIMEOUT_SECONDS)
        self._managers[host.name].forget()

    def kill(self, host: Host) -> None:
        """SIGKILL; what is stored stays, as for a unit that systemd will start again."""
        self._nodes[host.name].kill()

    def freeze(self, host: Host) -> None:
        """SIGSTOP."""
        self._nodes[host.name].freeze()

    def thaw(self, host: Host) -> None:
        """SIGCONT."""
        self._nodes[host.name].thaw()

    def upgrade(self, host: Host) -> None:
        """SIGUSR1, and a new daemon as soon as the old one has ended."""
        process = self._nodes[host.name].process
        # Python's own way to wait with a time limit looks every now and then only.
        ended = os.pidfd_open(process.pid)
        try:
            process.signal(signal.SIGUSR1)
            assert select.select([ended], [], [], _TIMEOUT_SECONDS)[0], process.tail()
        finally:
            os.close(ended)
        process.wait()
        self.start(host)

    def is_settled(self, owner: Host) -> bool:
        """Whether every daemon has all nodes among its members, alive both by Lease and by gossip, and the same owner."""
        return all(self._sees_all(node, owner) for node in self._nodes.values())

    def _sees_all(self, node: LbdNode, owner: Host) -> bool:
        try:
            status = call(node.folder / "run/io.lbd", "io.lbd.GetStatus")
        except (OSError, VarlinkError, AssertionError):
            return False
        others = set(self._nodes) - {node.name}
        gossip = {member["name"] for member in status["gossip"] if member["status"] == "alive"}
        members = {member["name"] for member in status["members"] if member["alive"]}
        owners = {
            address["owner"]
            for service in status["services"]
            for address in service["addresses"]
            if address["address"] == self.address and "owner" in address
        }
        return others <= gossip and set(self._nodes) <= members and owners == {owner.name}

    def mark(self) -> None:
        """Forgets what was logged."""
        self._marks = {name: node.process.mark() for name, node in self._nodes.items()}

    def told(self) -> str:
        """What was logged since, for a person."""
        return "\n".join(
            f"  {name}: {line}"
            for name, node in self._nodes.items()
            for line in node.process.lines(self._marks.get(name, 0))
        )
