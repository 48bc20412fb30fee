"""One package and one Debian system for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from booted import Booted
from debian import Package, built_package, packaging_root


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What is not run is not shown: a skipped test is a failed one."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped:
        report.outcome = "failed"


@pytest.fixture(scope="session")
def package() -> Package:
    """The package of this machine's architecture."""
    return built_package()


@pytest.fixture(scope="session")
def root() -> Path:
    """The Debian system to look at packages in."""
    return packaging_root()


@pytest.fixture(scope="session")
def unpacked(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the package installs."""
    return package.unpack(tmp_path_factory.mktemp("unpacked"))


@pytest.fixture
def booted(root: Path, tmp_path: Path) -> Iterator[Booted]:
    """A Debian system that runs, without the package, and with `tmp_path` as /mnt."""
    # For all users in it.
    tmp_path.chmod(0o755)
    with Booted(root, tmp_path) as system:
        yield system
