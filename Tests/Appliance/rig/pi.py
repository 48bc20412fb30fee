"""A node that is a machine: lbd from its package, started by systemd."""

from __future__ import annotations

import re
from pathlib import Path

from lab.control import ControlPlane
from lab.lan import Lan
from lab.node import Node

from .machine import Machine

SEED = "/boot/firmware"
"""Where cloud-init finds its files: the boot partition."""


class Pi(Node):
    """A machine of the LAN, with the unit lbd.service once that is installed."""

    def __init__(self, lan: Lan, name: str, control: ControlPlane, base: Path, folder: Path) -> None:
        super().__init__(lan, name, control, folder)
        self.machine = Machine(self.host, base, self.folder)

    def insert_card(self, user_data: str) -> None:
        """Puts cloud-init's files onto the boot partition. The name comes with them; the network is set up already."""
        self.machine.write(f"{SEED}/user-data", user_data)
        self.machine.write(f"{SEED}/meta-data", f"instance-id: {self.name}\nlocal-hostname: {self.name}\n")
        self.machine.write(f"{SEED}/network-config", "network:\n  config: disabled\n")

    def wait_provisioned(self) -> None:
        """Waits until cloud-init has done all that it was told; an error where any of it went wrong."""
        done = self.machine.run("cloud-init", "status", "--wait", "--long", check=False, timeout=180)
        if done.returncode != 0:
            log = self.machine.shell("tail -n 60 /var/log/cloud-init-output.log")
            raise AssertionError(f"cloud-init on {self.name}:\n{done.stdout}{log}")

    @property
    def is_running(self) -> bool:
        """Whether the machine is up and its lbd is active."""
        return self.machine.is_up and self.show("ActiveState") == "active"

    def show(self, name: str) -> str:
        """A property of lbd.service."""
        return self.machine.show("lbd.service", name)

    @property
    def status_line(self) -> str:
        """What lbd says of itself in `systemctl status`."""
        return self.show("StatusText")

    @property
    def pid(self) -> int:
        """The daemon's pid on the machine."""
        return int(self.show("MainPID"))

    @property
    def restarts(self) -> int:
        """How often systemd has started the daemon again by itself."""
        return int(self.show("NRestarts"))

    def install(self) -> None:
        """`apt-get update` and `apt-get install lbd`, as a person does it."""
        self.apt("update")
        self.apt("install", "--yes", "lbd")

    def apt(self, *args: str) -> str:
        """What apt-get prints."""
        return self.machine.run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *args, timeout=180).stdout

    def systemctl(self, *args: str) -> None:
        """`systemctl`; an error if it fails."""
        self.machine.run("systemctl", *args)

    def has_pool(self, text: str) -> bool:
        """Puts the text of the tests' pool into pools.yaml where that holds another; whether it is in force."""
        path = self.machine.path("/etc/lbd/pools.yaml")
        if path.read_text() != text:
            path.write_text(text)
        return re.search(r"pool address-pool-1 \d+/128 used", self.status_line) is not None

    def warnings(self, cursor: str) -> list[str]:
        """The lines of lbd's that are warnings or errors, since a place in the journal."""
        entries = self.machine.journal("--unit=lbd", "--priority=warning", f"--after-cursor={cursor}")
        return [str(entry["MESSAGE"]) for entry in entries if entry.get("SYSLOG_IDENTIFIER") == "lbd"]

    def close(self) -> None:
        """Cuts the power, and its disk goes."""
        self.machine.close()

    def tail(self, count: int = 60) -> str:
        """The end of its logs, for a person."""
        parts = [self.machine.console(10)]
        if self.machine.is_up:
            parts.append(self.machine.shell(f"journalctl --no-pager --quiet --lines={count} --unit=lbd", check=False))
        return "\n".join(parts)
