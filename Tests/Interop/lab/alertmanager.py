"""Prometheus Alertmanager, another user of hashicorp/memberlist: without encryption, with a state and messages of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from .lan import Host
from .process import Process

GOSSIP_PORT = 9094
_WEB = "127.0.0.1:9093"
_CONFIGURATION = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """On a host of the LAN; each start of it is a member with a new name."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.address = f"{host.address}:{GOSSIP_PORT}"
        self._folder = folder / host.name
        self._folder.mkdir()
        (self._folder / "alertmanager.yml").write_text(_CONFIGURATION)
        self._argv = [
            "prometheus-alertmanager", f"--config.file={self._folder}/alertmanager.yml",
            f"--storage.path={self._folder}/data", f"--web.listen-address={_WEB}",
            f"--cluster.listen-address={self.address}", "--log.level=debug",
        ]
        self.process = Process(
            f"Alertmanager on {host.name}", host.namespace, self._argv, self._folder / "alertmanager.log"
        )

    def start(self, *peers: str, timeout: float = 20) -> Alertmanager:
        """Starts it, to join those at `peers`, each ADDRESS:PORT."""
        mark = self.process.mark()
        self.process.argv = [*self._argv, *(f"--cluster.peer={peer}" for peer in peers)]
        self.process.start()
        self.process.wait_for_line("Listening on", timeout, mark)
        return self

    def _status(self) -> dict[str, object]:
        found = self.host.namespace.run("curl", "--silent", "--fail", f"http://{_WEB}/api/v2/status", check=False).stdout
        assert found, f"Alertmanager on {self.host.name} does not answer"
        return json.loads(found)["cluster"]

    @property
    def name(self) -> str:
        """The name it goes by since its last start."""
        return str(self._status()["name"])

    def members(self) -> dict[str, str]:
        """The addresses of all that live as it sees them, its own too, by name."""
        return {peer["name"]: peer["address"] for peer in self._status()["peers"]}

    def leave(self) -> None:
        """SIGTERM: a farewell, after which it ends."""
        self.process.signal(signal.SIGTERM)
        assert self.process.wait(20) == 0

    def freeze(self) -> None:
        """SIGSTOP: it hangs until `thaw`."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, the sudden death."""
        self.process.kill()
