"""One real control plane, and one cluster beside it, for the whole run: every test leaves them as it found them. A test
beside the stand-in has a cluster of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from lab.cluster import Cluster
from lab.control import ControlPlane
from lab.kube import MANIFEST, KubeControlPlane
from lab.lan import make_control_namespace
from lab.lone import Lone
from lab.namespace import Namespace
from lab.node import lbd_binary
from lab.standin.control import StandInControlPlane

AnyControlPlane = TypeVar("AnyControlPlane", bound=ControlPlane)

_PASSED = pytest.StashKey[bool]()
"""Whether the test's own part passed; unset where the run was interrupted in it."""

_CLUSTER = pytest.StashKey[Cluster]()
"""The test's cluster."""


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Lets a fixture know how its test ended, and puts the daemons' logs into the report if it did."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped:
        # What is not run is not shown: a skipped test is a failed one.
        report.outcome = "failed"
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if report.failed and _CLUSTER in item.stash:
        report.sections.append(("the daemons", item.stash[_CLUSTER].tail()))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for everything that the run writes; kept if LBD_KEEP is set."""
    path = Path(tempfile.mkdtemp(prefix="lbd-interop-"))
    yield path
    if "LBD_KEEP" not in os.environ:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _running(make: Callable[[Namespace], AnyControlPlane]) -> Iterator[AnyControlPlane]:
    """A control plane in a namespace of its own, up."""
    assert os.geteuid() == 0, "network namespaces need root"
    assert lbd_binary().exists(), f"{lbd_binary()} is missing: build it first, or set LBD_BINARY"
    namespace = make_control_namespace()
    try:
        with contextlib.closing(make(namespace)) as plane:
            plane.start()
            yield plane
    finally:
        namespace.delete()


@pytest.fixture(scope="session")
def control(folder: Path) -> Iterator[KubeControlPlane]:
    """The real control plane, up."""
    with _running(lambda namespace: KubeControlPlane(namespace, folder / "control")) as plane:
        yield plane


def _folder(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A fresh folder for the files of one test, named after it, but short enough for the path of a socket in it."""
    return Path(tempfile.mkdtemp(prefix=f"{request.node.name.replace('/', '-')[:30]}-", dir=folder))


@pytest.fixture(scope="session")
def clusters(control: KubeControlPlane, folder: Path) -> Iterator[list[Cluster]]:
    """The cluster that tests share, made when the first one asks; a test that fails takes it with it."""
    shared: list[Cluster] = []
    yield shared
    for cluster in shared:
        cluster.close()


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, clusters: list[Cluster], control: KubeControlPlane, folder: Path
) -> Iterator[Cluster]:
    """A cluster of three nodes with lbd, without Services, and with the pool 192.168.2.128/25. After the test, what
    must hold at any time is checked over all that the watchers saw."""
    is_good = is_interrupted = False
    try:
        is_new = not clusters
        if is_new:
            clusters.append(Cluster(control, _folder(request, folder)))
        request.node.stash[_CLUSTER] = clusters[0]
        if is_new:
            clusters[0].start()
        yield clusters[0]
        is_interrupted = _PASSED not in request.node.stash
        if request.node.stash.get(_PASSED, False):
            clusters[0].check()
            clusters[0].reset()
            is_good = True
    finally:
        if not is_good:
            # Whatever it is that went wrong, the next test shall not see it.
            clusters.pop().close()
            if not is_interrupted:
                _reset(control)


@pytest.fixture
def standin_cluster(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes a cluster as `cluster` is one, beside a stand-in of the given dialect; or one without a ConfigMap."""
    with contextlib.ExitStack() as ends:

        def make(dialect: str = "newest", has_config_map: bool = True) -> Cluster:
            own = _folder(request, folder)
            plane = ends.enter_context(
                _running(lambda namespace: StandInControlPlane(namespace, own / "control", dialect))
            )
            plane.apply(*yaml.safe_load_all(MANIFEST.read_text()))
            made = request.node.stash[_CLUSTER] = Cluster(plane, own)
            ends.callback(made.close)
            return made.start(has_config_map)

        yield make
        if request.node.stash.get(_PASSED, False):
            request.node.stash[_CLUSTER].check()


@pytest.fixture(scope="session")
def lone_cluster(folder: Path) -> Iterator[Lone]:
    """One node on a control plane of its own."""
    own = folder / "lone"
    with _running(lambda namespace: KubeControlPlane(namespace, own / "control")) as plane, Lone(plane, own) as lone:
        yield lone


@pytest.fixture
def lone(lone_cluster: Lone) -> Iterator[Lone]:
    """The same, for one test: without a daemon at first, and put in order after it."""
    yield lone_cluster
    lone_cluster.reset()


def _reset(control: ControlPlane) -> None:
    """After a failure: the API server runs, and of lbd nothing is left in it."""
    control.start()
    for lease in control.api("GET", "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases")["items"]:
        control.delete(f"/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases/{lease['metadata']['name']}")
    for item in control.api("GET", "/api/v1/namespaces")["items"]:
        name = item["metadata"]["name"]
        if name.startswith("test-") or name == "kube-verify":
            control.delete(f"/api/v1/namespaces/{name}")
    for item in control.api("GET", "/api/v1/services")["items"]:
        if item["spec"]["type"] == "LoadBalancer":
            metadata = item["metadata"]
            control.delete(f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}")
