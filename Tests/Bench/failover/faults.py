"""What may happen to the node that answers for an address, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.lan import Host

from .contender import Contender

Act = Callable[[Contender, Host], None]


@dataclass(frozen=True)
class Fault:
    """Something that happens to the owner."""

    name: str
    inflict: Act
    repair: Act | None = None
    """Nil where there is nothing to mend, and where nobody else is to become the owner."""
    returns_as: str = ""
    """What its repair is called in the table."""
    starts_anew: bool = False
    """Whether there is a new daemon in the end, which must ask the API server what there is."""


def _nothing(contender: Contender, owner: Host) -> None:
    pass


def _cut(contender: Contender, owner: Host) -> None:
    contender.lan.isolate(owner.name)


def _rejoin(contender: Contender, owner: Host) -> None:
    contender.lan.rejoin(owner.name)


def _unplug(contender: Contender, owner: Host) -> None:
    contender.lan.set_cable(owner.name, False)


def _plug(contender: Contender, owner: Host) -> None:
    contender.lan.set_cable(owner.name, True)
    # Until then its daemon does not know, and all would look settled.
    contender.lan.wait_for_carrier(owner.name)


NOTHING = "nothing happens"
KILLED = "daemon killed (SIGKILL)"
POWER_CUT = "power cut (link gone at switch)"
HUNG = "daemon hung (SIGSTOP)"
CARRIER_LOST = "carrier lost"
STOPPED = "planned stop (SIGTERM)"
UPGRADED = "upgrade (SIGUSR1)"
STARTED = "return: daemon started again"
REJOINED = "return: link back"
THAWED = "return: hung daemon goes on"

FAULTS = (
    Fault(NOTHING, _nothing),
    Fault(KILLED, lambda one, owner: one.kill(owner), lambda one, owner: one.start(owner), STARTED, starts_anew=True),
    Fault(POWER_CUT, _cut, _rejoin, REJOINED),
    Fault(HUNG, lambda one, owner: one.freeze(owner), lambda one, owner: one.thaw(owner), THAWED),
    Fault(CARRIER_LOST, _unplug, _plug, REJOINED),
    Fault(STOPPED, lambda one, owner: one.stop(owner), lambda one, owner: one.start(owner), STARTED, starts_anew=True),
    Fault(UPGRADED, lambda one, owner: one.upgrade(owner), starts_anew=True),
)
"""In the order of a round of trials."""

NAMES = (*(fault.name for fault in FAULTS), STARTED, REJOINED, THAWED)
"""In the order of the table."""
