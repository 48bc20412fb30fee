"""One node of the cluster: lbd in the node's namespace."""

from __future__ import annotations

import abc
import os
import signal
from pathlib import Path
from typing import Any

import yaml

from .control import ControlPlane
from .lan import Host, Lan
from .process import Process
from .varlink import call

UNPROBED = {"addresses": {"probe": False}}
"""For daemons that start often, so that no test waits until its addresses are known to be free."""

REPOSITORY = Path(__file__).resolve().parents[3]


def lbd_binary() -> Path:
    """The daemon under test: LBD_BINARY, else the debug build."""
    return Path(os.environ.get("LBD_BINARY", REPOSITORY / ".build/debug/lbd"))


class Node(abc.ABC):
    """A node of the LAN, with a folder of its own below `folder`; a subclass runs the daemon."""

    def __init__(self, lan: Lan, name: str, control: ControlPlane, folder: Path) -> None:
        self.name = name
        self.lan = lan
        self.host: Host = lan.nodes[name]
        self.control = control
        self.folder = folder / name

    @property
    @abc.abstractmethod
    def is_running(self) -> bool:
        """Whether the daemon runs."""

    def announce(self) -> None:
        """Makes the Node object that a kubelet would: Ready, with its addresses."""
        self.control.apply(node_object(self.host))

    @abc.abstractmethod
    def close(self) -> None:
        """Ends the daemon."""

    @abc.abstractmethod
    def tail(self, count: int = 60) -> str:
        """The end of its log, for a person."""


class LbdNode(Node):
    """`lbd run` in a node's namespace, with all its files in a folder of its own below `folder`."""

    def __init__(
        self, lan: Lan, name: str, control: ControlPlane, folder: Path, settings: dict[str, Any] | None = None
    ) -> None:
        super().__init__(lan, name, control, folder)
        for part in ("etc", "state", "run"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "etc/lbd.yaml"
        self.pools = self.folder / "etc/pools.yaml"
        self.settings: dict[str, Any] = {
            "node": name,
            "kubernetes": {"kubeconfig": str(control.kubeconfig_for("lbd"))},
            "pools": str(self.pools),
            "state": str(self.folder / "state"),
            "runtime": str(self.folder / "run"),
        }
        for key, value in (settings or {}).items():
            if isinstance(value, dict):
                self.settings.setdefault(key, {}).update(value)
            else:
                self.settings[key] = value
        self.write_settings()
        self.process = Process(
            f"lbd on {name}", self.host.namespace, [str(lbd_binary()), "run", "--config", str(self.config)],
            self.folder / "lbd.log",
        )

    def write_settings(self) -> None:
        """Puts `settings` into lbd.yaml; the daemon reads it when it starts."""
        self.config.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    @property
    def is_running(self) -> bool:
        """Whether the daemon runs."""
        return self.process.is_running

    def start(self) -> LbdNode:
        """Starts the daemon."""
        assert lbd_binary().exists(), f"{lbd_binary()} is missing: build it first, or set LBD_BINARY"
        self.process.start()
        return self

    def stop(self, timeout: float = 15) -> int:
        """SIGTERM, the planned stop; waits for the end and gives the exit status."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def restart(self, timeout: float = 15) -> int:
        """SIGUSR1, which keeps everything, and a new daemon at once; gives the exit status of the old one."""
        self.process.signal(signal.SIGUSR1)
        status = self.process.wait(timeout)
        self.start()
        return status

    def kill(self) -> None:
        """SIGKILL, the sudden death."""
        self.process.kill()

    def freeze(self) -> None:
        """SIGSTOP: it hangs until `thaw`."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def reload(self) -> None:
        """SIGHUP."""
        self.process.signal(signal.SIGHUP)

    def wait_for_line(self, pattern: str, timeout: float = 10, since: int = 0) -> str:
        """The first line of the daemon's log that holds the regular expression."""
        return self.process.wait_for_line(pattern, timeout, since)

    def status(self) -> dict[str, Any]:
        """What the daemon tells of itself."""
        try:
            return call(Path(self.settings["runtime"]) / "io.lbd", "io.lbd.GetStatus")
        except (FileNotFoundError, ConnectionError) as error:
            raise AssertionError(f"{self.name} does not answer: {error}") from error

    def group(self) -> dict[str, str]:
        """The other members as the daemon sees them: `alive`, `suspect`, `dead` or `left`, by name."""
        return {member["name"]: member["status"] for member in self.status()["gossip"]}

    def assert_knows(self, namespace: str, name: str, endpoint_count: int) -> bool:
        """The daemon has heard that this Service has an address, and of so many endpoints that are ready."""
        services = self.status()["services"]
        known = [item for item in services if (item["namespace"], item["name"]) == (namespace, name)]
        assert known and known[0]["addresses"] and known[0]["readyEndpoints"] == endpoint_count, services
        return True

    def close(self) -> None:
        """Ends the daemon as a planned stop, so that no Lease of its lingers."""
        self.process.end()

    def tail(self, count: int = 60) -> str:
        """The end of its log, for a person."""
        return self.process.tail(count)


def node_object(host: Host) -> dict[str, Any]:
    """A Node, with `status` as a kubelet writes it."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": host.name, "labels": {"kubernetes.io/hostname": host.name, "kubernetes.io/os": "linux"}},
        "spec": {"podCIDR": f"{host.pod_network}.0/24", "podCIDRs": [f"{host.pod_network}.0/24"]},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": host.address},
                {"type": "Hostname", "address": host.name},
            ],
            "capacity": {"cpu": "4", "memory": "4Gi", "pods": "110"},
            "allocatable": {"cpu": "4", "memory": "4Gi", "pods": "110"},
            "conditions": [
                {"type": "NetworkUnavailable", "status": "False", "reason": "RouteCreated"},
                {"type": "Ready", "status": "True", "reason": "KubeletReady"},
            ],
        },
    }
