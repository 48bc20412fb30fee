"""One control plane and one cluster for the whole run; every test leaves them as it found them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.cluster import Cluster
from lab.kube import ControlPlane
from lab.lan import make_control_namespace
from lab.node import lbd_binary

_PASSED = pytest.StashKey[bool]()
"""Whether the test's own part passed; unset where the run was interrupted in it."""


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
    if report.failed:
        cluster = _Shared.cluster
        if cluster is not None:
            report.sections.append(("the daemons", cluster.tail()))


class _Shared:
    """The cluster that runs now."""

    cluster: Cluster | None = None


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for everything that the run writes; kept if LBD_KEEP is set."""
    path = Path(tempfile.mkdtemp(prefix="lbd-interop-"))
    yield path
    if "LBD_KEEP" not in os.environ:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def control(folder: Path) -> Iterator[ControlPlane]:
    """The control plane, up."""
    assert os.geteuid() == 0, "network namespaces need root"
    namespace = make_control_namespace()
    plane: ControlPlane | None = None
    try:
        plane = ControlPlane(namespace, folder / "control")
        plane.start()
        yield plane
    finally:
        if plane is not None:
            plane.close()
        namespace.delete()


@pytest.fixture(scope="session")
def clusters(control: ControlPlane, folder: Path) -> Iterator[list[Cluster]]:
    """The cluster that tests share, made when the first one asks; a test that fails takes it with it."""
    shared: list[Cluster] = []
    yield shared
    _Shared.cluster = None
    for cluster in shared:
        cluster.close()


@pytest.fixture
def cluster(
    request: pytest.FixtureRequest, clusters: list[Cluster], control: ControlPlane, folder: Path
) -> Iterator[Cluster]:
    """A cluster of three nodes with lbd, without Services, and with the pool 192.168.2.128/25. After the test, what
    must hold at any time is checked over all that the watchers saw."""
    assert lbd_binary().exists(), f"{lbd_binary()} is missing: build it first, or set LBD_BINARY"
    is_good = is_interrupted = False
    try:
        if not clusters:
            clusters.append(Cluster(control, folder / request.node.name.replace("/", "-")))
            _Shared.cluster = clusters[0]
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
