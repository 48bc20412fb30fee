"""Network namespaces of this run, by the name `lbd-PID-NUMBER-LABEL`, and their removal whatever happens."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_number = itertools.count(1)
_alive: dict[str, "Namespace"] = {}


def _setns(descriptor: int) -> None:
    """Moves the calling thread into the network namespace that `descriptor` stands for."""
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


class Namespace:
    """A network namespace, from its making to `delete`. What is still alive when the process ends is deleted then."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.name = f"lbd-{os.getpid()}-{next(_number)}-{label}"
        clean_up_when_interrupted()
        _ip("netns", "add", self.name)
        _alive[self.name] = self
        self.ip("link", "set", "lo", "up")
        # A second of duplicate address detection on each link would only be waited for.
        self.sysctl("net.ipv6.conf.all.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)

    def __str__(self) -> str:
        return self.name

    def delete(self) -> None:
        """Ends what runs inside and removes the namespace; harmless when it is gone already."""
        if _alive.pop(self.name, None) is None:
            return
        _remove(self.name)

    def command(self, *argv: str) -> list[str]:
        """The command line that runs `argv` inside, by the pid of its first process."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(
        self, *argv: str, check: bool = True, timeout: float = 30, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command inside to its end. Its standard error goes where this process's goes if `check` fails it."""
        done = subprocess.run(
            self.command(*argv), input=stdin, text=True, capture_output=True, timeout=timeout
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"in {self.label}: {' '.join(argv)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ip(self, *args: str) -> str:
        """`ip` with these arguments, inside."""
        return _ip("-n", self.name, *args)

    def sysctl(self, key: str, value: int | str) -> None:
        """Sets a kernel parameter below `net`, for this namespace alone."""
        assert key.startswith("net."), key
        with self.entered():
            Path("/proc/sys", *key.split(".")).write_text(str(value))

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """The calling thread is inside: a socket opened now belongs to this namespace for good."""
        home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                _setns(inside)
            finally:
                os.close(inside)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(home)


def _ip(*args: str) -> str:
    done = subprocess.run(["ip", *args], text=True, capture_output=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


def _remove(name: str) -> None:
    """Removes a namespace and every process in it; tries for a second, since a killed process takes a moment to go."""
    for _ in range(20):
        pids = subprocess.run(["ip", "netns", "pids", name], text=True, capture_output=True, timeout=30).stdout.split()
        if not pids:
            break
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.05)
    # A dead process's connection that has something to send, to whom a cable is cut, keeps the namespace for minutes; its links
    # are in the way then, by their names at the other end.
    links = subprocess.run(["ip", "-n", name, "-j", "link", "show", "type", "veth"], text=True, capture_output=True, timeout=30)
    for link in json.loads(links.stdout or "[]"):
        subprocess.run(["ip", "-n", name, "link", "delete", link["ifname"]], capture_output=True, timeout=30)
    subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=30)


def delete_all() -> None:
    """Removes every namespace of this run."""
    for namespace in reversed(list(_alive.values())):
        namespace.delete()


def sweep() -> None:
    """Removes the namespaces of earlier runs that were killed before they could."""
    listed = subprocess.run(["ip", "netns", "list"], text=True, capture_output=True, timeout=30).stdout
    for line in listed.splitlines():
        match = re.match(r"lbd-(\d+)-\d+-", line)
        if match and not Path("/proc", match[1]).exists():
            _remove(line.split()[0])


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(f"signal {number}")


def clean_up_when_interrupted() -> None:
    """On the first namespace: SIGTERM and SIGHUP unwind the stack as SIGINT does, so that every `__exit__` runs."""
    if _alive or threading.current_thread() is not threading.main_thread():
        return
    atexit.unregister(delete_all)
    atexit.register(delete_all)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)
