"""One node with lbd on a control plane of its own: for tests that change what lbd may do, or who else is there."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from .cluster import LEASES, POOL, eventually
from .kube import KubeControlPlane
from .lan import CONTROL_ADDRESS, Lan
from .manager import ServiceManager
from .node import UNPROBED, LbdNode

NODE = "gooseberry"
SERVICES = "/api/v1/namespaces/default/services"


class Lone:
    """From `with` to the end of it. The daemon runs where a test starts it."""

    def __init__(self, control: KubeControlPlane, folder: Path) -> None:
        self.control = control
        self.folder = folder
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Lone:
        try:
            self._make()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _make(self) -> None:
        # A host of a home network has a way out of it.
        router = CONTROL_ADDRESS.rpartition(".")[0] + ".254"
        self.control.namespace.ip("route", "add", "default", "via", router, "dev", "mgmt0")
        self.lan = self._open.enter_context(Lan(nodes=(NODE,), control=self.control.namespace))
        self.node = LbdNode(self.lan, NODE, self.control, self.folder, UNPROBED)
        self._open.callback(self.node.close)
        self.manager = self._open.enter_context(ServiceManager(self.node.process, self.folder))
        self.node.announce()
        metadata = {"namespace": "metallb-system", "name": "config"}
        self.control.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": POOL}})

    def start(self, **settings: Any) -> int:
        """Starts the daemon, with these settings besides its own, on a cluster that it has left no Lease in; gives the
        place in its log that it begins at."""
        self.node.config.write_text(yaml.safe_dump({**self.node.settings, **settings}))
        for lease in self.control.api("GET", LEASES)["items"]:
            self.control.delete(f"{LEASES}/{lease['metadata']['name']}")
        self.manager.told.clear()
        mark = self.node.process.mark()
        self.node.start()
        return mark

    def reset(self) -> None:
        """No daemon and no Service; lbd may do what it needs."""
        self.node.process.end()
        for item in self.control.api("GET", SERVICES)["items"]:
            if item["spec"]["type"] == "LoadBalancer":
                self.control.delete(f"{SERVICES}/{item['metadata']['name']}")
        self.control.enroll("--kubeconfig", str(self.control.kubeconfig_for("admin")))

    def service(self, name: str, **spec: Any) -> None:
        """A LoadBalancer Service without endpoints."""
        body = {"type": "LoadBalancer", "ports": [{"port": 80}], **spec}
        metadata = {"namespace": "default", "name": name}
        self.control.api("POST", SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body})

    def address(self, name: str) -> str | None:
        """The Service's address; nil while it has none."""
        ingress = self.control.api("GET", f"{SERVICES}/{name}")["status"]["loadBalancer"].get("ingress") or []
        return ingress[0]["ip"] if ingress else None

    def wait_for_address(self, name: str, timeout: float = 20) -> str:
        """The Service's address, once it has one."""
        found: str = eventually(f"an address for {name}", lambda: self.address(name), timeout)
        return found

    def wait_for_status(self, text: str, is_there: bool = True, timeout: float = 20) -> None:
        """Waits until the status line holds a text, or does not any more."""

        def look() -> bool:
            assert (text in self.manager.status) == is_there, self.manager.status
            return True

        eventually(f"a status with{'' if is_there else 'out'} {text!r}", look, timeout)
