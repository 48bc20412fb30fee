"""A client that asks every 5 ms and counts what is lost: ARP, datagrams, a connection that stays, and new ones."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

from lab.lan import Host, Pod
from lab.sniffer import decode, open_socket, request

INTERVAL_SECONDS = 0.005
ECHO_PORT = 9000
"""Where pods echo."""

_CONNECT_INTERVAL_SECONDS = 0.05
_SETTLE_SECONDS = 5
_BENCHMARK_NETWORK = 198 << 24 | 18 << 16
"""198.18.0.0/15, in which no host is (RFC 2544)."""


@dataclass
class Count:
    """What was sent, by number and instant, and the numbers of what came back of it."""

    what: str
    sent: dict[int, float] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)

    @property
    def lost(self) -> list[float]:
        """When something was sent that was never answered, on the monotonic clock."""
        return [instant for number, instant in list(self.sent.items()) if number not in self.answered]

    def __str__(self) -> str:
        """What is lost of it, for a person."""
        lost = self.lost
        return f"{len(lost)} of {len(self.sent)} {self.what} (from {min(lost):.3f} to {max(lost):.3f})"


class Echo:
    """Sends back what it gets at `ECHO_PORT` of a pod, by UDP and by TCP, from `with` to the end of it."""

    def __init__(self, pod: Pod) -> None:
        self._ended = threading.Event()
        self._selector = selectors.DefaultSelector()
        with pod.namespace.entered():
            self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._datagrams.bind(("0.0.0.0", ECHO_PORT))
            self._listener = socket.create_server(("0.0.0.0", ECHO_PORT))
        for opened in (self._datagrams, self._listener):
            opened.setblocking(False)
            self._selector.register(opened, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"echo {pod.name}", daemon=True)

    def __enter__(self) -> Echo:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(5)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            for key, _ in self._selector.select(0.2):
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    self._serve(key.fileobj)  # type: ignore[arg-type]

    def _serve(self, ready: socket.socket) -> None:
        if ready is self._datagrams:
            data, sender = ready.recvfrom(2048)
            ready.sendto(data, sender)
        elif ready is self._listener:
            connection, _ = ready.accept()
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ)
        else:
            data = ready.recv(2048)
            if data:
                ready.sendall(data)
            else:
                self._selector.unregister(ready)
                ready.close()


def is_echoed(host: Host, address: str) -> bool:
    """Whether a datagram of a new flow comes back within a second. Of a flow that began before kube-proxy knew the
    Service, the kernel would go on to treat every packet as it treated the first."""
    with host.namespace.entered(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.settimeout(1)
        opened.connect((address, ECHO_PORT))
        try:
            opened.send(b"word")
            return opened.recv(16) == b"word"
        except OSError:
            return False


class Probe:
    """Asks from a host for a Service's address, from `with` to the end of it: who has it, a datagram to `port` that is
    echoed, the same on a TCP connection that `stays`, and, twenty times a second, a new connection to `port`. At the
    end it waits for what is under way."""

    def __init__(self, host: Host, address: str, port: int, stays: bool = True) -> None:
        self._host = host
        self._target = (address, port)
        self._ended = threading.Event()
        self.arp = Count("ARP requests")
        self.datagrams = Count("datagrams")
        self.stream = Count("messages on the connection that stays")
        self.connections = Count("new connections")
        self._frames = open_socket(host)
        self._frames.setblocking(False)
        with host.namespace.entered():
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.connect(self._target)
            self._tcp = socket.create_connection(self._target, 10) if stays else None
        self._udp.setblocking(False)
        if self._tcp is not None:
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._tcp.setblocking(False)
        self._received = b""
        self._threads = [
            threading.Thread(target=run, name=f"probe {address}", daemon=True) for run in (self._ask, self._connect)
        ]

    @property
    def counts(self) -> list[Count]:
        """All counts."""
        return [self.arp, self.datagrams, self.stream, self.connections]

    def run_on(self, count: int = 200) -> None:
        """Waits until it has asked so many times more."""
        end = len(self.arp.sent) + count
        while len(self.arp.sent) < end:
            assert self._threads[0].is_alive(), "the probe has ended"
            time.sleep(INTERVAL_SECONDS)

    def assert_nothing_lost(self) -> None:
        """Each was answered in the end."""
        lost = [str(count) for count in self.counts if count.lost]
        assert not lost, f"lost: {', '.join(lost)}"

    def __enter__(self) -> Probe:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(_SETTLE_SECONDS + 15)
        for opened in (self._frames, self._udp, self._tcp):
            if opened is not None:
                opened.close()

    # The thread that asks every 5 ms

    def _ask(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._frames, selectors.EVENT_READ, self._receive_frame)
            selector.register(self._udp, selectors.EVENT_READ, self._receive_datagram)
            if self._tcp is not None:
                selector.register(self._tcp, selectors.EVENT_READ, self._receive_stream)
            number = 0
            due = time.monotonic()
            while not self._ended.is_set():
                self._receive(selector, max(0.0, due - time.monotonic()))
                if time.monotonic() >= due:
                    due = max(due + INTERVAL_SECONDS, time.monotonic())
                    number += 1
                    self._send(number)
            deadline = time.monotonic() + _SETTLE_SECONDS
            while time.monotonic() < deadline and any(
                count.lost for count in (self.arp, self.datagrams, self.stream)
            ):
                self._receive(selector, 0.05)

    def _send(self, number: int) -> None:
        # The number stands in the sender's address, and so in the answer.
        sender = socket.inet_ntoa(struct.pack("!I", _BENCHMARK_NETWORK + number % 0x20000))
        self._frames.send(request(self._host, self._target[0], sender))
        self.arp.sent[number] = time.monotonic()
        word = struct.pack("!I", number)
        with contextlib.suppress(ConnectionError):
            # An error that an earlier datagram met is told here; that one is then missing among the answers.
            self._udp.send(word)
        self.datagrams.sent[number] = time.monotonic()
        if self._tcp is not None:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                self._tcp.send(word)
            self.stream.sent[number] = time.monotonic()

    def _receive(self, selector: selectors.DefaultSelector, timeout: float) -> None:
        for key, _ in selector.select(timeout):
            with contextlib.suppress(BlockingIOError, ConnectionError):
                for _ in range(256):
                    if not key.data():
                        selector.unregister(key.fileobj)
                        break

    def _receive_frame(self) -> bool:
        packet = decode(self._frames.recv(2048), time.monotonic())
        if packet is not None and packet.opcode == 2 and packet.sender_ip == self._target[0]:
            (asker,) = struct.unpack("!I", socket.inet_aton(packet.target_ip))
            self.arp.answered.add(asker - _BENCHMARK_NETWORK)
        return True

    def _receive_datagram(self) -> bool:
        self.datagrams.answered.add(struct.unpack("!I", self._udp.recv(2048))[0])
        return True

    def _receive_stream(self) -> bool:
        assert self._tcp is not None
        data = self._tcp.recv(65536)
        self._received += data
        whole = len(self._received) // 4 * 4
        self.stream.answered.update(number for (number,) in struct.iter_unpack("!I", self._received[:whole]))
        self._received = self._received[whole:]
        return bool(data)

    # The thread that connects

    def _connect(self) -> None:
        number = 0
        while not self._ended.wait(_CONNECT_INTERVAL_SECONDS):
            number += 1
            self.connections.sent[number] = time.monotonic()
            with contextlib.suppress(OSError), self._host.namespace.entered():
                with socket.create_connection(self._target, 10) as connection:
                    connection.sendall(b"word")
                    if connection.recv(4):
                        self.connections.answered.add(number)
