"""The trials of one contender: fault, takeover, repair, until all is as before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from lab.lan import Host

from ..progress import say
from .contender import Contender
from .faults import UPGRADED, Fault
from .prober import Prober
from .recording import Figures

T = TypeVar("T")

_BEFORE_SECONDS = 0.05
_AFTER_SECONDS = 0.15
"""What comes late, such as a second owner, is still seen for this long."""
_STILL_SECONDS = 0.3
"""How long a fault is watched that makes nobody else the owner."""
_TAKEOVER_SECONDS = 15
_SETTLE_SECONDS = 60
_MOST_TOLD = 10
"""Logs of no more trials than this are told."""

WORST_MILLISECONDS = 300.0
WORST_OVERLAP_MILLISECONDS = 100.0
"""What goes beyond these is told with the daemons' logs."""


@dataclass(frozen=True)
class Sample:
    """What one fault, or one return, cost."""

    contender: str
    fault: str
    has_server: bool
    """Whether the API server ran."""
    figures: Figures

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Sample:
        """What `record` gave."""
        return cls(record["contender"], record["fault"], record["has_server"], Figures(**record["figures"]))


class Trials:
    """Goes through trials on a contender that is probed."""

    def __init__(self, contender: Contender, prober: Prober, tells_logs: bool) -> None:
        """With `tells_logs`, what the daemons logged in a bad trial is told."""
        self._contender = contender
        self._prober = prober
        self._logs_left = _MOST_TOLD if tells_logs else 0
        self.samples: list[Sample] = []
        self.has_server = True
        """Whether the API server is there. If not, it serves for as long as a new daemon needs it to settle."""

    def round(self, faults: Sequence[Fault]) -> None:
        """One trial of each of these faults that applies."""
        for fault in faults:
            if fault.name != UPGRADED or self._contender.can_upgrade:
                self._trial(fault)

    def _trial(self, fault: Fault) -> None:
        owner = self._settled()
        self._contender.mark()
        recording = self._prober.begin()
        hangs = fault.starts_anew and not self.has_server
        if hangs:
            self._contender.set_server(False)
        time.sleep(_BEFORE_SECONDS)
        start = time.monotonic()
        fault.inflict(self._contender, owner)
        if fault.repair is not None:
            self._wait(lambda: self._prober.is_served_without(owner), _TAKEOVER_SECONDS, "another owner")
            time.sleep(_AFTER_SECONDS)
        else:
            time.sleep(_STILL_SECONDS)
        if hangs:
            self._contender.set_server(True)
        repaired = time.monotonic()
        if fault.repair is not None:
            fault.repair(self._contender, owner)
        self._settled()
        time.sleep(_AFTER_SECONDS)
        # What began just now counts in full.
        self._settled()
        self._add(fault.name, recording.figures(start, repaired), owner)
        if fault.repair is not None:
            self._add(fault.returns_as, recording.figures(repaired, time.monotonic()), owner)

    def _add(self, fault: str, figures: Figures, owner: Host) -> None:
        self.samples.append(Sample(self._contender.name, fault, self.has_server, figures))
        is_bad = figures.worst > WORST_MILLISECONDS or figures.overlap > WORST_OVERLAP_MILLISECONDS
        if is_bad and self._logs_left > 0:
            self._logs_left -= 1
            say(
                f"{fault}, owner {owner.name}{'' if self.has_server else ', no API server'}: client"
                f" {figures.outage:.0f} ms, newcomer {figures.silence:.0f} ms, two owners {figures.overlap:.0f} ms\n"
                + self._contender.told()
            )

    def _settled(self) -> Host:
        """The owner, once all is as before any fault."""

        def look() -> Host | None:
            owner = self._prober.owner()
            return owner if owner is not None and self._contender.is_settled(owner) else None

        return self._wait(look, _SETTLE_SECONDS, "all as before, with one owner")

    def _wait(self, look: Callable[[], T | None], timeout: float, what: str) -> T:
        deadline = time.monotonic() + timeout
        while not (found := look()):
            assert time.monotonic() < deadline, (
                f"{self._contender.name}: not within {timeout:.0f} s: {what}\n{self._contender.told()}"
            )
            time.sleep(0.02)
        return found
