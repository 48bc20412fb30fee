"""The package comes and goes without a trace: piuparts(1)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from debian import ARCHITECTURE, Package, debian_root, run


@pytest.mark.parametrize("story", ["--no-upgrade-test", "--install-remove-install", "--install-purge-install"])
def test_piuparts_is_content(package: Package, tmp_path: Path, story: str) -> None:
    """The first story installs, removes and purges it. What systemd leaves behind is not ours: it is there before."""
    root = debian_root("piuparts", "--include=systemd-sysv")
    deb = shutil.copy(package.path, tmp_path)
    run(
        "piuparts", f"--existing-chroot={root}", "--keep-sources-list", "--distribution=trixie",
        f"--arch={ARCHITECTURE}", "--no-eatmydata", story,
        # Of apt and debconf, whatever is installed.
        "--ignore=/var/cache/debconf/tmp.ci/", deb,
    )
