"""How soon a router knows of a Service by BGP, and what thousands of routes cost: lbd beside gobgpd, which knows nothing of
Kubernetes and is told each prefix by its own command line.

BIRD on the LAN's router has a session with each node and one with gobgpd; what it hears is looked up in its own table.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from lab.bird import LOCAL_ASN, ROUTER_ASN, Bird
from lab.lan import Host
from lab.node import LbdNode
from lab.process import Process
from lab.varlink import call

from . import objects, usage
from .bed import Bed
from .progress import say
from .table import Row

SAMPLES = 30
ROUTES = 5_000
"""Of one session."""
_ROUTER = "192.168.2.1"
_SPEAKER = 60
_NAME = "gobgp"
_TIMEOUT_SECONDS = 120
CUTS = 20
_POOLS = objects.POOLS.replace("layer2", "bgp") + f"""\
peers:
- my-asn: {LOCAL_ASN}
  peer-asn: {ROUTER_ASN}
  peer-address: {_ROUTER}
"""
_BFD = "  bfd: {transmit-interval: 50ms, receive-interval: 50ms, detect-multiplier: 3}\n"


class Table:
    """What BIRD has in its table, asked on its control socket: a process for each question would take longer than what is
    measured."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(10)
        self._socket.connect(str(path))
        self._read()

    def __enter__(self) -> Table:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, words: str) -> str:
        """What BIRD answers to a command."""
        self._socket.sendall(words.encode() + b"\n")
        return self._read()

    def _read(self) -> str:
        data = b""
        # The last line has its number and a space; the lines before have a dash there, or no number.
        while not re.search(rb"(^|\n)\d{4} [^\n]*\n$", data):
            part = self._socket.recv(1 << 16)
            assert part, "BIRD has closed its socket"
            data += part
        return data.decode()

    def networks(self) -> int:
        """To how many prefixes of the pools there are routes."""
        return self._count("show route count where source = RTS_BGP", r"for (\d+) networks")

    def routes(self, neighbor: str) -> int:
        """How many routes a neighbour has told."""
        return self._count(f"show route count protocol {neighbor}", r"(\d+) of \d+ routes")

    def is_up(self, neighbor: str) -> bool:
        """Whether the session with it is established."""
        return "Established" in self.ask(f"show protocols {neighbor}")

    def _count(self, words: str, pattern: str) -> int:
        answer = self.ask(words)
        found = re.search(pattern, answer)
        assert found, answer
        return int(found[1])


class Speaker:
    """gobgpd with a session to the router."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host = host
        config = folder / "gobgpd.json"
        own = {"as": LOCAL_ASN, "router-id": host.address, "port": -1}
        neighbor = {"config": {"neighbor-address": _ROUTER, "peer-as": ROUTER_ASN}}
        config.write_text(json.dumps({"global": {"config": own}, "neighbors": [neighbor]}))
        argv = ["gobgpd", "-f", str(config), "-t", "json", "--api-hosts", "127.0.0.1:50051", "--pprof-disable"]
        self.process = Process("gobgpd", host.namespace, argv, folder / "gobgpd.log")

    def command(self, *words: str) -> None:
        """Tells it something by its command line."""
        self._host.namespace.run("gobgp", "-u", "127.0.0.1", "-p", "50051", *words)


@contextlib.contextmanager
def _routed(bed: Bed, others: dict[str, str], has_bfd: bool = False) -> Iterator[tuple[Table, Bird]]:
    """The pools are announced to BIRD by the daemons, from `with` to the end of it; it has these `others` as neighbours
    besides, by name and address."""
    neighbors = {node.name: node.host.address for node in bed.nodes} | others
    bird = Bird(bed.lan.switch, _ROUTER, neighbors, bed.folder / "bird", has_bfd=has_bfd)
    with contextlib.closing(bird), contextlib.ExitStack() as stack:
        bird.start()
        _set_pools(bed, _POOLS + (_BFD if has_bfd else ""))
        stack.callback(_set_pools, bed, objects.POOLS)
        _wait(bed, lambda: set(neighbors) <= bird.established(), "the sessions")
        with Table(bird.socket) as table:
            yield table, bird


def _set_pools(bed: Bed, text: str) -> None:
    bed.client.call("PUT", objects.CONFIG, {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": objects.CONFIG.rsplit("/", 1)[1]},
        "data": {"config": text},
    })


def announce(bed: Bed) -> tuple[list[Row], dict[str, list[float]]]:
    """The rows, and what they were made of. The daemons run, and there are Services."""
    samples: dict[str, list[float]] = {}
    host = bed.lan.add_client(_NAME, _SPEAKER)
    speaker = Speaker(host, bed.folder)
    with contextlib.ExitStack() as stack:
        stack.callback(speaker.process.end)
        speaker.process.start()
        table, bird = stack.enter_context(_routed(bed, {_NAME: host.address}))
        for kind, values in _one_at_a_time(bed, table, speaker).items():
            samples[f"one, {kind}, ms"] = values
        say(f"BGP: {ROUTES} routes")
        bed.services.ensure(ROUTES)
        for number in range(1, ROUTES + 1):
            speaker.command("global", "rib", "add", _prefix(number))
        (node, *_) = bed.nodes
        for kind, name in (("lbd", node.name), (_NAME, _NAME)):
            _wait(bed, lambda name=name: table.routes(name) >= ROUTES, f"{ROUTES} routes of {name}")
            samples[f"told anew, {kind}, s"] = [_told_anew(bed, bird, table, name) for _ in range(3)]
        memory = {"lbd": usage.of(node.process.pid), _NAME: usage.of(speaker.process.pid)}
        samples["withdrawn, lbd, s"] = [_withdrawn(table, node.name, lambda: node.stop(30))]
        node.start()
        samples[f"withdrawn, {_NAME}, s"] = [
            _withdrawn(table, _NAME, lambda: speaker.command("global", "rib", "del", "all"))
        ]
        bed.wait_settled()
    samples["anonymous, MB"] = [one.anonymous_mb for one in memory.values()]

    def row(what: str, key: str, unit: str) -> Row:
        lbd, floor = (statistics.median(samples[f"{key}, {kind}, {unit}"]) for kind in ("lbd", _NAME))
        return Row(what, unit, lbd, floor)

    rows = [
        row("Service created → route at a router, median", "one", "ms"),
        row(f"BGP session up → {ROUTES} routes told", "told anew", "s"),
        row(f"planned stop → {ROUTES} routes withdrawn", "withdrawn", "s"),
        Row(f"RssAnon with {ROUTES} Services by BGP", "MB", memory["lbd"].anonymous_mb, memory[_NAME].anonymous_mb),
    ]
    return rows, samples


def detection(bed: Bed) -> tuple[Row, dict[str, list[float]]]:
    """How long a cut goes unnoticed with BFD at 50 ms, three times: by lbd, and by BIRD on the other side. The daemons run,
    and there are Services."""
    say(f"BGP, cuts that BFD sees: {CUTS}")
    milliseconds: dict[str, list[float]] = {"lbd": [], "bird": []}
    with _routed(bed, {}, has_bfd=True) as (table, bird):
        _wait(bed, lambda: len(bird.bfd_up()) == len(bed.nodes), "BFD")
        for number in range(CUTS):
            node = bed.nodes[number % len(bed.nodes)]
            _wait(bed, lambda: _peer(node)["bfd"] == "Up" and table.is_up(node.name), "all as before")
            time.sleep(0.5)
            start = time.monotonic()
            bed.lan.isolate(node.name)
            left = {"lbd": lambda: _peer(node)["state"] != "Established", "bird": lambda: not table.is_up(node.name)}
            while left:
                for kind in [kind for kind, has_seen in left.items() if has_seen()]:
                    milliseconds[kind].append(1000 * (time.monotonic() - start))
                    del left[kind]
                assert time.monotonic() < start + 10, f"not within 10 s: {sorted(left)} see the cut"
            bed.lan.rejoin(node.name)
        bed.wait_settled()
    worst = {kind: max(values) for kind, values in milliseconds.items()}
    return Row("cable cut → BFD ends the session, worst", "ms", worst["lbd"], worst["bird"], "200 ms"), milliseconds


def _peer(node: LbdNode) -> dict[str, Any]:
    """The router as a node's daemon sees it."""
    (peer,) = call(node.folder / "run/io.lbd", "io.lbd.GetStatus")["peers"]
    return dict(peer)


def _prefix(number: int) -> str:
    """One that no Service has."""
    return f"10.81.{number >> 8}.{number & 0xFF}/32"


def _one_at_a_time(bed: Bed, table: Table, speaker: Speaker) -> dict[str, list[float]]:
    """From before the Service is created, or gobgpd's command is begun, until the route is in BIRD's table, by turns."""
    say(f"BGP, one Service at a time: {SAMPLES} samples of lbd and of gobgpd")
    milliseconds: dict[str, list[float]] = {"lbd": [], _NAME: []}
    names = [f"route-{number:03}" for number in range(SAMPLES)]
    bed.services.create_endpoints(names)
    for number, name in enumerate(names):
        time.sleep(0.3)
        before = table.networks()
        start = bed.services.create([name], is_floor=False)
        bed.client.settle()
        _wait_for(lambda: table.networks() > before, f"a route to {name}")
        milliseconds["lbd"].append(1000 * (time.monotonic() - start))
        bed.services.wait_served([name], 30)
        time.sleep(0.3)
        before = table.networks()
        start = time.monotonic()
        speaker.command("global", "rib", "add", _prefix(ROUTES + 1 + number))
        _wait_for(lambda: table.networks() > before, "gobgpd's route")
        milliseconds[_NAME].append(1000 * (time.monotonic() - start))
    bed.services.delete(names)
    return milliseconds


def _told_anew(bed: Bed, bird: Bird, table: Table, neighbor: str) -> float:
    """From when a session is up again until the router has all routes."""
    bird.restart(neighbor)
    _wait(bed, lambda: not table.is_up(neighbor) or table.routes(neighbor) == 0, "the end of the session")
    _wait_for(lambda: table.is_up(neighbor), f"the session with {neighbor}")
    start = time.monotonic()
    _wait_for(lambda: table.routes(neighbor) >= ROUTES, f"{ROUTES} routes of {neighbor}")
    return time.monotonic() - start


def _withdrawn(table: Table, neighbor: str, act: Callable[[], object]) -> float:
    """From when it is told to until the router has none of its routes any more."""
    start = time.monotonic()
    act()
    _wait_for(lambda: table.routes(neighbor) == 0, f"the end of the routes of {neighbor}")
    return time.monotonic() - start


def _wait(bed: Bed, holds: Callable[[], bool], what: str) -> None:
    """Waits, and lets the client's watch go on."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {_TIMEOUT_SECONDS} s: {what}\n{bed.tail()}"
        bed.client.sleep(time.monotonic() + 0.1)


def _wait_for(holds: Callable[[], bool], what: str) -> None:
    """Waits for what is about to happen: looks as often as it can."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {_TIMEOUT_SECONDS} s: {what}"
