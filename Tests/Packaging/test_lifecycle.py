"""The package on a Debian system that runs: install, upgrade, downgrade, remove, purge."""

from __future__ import annotations

import shutil
from pathlib import Path

from booted import Booted
from debian import REPOSITORY, Package

_INSTALL = ("dpkg", "--install")


def _put(package: Package, folder: Path) -> str:
    """Puts a package where the system sees it; how that calls it."""
    shutil.copy(package.path, folder)
    return f"/mnt/{package.path.name}"


def _mode(system: Booted, path: str) -> str:
    return system.run("stat", "--format=%A %U:%G", path)


def test_a_fresh_install_runs_and_says_what_is_missing(booted: Booted, package: Package, tmp_path: Path) -> None:
    # As cloud-init has it: the credentials are there before the user who is to read them.
    booted.run("mkdir", "--parents", "/etc/lbd")
    booted.run("bash", "-c", "umask 077; echo 'clusters: []' >/etc/lbd/kubeconfig")
    booted.run(*_INSTALL, _put(package, tmp_path))

    assert booted.property("ActiveState") == "active"
    assert booted.property("UnitFileState") == "enabled"
    assert booted.property("NRestarts") == "0"
    assert "kubeconfig" in booted.property("StatusText")
    assert _mode(booted, "/etc/lbd") == "drwxrwxr-t root:lbd"
    assert _mode(booted, "/etc/lbd/lbd.yaml") == "-rw-r--r-- root:root"
    assert _mode(booted, "/etc/lbd/pools.yaml") == "-rw-r--r-- lbd:lbd"
    assert _mode(booted, "/etc/lbd/kubeconfig") == "-rw-r----- root:lbd"
    assert _mode(booted, "/var/lib/lbd") == "drwx------ lbd:lbd"
    assert _mode(booted, "/run/lbd/io.lbd") == "srw-rw---- lbd:adm"
    process = booted.property("MainPID")
    assert _mode(booted, f"/proc/{process}").endswith(" lbd:lbd")
    # CAP_NET_RAW and nothing else, in force and for ever.
    status = booted.run("cat", f"/proc/{process}/status")
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{kind}:\t{1 << 13:016x}" in status
    # The daemon may replace the pools, and no file of root's.
    as_lbd = ("setpriv", "--reuid=lbd", "--regid=lbd", "--clear-groups")
    booted.run(*as_lbd, "cp", "/etc/lbd/pools.yaml", "/etc/lbd/.pools.yaml.new")
    booted.run(*as_lbd, "mv", "/etc/lbd/.pools.yaml.new", "/etc/lbd/pools.yaml")
    said = booted.run(*as_lbd, "mv", "--force", "/etc/lbd/pools.yaml", "/etc/lbd/lbd.yaml", check=False)
    assert "Operation not permitted" in said
    assert "kubeconfig" in booted.run("lbd", "status")
    assert booted.run("journalctl", "--catalog", "--unit=lbd", "--grep=started", "--quiet").count("░░") > 0


def test_the_smoke_test_of_autopkgtest(booted: Booted, package: Package, tmp_path: Path) -> None:
    booted.run(*_INSTALL, _put(package, tmp_path))
    shutil.copy(REPOSITORY / "debian/tests/smoke", tmp_path)
    booted.run("/mnt/smoke")


def test_an_upgrade_leaves_everything_in_place(booted: Booted, package: Package, tmp_path: Path) -> None:
    """It restarts the daemon in the way that moves no address, and asks nothing."""
    booted.run(*_INSTALL, _put(package, tmp_path))
    before = booted.property("MainPID")
    changed = (REPOSITORY / "debian/lbd.yaml").read_text() + "# New in this version.\n"
    newer = package.as_version("99", tmp_path, changed)
    booted.run(*_INSTALL, f"/mnt/{newer.path.name}")
    assert booted.property("ActiveState") == "active"
    assert booted.property("MainPID") != before
    assert "New in this version" in booted.run("cat", "/etc/lbd/lbd.yaml")
    assert "handing over" not in booted.run("journalctl", "--unit=lbd")

    # A file that a person has changed is theirs: where the new package has the same as the old one, nothing is asked.
    booted.run("bash", "-c", "echo 'node: gooseberry' >>/etc/lbd/lbd.yaml")
    newest = package.as_version("100", tmp_path, changed)
    booted.run(*_INSTALL, f"/mnt/{newest.path.name}")
    assert "node: gooseberry" in booted.run("cat", "/etc/lbd/lbd.yaml")
    assert booted.property("ActiveState") == "active"

    # And back.
    booted.run("bash", "-c", f"dpkg --force-confold --install /mnt/{package.path.name}")
    assert booted.property("ActiveState") == "active"
    assert booted.run("dpkg-query", "--show", "--showformat=${Version}", "lbd") == package.field("Version")


def test_a_disabled_service_stays_so(booted: Booted, package: Package, tmp_path: Path) -> None:
    booted.run(*_INSTALL, _put(package, tmp_path))
    booted.run("systemctl", "disable", "--now", "lbd")
    newer = package.as_version("99", tmp_path)
    booted.run(*_INSTALL, f"/mnt/{newer.path.name}")
    assert booted.property("UnitFileState") == "disabled"
    assert booted.property("ActiveState") == "inactive"


def test_removing_hands_over_and_purging_leaves_nothing(booted: Booted, package: Package, tmp_path: Path) -> None:
    deb = _put(package, tmp_path)
    booted.run(*_INSTALL, deb)
    booted.run("dpkg", "--remove", "lbd")
    assert "handing over" in booted.run("journalctl", "--unit=lbd")
    assert booted.property("ActiveState") == "inactive"
    assert booted.run("ls", "/etc/lbd", "/var/lib/lbd").split() == [
        "/etc/lbd:", "lbd.yaml", "pools.yaml", "/var/lib/lbd:", "instance", "lock",
    ]
    booted.run("dpkg", "--purge", "lbd")
    assert booted.run("find", "/", "-xdev", "-path", "*lbd*") == ""
    assert booted.run("id", "--user", "--name", "lbd") == "lbd"
    booted.run(*_INSTALL, deb)
    assert booted.property("ActiveState") == "active"
