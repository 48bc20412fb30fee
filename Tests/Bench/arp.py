"""How quickly ARP is answered, and from when on all addresses are.

Times are those that a client sees: CLOCK_MONOTONIC before the request is sent and after the reply was received, in one
thread. In namespaces the kernel's own answer comes within the call that sends the request, with no process to wake; that
is the one floor. The other is `responder.c`, the least that a process does to answer: it is woken, takes the frame and
sends the reply. No daemon gets below that one.

Elsewhere each node has cores of its own; here all share a few. So the requests of the round trips are kept from the
other nodes, where they would wake daemons only to be dropped.
"""

from __future__ import annotations

import contextlib
import gc
import select
import socket
import struct
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from lab.lan import Host
from lab.process import Process
from lab.sniffer import decode, open_socket, request

from .bed import Bed
from .progress import say
from .table import Row, percentile

SAMPLES = 2000
_PAUSE_SECONDS = 0.002
_TIMEOUT_SECONDS = 1
_MOST_OUTSTANDING = 64
_RETRY_SECONDS = 0.05


def answer(bed: Bed, name: str) -> tuple[list[Row], dict[str, list[float]]]:
    """Asks by turns for the Service's address, for one that the kernel of the same node has on the same link, and for one
    that the least of processes answers for there."""
    address = bed.services.addresses[name]
    assert address is not None, f"{name} has no address"
    client, sender = bed.lan.client, bed.pool_network_address(bed.lan.client.number)
    with contextlib.closing(open_socket(client)) as opened:
        # A receive time-out of the socket spares a call to poll before each receive.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _TIMEOUT_SECONDS, 0))
        owner = _owner(bed, client, address)
        say(f"ARP answers: {SAMPLES} each by turns, about {5 * SAMPLES * _PAUSE_SECONDS:.0f} s")
        least = bed.pool_network_address(owner.number + 100)
        asked = {
            "lbd": request(client, address, sender),
            "kernel": request(client, bed.pool_network_address(owner.number), sender),
            "process": request(client, least, sender),
        }
        microseconds: dict[str, list[float]] = {kind: [] for kind in asked}
        with _responder(bed, owner, least), _broadcasts_for(bed, owner), _no_collections():
            for _ in range(SAMPLES):
                for kind, frame in asked.items():
                    time.sleep(_PAUSE_SECONDS)
                    microseconds[kind].append(_round_trip(opened, frame) / 1000)
    rows = [
        Row(
            f"ARP answer, {label}, over {floor}", "µs", percentile(microseconds["lbd"], share),
            percentile(microseconds[kind], share), aim,
        )
        for kind, floor, label, share, aim in (
            ("kernel", "the kernel's own", "median", 0.5, "1.5 ×"),
            ("process", "the least of a process", "median", 0.5, "–"),
            ("process", "the least of a process", "99th percentile", 0.99, "–"),
        )
    ]
    return rows, microseconds


@contextlib.contextmanager
def _responder(bed: Bed, owner: Host, address: str) -> Iterator[None]:
    """Inside, the least of processes answers for an address on a node."""
    program = bed.folder / "responder"
    source = Path(__file__).with_name("responder.c")
    subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
    process = Process("responder", owner.namespace, [str(program), "eth0", address], bed.folder / "responder.log")
    process.start()
    try:
        sweep(bed, bed.lan.client, [address], timeout=10)
        yield
        assert process.is_running, process.tail()
    finally:
        process.end()


@contextlib.contextmanager
def _broadcasts_for(bed: Bed, only: Host) -> Iterator[None]:
    """Inside, the switch forwards broadcasts to no other node."""
    others = [host for host in bed.lan.nodes.values() if host is not only]

    def flood(state: str) -> None:
        for host in others:
            bed.lan.switch.ip("link", "set", f"port{host.number}", "type", "bridge_slave", "bcast_flood", state)

    flood("off")
    try:
        yield
    finally:
        flood("on")


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Inside, Python does not stop to look for garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _round_trip(opened: socket.socket, frame: bytes) -> int:
    """Nanoseconds from the request to the reply."""
    wanted = frame[38:42]
    start = time.monotonic_ns()
    opened.send(frame)
    while True:
        try:
            got = opened.recv(2048)
        except BlockingIOError:
            raise AssertionError(f"no ARP answer for {socket.inet_ntoa(wanted)}") from None
        now = time.monotonic_ns()
        if got[20:22] == b"\x00\x02" and got[28:32] == wanted:
            return now - start
        assert now - start < _TIMEOUT_SECONDS * 1_000_000_000, f"no ARP answer for {socket.inet_ntoa(wanted)}"


def _owner(bed: Bed, client: Host, address: str) -> Host:
    """The node that answers for an address, which is then one that has settled."""
    macs = {host.mac: host for host in bed.lan.nodes.values()}
    return macs[sweep(bed, client, [address], timeout=30)[address][0]]


def sweep(bed: Bed, host: Host, addresses: list[str], timeout: float) -> dict[str, tuple[str, float]]:
    """Asks until each address was answered or announced, and gives for each the MAC and the instant of that. No more
    than 64 requests are out at a time, each for 50 ms, so that daemons that are just starting have little to read."""
    sender = bed.pool_network_address(host.number)
    waiting = deque(addresses)
    outstanding: dict[str, float] = {}
    found: dict[str, tuple[str, float]] = {}
    wanted = set(addresses)
    deadline = time.monotonic() + timeout
    with contextlib.closing(open_socket(host)) as opened:
        opened.setblocking(False)
        while len(found) < len(wanted):
            now = time.monotonic()
            assert now < deadline, f"{len(wanted) - len(found)} of {len(wanted)} addresses are not answered"
            for address in [asked for asked, since in outstanding.items() if now - since > _RETRY_SECONDS]:
                del outstanding[address]
                waiting.append(address)
            while waiting and len(outstanding) < _MOST_OUTSTANDING:
                address = waiting.popleft()
                if address not in found:
                    outstanding[address] = now
                    with contextlib.suppress(BlockingIOError):
                        opened.send(request(host, address, sender))
            if select.select([opened], [], [], _RETRY_SECONDS / 5)[0]:
                for mac, address, instant in _answers(opened):
                    outstanding.pop(address, None)
                    if address in wanted:
                        found.setdefault(address, (mac, instant))
    return found


def _answers(opened: socket.socket) -> list[tuple[str, str, float]]:
    """The MAC, the address and the instant of each answer or announcement that has come in."""
    answers = []
    for _ in range(_MOST_OUTSTANDING):
        try:
            packet = decode(opened.recv(2048), time.monotonic())
        except BlockingIOError:
            break
        if packet is not None and packet.is_answer:
            answers.append((packet.sender_mac, packet.sender_ip, packet.time))
    return answers
