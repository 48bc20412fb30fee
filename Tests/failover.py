#!/usr/bin/python3
"""Measures what a fault costs a client and a newcomer, with lbd and with keepalived, and prints a table.

Everything is in network namespaces of this machine. Started by `sudo make bench-failover`; TRIALS is the number of trials of
each fault, 100 unless told otherwise. With --docs, writes failover.md and failover.svg. Exit status 0: all could be measured;
no figure is judged.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "Interop")]

from Bench.failover import run  # noqa: E402
from Bench.failover.histogram import histogram  # noqa: E402
from Bench.failover.report import page, table  # noqa: E402
from Bench.progress import say  # noqa: E402
from lab.node import lbd_binary  # noqa: E402


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Measure the failover of lbd and of keepalived.")
    parser.add_argument("--trials", type=int, default=int(os.environ.get("TRIALS", "100")), help="of each fault")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples here too")
    parser.add_argument("--docs", type=Path, metavar="FOLDER", help="write failover.md and failover.svg here")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--lbd", action="store_true", help="lbd on three nodes alone")
    only.add_argument("--seven", action="store_true", help="lbd on seven nodes alone")
    only.add_argument("--keepalived", type=float, metavar="SECONDS", help="keepalived alone, with this time between adverts")
    options = parser.parse_args()
    if options.trials < 1:
        parser.error("there must be a trial at least")
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    if options.keepalived is None and not lbd_binary().exists():
        parser.error(f"{lbd_binary()} is missing: build it first, or set LBD_BINARY")
    if not (options.lbd or options.seven) and shutil.which("keepalived") is None:
        parser.error("keepalived is missing: install Debian's package")
    try:
        if options.lbd:
            samples = run.lbd(options.trials)
        elif options.seven:
            samples = run.lbd_on_seven(options.trials)
        elif options.keepalived is not None:
            samples = run.keepalived(options.keepalived, options.trials)
        else:
            samples = run.all_contenders(options.trials)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps({"samples": [sample.record() for sample in samples]}, indent=1) + "\n")
    if options.docs is not None:
        (options.docs / "failover.md").write_text(page(samples))
        (options.docs / "failover.svg").write_text(histogram(samples))
    print(table(samples))
    return 0


if __name__ == "__main__":
    sys.exit(main())
