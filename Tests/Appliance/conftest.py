"""One control plane, one repository and one shelf of machines for the whole run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Interop"))

from lab.cluster import Fleet  # noqa: E402
from lab.fixtures import control, fleets, folder, lend  # noqa: E402,F401 (for pytest)
from lab.fixtures import pytest_configure, pytest_keyboard_interrupt, pytest_runtest_makereport  # noqa: E402,F401 (so too)
from lab.kube import KubeControlPlane  # noqa: E402
from rig.pi import Pi  # noqa: E402
from rig.repository import Repository  # noqa: E402
from rig.shelf import Served, Shelf  # noqa: E402


@pytest.fixture(scope="session")
def package() -> Path:
    """The package under test: LBD_PACKAGE."""
    path = Path(os.environ.get("LBD_PACKAGE", ""))
    assert path.is_file(), "LBD_PACKAGE is to name the package to test: make appliance builds it"
    return path


@pytest.fixture(scope="session")
def repository(control: KubeControlPlane, folder: Path, package: Path) -> Iterator[Repository]:  # noqa: F811
    """The repository with the package."""
    with Repository(control.namespace, folder / "repository") as repository:
        repository.publish(package)
        yield repository


@pytest.fixture
def shelf(
    request: pytest.FixtureRequest,
    fleets: list[Fleet[Any]],  # noqa: F811
    control: KubeControlPlane,  # noqa: F811
    repository: Repository,
    folder: Path,  # noqa: F811
) -> Iterator[Shelf]:
    """Three machines that the example has made nodes with lbd, without Services."""
    yield from lend(request, fleets, lambda place: Shelf(control, repository, place), folder)


@pytest.fixture
def served(shelf: Shelf) -> Iterator[Served]:
    """Services on the shelf that clients use."""
    with shelf.served() as served:
        yield served


@pytest.fixture
def spare(shelf: Shelf) -> Iterator[Pi]:
    """A fourth machine, up and without lbd, that apt can install from the repository."""
    with shelf.spare() as spare:
        yield spare


@pytest.fixture
def config_map(shelf: Shelf) -> Iterator[Callable[[str], None]]:
    """Writes the ConfigMap with the pools, which is gone after the test."""
    yield shelf.config_map
    shelf.delete_config_map()
