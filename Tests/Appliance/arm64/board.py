"""A Pi of the other kind: a whole emulated machine with Debian's own kernel, on the LAN by virtio network cards."""

from __future__ import annotations

import itertools
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from lab.lan import Host
from lab.process import Process

_HERE = Path(__file__).parent
_BOOT_SECONDS = 300
_HALT_SECONDS = 120

_SHELL = """\
[Unit]
Description=A shell for the test on the virtio console

[Service]
ExecStart=/bin/bash --norc --noprofile
StandardInput=tty
StandardOutput=tty
StandardError=tty
TTYPath=/dev/hvc0
SendSIGHUP=yes
Environment=HOME=/root TERM=dumb LANG=C.UTF-8 PS1=
"""
"""Instead of the login that systemd puts there (systemd-getty-generator(8))."""

_LINK = "[Match]\nMACAddress={mac}\n\n[Link]\nName={name}\n"
_NETWORK = "[Match]\nName={name}\n\n[Network]\nAddress={address}/24\n"


class Board:
    """A host of the LAN that is an arm64 machine: off, with the package and these files on its disk, until `boot`."""

    def __init__(self, host: Host, package: Path, files: dict[str, str], folder: Path) -> None:
        self.host = host
        self.console_log = folder / "console.log"
        self._folder = folder
        self._marks = itertools.count(1)
        self._root = Path(_output(_HERE / "root.sh"))
        self._image = folder / "disk"
        self._make_image(package, files)
        self._plug("eth0", host.address)
        self._plug("mgmt0", host.management_address)
        self._shell: socket.socket | None = None
        self._machine = Process(f"the machine of {host.name}", host.namespace, self._command(), folder / "qemu.log")

    def boot(self) -> None:
        """Switches it on, and waits until systemd has started all that starts at boot."""
        self._machine.start()
        self._shell = socket.socket(socket.AF_UNIX)
        deadline = time.monotonic() + _BOOT_SECONDS
        while True:
            try:
                self._shell.connect(str(self._folder / "shell"))
                break
            except OSError:
                self._assert_goes_on(deadline)
                time.sleep(0.1)
        # What is typed before the shell is there may be lost.
        said = ""
        while "a shell" not in said:
            self._assert_goes_on(deadline, said)
            self._shell.sendall(b"stty -echo -onlcr; echo a' 'shell\n")
            # Slowly: the terminal says it all once more, and drops what comes faster than it is read.
            time.sleep(2)
            said += self._hear(1)
        # systemd may leave a question of that time unanswered.
        while jobs := self.run("timeout 5 systemctl list-jobs --quiet --no-legend --no-pager || echo busy"):
            self._assert_goes_on(deadline, jobs)
            time.sleep(0.5)

    def run(self, script: str, timeout: float = 60) -> str:
        """What a line of shell script prints; an error if it fails."""
        assert self._shell is not None, f"the machine of {self.host.name} is off"
        mark = f"end-{next(self._marks)}"
        self._shell.sendall(f"{script}; echo {mark[:3]}''{mark[3:]} $?\n".encode())
        said = ""
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(rf"{mark} (\d+)\n", said)
            if found:
                break
            self._assert_goes_on(deadline, said)
            said += self._hear(1)
        assert found[1] == "0", f"{script}: status {found[1]}\n{said}"
        return said[: found.start()]

    def _hear(self, timeout: float) -> str:
        """What the shell says next; nothing where it is silent for `timeout` seconds."""
        assert self._shell is not None
        self._shell.settimeout(timeout)
        try:
            return self._shell.recv(65536).decode(errors="replace")
        except TimeoutError:
            return ""

    def power_off(self) -> None:
        """`systemctl poweroff`; waits until it is off."""
        self.run("systemctl poweroff")
        assert self._machine.wait(_HALT_SECONDS) == 0
        self._machine.end()

    def close(self) -> None:
        """Cuts the power."""
        if self._shell is not None:
            self._shell.close()
        if self._machine.is_running:
            self._machine.signal(signal.SIGKILL)
            self._machine.wait()

    def tail(self, count: int = 40) -> str:
        """The end of what it wrote to its console, for a person."""
        lines = self.console_log.read_text(errors="replace").splitlines() if self.console_log.exists() else []
        return "\n".join([self._machine.tail(10), *lines[-count:]])

    def _assert_goes_on(self, deadline: float, said: str = "") -> None:
        assert self._machine.is_running and time.monotonic() < deadline, (
            f"the machine of {self.host.name} does not go on\n{said}\n{self.tail()}"
        )

    def _make_image(self, package: Path, files: dict[str, str]) -> None:
        cards = {"eth0": (self.host.mac, self.host.address), "mgmt0": (self._mac("mgmt0"), self.host.management_address)}
        network = "/etc/systemd/network"
        everything = files | {
            "/etc/hostname": f"{self.host.name}\n", "/etc/systemd/system/serial-getty@hvc0.service": _SHELL,
        }
        for name, (mac, address) in cards.items():
            everything[f"{network}/10-{name}.link"] = _LINK.format(mac=mac, name=name)
            everything[f"{network}/10-{name}.network"] = _NETWORK.format(name=name, address=address)
        folder = self._folder / "files"
        for path, text in everything.items():
            place = folder / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        subprocess.run([_HERE / "image.sh", self._root, package, folder, self._image], check=True)

    def _mac(self, interface: str) -> str:
        """The hardware address of a card: on the LAN the host's."""
        return self.host.mac if interface == "eth0" else f"02:00:0a:4d:00:{self.host.number:02x}"

    def _plug(self, interface: str, address: str) -> None:
        """Makes the namespace's interface a cable to the machine: it gives up its address, and a bridge joins it to a
        tap."""
        namespace, tap = self.host.namespace, f"tap-{interface}"
        namespace.ip("address", "del", f"{address}/24", "dev", interface)
        namespace.ip("link", "set", interface, "address", f"02:ff:00:00:00:{len(interface):02x}")
        namespace.ip("link", "add", f"to-{interface}", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        namespace.ip("tuntap", "add", tap, "mode", "tap")
        for port in (interface, tap):
            namespace.ip("link", "set", port, "master", f"to-{interface}", "up")
        namespace.ip("link", "set", f"to-{interface}", "up")

    def _command(self) -> list[str]:
        cards = [
            option
            for name in ("eth0", "mgmt0")
            for option in (
                "-netdev", f"tap,id={name},ifname=tap-{name},script=no,downscript=no",
                "-device", f"virtio-net-pci,netdev={name},mac={self._mac(name)},romfile=",
            )
        ]
        return [
            "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024",
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", str(self._root / "vmlinuz"), "-initrd", str(self._root / "initrd.img"),
            "-append", "root=/dev/vda rw console=ttyAMA0 quiet",
            "-drive", f"file={self._image},format=raw,if=virtio,cache=unsafe",
            "-serial", f"file:{self.console_log}",
            "-chardev", f"socket,id=shell,path={self._folder / 'shell'},server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=shell",
            *cards,
        ]  # fmt: skip


def _output(*argv: str | Path) -> str:
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
