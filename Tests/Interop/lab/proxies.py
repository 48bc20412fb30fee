"""kube-proxy on every node: the real data path."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .control import DataPath
from .lan import Host, Lan
from .process import Process

if TYPE_CHECKING:
    from .kube import KubeControlPlane


class KubeProxies(DataPath):
    """A kube-proxy in the namespace of each node of `lan`; what it has set up stays in the kernel after its end."""

    def __init__(self, control: KubeControlPlane, lan: Lan, folder: Path) -> None:
        self._control = control
        self._proxies = [self._process(host, folder / host.name) for host in lan.nodes.values()]

    def __enter__(self) -> KubeProxies:
        self._server = self._control.server.pid
        for proxy in self._proxies:
            proxy.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for proxy in self._proxies:
            proxy.kill()

    def renew(self) -> None:
        """Replaces each kube-proxy that has seen the API server go: one that met a closed port waits for up to 30 s
        before it looks again."""
        if self._server == self._control.server.pid:
            return
        self._server = self._control.server.pid
        for proxy in self._proxies:
            proxy.kill()
            proxy.start()

    def tail(self, count: int = 10) -> str:
        """The end of each log."""
        return "\n".join(proxy.tail(count) for proxy in self._proxies)

    def _process(self, host: Host, folder: Path) -> Process:
        folder.mkdir(parents=True, exist_ok=True)
        argv = [
            str(self._control.programs / "kube-proxy"),
            f"--kubeconfig={self._control.kubeconfig_for('kube-proxy')}",
            f"--hostname-override={host.name}",
            "--proxy-mode=iptables",
            "--cluster-cidr=10.244.0.0/16",
            "--iptables-min-sync-period=100ms",
            "--healthz-bind-address=127.0.0.1:10256",
            "--metrics-bind-address=127.0.0.1:10249",
            # The machine's own conntrack tables are none of its business.
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ]
        return Process(f"kube-proxy on {host.name}", host.namespace, argv, folder / "kube-proxy.log")
