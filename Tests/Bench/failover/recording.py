"""What the prober saw in one trial, and what follows from it.

All instants are of the monotonic clock, in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LATE_SECONDS = 0.05
"""A datagram that is answered later than this counts as lost: the kernel holds some back while it looks for a neighbour."""
_LAST_COUNT = 5
"""So many ARP requests in a row tell whether something lasts."""


@dataclass(slots=True)
class Probe:
    """A datagram of the client's."""

    sent: float
    answered: float | None = None
    node: int | None = None
    """The number of the host that answered."""

    @property
    def is_lost(self) -> bool:
        """Whether no answer came in time."""
        return self.answered is None or self.answered - self.sent > LATE_SECONDS


@dataclass(slots=True)
class Request:
    """An ARP request of the newcomer's, with the answers that came until the next one was sent."""

    sent: float
    answers: list[tuple[float, str]] = field(default_factory=list)
    """The instant and the MAC of each."""

    @property
    def answered(self) -> float | None:
        """The instant of the first answer; nil if there was none."""
        return self.answers[0][0] if self.answers else None

    @property
    def is_lost(self) -> bool:
        """Whether nobody answered before the next request."""
        return not self.answers

    @property
    def macs(self) -> set[str]:
        """Who answered."""
        return {mac for _, mac in self.answers}


@dataclass(frozen=True)
class Figures:
    """What one part of a trial cost: the fault, or the return after it. Times are in milliseconds."""

    outage: float
    """The longest time for which the client was not answered: from its first lost datagram to the next answer."""
    lost: int
    """How many datagrams were lost."""
    silence: float
    """The longest time for which nobody answered the newcomer's ARP requests."""
    overlap: float
    """For how long two nodes answered one ARP request."""
    is_lasting: bool
    """Whether they still did in the end."""

    @property
    def worst(self) -> float:
        """The longest time for which the address did not serve somebody."""
        return max(self.outage, self.silence)


class Recording:
    """The probes and requests of one trial, oldest first."""

    def __init__(self) -> None:
        self.probes: list[Probe] = []
        self.requests: list[Request] = []

    def figures(self, since: float, until: float) -> Figures:
        """Of the time from `since` to `until`. What began in it counts in full, also where it ends after it."""
        requests = [request for request in self.requests if since <= request.sent < until]
        shared = [
            later.sent - earlier.sent for earlier, later in zip(requests, requests[1:]) if len(earlier.macs) > 1
        ]
        return Figures(
            outage=_longest_gap(self.probes, since, until),
            lost=sum(probe.is_lost for probe in self.probes if since <= probe.sent < until),
            silence=_longest_gap(self.requests, since, until),
            overlap=1000 * sum(shared),
            is_lasting=all(len(request.macs) > 1 for request in requests[-_LAST_COUNT - 1 : -1]),
        )


def _longest_gap(sent: Sequence[Probe | Request], since: float, until: float) -> float:
    """In milliseconds; 0 without any."""
    return 1000 * max((end - start for start, end in _gaps(sent) if since <= start < until), default=0.0)


def _gaps(sent: Sequence[Probe | Request]) -> Iterator[tuple[float, float]]:
    """From each first lost one to the next answer, or to the end of the recording."""
    end = 0.0
    for number, one in enumerate(sent):
        if one.is_lost and one.sent >= end:
            answers = (later.answered for later in sent[number:] if later.answered is not None)
            end = next(answers, sent[-1].sent)
            yield one.sent, end
