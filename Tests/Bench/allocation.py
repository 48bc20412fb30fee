"""How long a Service waits for its address: one at a time, and five hundred at once.

Both times run from before the request that creates the Service until the watch shows its address, both on the same
connection and watch. The floor is what the API server itself takes for this: a client sees the new Service on its
watch, patches it at once, and sees the patch on its watch.
"""

from __future__ import annotations

import statistics
import time

from .bed import Bed
from .progress import say
from .table import Row

SAMPLES = 30
BURST = 500
ROUNDS = 3


def one_a_second(bed: Bed) -> tuple[Row, dict[str, list[float]]]:
    """One Service a second for lbd, and between two of them one for the floor, so that a drift of the machine meets
    both alike. The daemons run all the time and see the floor's Services too, as any Service that is not theirs."""
    say(f"allocation, one a second: {SAMPLES} samples of lbd and of the floor, {SAMPLES} s")
    milliseconds: dict[str, list[float]] = {"lbd": [], "floor": []}
    names: list[str] = []
    begin = time.monotonic()
    for number in range(2 * SAMPLES):
        kind = ("lbd", "floor")[number % 2]
        bed.client.sleep(begin + number / 2)
        name = f"single-{number:03}"
        names.append(name)
        start = bed.services.create([name], is_floor=kind == "floor")
        milliseconds[kind].append(1000 * (bed.services.wait_served([name], 30) - start))
    bed.services.delete(names)
    medians = {kind: statistics.median(values) for kind, values in milliseconds.items()}
    row = Row("Service created → address, one a second, median", "ms", medians["lbd"], medians["floor"], "1.15 ×")
    return row, milliseconds


def at_once(bed: Bed) -> tuple[Row, dict[str, list[float]]]:
    """Five hundred Services from the first creation to the last address; lbd and the floor by turns. While the floor
    is measured no daemon runs, so that it is the API server's own. The daemons run at the start and at the end."""
    seconds: dict[str, list[float]] = {"lbd": [], "floor": []}
    for number in range(ROUNDS):
        seconds["lbd"].append(_burst(bed, f"burst-{number}", is_floor=False))
        bed.check_running()
        bed.stop_daemons()
        seconds["floor"].append(_burst(bed, f"floor-{number}", is_floor=True))
        bed.start_daemons()
        say(
            f"{BURST} Services at once, round {number + 1} of {ROUNDS}:"
            f" lbd {seconds['lbd'][-1]:.2f} s, floor {seconds['floor'][-1]:.2f} s"
        )
    medians = {kind: statistics.median(values) for kind, values in seconds.items()}
    row = Row(f"{BURST} Services at once → all have an address", "s", medians["lbd"], medians["floor"], "1.3 ×")
    return row, seconds


def _burst(bed: Bed, prefix: str, is_floor: bool) -> float:
    names = [f"{prefix}-{number:03}" for number in range(BURST)]
    start = bed.services.create(names, is_floor)
    seconds = bed.services.wait_served(names) - start
    bed.services.delete(names)
    return seconds
