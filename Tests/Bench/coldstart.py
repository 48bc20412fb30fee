"""How long daemons that start take until every Service's address is answered.

The floor is the time that the API server takes to list what they must know first, Services and EndpointSlices, for one
client that asks in chunks. The three daemons share two cores with each other and the API server.
"""

from __future__ import annotations

import statistics
import time

from . import arp
from .bed import Bed
from .progress import say
from .table import Row

_CHUNK = 500
_TIMEOUT_SECONDS = 120


def cold_start(bed: Bed, services: int) -> tuple[Row, dict[str, list[float]]]:
    """From the start of the first daemon to the first answer for the last address. The daemons run at the start and
    at the end; the statuses are there, as after a power cut."""
    names = bed.services.ensure(services)
    addresses = [address for name in names if (address := bed.services.addresses[name]) is not None]
    rounds = 3 if services <= 1000 else 1
    seconds: dict[str, list[float]] = {"lbd": [], "floor": []}
    for number in range(rounds):
        bed.check_running()
        bed.stop_daemons()
        seconds["floor"].append(_list(bed))
        start = bed.launch()
        answers = arp.sweep(bed, bed.lan.client, addresses, _TIMEOUT_SECONDS)
        seconds["lbd"].append(max(instant for _, instant in answers.values()) - start)
        bed.wait_settled()
        say(
            f"cold start with {services} Services, round {number + 1} of {rounds}:"
            f" lbd {seconds['lbd'][-1]:.2f} s, lists {seconds['floor'][-1]:.2f} s"
        )
    medians = {kind: statistics.median(values) for kind, values in seconds.items()}
    row = Row(f"cold start, {services} Services all answered", "s", medians["lbd"], medians["floor"], "floor + 3 s")
    return row, seconds


def _list(bed: Bed) -> float:
    start = time.monotonic()
    for path in bed.services.collections:
        rest = ""
        while True:
            page = bed.client.call("GET", f"{path}?limit={_CHUNK}{rest}")
            token = page["metadata"].get("continue")
            if not token:
                break
            rest = f"&continue={token}"
    return time.monotonic() - start
