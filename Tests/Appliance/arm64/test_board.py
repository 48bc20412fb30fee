"""The package for arm64 on a machine that boots: Debian's kernel for arm64, systemd, a virtio network card."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from board import Board  # noqa: E402
from lab.cluster import LEASES, eventually  # noqa: E402
from lab.kube import KubeControlPlane  # noqa: E402
from lab.lan import Lan  # noqa: E402
from lab.node import node_object  # noqa: E402
from lab.pools import POOL  # noqa: E402
from lab.sniffer import Sniffer  # noqa: E402

NODE = "raspberry"
ADDRESS = "192.168.2.128"

SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"namespace": "default", "name": "web"},
    "spec": {"type": "LoadBalancer", "ports": [{"protocol": "TCP", "port": 80, "targetPort": 8080}]},
}
ENDPOINTS = {
    "apiVersion": "discovery.k8s.io/v1beta1",
    "kind": "EndpointSlice",
    "metadata": {"namespace": "default", "name": "web", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [
        {"addresses": ["10.244.11.2"], "conditions": {"ready": True}, "topology": {"kubernetes.io/hostname": NODE}}
    ],
    "ports": [{"protocol": "TCP", "port": 8080}],
}


@pytest.fixture
def lan(control: KubeControlPlane) -> Iterator[Lan]:
    """The home network with one node, whose objects are in the cluster with a Service that it can serve."""
    with Lan((NODE,), control=control.namespace) as lan:
        control.apply(node_object(lan.nodes[NODE]), SERVICE, ENDPOINTS)
        yield lan


@pytest.fixture
def board(lan: Lan, control: KubeControlPlane, package: Path, folder: Path) -> Iterator[Board]:
    """The node as a machine that is off, with the package and the node's two files on its disk."""
    files = {"/etc/lbd/pools.yaml": POOL, "/etc/lbd/kubeconfig": control.kubeconfig_for("lbd").read_text()}
    board = Board(lan.nodes[NODE], package, files, folder)
    try:
        yield board
    finally:
        board.close()


def test_a_board_boots_announces_and_goes(
    board: Board, lan: Lan, control: KubeControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd starts lbd, which is READY, gives the Service its address and answers for it; a power-off is a planned stop."""
    board.boot()
    assert board.run("uname --machine") == "aarch64\n"
    assert board.run("systemctl is-active lbd") == "active\n"

    def is_serving() -> bool:
        line = board.run("systemctl show lbd --value --property=StatusText")
        assert line == "announcing 1 of 1 service on eth0; pool address-pool-1 1/128 used; 1 node alive\n", line
        return True

    eventually("the status line", is_serving, 60)
    with Sniffer(lan.client) as sniffer:
        assert sniffer.wait_for_answer(ADDRESS, 20).sender_mac == lan.nodes[NODE].mac
    service = control.get("/api/v1/namespaces/default/services/web")
    assert service["status"]["loadBalancer"] == {"ingress": [{"ip": ADDRESS}]}
    # It starts before the network is there, and says so; nothing worse.
    assert board.run("journalctl --unit=lbd --priority=err --quiet --no-pager") == ""
    assert board.run("systemctl is-system-running") == "running\n"
    assert ADDRESS in board.run("lbd status")

    with capsys.disabled():
        print(f"\n{_figures(board)}")
    board.power_off()
    assert f"lbd-node-{NODE}" not in _names(control.get(LEASES))


def _figures(board: Board) -> str:
    """What it costs there, for a person."""
    pid = board.run("systemctl show lbd --value --property=MainPID").strip()
    memory = dict(line.split(":") for line in board.run(f"cat /proc/{pid}/status").splitlines() if line.startswith("Rss"))
    started = board.run("systemctl show lbd --property=ExecMainStartTimestampMonotonic,ActiveEnterTimestampMonotonic")
    times = dict(line.split("=") for line in started.splitlines())
    ready = int(times["ActiveEnterTimestampMonotonic"]) - int(times["ExecMainStartTimestampMonotonic"])
    boot = int(times["ActiveEnterTimestampMonotonic"]) / 1e6
    anonymous = int(memory["RssAnon"].split()[0]) / 1000
    return (
        f"arm64, emulated: {board.run('uname --kernel-release').strip()}; READY {boot:.1f} s after the kernel's start, "
        f"{ready / 1e3:.0f} ms after its own; RssAnon {anonymous:.1f} MB"
    )


def _names(found: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in found["items"]]
