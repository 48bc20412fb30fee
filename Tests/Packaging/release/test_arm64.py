"""The package for the Pi, cross-built: as right as the other, and its program runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from debian import Package, built_package, debian_root, in_root, version
from test_package import check_binary, check_hardening, check_lintian

_LIBRARIES = ("libcurl4t64", "libssl3t64", "libsystemd0", "libyaml-0-2")
"""What the package asks for."""


@pytest.fixture(scope="module")
def arm64() -> Package:
    """The package for arm64."""
    return built_package("arm64")


@pytest.fixture(scope="module")
def program(arm64: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its program."""
    return arm64.unpack(tmp_path_factory.mktemp("arm64")) / "usr/bin/lbd"


def test_lintian_has_nothing_to_say(root: Path, arm64: Package) -> None:
    check_lintian(root, arm64)


def test_the_hardening_reaches_the_program(root: Path, program: Path) -> None:
    check_hardening(root, program)


def test_nothing_of_the_build_is_in_the_program(program: Path) -> None:
    check_binary(program)


def test_it_runs(program: Path) -> None:
    """Under emulation."""
    packages = ["qemu-user", *(f"{library}:arm64" for library in _LIBRARIES)]
    root = debian_root("arm64-libraries", "--architectures=amd64,arm64", f"--include={','.join(packages)}")
    (program.parent / "pools.yaml").write_text("address-pools: [{name: a, protocol: layer2, addresses: [10.0.0.0/24]}]")
    emulated = ("qemu-aarch64", "/mnt/lbd")
    assert in_root(root, program.parent, *emulated, "--version") == f"lbd {version()}"
    said = in_root(root, program.parent, *emulated, "check", "/mnt/pools.yaml")
    assert said == "/mnt/pools.yaml: ok: 1 pool, 256 addresses"
