"""keepalived on three nodes, with VRRPv3 adverts at a pace of choice, and what is its default otherwise."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from pathlib import Path
from types import TracebackType

from lab.lan import Host, Lan
from lab.process import Process

from .contender import Contender
from .prober import prepare

ADDRESS = "192.168.2.200"
_CONFIG = """\
global_defs {{
  router_id {node}
}}
vrrp_instance lan {{
  state BACKUP
  interface eth0
  virtual_router_id 51
  version 3
  priority {priority}
  advert_int {advert}
  virtual_ipaddress {{
    {address}/24 dev eth0
  }}
}}
"""


class Keepalived(Contender):
    """On a LAN of its own. The first node has the highest priority and takes the address back, as is the default."""

    def __init__(self, advert_seconds: float, disks: dict[str, Path] | None = None) -> None:
        """With `disks`, each node's files but for the log are in the folder that stands there for it."""
        self.name = f"keepalived, adverts each {advert_seconds:g} s"
        self.address = ADDRESS
        self._advert = advert_seconds
        self._disks = disks or {}
        self._open = contextlib.ExitStack()
        self._marks: dict[str, int] = {}
        self.processes: dict[str, Process] = {}

    def __enter__(self) -> Keepalived:
        try:
            folder = Path(tempfile.mkdtemp(prefix="lbd-keepalived-"))
            self._open.callback(shutil.rmtree, folder, ignore_errors=True)
            self.lan = self._open.enter_context(Lan())
            self.lan.add_client("newcomer", 51)
            for rank, host in enumerate(self.lan.nodes.values()):
                prepare(host, self.address)
                self.processes[host.name] = self._process(host, 150 - 50 * rank, self._disks.get(host.name, folder), folder)
                self._open.callback(self._end, host)
                self.start(host)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _process(self, host: Host, priority: int, folder: Path, log: Path) -> Process:
        config = folder / f"{host.name}.conf"
        config.write_text(
            _CONFIG.format(node=host.name, priority=priority, advert=self._advert, address=self.address)
        )
        argv = ["keepalived", "--vrrp", "--dont-fork", "--log-console", "--use-file", str(config)]
        for kind in ("pid", "vrrp_pid"):
            argv += [f"--{kind}", str(self._pid_file(config, kind))]
        return Process(f"keepalived on {host.name}", host.namespace, argv, log / f"{host.name}.log")

    @staticmethod
    def _pid_file(config: Path, kind: str) -> Path:
        return config.with_suffix(f".{kind}")

    def _signal(self, host: Host, number: signal.Signals) -> None:
        """To both its processes: they are a process group of their own."""
        os.killpg(self.processes[host.name].pid, number)

    def _end(self, host: Host) -> None:
        process = self.processes[host.name]
        if process.is_running:
            self._signal(host, signal.SIGCONT)
            process.end()

    def start(self, host: Host) -> None:
        """Starts the daemon."""
        process = self.processes[host.name]
        config = Path(process.argv[process.argv.index("--use-file") + 1])
        for kind in ("pid", "vrrp_pid"):
            # One that was killed has left its behind, and the pid may be somebody's.
            self._pid_file(config, kind).unlink(missing_ok=True)
        process.start()

    def stop(self, host: Host) -> None:
        """SIGTERM: it says so with an advert of priority 0."""
        self.processes[host.name].signal(signal.SIGTERM)
        self.processes[host.name].wait(15)

    def kill(self, host: Host) -> None:
        """SIGKILL to both processes; the address stays on the interface."""
        self._signal(host, signal.SIGKILL)
        self.processes[host.name].wait()

    def freeze(self, host: Host) -> None:
        """SIGSTOP to both processes."""
        self._signal(host, signal.SIGSTOP)

    def thaw(self, host: Host) -> None:
        """SIGCONT to both processes."""
        self._signal(host, signal.SIGCONT)

    def is_settled(self, owner: Host) -> bool:
        """Whether the node with the highest priority has the address."""
        return owner is next(iter(self.lan.nodes.values())) and all(one.is_running for one in self.processes.values())

    def mark(self) -> None:
        """Forgets what was logged."""
        self._marks = {name: process.mark() for name, process in self.processes.items()}

    def told(self) -> str:
        """What was logged since, for a person."""
        return "\n".join(
            f"  {name}: {line}"
            for name, process in self.processes.items()
            for line in process.lines(self._marks.get(name, 0))
        )
