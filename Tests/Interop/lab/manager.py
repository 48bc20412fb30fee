"""As much of systemd as a daemon talks to: sd_notify(3), the file descriptor store and the watchdog."""

from __future__ import annotations

import array
import contextlib
import os
import re
import socket
import threading
import time
from pathlib import Path
from types import TracebackType

from .process import Process

_MOST_DESCRIPTORS = 64


class ServiceManager:
    """From `with` to the end of it, what a program's NOTIFY_SOCKET leads to. Keeps the descriptors that it is given, and
    hands them to the program at its next start."""

    def __init__(self, process: Process, folder: Path, watchdog_seconds: float | None = None) -> None:
        """A manager of `process`, with its socket in `folder`. It only says that it has a watchdog."""
        self.stored: dict[str, int] = {}
        """The descriptors by their names."""
        self.told: list[str] = []
        """The lines of all messages, oldest first."""
        self._process = process
        self._argv = process.argv
        self._environment = [f"NOTIFY_SOCKET={folder / 'notify'}"]
        if watchdog_seconds is not None:
            self._environment.append(f"WATCHDOG_USEC={int(watchdog_seconds * 1_000_000)}")
        self._path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._run, name="service manager", daemon=True)

    def __enter__(self) -> ServiceManager:
        self._path.unlink(missing_ok=True)
        self._socket.bind(str(self._path))
        self._thread.start()
        self.prepare()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.argv = self._argv
        self._process.descriptors = ()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()
        self.forget()
        self._path.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Has the next start of the program get what is stored, by the protocol of sd_listen_fds(3)."""
        names, descriptors = list(self.stored), tuple(self.stored.values())
        redirections = " ".join(f"{3 + number}<&{descriptor}" for number, descriptor in enumerate(descriptors))
        count = f"export LISTEN_PID=$$ LISTEN_FDS={len(names)} LISTEN_FDNAMES={':'.join(names)}; " if names else ""
        self._process.argv = [
            "env", *self._environment, "bash", "-c", f'{count}exec "$@" {redirections}', "bash", *self._argv,
        ]
        self._process.descriptors = descriptors

    def forget(self) -> None:
        """Closes the descriptors that are stored, as for a unit that is stopped."""
        for descriptor in self.stored.values():
            os.close(descriptor)
        self.stored.clear()

    @property
    def status(self) -> str:
        """The STATUS= told last."""
        return next((line[7:] for line in reversed(self.told) if line.startswith("STATUS=")), "")

    def mark(self) -> int:
        """A place in what was told: its end as it is now."""
        return len(self.told)

    def wait_for(self, line: str, since: int = 0, timeout: float = 15) -> list[str]:
        """Waits until this line is told after a place that `mark` gave; gives all that was told from there on."""
        deadline = time.monotonic() + timeout
        while line not in (told := self.told[since:]):
            assert time.monotonic() < deadline, f"not told: {line!r}, but {told}"
            time.sleep(0.02)
        return told

    def wait_for_status(self, pattern: str, timeout: float = 15) -> str:
        """Waits until the regular expression is found in the status line; gives the line."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, status := self.status):
            assert time.monotonic() < deadline, f"{pattern!r} is not in the status {status!r}"
            time.sleep(0.02)
        return status

    def _run(self) -> None:
        room = socket.CMSG_SPACE(_MOST_DESCRIPTORS * array.array("i").itemsize)
        while True:
            data, controls, _, _ = self._socket.recvmsg(4096, room)
            if not data:
                return
            descriptors = array.array("i")
            for level, kind, content in controls:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
            self._take(data.decode().splitlines(), list(descriptors))

    def _take(self, lines: list[str], descriptors: list[int]) -> None:
        self.told += lines
        fields = dict(line.split("=", 1) for line in lines if "=" in line)
        name = fields.get("FDNAME", "")
        if fields.get("FDSTOREREMOVE") == "1" and name in self.stored:
            os.close(self.stored.pop(name))
        if fields.get("FDSTORE") == "1":
            for descriptor in descriptors:
                self.stored[name] = descriptor
        else:
            # That of BARRIER=1 is closed to say that all before it has been taken in.
            for descriptor in descriptors:
                os.close(descriptor)
