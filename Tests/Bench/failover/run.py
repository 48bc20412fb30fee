"""All contenders, one after the other.

keepalived needs no API server and little of the machine, and waits much: so several LANs of it are tried at the same
time, each by a process of its own, with its part of the trials.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ..cost import NODES as SEVEN
from ..progress import say
from .faults import FAULTS, Fault
from .keepalived import Keepalived
from .lbd import Lbd
from .trials import Sample, Trials

COMMAND = Path(__file__).resolve().parents[2] / "failover.py"
_CELLS = {1.0: 10, 0.1: 4}
"""How many LANs of keepalived are tried at once, by the seconds between its adverts."""


def all_contenders(trials: int) -> list[Sample]:
    """So many trials of each fault for lbd, on seven nodes as well, and for keepalived at both paces."""
    samples = lbd(trials) + lbd_on_seven(trials)
    for advert, cells in _CELLS.items():
        samples += _cells(advert, trials, min(cells, trials))
    return samples


def lbd(trials: int) -> list[Sample]:
    """Trials of lbd, the last quarter of them without the API server."""
    say(f"failover of lbd, {trials} rounds")
    with Lbd() as contender, contender.probed(contender.bed.pool_network_address(51)) as prober:
        runner = Trials(contender, prober, tells_logs=True)
        without = trials // 4
        _rounds(runner, FAULTS, trials - without)
        # A daemon that starts without any API server does not know the Services. So where one is to start, the server
        # hangs until then; where none is, it is gone for good.
        runner.has_server = False
        say(f"  {without} rounds without the API server")
        _rounds(runner, [fault for fault in FAULTS if fault.starts_anew], without)
        contender.stop_server()
        _rounds(runner, [fault for fault in FAULTS if not fault.starts_anew], without)
        return runner.samples


def lbd_on_seven(trials: int) -> list[Sample]:
    """Trials of lbd on seven nodes."""
    say(f"failover of lbd on {len(SEVEN)} nodes, {trials} rounds")
    with Lbd(SEVEN) as contender, contender.probed(contender.bed.pool_network_address(51)) as prober:
        runner = Trials(contender, prober, tells_logs=True)
        _rounds(runner, FAULTS, trials)
        return runner.samples


def keepalived(advert: float, trials: int) -> list[Sample]:
    """Trials of keepalived on one LAN."""
    with Keepalived(advert) as contender, contender.probed(contender.lan.clients["newcomer"].address) as prober:
        runner = Trials(contender, prober, tells_logs=False)
        _rounds(runner, FAULTS, trials)
        return runner.samples


def _rounds(runner: Trials, faults: Sequence[Fault], count: int) -> None:
    for number in range(1, count + 1):
        runner.round(faults)
        if number % 10 == 0 or number == count:
            say(f"  {number} of {count} rounds")


def _cells(advert: float, trials: int, cells: int) -> list[Sample]:
    say(f"failover of keepalived with adverts each {advert:g} s, {trials} rounds on {cells} LANs at once")
    with tempfile.TemporaryDirectory(prefix="lbd-failover-") as name:
        folder = Path(name)
        running: list[subprocess.Popen[bytes]] = []
        try:
            for number in range(cells):
                share = trials // cells + (number < trials % cells)
                running.append(_cell(advert, share, folder, number))
            for number, process in enumerate(running):
                status = process.wait()
                assert status == 0, (
                    f"the trials of keepalived ended with status {status}\n{_log(folder, number).read_text()[-4000:]}"
                )
            records = [
                record
                for number in range(cells)
                for record in json.loads(_result(folder, number).read_text())["samples"]
            ]
            return [Sample.from_record(record) for record in records]
        finally:
            _end(running)


def _cell(advert: float, trials: int, folder: Path, number: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, str(COMMAND), "--keepalived", f"{advert:g}", "--trials", str(trials)]
    with _log(folder, number).open("wb") as log:
        return subprocess.Popen(
            [*argv, "--json", str(_result(folder, number))], stdin=subprocess.DEVNULL, stdout=log,
            # The first one tells how far all are.
            stderr=log if number else None,
        )


def _log(folder: Path, number: int) -> Path:
    return folder / f"{number}.log"


def _result(folder: Path, number: int) -> Path:
    return folder / f"{number}.json"


def _end(processes: list[subprocess.Popen[bytes]], timeout: float = 20) -> None:
    """Each takes its namespaces with it."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + timeout
    for process in processes:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
