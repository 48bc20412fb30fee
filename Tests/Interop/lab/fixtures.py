"""What every pytest run on the test bed shares: its folder, its control plane, and fleets that tests hand on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from xdist.workermanage import NodeManager

from .cluster import Fleet
from .control import ControlPlane
from .kube import KubeControlPlane
from .lan import make_control_namespace
from .namespace import Namespace

AnyControlPlane = TypeVar("AnyControlPlane", bound=ControlPlane)
AnyFleet = TypeVar("AnyFleet", bound=Fleet[Any])

_PASSED = pytest.StashKey[bool]()
"""Whether the test's own part passed; unset where the run was interrupted in it."""

_FLEET = pytest.StashKey[Fleet[Any]]()
"""The test's fleet."""


_INTERRUPTED_WORKER_SECONDS = 60
"""How long a worker (pytest-xdist) may take to clean up after an interrupt."""


def pytest_configure(config: pytest.Config) -> None:
    """The run waits for its workers to clean up before it ends them."""
    config.addinivalue_line("markers", "links(kind, ...): wants a kernel that has links of these kinds (ip-link(8))")
    NodeManager.EXIT_TIMEOUT = _INTERRUPTED_WORKER_SECONDS


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt() -> None:
    """What cleans up is not interrupted: a worker is told once by Ctrl-C and again by the run that it belongs to."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


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
    if report.failed and _FLEET in item.stash:
        report.sections.append(("the daemons", item.stash[_FLEET].tail()))


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder for everything that the run writes; kept if LBD_KEEP is set."""
    path = Path(tempfile.mkdtemp(prefix="lbd-tests-"))
    yield path
    if "LBD_KEEP" not in os.environ:
        shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def running(make: Callable[[Namespace], AnyControlPlane]) -> Iterator[AnyControlPlane]:
    """A control plane in a namespace of its own, up."""
    assert os.geteuid() == 0, "network namespaces need root"
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
    with running(lambda namespace: KubeControlPlane(namespace, folder / "control")) as plane:
        yield plane


@pytest.fixture(scope="session")
def fleets(control: KubeControlPlane, folder: Path) -> Iterator[list[Any]]:
    """The fleet that tests share, made when the first one asks; a test that fails takes it with it. It ends before the
    control plane and the folder that it needs."""
    shared: list[Fleet[Any]] = []
    yield shared
    for fleet in shared:
        fleet.close()


def folder_of(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A fresh folder for the files of one test, named after it, but short enough for the path of a socket in it."""
    return Path(tempfile.mkdtemp(prefix=f"{request.node.name.replace('/', '-')[:30]}-", dir=folder))


def use(request: pytest.FixtureRequest, fleet: Fleet[Any]) -> None:
    """Says which fleet a test has: its logs are in the report if the test fails."""
    request.node.stash[_FLEET] = fleet


def has_passed(request: pytest.FixtureRequest) -> bool:
    """Whether the test's own part passed."""
    return request.node.stash.get(_PASSED, False)


def lend(
    request: pytest.FixtureRequest, fleets: list[AnyFleet], make: Callable[[Path], AnyFleet], folder: Path
) -> Iterator[AnyFleet]:
    """The body of a fixture: the shared fleet, which `make` makes in a folder of the test's if there is none. After the
    test, what must hold at any time is checked over all that the watchers saw."""
    is_good = is_interrupted = False
    try:
        is_new = not fleets
        if is_new:
            fleets.append(make(folder_of(request, folder)))
        use(request, fleets[0])
        if is_new:
            fleets[0].start()
        yield fleets[0]
        is_interrupted = _PASSED not in request.node.stash
        if has_passed(request):
            fleets[0].check()
            fleets[0].reset()
            is_good = True
    finally:
        if not is_good:
            # Whatever it is that went wrong, the next test shall not see it.
            fleet = fleets.pop()
            fleet.close()
            if not is_interrupted:
                _reset(fleet.control)


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
