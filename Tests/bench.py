#!/usr/bin/python3
"""Measures lbd on three nodes beside a real API server, each figure next to its floor in the same run, and prints a table;
then what faults cost, beside keepalived, and prints a second one.

Everything is in network namespaces of this machine. Started by `sudo make bench`. BENCH_SERVICES is the number of
Services of the cold start, 1,000 unless told otherwise; TRIALS that of the trials of each fault, 100 likewise. Exit status 0:
all could be measured; no figure is judged.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "Interop")]

from Bench import allocation, arp, bgp, coldstart, cost, startup, usage  # noqa: E402
from Bench.bed import Bed  # noqa: E402
from Bench.failover import report, run  # noqa: E402
from Bench.failover.trials import Sample  # noqa: E402
from Bench.progress import say  # noqa: E402
from Bench.table import Row, table  # noqa: E402
from lab.node import lbd_binary  # noqa: E402

FEW, MANY = 10, 500
MOST = 10_000
"""More Services than this have no room in the pool and in the range of node ports."""


class Results:
    """The rows of the table, and what they were made of."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.failover: list[Sample] = []
        self.samples: dict[str, Any] = {}

    def add(self, name: str, rows: list[Row], samples: object) -> None:
        """Takes a measurement."""
        self.rows += rows
        self.samples[name] = samples

    def add_usage(self, name: str, usages: dict[str, list[usage.Usage]], rows: list[Row]) -> None:
        """Takes a measurement of memory and idle time."""
        self.add(name, rows, {kind: [dataclasses.asdict(one) for one in group] for kind, group in usages.items()})

    def record(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "date": time.strftime("%Y-%m-%d"),
            "cores": os.cpu_count(),
            "machine": platform.machine(),
            "rows": [row.record() for row in self.rows],
            "samples": self.samples,
        }


def measure(services: int, trials: int, package: Path) -> Results:
    """Everything, in an order in which each part leaves what the next one needs."""
    results = Results()
    sizes = startup.size(package)
    with Bed() as bed:
        start, samples = startup.ready(bed)
        results.samples["startup"] = samples

        say("starting the daemons")
        bed.start_daemons()

        row, samples = allocation.one_a_second(bed)
        results.add("one_a_second", [row], samples)

        names = bed.services.ensure(FEW)
        arp_rows, samples = arp.answer(bed, names[0])
        results.add("arp_answer", arp_rows, samples)

        few = usage.idle(bed, FEW)
        aims = {"anonymous_mb": "5 MB", "resident_mb": "20 MB", "core_percent": "0.2 %"}
        results.add_usage("few", few, usage.rows(few, FEW, aims))

        row, samples = allocation.at_once(bed)
        results.rows.insert(1, row)
        results.samples["at_once"] = samples

        bed.services.ensure(MANY)
        many = usage.idle(bed, MANY)
        aims = {"anonymous_mb": "7 MB", "resident_mb": "–", "core_percent": "–"}
        results.add_usage("many", many, usage.rows(many, MANY, aims))

        say(f"cold start: {services} Services first")
        row, samples = coldstart.cold_start(bed, services)
        results.add("cold_start", [row], samples)
        row, samples = bgp.detection(bed)
        results.add("bfd", [row], samples)
        bgp_rows, samples = bgp.announce(bed)
        results.add("bgp", bgp_rows, samples)
        if services > MANY:
            most = usage.idle(bed, services, window=10)
            aims = {"anonymous_mb": "50 MB with 10,000"}
            results.add_usage("most", most, usage.rows(most, services, aims))
    found = cost.costs()
    results.add("cost", cost.rows(found), [one.record() for one in found])
    results.failover = run.all_contenders(trials)
    results.add("failover", report.rows(results.failover), [sample.record() for sample in results.failover])
    results.rows += [start, *sizes]
    return results


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Measure lbd beside its floors.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and all samples here too")
    options = parser.parse_args()
    services = int(os.environ.get("BENCH_SERVICES", "1000"))
    if not FEW <= services <= MOST:
        parser.error(f"BENCH_SERVICES is {services}; it must be from {FEW} to {MOST}")
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    if not lbd_binary().exists():
        parser.error(f"{lbd_binary()} is missing: build it first, or set LBD_BINARY")
    trials = int(os.environ.get("TRIALS", "100"))
    if trials < 1:
        parser.error(f"TRIALS is {trials}; there must be one at least")
    package = Path(os.environ.get("LBD_PACKAGE", ""))
    if not package.is_file():
        parser.error("LBD_PACKAGE is to name the Debian package: make bench builds it")
    try:
        results = measure(services, trials, package)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps(results.record(), indent=1) + "\n")
    print(table(results.rows), report.table(results.failover), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
