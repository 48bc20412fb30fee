"""A Debian system that runs, systemd and all."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from types import TracebackType

_TIMEOUT_SECONDS = 60


class Booted:
    """From `with` to the end of it, a Debian system without network, booted from `root`, which stays as it is. It sees
    `folder` as /mnt."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._log = folder / "console.log"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __enter__(self) -> Booted:
        with self._log.open("ab") as log:
            self._nspawn = subprocess.Popen(
                [
                    # Not longer than this process, however that ends; and with it goes all that runs inside.
                    "setpriv", "--pdeathsig=KILL", "--", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                    "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--private-network",
                    f"--machine=lbd-{os.getpid()}", f"--directory={self._root}", "--volatile=overlay",
                    f"--bind={self._folder}:/mnt",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        try:
            self._wait_until_up()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, *argv: str, check: bool = True) -> str:
        """What a command prints that runs in the system, as root."""
        outcome = self._run(*argv)
        assert not check or outcome.returncode == 0, f"{argv} ended with status {outcome.returncode}\n{outcome.stdout}"
        return outcome.stdout.strip()

    def property(self, name: str, unit: str = "lbd") -> str:
        """A property of a unit, as `systemctl show` tells it."""
        return self.run("systemctl", "show", unit, f"--property={name}", "--value")

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "nsenter", f"--target={self._leader}", "--all", "--wdns=/", "env", "-i",
                "PATH=/usr/sbin:/usr/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *argv,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=_TIMEOUT_SECONDS,
        )

    def _wait_until_up(self) -> None:
        assert self._nspawn is not None
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        state = ""
        while state != "running":
            assert self._nspawn.poll() is None, f"the system has ended:\n{self._log.read_text()}"
            assert time.monotonic() < deadline, f"the system is {state or 'not up'}:\n{self._log.read_text()}"
            time.sleep(0.1)
            nspawn = _only_child(self._nspawn.pid)
            leader = nspawn and _only_child(nspawn)
            if leader is None:
                continue
            self._leader = leader
            state = self._run("systemctl", "is-system-running").stdout.strip()
            assert state != "degraded", self._run("systemctl", "--failed").stdout

    def _end(self) -> None:
        if self._nspawn is not None:
            self._nspawn.kill()
            self._nspawn.wait()


def _only_child(pid: int) -> int | None:
    """The process that the process `pid` has started, if it has."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return None
    return int(children[0]) if children else None
