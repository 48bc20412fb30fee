"""The service, as systemd reads it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from booted import Booted
from debian import Package

_MOST_EXPOSURE = 2.0
"""0 is nothing at all and 10 all that there is (systemd-analyze(1))."""


def test_systemd_likes_it(booted: Booted, package: Package, tmp_path: Path) -> None:
    shutil.copy(package.path, tmp_path)
    booted.run("dpkg", "--install", f"/mnt/{package.path.name}")
    assert booted.run("systemd-analyze", "verify", "lbd.service") == ""

    said = booted.run("systemd-analyze", "security", "--no-pager", "lbd.service")
    found = re.search(r"Overall exposure level for lbd.service: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) <= _MOST_EXPOSURE, said

    # On shutdown, when all orders are reversed, it goes while the network is still up; at boot, before the kubelet.
    assert "network.target" in booted.property("After").split()
    assert {"kubelet.service", "k3s.service", "k3s-agent.service"} <= set(booted.property("Before").split())
