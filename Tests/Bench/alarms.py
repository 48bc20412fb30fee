"""False alarms: a machine with every core busy, a network that loses packets and disks that stall, for half an hour.

Nothing fails meanwhile, so every change of an owner is a false one. lbd and keepalived with adverts each 0.1 s have nodes and
a LAN of their own each, and share the machine and its troubles. The state folders are on a file system for each node; all of
them are frozen for two seconds now and then, as worn SD cards do it, while a Service comes or goes, so that there is something
to write. Logs are elsewhere: the journal does not keep a daemon waiting.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from lab.lan import NODES, Host
from lab.process import Process
from lab.sniffer import decode, open_socket, request

from .bed import Bed
from .failover.keepalived import Keepalived
from .progress import say

SERVICES = 10
LOSS_PERCENT = 5
STALL_SECONDS = 2.0
_STALL_INTERVAL_SECONDS = 15.0
_ASK_INTERVAL_SECONDS = 0.2
_DISK_BYTES = 64 << 20
# ioctl_fifreeze(2)
_FIFREEZE, _FITHAW = 0xC0045877, 0xC0045878


@dataclass(frozen=True)
class Alarms:
    """What was seen of one of the two."""

    name: str
    changes: list[str]
    """A sentence for each change of an owner."""
    alarms: list[str]
    """What the daemons logged where they called another one gone, or took over."""
    suspicions: int
    """How often one did not answer the gossip in time, which by itself has no consequence."""
    starved: int
    """How often a daemon found that it had been held up itself."""


class Owners:
    """Sees who answers for addresses, from `with` to the end of it: asks for each five times a second."""

    def __init__(self, host: Host, addresses: list[str], sender: str, nodes: dict[str, Host]) -> None:
        """Asks from a host of the LAN, in the name of its address `sender`."""
        self._frames = [request(host, address, sender) for address in addresses]
        self._names = {node.mac: node.name for node in nodes.values()}
        self._addresses = set(addresses)
        self._begun = time.monotonic()
        self.owners: dict[str, str] = {}
        """The MAC that answered last, by address."""
        self.changes: list[str] = []
        """A sentence for each change."""
        self._ended = threading.Event()
        self._socket = open_socket(host)
        self._socket.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="owners", daemon=True)

    def __enter__(self) -> Owners:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(5)
        self._socket.close()

    def wait_for_all(self, timeout: float = 30) -> None:
        """Waits until each address was answered for, and then a while in which nothing changes; forgets what changed."""
        deadline = time.monotonic() + timeout
        while self._addresses - set(self.owners):
            assert time.monotonic() < deadline, f"nobody answers for {sorted(self._addresses - set(self.owners))}"
            time.sleep(0.1)
        while True:
            self.changes.clear()
            time.sleep(5)
            if not self.changes:
                return
            assert time.monotonic() < deadline, f"no peace before the start: {self.changes}"

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            if select.select([self._socket], [], [], max(0.0, due - time.monotonic()))[0]:
                self._receive()
            if time.monotonic() >= due:
                due = max(due + _ASK_INTERVAL_SECONDS, time.monotonic())
                for frame in self._frames:
                    with contextlib.suppress(OSError):
                        self._socket.send(frame)

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(256):
                packet = decode(self._socket.recv(2048), time.monotonic())
                if packet is not None and packet.is_answer and packet.sender_ip in self._addresses:
                    self._see(packet.sender_ip, packet.sender_mac, packet.time)

    def _see(self, address: str, mac: str, now: float) -> None:
        before = self.owners.get(address)
        self.owners[address] = mac
        if before is not None and before != mac:
            old, new = (self._names.get(one, one) for one in (before, mac))
            self.changes.append(f"after {now - self._begun:.1f} s: {address} from {old} to {new}")


@dataclass
class Disks:
    """A small ext4 file system for each node, from `with` to the end of it, that can be made to stall."""

    folder: Path
    mounts: dict[str, Path] = field(default_factory=dict)
    stalls: int = 0
    """How often they have stalled."""

    def __enter__(self) -> Disks:
        self._open = contextlib.ExitStack()
        try:
            for name in NODES:
                image, mount = self.folder / f"{name}.ext4", self.folder / f"disk-{name}"
                with image.open("wb") as file:
                    file.truncate(_DISK_BYTES)
                _run("mkfs.ext4", "-q", str(image))
                mount.mkdir()
                _run("mount", "-o", "loop", str(image), str(mount))
                self._open.callback(_run, "umount", "--lazy", str(mount))
                self.mounts[name] = mount
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Inside, and for two seconds at least, no disk takes anything: whoever writes to one waits."""
        begin = time.monotonic()
        with contextlib.ExitStack() as thaw:
            for mount in self.mounts.values():
                descriptor = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
                thaw.callback(os.close, descriptor)
                fcntl.ioctl(descriptor, _FIFREEZE, 0)
                thaw.callback(fcntl.ioctl, descriptor, _FITHAW, 0)
            self.stalls += 1
            yield
            time.sleep(max(0.0, begin + STALL_SECONDS - time.monotonic()))


def soak(minutes: float) -> tuple[list[Alarms], int]:
    """Both for so many minutes; also how often the disks stalled."""
    with Bed() as bed, Disks(bed.folder) as disks, Keepalived(0.1, disks.mounts) as keepalived:
        ours, theirs = _watchers(bed, keepalived, disks)
        with ours, theirs:
            for owners in (ours, theirs):
                owners.wait_for_all()
            marks = {process: process.mark() for process in _processes(bed, keepalived)}
            for lan in (bed.lan, keepalived.lan):
                lan.set_loss(LOSS_PERCENT)
            say(f"{minutes:g} minutes with every core busy, {LOSS_PERCENT} % loss and disks that stall")
            with _every_core_busy(bed):
                _pass(minutes, bed, disks, ours, theirs)
            bed.check_running()
            for lan in (bed.lan, keepalived.lan):
                assert lan.lost_count > 0, "the switch has lost nothing"
        lines = {process: process.lines(mark) for process, mark in marks.items()}
    our_lines = [line for node in bed.nodes for line in lines[node.process]]
    their_lines = [line for process in keepalived.processes.values() for line in lines[process]]
    found = [
        Alarms(
            "lbd", ours.changes, _matching(our_lines, "is not heard any more|is dead"),
            len(_matching(our_lines, "does not answer at")), len(_matching(our_lines, "was stopped or starved")),
        ),
        Alarms(
            keepalived.name, theirs.changes, _matching(their_lines, "Entering MASTER STATE"), 0,
            len(_matching(their_lines, "thread timer expired|delayed")),
        ),
    ]
    return found, disks.stalls


def _watchers(bed: Bed, keepalived: Keepalived, disks: Disks) -> tuple[Owners, Owners]:
    """Those of lbd, which is started with its state on the disks, and of keepalived."""
    for node in bed.nodes:
        state = disks.mounts[node.name] / "state"
        state.mkdir()
        node.settings["state"] = str(state)
        node.write_settings()
    bed.start_daemons()
    names = bed.services.ensure(SERVICES)
    addresses = [address for name in names if (address := bed.services.addresses[name]) is not None]
    client = bed.lan.client
    ours = Owners(client, addresses, bed.pool_network_address(client.number), bed.lan.nodes)
    client = keepalived.lan.client
    theirs = Owners(client, [keepalived.address], client.address, keepalived.lan.nodes)
    return ours, theirs


def _processes(bed: Bed, keepalived: Keepalived) -> list[Process]:
    return [*(node.process for node in bed.nodes), *keepalived.processes.values()]


def _pass(minutes: float, bed: Bed, disks: Disks, ours: Owners, theirs: Owners) -> None:
    """Lets the time go by, and the disks stall now and then, while there is something to write: a Service comes or goes."""
    begin = time.monotonic()
    told = 0
    for number in itertools.count():
        time.sleep(max(0.0, min(_STALL_INTERVAL_SECONDS - STALL_SECONDS, begin + 60 * minutes - time.monotonic())))
        passed = (time.monotonic() - begin) / 60
        if passed >= minutes:
            return
        with disks.stalled():
            name = f"passing-{number // 2}"
            if number % 2 == 0:
                bed.services.create([name], is_floor=False)
                bed.services.create_endpoints([name])
            else:
                bed.services.delete([name])
        if int(passed) > told:
            told = int(passed)
            changes = f"lbd's {len(ours.changes)}, keepalived's {len(theirs.changes)}"
            say(f"  {told} of {minutes:g} minutes; changes of owner: {changes}")


@contextlib.contextmanager
def _every_core_busy(bed: Bed) -> Iterator[None]:
    """Inside, a process for each core computes all the time, at the priority that the daemons have."""
    processes = [
        Process(f"busy {number}", bed.control.namespace, ["sh", "-c", "while :; do :; done"], bed.folder / "busy.log")
        for number in range(os.cpu_count() or 1)
    ]
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in processes:
            process.kill()


def _matching(lines: list[str], pattern: str) -> list[str]:
    return [line for line in lines if re.search(pattern, line)]


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)
