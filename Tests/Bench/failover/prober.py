"""A client and a newcomer that ask for one address all the time.

The client sends a UDP datagram each 5 ms, by its kernel's own neighbour entry. Every node has the address as a local
one that its kernel answers no ARP for, and a socket that sends the datagram back with the node's number: so the answer
tells where the client's entry and the switch led it, with no more work than that. Behind it there is no kube-proxy: what
is measured is the way to the node.

The newcomer broadcasts an ARP request each 5 ms and keeps nothing: it sees who would be found by somebody who asks now.

All sockets are served by one thread, so that the times on both ends are of one clock and one scheduler.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from types import TracebackType

from lab.lan import Host
from lab.sniffer import decode, open_socket, request

from .recording import Probe, Recording, Request

INTERVAL_SECONDS = 0.005
_PORT = 7
_SEQUENCE = struct.Struct("!Q")
_ANSWER = struct.Struct("!QB")
_STEADY_COUNT = 8
"""So many requests and datagrams in a row, 40 ms of them, tell who the owner is."""
_MOST_AT_ONCE = 256


def prepare(host: Host, address: str) -> None:
    """Makes an address a node's own, as the data path of a Service does, save that nobody is told so by ARP: only an
    address that is on an interface is answered for (arp_ignore 1, which kube-proxy's strictARP sets too)."""
    host.namespace.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    host.namespace.ip("route", "replace", "local", address, "dev", "lo")


class Prober:
    """From `with` to the end of it. The nodes must be prepared."""

    def __init__(self, client: Host, newcomer: Host, nodes: list[Host], address: str, newcomer_address: str) -> None:
        """Probes `address`; the newcomer asks in the name of `newcomer_address`."""
        self._open = contextlib.ExitStack()
        self._target = (address, _PORT)
        self._hosts = {host.mac: host for host in nodes}
        self._echoes: dict[int, tuple[socket.socket, int]] = {}
        for host in nodes:
            opened = self._datagrams(host, address)
            self._echoes[opened.fileno()] = (opened, host.number)
        self._client = self._datagrams(client)
        self._newcomer = self._open.enter_context(contextlib.closing(open_socket(newcomer)))
        self._newcomer.setblocking(False)
        self._frame = request(newcomer, address, newcomer_address)
        self._address = address
        self._in_flight: dict[int, Probe] = {}
        self._sequence = 0
        self.recording = Recording()
        """What is being recorded."""
        self._request = Request(0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prober", daemon=True)

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(5)
        self._open.close()

    def begin(self) -> Recording:
        """Drops what was recorded, and gives what is recorded from now on."""
        self.recording = Recording()
        return self.recording

    def owner(self) -> Host | None:
        """The node that alone answers the newcomer, and that the client's datagrams go to; nil where that is not one
        and the same, or has not been for long enough to tell."""
        requests, probes = self._latest()
        macs = {mac for one in requests for mac in one.macs}
        if len(requests) < _STEADY_COUNT or len(macs) != 1 or any(one.is_lost for one in requests):
            return None
        found = self._hosts.get(macs.pop())
        reached = {probe.node for probe in probes}
        return found if found is not None and reached == {found.number} else None

    def is_served_without(self, gone: Host) -> bool:
        """Whether the client and the newcomer are answered all the time, and the latter by another node than this."""
        requests, probes = self._latest()
        if len(requests) < _STEADY_COUNT or any(probe.is_lost for probe in probes):
            return False
        return all(one.macs - {gone.mac} for one in requests)

    def _latest(self) -> tuple[list[Request], list[Probe]]:
        """The last few of each, save for those that are on their way."""
        recording = self.recording
        return recording.requests[-_STEADY_COUNT - 2 : -2], recording.probes[-_STEADY_COUNT - 2 : -2]

    def _datagrams(self, host: Host, address: str | None = None) -> socket.socket:
        with host.namespace.entered():
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._open.callback(opened.close)
        opened.setblocking(False)
        if address is not None:
            opened.bind((address, _PORT))
        return opened

    # The thread

    def _run(self) -> None:
        poll = select.epoll()
        self._open.callback(poll.close)
        for descriptor in (*self._echoes, self._client.fileno(), self._newcomer.fileno()):
            poll.register(descriptor, select.EPOLLIN)
        due = time.monotonic()
        while not self._ended.is_set():
            now = time.monotonic()
            if now >= due:
                # What came in while this thread waited for a core belongs to what was asked before.
                self._receive(select.EPOLLIN, self._newcomer.fileno())
                self._send(time.monotonic())
                due = max(due + INTERVAL_SECONDS, now)
            for descriptor, events in poll.poll(max(0.0, due - time.monotonic())):
                self._receive(events, descriptor)

    def _send(self, now: float) -> None:
        self._sequence += 1
        probe, asked = Probe(now), Request(now)
        self._in_flight[self._sequence] = probe
        # Those of three seconds ago are lost.
        self._in_flight.pop(self._sequence - 600, None)
        self._request = asked
        recording = self.recording
        recording.probes.append(probe)
        recording.requests.append(asked)
        with contextlib.suppress(OSError):
            self._newcomer.send(self._frame)
        with contextlib.suppress(OSError):
            self._client.sendto(_SEQUENCE.pack(self._sequence), self._target)

    def _receive(self, events: int, descriptor: int) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                if descriptor in self._echoes:
                    self._echo(*self._echoes[descriptor])
                elif descriptor == self._client.fileno():
                    self._hear(self._client.recv(64))
                else:
                    self._take(self._newcomer.recv(2048))
            except OSError:
                return

    @staticmethod
    def _echo(opened: socket.socket, number: int) -> None:
        data, sender = opened.recvfrom(64)
        opened.sendto(data + bytes([number]), sender)

    def _hear(self, data: bytes) -> None:
        sequence, number = _ANSWER.unpack(data)
        probe = self._in_flight.pop(sequence, None)
        if probe is not None:
            probe.answered, probe.node = time.monotonic(), number

    def _take(self, frame: bytes) -> None:
        now = time.monotonic()
        packet = decode(frame, now)
        # An announcement of a new owner is no answer.
        if packet is None or packet.opcode != 2 or packet.sender_ip != self._address or packet.target_ip == self._address:
            return
        self._request.answers.append((now, packet.sender_mac))
