"""The failover table, and the page that it stands on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Callable

from ..table import Row, aligned, percentile
from .faults import KILLED, NAMES, POWER_CUT, STOPPED, UPGRADED
from .recording import Figures
from .trials import Sample

WITHOUT_SERVER = "lbd, API server away"
_HEADING = [
    "what happens to the owner", "who", "trials", "client: median", "99th", "worst", "newcomer: median", "99th", "worst",
    "two owners: median", "worst",
]


def groups(samples: list[Sample]) -> dict[tuple[str, str], list[Figures]]:
    """The figures by fault and contender in the order of the table. Those of lbd without the API server count among its
    own, and stand by themselves besides."""
    found: dict[tuple[str, str], list[Figures]] = {}
    contenders = list(dict.fromkeys(sample.contender for sample in samples))
    if any(not sample.has_server for sample in samples):
        contenders.insert(1, WITHOUT_SERVER)
    for fault in NAMES:
        for contender in contenders:
            chosen = [sample.figures for sample in samples if sample.fault == fault and _counts(sample, contender)]
            if chosen:
                found[fault, contender] = chosen
    return found


def _counts(sample: Sample, contender: str) -> bool:
    return not sample.has_server if contender == WITHOUT_SERVER else sample.contender == contender


def table(samples: list[Sample]) -> str:
    """The table in Markdown; times in milliseconds."""
    lines = [_HEADING]
    last = ""
    for (fault, contender), figures in groups(samples).items():
        cells = ["" if fault == last else fault, contender, str(len(figures))]
        last = fault
        for what in ("outage", "silence"):
            values = [getattr(one, what) for one in figures]
            cells += [f"{percentile(values, share):.0f}" for share in (0.5, 0.99, 1)]
        # Where they still do when the trial goes on to mend the fault, it is for as long as nobody does.
        mark = "> " if any(one.is_lasting for one in figures) else ""
        overlaps = [one.overlap for one in figures]
        cells += [f"{mark}{percentile(overlaps, share):.0f}" for share in (0.5, 1)]
        lines.append(cells)
    return aligned(lines, left=2)


def rows(samples: list[Sample]) -> list[Row]:
    """The rows of the benchmark's table, each beside keepalived's with adverts each 0.1 s."""
    found = groups(samples)
    contenders = list(dict.fromkeys(sample.contender for sample in samples))
    quick = contenders[-1]

    def row(label: str, fault: str, share: float, look: Callable[[Figures], float], aim: str) -> Row:
        values = [
            percentile([look(one) for one in found[fault, contender]], share) if (fault, contender) in found else None
            for contender in (contenders[0], quick)
        ]
        assert values[0] is not None, f"lbd has no trial of {fault}"
        return Row(label, "ms", values[0], values[1], aim)

    return [
        row("owner's power cut → client served again, 99th percentile", POWER_CUT, 0.99, lambda one: one.outage, "300 ms"),
        row("daemon killed → ARP answered again, 99th percentile", KILLED, 0.99, lambda one: one.silence, "300 ms"),
        row("planned stop, client's longest gap, worst", STOPPED, 1, lambda one: one.outage, "0 ms"),
        row("upgrade, client's longest gap, worst", UPGRADED, 1, lambda one: one.outage, "0 ms"),
    ]


def machine() -> str:
    """What the figures were measured on, for a person."""
    version = subprocess.run(["keepalived", "--version"], text=True, capture_output=True).stderr.split()
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}, "
        f"keepalived {version[1].lstrip('v') if len(version) > 1 else 'of unknown version'}"
    )


def page(samples: list[Sample]) -> str:
    """The page for docs/."""
    return _PAGE.format(date=time.strftime("%-d %B %Y"), machine=machine(), table=table(samples))


_PAGE = """\
# Failover

What a fault costs those who use an address: `sudo make bench-failover` measured this page on {date} ({machine}).

![The longest time without an answer in each trial](failover.svg)

Three nodes, or seven where it says so, a client and a newcomer are network namespaces on one switch. The client sends a
datagram each 5 ms through its kernel's neighbour entry, and whichever node gets it sends it back: its figure is the longest
time without an answer, from the first lost datagram to the next answer. The newcomer broadcasts an ARP request each 5 ms and
remembers nothing: its figure is the longest time in which nobody answered. Two owners are counted for as long as two nodes
answer the same request. All times are in milliseconds; the first rows are what the machine shows when nothing happens.

lbd runs with its default settings beside a real API server, as under systemd. For the last quarter of its trials the API
server is away, and those stand in rows of their own besides: stopped, or hung until a new daemon needs it, since one that
starts without it does not know the Services. keepalived (VRRPv3) has its defaults but for the pace of
its adverts. At a power cut the owner's links are taken out of the switches, so that it sees no loss of carrier. A daemon that
was killed leaves the node and its way to the pods in order, so that the client hardly notices; keepalived also leaves
the address on the interface, which goes on answering beside the new owner until keepalived is started again, as it does
while keepalived hangs: the figure with a > is when the trial went on.

{table}
"""
