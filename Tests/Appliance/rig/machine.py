"""A Pi: a Debian 13 root with systemd as its first process, booted in a network namespace of the LAN."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from lab.lan import Host

_numbers = itertools.count(1)
_alive: set["Machine"] = set()
_BOOT_SECONDS = 60
_HALT_SECONDS = 60

_BOOT = r"""
echo $$ >"$cgroup/cgroup.procs"
mount --types overlay overlay --options "lowerdir=$base,upperdir=$disk/upper,workdir=$disk/work" "$root"
exec systemd-nspawn --quiet --register=no --keep-unit --machine="$machine" --directory="$root" --boot \
  --network-namespace-path="/run/netns/$namespace" --resolv-conf=off --timezone=off --link-journal=no \
  --notify-ready=yes --console=pipe
"""


def base_root() -> Path:
    """The root that every machine's disk is laid over, made first if it must be."""
    script = Path(__file__).with_name("root.sh")
    return Path(subprocess.run([script], check=True, text=True, stdout=subprocess.PIPE).stdout.strip())


class Machine:
    """A machine on the LAN, from `boot` to `close`. Its disk is a folder below `folder` that outlives a power-off; it
    is booted in a mount namespace and a control group of its own, so that nothing of it is left however it ends."""

    def __init__(self, host: Host, base: Path, folder: Path) -> None:
        _sweep()
        self.host = host
        self.name = f"lbd-{os.getpid()}-{next(_numbers)}-{host.name}"
        self._base = base
        self._disk = folder / "disk"
        self._root = folder / "root"
        self._log = folder / "console.log"
        self._cgroups = [parent / self.name for parent in _own_cgroups()]
        self._leader = 0
        self._nspawn: subprocess.Popen[bytes] | None = None
        for part in (self._disk / "upper", self._disk / "work", self._root):
            part.mkdir(parents=True)

    # Life and death

    @property
    def is_up(self) -> bool:
        """Whether it was booted and is not off."""
        return self._nspawn is not None and self._nspawn.poll() is None

    def write(self, path: str, text: str) -> None:
        """Writes a file onto the disk of a machine that is off."""
        assert not self.is_up, f"{self.name} is on"
        place = self._disk / "upper" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def boot(self) -> None:
        """Switches it on, and waits until systemd has started all that starts at boot."""
        assert not self.is_up, f"{self.name} is on"
        if not _alive:
            atexit.unregister(_close_all)
            atexit.register(_close_all)
        _alive.add(self)
        self._cgroups[0].mkdir(exist_ok=True)
        with _NotifySocket() as notify, self._log.open("ab") as log:
            variables = {
                "base": str(self._base), "disk": str(self._disk), "root": str(self._root),
                "machine": self.name, "namespace": self.host.namespace.name, "cgroup": str(self._cgroups[0]),
                "NOTIFY_SOCKET": str(notify.path), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
            }
            self._nspawn = subprocess.Popen(
                ["unshare", "--mount", "sh", "-euc", _BOOT], env=os.environ | variables, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )
            deadline = time.monotonic() + _BOOT_SECONDS
            told: dict[str, str] = {}
            while told.get("READY") != "1":
                assert self.is_up and time.monotonic() < deadline, f"{self.name} does not boot\n{self.console()}"
                told |= notify.receive(0.2)
            self._leader = int(told["X_NSPAWN_LEADER_PID"])

    def cut_power(self) -> None:
        """Off at once, with nothing said to anybody."""
        if self._nspawn is None:
            return
        if self._leader and self.is_up:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._nspawn.wait(5)
        if self.is_up:
            os.killpg(self._nspawn.pid, signal.SIGKILL)
        self._nspawn.wait()
        self._is_off()

    def close(self) -> None:
        """Ends it in whatever state it is, and its disk goes."""
        self.cut_power()
        _alive.discard(self)
        shutil.rmtree(self._disk, ignore_errors=True)

    def halt(self, verb: str) -> None:
        """`systemctl poweroff` or `systemctl reboot`; either ends with the machine off, for `boot` to switch it on."""
        assert self._nspawn is not None
        self.run("systemctl", verb)
        try:
            self._nspawn.wait(_HALT_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not go off\n{self.console()}") from None
        self._is_off()

    def _is_off(self) -> None:
        self._leader = 0
        for place in self._cgroups:
            _remove_cgroup(place)

    # Inside

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` as root on the machine."""
        assert self.is_up, f"{self.name} is off\n{self.console()}"
        enter = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"]
        clean = ["env", "--ignore-environment", f"PATH={_PATH}", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]
        return [*enter, *clean, *argv]

    def run(
        self, *argv: str, check: bool = True, timeout: float = 60, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on the machine to its end; an error if it fails, unless told not to `check`."""
        done = subprocess.run(self.command(*argv), input=stdin, text=True, capture_output=True, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(
                f"on {self.host.name}: {' '.join(argv)}: status {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def shell(self, script: str, check: bool = True, timeout: float = 60) -> str:
        """What a shell script prints on standard output."""
        return self.run("bash", "-euo", "pipefail", "-c", script, check=check, timeout=timeout).stdout

    def path(self, path: str) -> Path:
        """A file of the machine's, as this process can open it."""
        assert self.is_up, f"{self.name} is off"
        return Path(f"/proc/{self._leader}/root", path.lstrip("/"))

    def show(self, unit: str, name: str) -> str:
        """A property of a unit, as `systemctl show` prints it."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.rstrip("\n")

    def journal(self, *args: str) -> list[dict[str, Any]]:
        """The entries of the journal that `journalctl` picks by these arguments, oldest first."""
        lines = self.run("journalctl", "--output=json", "--no-pager", "--quiet", *args).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def cursor(self) -> str:
        """A place in the journal: its end as it is now, for `--after-cursor`."""
        entries = self.journal("--lines=1")
        return str(entries[-1]["__CURSOR"])

    def console(self, count: int = 40) -> str:
        """The end of what it wrote to its console, for a person."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join([f"--- {self.name}: {self._log}", *lines[-count:]])


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class _NotifySocket:
    """Where systemd-nspawn tells how far the boot is (sd_notify(3))."""

    def __enter__(self) -> _NotifySocket:
        # The path of a socket has an end at 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="lbd-"))
        self.path = self._folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def receive(self, timeout: float) -> dict[str, str]:
        """The variables of one message; none where none comes within `timeout` seconds."""
        self._socket.settimeout(timeout)
        try:
            message = self._socket.recv(4096).decode(errors="replace")
        except TimeoutError:
            return {}
        return dict(line.split("=", 1) for line in message.splitlines() if "=" in line)


def _own_cgroups() -> list[Path]:
    """This process's place in the control group tree of version 2, wherever that is mounted; then, where version 1 is
    beside it, in the tree of systemd's, in which systemd-nspawn mirrors what it does in the other."""
    mounts = Path("/proc/self/mountinfo").read_text()
    memberships = Path("/proc/self/cgroup").read_text()
    found = []
    for tree, controllers in (("cgroup2 .*", ""), ("cgroup .*name=systemd", "name=systemd")):
        mount = re.search(rf"^(?:\S+ ){{3}}(\S+) (\S+) .* - {tree}", mounts, re.MULTILINE)
        own = re.search(rf"^\d+:{controllers}:(.*)$", memberships, re.MULTILINE)
        if mount is not None and own is not None:
            found.append(Path(mount[2], os.path.relpath(own[1], mount[1])))
        else:
            assert found, "this process has no control group of version 2"
    return found


def _remove_cgroup(place: Path) -> None:
    """Removes a control group that nothing is in any more, with those below it."""
    for group in sorted(place.glob("**/"), reverse=True):
        with contextlib.suppress(OSError):
            group.rmdir()


def _sweep() -> None:
    """Removes what earlier runs left that were killed before they could."""
    for parent in _own_cgroups():
        for place in parent.glob("lbd-*-*-*"):
            if not Path("/proc", place.name.split("-")[1]).exists():
                _remove_cgroup(place)


def _close_all() -> None:
    """Ends every machine of this run that still runs."""
    for machine in list(_alive):
        machine.close()
