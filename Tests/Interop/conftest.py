"""One real control plane, and one cluster beside it, for the whole run: every test leaves them as it found them. A test
beside the stand-in has a cluster of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from lab.cluster import Cluster
from lab.fixtures import control, fleets, folder  # noqa: F401 (pytest finds them here)
from lab.fixtures import pytest_configure, pytest_keyboard_interrupt, pytest_runtest_makereport  # noqa: F401 (so too)
from lab.fixtures import folder_of, has_passed, lend, running, use
from lab.kube import MANIFEST, KubeControlPlane
from lab.lan import Lan
from lab.lone import Lone
from lab.neighbours import address6
from lab.node import UNPROBED, LbdNode, lbd_binary, node_object
from lab.pools import POOL6
from lab.routers import ipv6
from lab.standin.control import StandInControlPlane
from lab.uml import move_inside


_LONGEST = (
    "test_gossip.py", "test_enroll.py", "test_bgp_peers.py", "test_bgp.py", "test_takeover.py", "test_isolation.py",
    "test_ndp.py", "test_alertmanager.py", "test_outage.py", "test_other_servers.py", "test_files.py", "test_leader.py",
)
"""The files that take longest: they begin first, so that no worker is left with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest, then the others as they come; what needs another kernel gets it."""
    move_inside(items)
    ranks = {name: rank for rank, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def _binary() -> None:
    """There is something to test."""
    assert lbd_binary().exists(), f"{lbd_binary()} is missing: build it first, or set LBD_BINARY"


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, fleets: list[Cluster], control: KubeControlPlane, folder: Path  # noqa: F811
) -> Iterator[Cluster]:
    """A cluster of three nodes with lbd, without Services, and with the pool 192.168.2.128/25."""
    yield from lend(request, fleets, lambda own: Cluster(control, own), folder)


@pytest.fixture
def standin_cluster(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[..., Cluster]]:  # noqa: F811
    """Makes a cluster as `cluster` is one, beside a stand-in of the given dialect; or one without a ConfigMap."""
    made: list[Cluster] = []
    with contextlib.ExitStack() as ends:

        def make(dialect: str = "newest", has_config_map: bool = True) -> Cluster:
            own = folder_of(request, folder)
            plane = ends.enter_context(
                running(lambda namespace: StandInControlPlane(namespace, own / "control", dialect))
            )
            plane.apply(*yaml.safe_load_all(MANIFEST.read_text()))
            made.append(Cluster(plane, own, UNPROBED))
            use(request, made[-1])
            ends.callback(made[-1].close)
            return made[-1].start(has_config_map)

        yield make
        if has_passed(request):
            for each in made:
                each.check()


@pytest.fixture
def six(standin_cluster: Callable[..., Cluster]) -> Iterator[Cluster]:
    """A cluster whose nodes and client have addresses of both families, and so has its pool."""
    cluster = standin_cluster()
    with ipv6(cluster), address6(cluster.lan.client):
        cluster.pools(POOL6)
        yield cluster


@pytest.fixture
def single(tmp_path: Path) -> Iterator[LbdNode]:
    """A stand-in, and one node on a LAN of its own, whose daemon is not started yet."""
    with Lan(("gooseberry",)) as lan, contextlib.closing(StandInControlPlane(lan.control, tmp_path / "control")) as plane:
        plane.start()
        plane.apply(*yaml.safe_load_all(MANIFEST.read_text()), *(node_object(host) for host in lan.nodes.values()))
        with contextlib.closing(LbdNode(lan, "gooseberry", plane, tmp_path)) as node:
            yield node


@pytest.fixture(scope="session")
def lone_cluster(folder: Path) -> Iterator[Lone]:
    """One node on a control plane of its own."""
    own = folder / "lone"
    with running(lambda namespace: KubeControlPlane(namespace, own / "control")) as plane, Lone(plane, own) as lone:
        yield lone


@pytest.fixture
def lone(lone_cluster: Lone) -> Iterator[Lone]:
    """The same, for one test: without a daemon at first, and put in order after it."""
    yield lone_cluster
    lone_cluster.reset()
