"""What it costs that the nodes know of each other: packets and bytes on the LAN, and time of a core, while nothing happens.

The API server is on a network of its own, so what a node sends on the LAN are its beats and its gossip, and what its kernel
says there by itself. The latter is the floor: the same while no daemon runs.
"""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import asdict, dataclass

from .bed import Bed
from .progress import say
from .table import Row
from .usage import SETTLE_SECONDS, WINDOW_SECONDS, cpu_seconds

NODES = ("gooseberry", "blackberry", "raspberry", "cloudberry", "elderberry", "mulberry", "strawberry")
SIZES = (3, 7)
SERVICES = 10
_FLOOR_SECONDS = 20


@dataclass(frozen=True)
class Traffic:
    """What a node sent on the LAN, on average of all nodes."""

    packets: float
    """A second."""
    bytes: float
    """A second, Ethernet headers included."""


@dataclass(frozen=True)
class Cost:
    """Of a cluster."""

    nodes: int
    lbd: Traffic
    floor: Traffic
    core_percent: list[float]
    """Share of a core of each daemon."""

    def record(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def costs() -> list[Cost]:
    """Of clusters of three and of seven."""
    return [_cost(size) for size in SIZES]


def rows(found: list[Cost]) -> list[Row]:
    """Their rows in the table."""
    made = []
    for cost in found:
        what = f"with {cost.nodes} nodes"
        made += [
            Row(f"packets a second from each node, {what}", "", cost.lbd.packets, cost.floor.packets),
            Row(f"bytes a second from each node, {what}", "B", cost.lbd.bytes, cost.floor.bytes),
            Row(f"idle, share of a core, {what}, mean", "%", statistics.mean(cost.core_percent), aim="0.2 %"),
        ]
    return made


def _cost(size: int) -> Cost:
    say(f"cost with {size} nodes")
    with Bed(NODES[:size]) as bed:
        floor = _traffic(bed, _FLOOR_SECONDS)
        bed.start_daemons()
        bed.services.ensure(SERVICES)
        time.sleep(SETTLE_SECONDS)
        say(f"  {WINDOW_SECONDS} s in which nothing happens")
        pids = [node.process.pid for node in bed.nodes]
        before = [cpu_seconds(pid) for pid in pids]
        begin = time.monotonic()
        lbd = _traffic(bed, WINDOW_SECONDS)
        elapsed = time.monotonic() - begin
        bed.check_running()
        shares = [100 * (cpu_seconds(pid) - used) / elapsed for pid, used in zip(pids, before)]
    return Cost(size, lbd, floor, shares)


def _traffic(bed: Bed, seconds: float) -> Traffic:
    """Over a time in which this process does nothing."""
    begin = time.monotonic()
    before = _sent(bed)
    time.sleep(seconds)
    after = _sent(bed)
    elapsed = time.monotonic() - begin
    packets, size = ((later - earlier) / elapsed / len(bed.nodes) for earlier, later in zip(before, after))
    return Traffic(packets, size)


def _sent(bed: Bed) -> tuple[int, int]:
    """The packets and the bytes that all nodes together have sent on the LAN."""
    packets = size = 0
    for node in bed.nodes:
        (link,) = json.loads(node.host.namespace.ip("-json", "-statistics", "link", "show", "eth0"))
        packets += link["stats64"]["tx"]["packets"]
        size += link["stats64"]["tx"]["bytes"]
    return packets, size
