"""Agents of serf, whose gossip is hashicorp/memberlist's, as is that of MetalLB's speakers."""

from __future__ import annotations

import base64
import json
import signal
from pathlib import Path

from .lan import Host
from .process import Process

GOSSIP_PORT = 7946


def key_of(secret: str, length: int = 32) -> str:
    """The key that MetalLB takes from a secret of at least `length` bytes, as serf is told it: of 32 bytes from version 0.14
    on, of 16 before."""
    return base64.b64encode(secret.encode()[:length]).decode()


class Serf:
    """An agent on a host of the LAN, at the host's address or another one of its; `start` and `kill` it as often as you
    like."""

    def __init__(self, host: Host, folder: Path, key: str | None, address: str | None = None) -> None:
        self.name = host.name
        self.host = host
        bind = f"[{address}]" if address else host.address
        argv = ["serf", "agent", f"-node={host.name}", f"-bind={bind}:{GOSSIP_PORT}"]
        if key:
            argv.append(f"-encrypt={key}")
        self.process = Process(
            f"serf on {host.name}", host.namespace, [*argv, "-log-level=debug"], folder / f"{host.name}.log"
        )

    def start(self, timeout: float = 10) -> Serf:
        """Starts the agent and waits until it answers."""
        mark = self.process.mark()
        self.process.start()
        self.process.wait_for_line(f"EventMemberJoin: {self.name}", timeout, mark)
        return self

    def command(self, *words: str, check: bool = True) -> str:
        """`serf` with these words, about this agent; what it prints."""
        done = self.host.namespace.run("serf", *words, check=check)
        return done.stdout + done.stderr

    def members(self) -> dict[str, str]:
        """The members as this agent sees them: `alive`, `leaving`, `left` or `failed`, by name."""
        members = json.loads(self.command("members", "-format=json"))["members"]
        return {member["name"]: member["status"] for member in members}

    def join(self, address: str, check: bool = True) -> str:
        """Joins whoever listens at an address."""
        return self.command("join", address, check=check)

    def leave(self) -> None:
        """A farewell, after which the agent ends."""
        self.command("leave")
        assert self.process.wait(20) == 0

    def freeze(self) -> None:
        """SIGSTOP: it hangs until `thaw`."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, the sudden death."""
        self.process.kill()
