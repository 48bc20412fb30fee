"""What is measured: a daemon on three nodes of a LAN that lets one of them answer for an address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from lab.lan import Host, Lan

from .prober import Prober


class Contender(ABC):
    """From `with` to the end of it, with a daemon on each node running."""

    name: str
    lan: Lan
    address: str
    can_upgrade = False
    """Whether a daemon can be replaced by a new one with a word of warning to the others."""

    @abstractmethod
    def start(self, host: Host) -> None:
        """Starts the daemon."""

    @abstractmethod
    def stop(self, host: Host) -> None:
        """The planned stop; returns when the daemon has ended."""

    @abstractmethod
    def kill(self, host: Host) -> None:
        """SIGKILL to all its processes."""

    @abstractmethod
    def freeze(self, host: Host) -> None:
        """SIGSTOP to all its processes."""

    @abstractmethod
    def thaw(self, host: Host) -> None:
        """SIGCONT."""

    def upgrade(self, host: Host) -> None:
        """Replaces the daemon by a new one; returns when that was started."""
        raise NotImplementedError

    def set_server(self, serves: bool) -> None:
        """Lets the API server hang, or serve again, where there is one."""

    @abstractmethod
    def is_settled(self, owner: Host) -> bool:
        """Whether all is as before any fault, where the address is `owner`'s: every daemon hears all others."""

    @abstractmethod
    def mark(self) -> None:
        """Forgets what the daemons have logged."""

    @abstractmethod
    def told(self) -> str:
        """What the daemons have logged since `mark`, for a person."""

    @contextmanager
    def probed(self, newcomer_address: str) -> Iterator[Prober]:
        """Inside, the address is probed by a client and by a newcomer, who asks in the name of an address of its own."""
        newcomer = self.lan.clients["newcomer"]
        hosts = list(self.lan.nodes.values())
        with Prober(self.lan.client, newcomer, hosts, self.address, newcomer_address) as prober:
            yield prober
