"""The same source gives the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from debian import SCRIPTS, Package, built_package, run


@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_a_second_build_is_the_same(architecture: str, tmp_path: Path) -> None:
    """It is made in another folder, at another time."""
    first = built_package(architecture)
    run(SCRIPTS / "make-deb", architecture, tmp_path, "a-folder-of-another-name")
    for name in (first.path.name, first.path.name.replace("lbd_", "lbd-dbgsym_")):
        assert (tmp_path / name).read_bytes() == (first.path.parent / name).read_bytes(), name


def test_the_architectures_differ_in_the_program_alone() -> None:
    amd64, arm64 = built_package("amd64"), built_package("arm64")
    assert amd64.entries() == arm64.entries()
    for name in ("Version", "Depends", "Static-Built-Using", "Description"):
        assert amd64.field(name) == arm64.field(name)
    assert _maintainer_scripts(amd64) == _maintainer_scripts(arm64)


def _maintainer_scripts(package: Package) -> list[str]:
    return [package.control_file(name) for name in ("conffiles", "postinst", "prerm", "postrm")]
