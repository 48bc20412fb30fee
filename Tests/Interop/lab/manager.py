"""As much of systemd as a daemon talks to while it restarts: sd_notify(3) and the file descriptor store."""

from __future__ import annotations

import array
import contextlib
import os
import socket
import threading
from pathlib import Path
from types import TracebackType

from .process import Process

_MOST_DESCRIPTORS = 64


class ServiceManager:
    """From `with` to the end of it, what a program's NOTIFY_SOCKET leads to. Keeps the descriptors that it is given, and
    hands them to the program at its next start."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.stored: dict[str, int] = {}
        """The descriptors by their names."""
        self.told: list[str] = []
        """The lines of all messages, oldest first."""
        self._process = process
        self._argv = process.argv
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
        for descriptor in self.stored.values():
            os.close(descriptor)
        self._path.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Has the next start of the program get what is stored, by the protocol of sd_listen_fds(3)."""
        names, descriptors = list(self.stored), tuple(self.stored.values())
        redirections = " ".join(f"{3 + number}<&{descriptor}" for number, descriptor in enumerate(descriptors))
        count = f"export LISTEN_PID=$$ LISTEN_FDS={len(names)} LISTEN_FDNAMES={':'.join(names)}; " if names else ""
        self._process.argv = [
            "env", f"NOTIFY_SOCKET={self._path}", "bash", "-c", f'{count}exec "$@" {redirections}', "bash", *self._argv,
        ]
        self._process.descriptors = descriptors

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
