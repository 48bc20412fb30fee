#!/usr/bin/python3
"""Looks for false alarms: a busy machine, a lossy network and disks that stall, and nothing that fails.

Everything is in network namespaces of this machine. Started by `sudo make soak-alarms`, and by `make check-release`;
MINUTES is 30 unless told otherwise. Exit status 0: no address of lbd changed its owner; 1: one did. keepalived, with adverts
each 0.1 s beside it, is not judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS / "Interop")]

from Bench import alarms  # noqa: E402
from Bench.failover.report import machine  # noqa: E402
from Bench.progress import say  # noqa: E402
from Bench.table import aligned  # noqa: E402
from lab.node import lbd_binary  # noqa: E402


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Look for false alarms of lbd, with keepalived beside it.")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("MINUTES", "30")))
    options = parser.parse_args()
    if options.minutes <= 0:
        parser.error("it must take some time")
    if os.geteuid() != 0:
        parser.error("network namespaces need root")
    if not lbd_binary().exists():
        parser.error(f"{lbd_binary()} is missing: build it first, or set LBD_BINARY")
    for program in ("keepalived", "nft", "mkfs.ext4"):
        if shutil.which(program) is None:
            parser.error(f"{program} is missing: install Debian's package")
    try:
        seen, stalls = alarms.soak(options.minutes)
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    print(_summary(seen, options.minutes, stalls))
    for one in seen:
        for line in [*one.changes[:20], *one.alarms[:20]]:
            print(f"{one.name}: {line}", file=sys.stderr)
    return 1 if seen[0].changes else 0


def _summary(seen: list[alarms.Alarms], minutes: float, stalls: int) -> str:
    """For docs/release-check.md."""
    lines = [["who", "changes of owner", "called another gone", "no answer in gossip", "held up itself"]]
    lines += [
        [one.name, *(str(count) for count in (len(one.changes), len(one.alarms), one.suspicions, one.starved))]
        for one in seen
    ]
    return (
        f"{time.strftime('%-d %B %Y')} ({machine()}): {minutes:g} minutes with every core busy, {alarms.LOSS_PERCENT} % loss and "
        f"{stalls} stalls of {alarms.STALL_SECONDS:g} s of the disks. Nothing failed, so every change is a false alarm.\n\n"
        + aligned(lines)
    )


if __name__ == "__main__":
    sys.exit(main())
