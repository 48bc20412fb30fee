"""lbd as systemd and apt handle it: what is planned costs no client anything, and what hangs is started again."""

from __future__ import annotations

import os
from pathlib import Path

from lab.cluster import eventually
from rig.pi import Pi
from rig.shelf import Served, Shelf


def test_a_restart_moves_nothing_and_loses_nothing(served: Served) -> None:
    """`systemctl restart` on the owner and then on the leader: every request is answered, by the same node."""
    shelf = served.shelf
    events = shelf.events(served.namespace)
    with served.probed() as probe:
        for node in {served.owner, shelf.nodes[shelf.leader() or ""]}:
            before = node.pid
            node.systemctl("restart", "lbd")
            assert node.pid != before
    probe.assert_nothing_lost()
    _is_as_it_was(served)
    assert shelf.events(served.namespace) == events


def test_an_upgrade_moves_nothing_and_loses_nothing(served: Served, package: Path, tmp_path: Path) -> None:
    """`apt-get upgrade` to a higher version on each node in turn, the owner among them."""
    shelf = served.shelf
    version = shelf.repository.publish_next(package, tmp_path)
    events = shelf.events(served.namespace)
    with served.probed() as probe:
        for node in shelf.nodes.values():
            before, restarts = node.pid, node.restarts
            node.apt("update")
            node.apt("upgrade", "--yes")
            assert node.pid != before and node.restarts == restarts
            assert node.machine.run("dpkg-query", "--show", "--showformat=${Version}", "lbd").stdout == version
    probe.assert_nothing_lost()
    _is_as_it_was(served)
    assert shelf.events(served.namespace) == events


def test_a_stop_hands_over_and_a_start_takes_nothing_back(served: Served) -> None:
    """`systemctl stop` on the owner: another node answers before this one falls silent."""
    shelf, owner = served.shelf, served.owner
    with shelf.sniffer.move():
        with served.probed(stays=False) as probe:
            owner.systemctl("stop", "lbd")
        probe.assert_nothing_lost()
        assert owner.show("ActiveState") == "inactive"
        assert owner.show("Result") == "success"
        served.assert_answered_by_another()
        with served.probed(stays=False) as probe:
            owner.systemctl("start", "lbd")
            _stays_away(served)
        probe.assert_nothing_lost()


def test_a_reboot_hands_over_and_takes_nothing_back(served: Served) -> None:
    """`systemctl reboot` of the owner: its lbd hands over like that of a stop, and starts by itself."""
    shelf, owner = served.shelf, served.owner
    cursor = owner.machine.cursor()
    with shelf.sniffer.move():
        with served.probed(stays=False) as probe:
            owner.machine.halt("reboot")
        probe.assert_nothing_lost()
        shelf.lan.set_link(owner.name, False)
        served.assert_answered_by_another()
        shelf.lan.set_link(owner.name, True)
        with served.probed(stays=False) as probe:
            owner.machine.boot()
            _stays_away(served)
        probe.assert_nothing_lost()
    assert owner.restarts == 0
    warnings = owner.machine.journal("--boot=-1", "--unit=lbd", "--priority=warning", f"--after-cursor={cursor}")
    assert warnings == []


def test_a_daemon_that_hangs_is_started_again(served: Served) -> None:
    """`systemctl kill -s STOP`: another node takes over, the watchdog ends it, and systemd starts it."""
    shelf, owner = served.shelf, served.owner
    before, restarts, cursor = owner.pid, owner.restarts, owner.machine.cursor()
    with shelf.sniffer.move(settle=15, returns=True):
        owner.systemctl("kill", "--signal=STOP", "lbd")
        eventually("systemd has started it again", lambda: owner.restarts == restarts + 1, 30)
        eventually("it is active", lambda: owner.is_running and owner.pid != before)
        _stays_away(served)
    messages = [entry["MESSAGE"] for entry in owner.machine.journal("--unit=lbd", f"--after-cursor={cursor}")]
    assert any("Watchdog timeout" in message for message in messages), messages
    assert shelf.curl(served.address).startswith("hello from web-")
    owner.systemctl("reset-failed", "lbd")


def test_a_busy_machine_does_not_keep_it_waiting(served: Served) -> None:
    """The thread that answers runs in real time, and what it starts is like any other. A container may not raise the limit that
    the unit sets, so that the right comes by a capability here; the unit's filter of system calls is in force."""
    owner = served.owner
    assert "LimitRTPRIO=1\n" in owner.machine.run("systemctl", "cat", "lbd.service").stdout
    drop_in = owner.machine.path("/run/systemd/system/lbd.service.d/nice.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text("[Service]\nAmbientCapabilities=CAP_SYS_NICE\nCapabilityBoundingSet=CAP_SYS_NICE\n")
    owner.systemctl("daemon-reload")
    owner.systemctl("restart", "lbd")
    stats = owner.machine.shell(f"cat /proc/{owner.pid}/task/*/stat").splitlines()
    # proc(5): the name stands in brackets; rt_priority and policy are fields 40 and 41, the first after it is the third.
    policies = {int(line.split()[0]): tuple(map(int, line.rpartition(")")[2].split()[37:39])) for line in stats}
    assert policies.pop(owner.pid) == (1, os.SCHED_RR)
    assert set(policies.values()) == {(0, os.SCHED_OTHER)}
    drop_in.unlink()
    owner.systemctl("daemon-reload")
    owner.systemctl("restart", "lbd")
    _is_as_it_was(served)


def test_a_reload_keeps_the_process(served: Served) -> None:
    """`systemctl reload` reads the files again; that is all."""
    owner = served.owner
    before = owner.pid
    with served.probed() as probe:
        owner.systemctl("reload", "lbd")
    probe.assert_nothing_lost()
    assert owner.pid == before
    assert owner.is_running
    _is_as_it_was(served)


def test_a_purge_leaves_nothing_behind(shelf: Shelf, spare: Pi) -> None:
    """After `apt-get purge` the disk holds what it held before the installation, but for the user, whose number may not
    be given to another (Debian Policy 9.2.2)."""
    files = "find / -xdev"
    before = set(spare.machine.shell(files).splitlines())
    spare.install()
    spare.machine.path("/etc/lbd/kubeconfig").write_text(shelf.control.kubeconfig_for("lbd").read_text())
    spare.machine.run("systemctl", "restart", "lbd")
    eventually("it has a Lease", lambda: f"lbd-node-{spare.name}" in shelf.leases(), 30)
    spare.apt("purge", "--yes", "lbd")
    assert f"lbd-node-{spare.name}" not in shelf.leases(), "a purge stops it as planned"
    left = {path for path in set(spare.machine.shell(files).splitlines()) - before if not path.startswith(_LOGS)}
    assert left == set()
    assert "lbd.service" not in spare.machine.run("systemctl", "list-unit-files").stdout
    assert spare.machine.run("getent", "passwd", "lbd").stdout.startswith("lbd:")


_LOGS = ("/var/log/", "/var/cache/", "/var/lib/apt/", "/var/lib/dpkg/", "/run/", "/tmp/")
"""What apt, dpkg and systemd write of what they did."""


def _is_as_it_was(served: Served) -> None:
    """The address is the Service's and the owner's, and it was never another's."""
    assert served.shelf.address(served.namespace, "web") == served.address
    assert served.shelf.owner(served.address) is served.owner


def _stays_away(served: Served) -> None:
    """Waits until the owner of before is there again; another has the address, and keeps it."""
    served.shelf.wait_settled()
    served.assert_answered_by_another()
