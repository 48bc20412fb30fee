"""What a daemon costs while nothing happens: memory, and time of a core.

The floor is one `curl` that holds the same watches open and throws away what they bring: a process with TLS, HTTP/2 and
nothing to remember.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from lab.process import Process

from .bed import Bed
from .progress import say
from .table import Row

SETTLE_SECONDS = 10
WINDOW_SECONDS = 60
_STEP_SECONDS = 20
_libc = ctypes.CDLL(None)


@dataclass(frozen=True)
class Usage:
    """Of one process."""

    anonymous_mb: float
    """RssAnon: what the process has for itself alone, in 10^6 bytes."""
    resident_mb: float
    """The resident set, program text and libraries included, in 10^6 bytes."""
    core_percent: float
    """Share of a core over the window, user and system."""


def idle(bed: Bed, services: int, window: float = WINDOW_SECONDS) -> dict[str, list[Usage]]:
    """The use of each daemon, and of the floor, over a window in which nothing happens."""
    say(f"memory and idle time with {services} Services: {SETTLE_SECONDS} s to settle, then {window:.0f} s")
    with _curl(bed) as floor:
        processes = {"lbd": [node.process for node in bed.nodes], "floor": [floor]}
        time.sleep(SETTLE_SECONDS)
        begin = time.monotonic()
        before = {kind: [cpu_seconds(process.pid) for process in group] for kind, group in processes.items()}
        while (left := begin + window - time.monotonic()) > 0:
            time.sleep(min(_STEP_SECONDS, left))
            say(f"  {min(window, time.monotonic() - begin):.0f} of {window:.0f} s")
        elapsed = time.monotonic() - begin
        bed.check_running()
        assert floor.is_running, floor.tail()
        return {
            kind: [
                of(process.pid, 100 * (cpu_seconds(process.pid) - used) / elapsed)
                for process, used in zip(group, before[kind])
            ]
            for kind, group in processes.items()
        }


def rows(usages: dict[str, list[Usage]], services: int, aims: dict[str, str]) -> list[Row]:
    """A row for each figure that has an aim: the worst of the daemons, which is the leader's as a rule."""
    labels = {
        "anonymous_mb": ("RssAnon", "MB"),
        "resident_mb": ("resident set", "MB"),
        "core_percent": ("idle, share of a core,", "%"),
    }
    return [
        Row(
            f"{labels[figure][0]} with {services} Services", labels[figure][1],
            *(max(getattr(usage, figure) for usage in usages[kind]) for kind in ("lbd", "floor")), aim,
        )
        for figure, aim in aims.items()
    ]


@contextlib.contextmanager
def _curl(bed: Bed) -> Iterator[Process]:
    """The floor's process, from `with` to the end of it."""
    config = bed.folder / "watches.curl"
    user = yaml.safe_load(bed.control.kubeconfig_for("admin").read_text())["users"][0]["user"]
    # From a file, since a token on a command line could be read by everybody.
    config.touch(mode=0o600)
    lines = ["silent", "no-buffer", "parallel", "parallel-immediate", "http2", f'header = "Authorization: Bearer {user["token"]}"']
    lines += [f'cacert = "{bed.folder / "authority.crt"}"']
    for path in (*bed.services.collections, "/api/v1/nodes", "/apis/coordination.k8s.io/v1/leases"):
        version = bed.client.call("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
        lines += [f'url = "{bed.control.url}{path}?watch=1&resourceVersion={version}"', 'output = "/dev/null"']
    config.write_text("\n".join(lines) + "\n")
    process = Process("curl", bed.control.namespace, ["curl", "--config", str(config)], bed.folder / "curl.log")
    process.start()
    try:
        yield process
    finally:
        process.end()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, in nanoseconds' steps: /proc/PID/stat counts in steps of 10 ms."""
    clock = ctypes.c_int()
    if _libc.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise ProcessLookupError(pid)
    return time.clock_gettime(clock.value)


def of(pid: int, core_percent: float = 0) -> Usage:
    """What a process has of memory now, with the share of a core that it took."""
    fields: dict[str, int] = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            key, _, value = line.partition(":")
            if key in ("RssAnon", "VmRSS"):
                fields[key] = int(value.split()[0]) * 1024
    return Usage(fields["RssAnon"] / 1e6, fields["VmRSS"] / 1e6, core_percent)
