"""A program that runs in a namespace, with its output in a file."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import time
from pathlib import Path

from .namespace import Namespace

_running: set["Process"] = set()


class Process:
    """A program that can be started again and again; every start adds to the same log."""

    def __init__(self, label: str, namespace: Namespace, argv: list[str], log: Path) -> None:
        self.label = label
        self.namespace = namespace
        self.argv = argv
        self.log = log
        self.descriptors: tuple[int, ...] = ()
        """What of this process's open descriptors the program gets, by the same numbers."""
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The pid of the program itself."""
        assert self._child is not None, f"{self.label} was not started"
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Starts it; an error if it runs already."""
        assert not self.is_running, f"{self.label} runs already"
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.namespace.command(*self.argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, pass_fds=self.descriptors,
            )
        if not _running:
            atexit.unregister(end_all)
            atexit.register(end_all)
        _running.add(self)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it; an error if it has ended."""
        assert self.is_running, f"{self.label} has ended with status {self.status()}\n{self.tail()}"
        os.kill(self.pid, number)

    def status(self) -> int | None:
        """Its exit status, or minus the signal that ended it; nil while it runs."""
        return self._child.poll() if self._child is not None else None

    def wait(self, timeout: float = 10) -> int:
        """Waits for its end and gives its exit status, or minus the signal that ended it."""
        assert self._child is not None, f"{self.label} was not started"
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.label} has not ended within {timeout} s\n{self.tail()}") from None
        _running.discard(self)
        return status

    def end(self, timeout: float = 10) -> None:
        """Ends it, whatever its state: SIGTERM, and SIGKILL after `timeout` seconds."""
        if not self.is_running:
            return
        os.kill(self.pid, signal.SIGCONT)
        os.kill(self.pid, signal.SIGTERM)
        try:
            self.wait(timeout)
        except AssertionError:
            self.kill()

    def kill(self) -> None:
        """Ends it without warning."""
        if self.is_running:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def mark(self) -> int:
        """A place in the log: its end as it is now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def lines(self, since: int = 0) -> list[str]:
        """The log's lines after a place that `mark` gave."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace").splitlines()

    def wait_for_line(self, pattern: str, timeout: float = 10, since: int = 0) -> str:
        """The first line of the log after `since` that holds the regular expression; waits for it."""
        deadline = time.monotonic() + timeout
        while True:
            for line in self.lines(since):
                if re.search(pattern, line):
                    return line
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.label}: no line {pattern!r} within {timeout} s\n{self.tail()}")
            time.sleep(0.05)

    def tail(self, count: int = 40) -> str:
        """The end of the log, for a person."""
        return "\n".join([f"--- {self.label}: {self.log}", *self.lines()[-count:]])


def end_all() -> None:
    """Kills every program of this run that still runs."""
    for process in list(_running):
        process.kill()
