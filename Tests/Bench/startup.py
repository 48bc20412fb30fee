"""What lbd takes before it does anything: room on the disk, and time from its start to READY=1 (sd_notify(3)).

The floor of the time is `curl --version`: a program that loads the same libraries, says a line and ends.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from lab.node import LbdNode

from .bed import Bed
from .progress import say
from .table import Row

_ROUNDS = 20
_TIMEOUT_SECONDS = 10


def size(package: Path) -> list[Row]:
    """Of the package as it is downloaded, of all that it installs, and of the program in that."""
    installed = 1024 * int(_run("dpkg-deb", "--field", str(package), "Installed-Size"))
    with tempfile.TemporaryDirectory(prefix="lbd-bench-") as folder:
        _run("dpkg-deb", "--extract", str(package), folder)
        program = (Path(folder) / "usr/bin/lbd").stat().st_size
    sizes = {"package": package.stat().st_size, "installed": installed, "the program alone": program}
    return [Row(f"size on disk: {what}", "MB", count / 1e6) for what, count in sizes.items()]


def ready(bed: Bed) -> tuple[Row, dict[str, list[float]]]:
    """From the start of a daemon to its READY=1, on a node whose daemon does not run, with its API server there."""
    node = bed.nodes[0]
    say(f"start to READY, {_ROUNDS} rounds")
    milliseconds: dict[str, list[float]] = {"lbd": [], "floor": []}
    for _ in range(_ROUNDS):
        milliseconds["floor"].append(1000 * _floor(node))
        milliseconds["lbd"].append(1000 * _ready(node))
    medians = {kind: statistics.median(values) for kind, values in milliseconds.items()}
    return Row("start → READY, median", "ms", medians["lbd"], medians["floor"]), milliseconds


def _ready(node: LbdNode) -> float:
    path = node.folder / "notify"
    path.unlink(missing_ok=True)
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(path))
        manager.settimeout(_TIMEOUT_SECONDS)
        with node.process.log.open("ab") as log, node.host.namespace.entered():
            start = time.monotonic()
            child = subprocess.Popen(
                node.process.argv, env=os.environ | {"NOTIFY_SOCKET": str(path)}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )
        try:
            while b"READY=1" not in manager.recv(4096).splitlines():
                pass
            return time.monotonic() - start
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _floor(node: LbdNode) -> float:
    with node.host.namespace.entered():
        start = time.monotonic()
        child = subprocess.Popen(["curl", "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    # Without a timeout: with one, Python looks every now and then only.
    assert child.wait() == 0
    return time.monotonic() - start


def _run(*argv: str) -> str:
    return subprocess.run(argv, check=True, text=True, capture_output=True).stdout
