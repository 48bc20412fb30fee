"""A restart (SIGUSR1) keeps what the daemon before answered for, whatever the API server does meanwhile."""

from __future__ import annotations

import contextlib
import select
import signal
import time
from collections.abc import Callable

from lab.cluster import Cluster, eventually
from lab.lan import Host
from lab.manager import ServiceManager
from lab.node import LbdNode
from lab.sniffer import decode, open_socket, request


class Prober:
    """Asks for an address every 5 ms, in the name of an address of its own, and counts the answers to that."""

    INTERVAL_SECONDS = 0.005
    SENDER = "192.168.2.99"

    def __init__(self, host: Host, address: str) -> None:
        self.sent = self.answered = 0
        self.macs: set[str] = set()
        self._frame = request(host, address, self.SENDER)
        self._socket = open_socket(host)
        self._socket.setblocking(False)

    def close(self) -> None:
        """Asks no more."""
        self._socket.close()

    def run(self, seconds: float) -> None:
        """Asks for so long."""
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= end)

    def run_until(self, holds: Callable[[], bool], timeout: float = 15) -> None:
        """Asks until something holds."""
        deadline = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < deadline, "it takes too long"
            self._socket.send(self._frame)
            self.sent += 1
            self._listen(self.INTERVAL_SECONDS)

    def finish(self, timeout: float = 5) -> None:
        """Waits for the answers that are still missing."""
        deadline = time.monotonic() + timeout
        while self.answered < self.sent and time.monotonic() < deadline:
            self._listen(self.INTERVAL_SECONDS)

    def _listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                return
            packet = decode(self._socket.recv(2048), time.monotonic())
            if packet is not None and packet.opcode == 2 and packet.target_ip == self.SENDER:
                self.answered += 1
                self.macs.add(packet.sender_mac)


def _served(cluster: Cluster) -> tuple[str, str, LbdNode]:
    """A Service with endpoints everywhere: its namespace, its address and the node that answers for it."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "web")
    address = cluster.address(namespace, "web")
    owner = cluster.owner(address)
    eventually("both Events", lambda: len(cluster.events(namespace)) == 2)
    return namespace, address, owner


def _answers_alone(cluster: Cluster, address: str, owner: LbdNode) -> bool:
    """Whether nobody but the owner answers for a while."""
    cluster.sniffer.probe(address)
    since = time.monotonic()
    time.sleep(1)
    return cluster.sniffer.macs_between(address, since, time.monotonic()) == {owner.host.mac}


def test_a_restart_without_the_api_server_keeps_the_address(cluster: Cluster) -> None:
    """The new daemon answers though it cannot ask anybody, and has nothing new to tell once it can."""
    namespace, address, owner = _served(cluster)
    events = cluster.events(namespace)
    cluster.control.stop()
    try:
        mark = owner.process.mark()
        assert owner.restart() == 0
        owner.wait_for_line("as before the restart", since=mark)
        packet = cluster.sniffer.wait_for_answer(address)
        assert packet.sender_mac == owner.host.mac
        # Again: what was taken over is passed on.
        assert owner.restart() == 0
        assert cluster.sniffer.wait_for_answer(address).sender_mac == owner.host.mac
    finally:
        cluster.control.start()
    cluster.wait_settled()
    assert cluster.owner(address) is owner
    assert cluster.events(namespace) == events


def test_what_changed_during_a_restart_is_put_right(cluster: Cluster) -> None:
    """A Service that was deleted while no daemon looked is not answered for any longer than it takes to hear of it."""
    namespace, address, owner = _served(cluster)
    cluster.control.stop()
    try:
        assert owner.restart() == 0
        assert cluster.sniffer.wait_for_answer(address).sender_mac == owner.host.mac
    finally:
        cluster.control.start()
    cluster.delete_services(f"{namespace}/web")
    eventually(f"silence about {address}", lambda: cluster.sniffer.is_silent(address, 1), 60)


def test_a_planned_stop_leaves_nothing_behind(cluster: Cluster) -> None:
    """After SIGTERM a daemon that starts alone asks the API server first."""
    _, address, owner = _served(cluster)
    with cluster.sniffer.move(address):
        assert owner.stop() == 0
        mark = owner.process.mark()
        owner.start()
        cluster.wait_settled()
        assert cluster.owner(address) is not owner
    assert not [line for line in owner.process.lines(mark) if "as before the restart" in line]


def test_every_request_over_a_restart_is_answered(cluster: Cluster) -> None:
    """The service manager keeps the packet socket open: what is asked between two processes waits in it."""
    _, address, owner = _served(cluster)
    with cluster.sniffer.move(address), ServiceManager(owner.process, owner.folder) as manager:
        owner.stop()
        owner.start()
        cluster.wait_settled()
        others = [node for node in cluster.nodes.values() if node is not owner]
        for other in others:
            other.stop()
        cluster.wait_settled()
        for other in others:
            other.start()
        cluster.wait_settled()
        eventually("the owner of before answers alone", lambda: _answers_alone(cluster, address, owner), 15)
        with contextlib.closing(Prober(cluster.lan.client, address)) as prober:
            prober.run(0.5)
            owner.process.signal(signal.SIGUSR1)
            prober.run_until(lambda: not owner.is_running)
            assert sorted(name.rpartition("-")[0] for name in manager.stored) == ["arp", "watch-arp"]
            manager.prepare()
            before = prober.sent
            prober.run(0.3)
            assert prober.sent > before, "nothing was asked while nobody was there"
            owner.start()
            prober.run(1.5)
            prober.finish()
        assert prober.answered == prober.sent
        assert prober.macs == {owner.host.mac}
        assert manager.stored == {}
