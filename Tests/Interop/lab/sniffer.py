"""Watches ARP from a host of the LAN: who answers for which address, and when."""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType

from .lan import Host

_ETH_P_ARP = 0x0806
_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("qq")
_PROBE_INTERVAL_SECONDS = 0.1


@dataclass(frozen=True)
class Packet:
    """An ARP packet as it arrived (RFC 826)."""

    time: float
    """On the monotonic clock, in seconds."""
    ethernet_source: str
    opcode: int
    sender_mac: str
    sender_ip: str
    target_mac: str
    target_ip: str

    @property
    def is_answer(self) -> bool:
        """Whether it tells the network who has `sender_ip`: a reply, or an announcement of either kind."""
        return self.opcode == 2 or self.sender_ip == self.target_ip


def decode(frame: bytes, now: float) -> Packet | None:
    """The ARP packet in an Ethernet frame; nil where it is none for IPv4 over Ethernet."""
    if len(frame) < 42 or frame[12:20] != b"\x08\x06\x00\x01\x08\x00\x06\x04":
        return None
    (opcode,) = struct.unpack_from("!H", frame, 20)
    return Packet(
        now, frame[6:12].hex(":"), opcode, frame[22:28].hex(":"), socket.inet_ntoa(frame[28:32]),
        frame[32:38].hex(":"), socket.inet_ntoa(frame[38:42]),
    )


def request(host: Host, address: str, sender: str | None = None) -> bytes:
    """A frame by which a host asks everybody who has `address`, in the name of its own address or of `sender`."""
    mac = bytes.fromhex(host.mac.replace(":", ""))
    return (
        b"\xff" * 6 + mac + b"\x08\x06" + b"\x00\x01\x08\x00\x06\x04\x00\x01"
        + mac + socket.inet_aton(sender or host.address) + bytes(6) + socket.inet_aton(address)
    )


def open_socket(host: Host) -> socket.socket:
    """A packet socket for the ARP of a host's `eth0`: what comes in, and not what goes out."""
    with host.namespace.entered():
        # Protocol 0 until it is bound, so that it holds nothing of the time before.
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    opened.bind(("eth0", _ETH_P_ARP))
    return opened


def _arrival(controls: list[tuple[int, int, bytes]]) -> float:
    """When the kernel took a frame in, on the monotonic clock: on a busy machine this thread comes to it late."""
    now, clock = time.monotonic(), time.time()
    for level, kind, content in controls:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(content)
            return now - max(0.0, clock - seconds - nanoseconds / 1e9)
    return now


def _tenures(answers: list[Packet]) -> list[tuple[str, float, float]]:
    """Who answered from when to when without a pause."""
    tenures: dict[str, list[tuple[float, float]]] = {}
    for packet in answers:
        mine = tenures.setdefault(packet.sender_mac, [])
        if mine and packet.time - mine[-1][1] < 5 * _PROBE_INTERVAL_SECONDS:
            mine[-1] = (mine[-1][0], packet.time)
        else:
            mine.append((packet.time, packet.time))
    return [(mac, start, end) for mac, times in tenures.items() for start, end in times]


class Sniffer:
    """Records every ARP packet that reaches a host, from `with` to the end of it, and asks for the addresses given to
    `probe` ten times a second."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._packets: list[Packet] = []
        self._probed: set[str] = set()
        self._moves: list[tuple[float, float, str | None]] = []
        self._returns: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._socket = open_socket(host)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._thread = threading.Thread(target=self._run, name="sniffer", daemon=True)

    def __enter__(self) -> Sniffer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    def probe(self, *addresses: str) -> None:
        """Asks for these addresses too, from now on."""
        self._probed = self._probed | set(addresses)

    def forget(self) -> None:
        """Asks for nothing any more and drops what was recorded."""
        self._probed = set()
        self._packets = []
        self._moves = []

    @property
    def packets(self) -> list[Packet]:
        """All that came, oldest first."""
        return list(self._packets)

    @property
    def addresses(self) -> list[str]:
        """The addresses that are asked for, ascending."""
        return sorted(self._probed, key=lambda text: int(ipaddress.ip_address(text)))

    def answers_for(self, address: str, since: float = 0) -> list[Packet]:
        """The answers for an address from the instant `since` on, oldest first."""
        return [packet for packet in self._packets if packet.is_answer and packet.sender_ip == address and packet.time >= since]

    def macs_between(self, address: str, since: float, until: float) -> set[str]:
        """Who answered for an address in this time."""
        return {packet.sender_mac for packet in self.answers_for(address, since) if packet.time <= until}

    def wait_for_answer(
        self, address: str, timeout: float = 10, since: float | None = None, other_than: str | None = None
    ) -> Packet:
        """The first answer for an address after `since`, or after now, from another MAC than `other_than`; waits for
        it, asking."""
        self.probe(address)
        start = time.monotonic() if since is None else since
        deadline = time.monotonic() + timeout
        while True:
            for packet in self.answers_for(address, start):
                if packet.sender_mac != other_than:
                    return packet
            assert time.monotonic() < deadline, f"within {timeout} s nobody answered for {address}" + (
                f" but {other_than}" if other_than else ""
            )
            time.sleep(0.02)

    def is_silent(self, address: str, seconds: float) -> bool:
        """Whether nobody answers for an address for this long from now on, though it is asked for."""
        self.probe(address)
        start = time.monotonic()
        time.sleep(seconds)
        return not self.answers_for(address, start)

    def longest_silence(self, address: str, since: float, until: float) -> float:
        """The longest time in seconds without a reply for an address that was asked for all the while."""
        times = [since, *(packet.time for packet in self.answers_for(address, since) if packet.time < until), until]
        return max(later - earlier for earlier, later in zip(times, times[1:]))

    @contextlib.contextmanager
    def move(self, address: str | None = None, settle: float = 2, returns: bool = False) -> Iterator[None]:
        """Inside, and for `settle` seconds after, an address may come to another owner, once; all if none is named. Where
        it `returns`, as when all daemons end and start again, it may pass to another for an instant and back."""
        start = time.monotonic()
        try:
            yield
        finally:
            end = time.monotonic() + settle
            self._moves.append((start, end, address))
            if returns:
                self._returns.append((start, end))

    def assert_single_answerer(self, address: str, instant_seconds: float = 1) -> None:
        """Every answer for the address came from one MAC at a time: it changes only where `move` allows it, and both
        the old and the new one are heard for no longer than `instant_seconds`; nor is one that it passes to and back."""
        answers = self.answers_for(address)
        for packet in answers:
            assert packet.ethernet_source == packet.sender_mac, f"a frame's source and its sender differ: {packet}"
        windows = [(start, end) for start, end, only in self._moves if only in (None, address)]
        for earlier, later in zip(answers, answers[1:]):
            assert earlier.sender_mac == later.sender_mac or any(s <= later.time <= e for s, e in windows), (
                f"{address} changed its owner unasked: {later}\n{self.story(address)}"
            )
        for mac, start, end in _tenures(answers):
            others = [packet for packet in answers if packet.sender_mac != mac and start < packet.time < end]
            for other, first, last in _tenures(others):
                is_instant = last <= start + instant_seconds or first >= end - instant_seconds
                is_passing = last - first <= instant_seconds and any(s <= first and last <= e for s, e in self._returns)
                assert is_instant or is_passing, (
                    f"two answered for {address}: {mac} from {start:.2f} to {end:.2f}, and {other} from {first:.2f} to "
                    f"{last:.2f}\n{self.story(address)}"
                )

    def story(self, address: str) -> str:
        """Who answered for an address and when, for a person: one line for each run of answers from one MAC."""
        runs: list[list[Packet]] = []
        for packet in self.answers_for(address):
            if runs and runs[-1][-1].sender_mac == packet.sender_mac:
                runs[-1].append(packet)
            else:
                runs.append([packet])
        return "\n".join(
            f"  {run[0].time:.2f} to {run[-1].time:.2f}: {run[0].sender_mac}, {len(run)} answers" for run in runs[-40:]
        )

    def _run(self) -> None:
        next_probe = time.monotonic()
        while not self._ended.is_set():
            wait = max(0.0, next_probe - time.monotonic())
            if select.select([self._socket], [], [], wait)[0]:
                self._receive()
            if time.monotonic() >= next_probe:
                next_probe = max(next_probe + _PROBE_INTERVAL_SECONDS, time.monotonic())
                for address in self._probed:
                    with contextlib.suppress(OSError):
                        self._socket.send(request(self._host, address))

    def _receive(self) -> None:
        for _ in range(256):
            try:
                frame, controls, _, _ = self._socket.recvmsg(2048, socket.CMSG_SPACE(_TIMESPEC.size))
            except OSError:
                return
            packet = decode(frame, _arrival(controls))
            if packet is not None:
                self._packets.append(packet)
