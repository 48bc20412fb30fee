"""What can be wrong on a node: one clear line each in the journal, the same in the status line, and no crash loop."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.cluster import eventually
from lab.lan import CONTROL_ADDRESS
from lab.pools import ELSEWHERE, POOL
from rig.pi import Pi
from rig.shelf import SPARE, Shelf

LASTS_SECONDS = 5
"""How long a trouble is looked at: several attempts of the daemon, and starts if there were a loop of those."""


@pytest.fixture
def joined(shelf: Shelf, spare: Pi) -> Pi:
    """A fourth machine that is a node like the others."""
    spare.machine.path("/etc/lbd").mkdir()
    spare.machine.path("/etc/lbd/pools.yaml").write_text(POOL)
    spare.machine.path("/etc/lbd/kubeconfig").write_text(_kubeconfig(shelf))
    spare.install()
    _is_joined(shelf)
    return spare


def test_a_fresh_install_runs_and_says_what_is_missing(shelf: Shelf, spare: Pi) -> None:
    """Without a link, a kubeconfig and pools, apt ends well and the unit is active. What comes later is taken up
    without a start."""
    machine = spare.machine
    spare.apt("update")
    spare.apt("install", "--yes", "--download-only", "lbd")
    for interface in ("eth0", "mgmt0", "cni0"):
        machine.run("ip", "link", "set", interface, "down")
    spare.apt("install", "--yes", "lbd")
    assert spare.show("ActiveState") == "active"
    line = spare.status_line
    assert "no kubeconfig at /etc/lbd/kubeconfig: put there what `lbd enroll` prints" in line
    assert "no pools: create the ConfigMap metallb-system/config or write /etc/lbd/pools.yaml" in line
    assert "no usable interface: plug in a cable" in line

    pid = spare.pid
    shelf.lan.set_link(SPARE, True)
    shelf.lan.set_link(SPARE, True, "mgmt0")
    eventually("the link is taken up", lambda: "no usable interface" not in spare.status_line)
    _put_kubeconfig(spare, _kubeconfig(shelf))
    _is_joined(shelf)
    machine.path("/etc/lbd/pools.yaml").write_text(POOL)
    good = "announcing 0 of 0 services; pool address-pool-1 0/128 used; 4 nodes alive"
    eventually("the pools are taken up", lambda: spare.status_line == good)
    assert spare.pid == pid and spare.restarts == 0


def _no_yaml(text: str) -> str:
    return "not: [yaml"


def _server(url: str) -> Callable[[str], str]:
    return lambda text: _with(text, lambda config: config["clusters"][0]["cluster"].update(server=url))


def _other_authority(text: str) -> str:
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null")
    command = ["openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=other"]
    made = subprocess.run(command, check=True, capture_output=True, timeout=60)
    data = base64.b64encode(made.stdout).decode()
    return _with(text, lambda config: config["clusters"][0]["cluster"].update({"certificate-authority-data": data}))


def _other_token(text: str) -> str:
    return _with(text, lambda config: config["users"][0]["user"].update(token="wrong"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_no_yaml, "/etc/lbd/kubeconfig:2:1: error: this is not YAML"),
        (_other_token, "it does not accept the credentials in the kubeconfig"),
        (_server(f"https://{CONTROL_ADDRESS}:6444"), f"Failed to connect to {CONTROL_ADDRESS} port 6444"),
        (_other_authority, "certificate"),
    ],
    ids=["no YAML", "another token", "another port", "another authority"],
)
def test_a_wrong_kubeconfig(shelf: Shelf, joined: Pi, spoil: Callable[[str], str], words: str) -> None:
    """Put there while the daemon runs, and found by one that starts; then the right one again."""
    good = _kubeconfig(shelf)
    for is_start in (False, True):
        with _trouble(joined, words):
            _put_kubeconfig(joined, spoil(good))
            if is_start:
                joined.systemctl("restart", "lbd")
        _put_kubeconfig(joined, good)
        _is_mended(shelf, joined, words)


def test_a_full_disk(shelf: Shelf, joined: Pi) -> None:
    """/var has no room left: the node announces all the same, and says that it cannot keep what. /var is laid over by a
    small file system of memory for that."""
    machine = joined.machine
    joined.systemctl("stop", "lbd")
    machine.shell(
        """
        mkdir /mnt/small
        mount -t tmpfs -o size=4m tmpfs /mnt/small
        mkdir /mnt/small/upper /mnt/small/work
        mount -t overlay -o lowerdir=/var,upperdir=/mnt/small/upper,workdir=/mnt/small/work overlay /var
        """
    )
    joined.systemctl("start", "lbd")
    _is_joined(shelf)
    machine.shell("dd if=/dev/zero of=/var/full bs=4k 2>/dev/null || true")
    namespace = shelf.namespace()
    shelf.pods(namespace, "web", [SPARE])
    with _trouble(joined, "No space left on device; what is announced is not kept over a restart"):
        shelf.service(namespace, "web", externalTrafficPolicy="Local")
        assert shelf.owner(shelf.address(namespace, "web"), 15) is joined
    joined.systemctl("restart", "lbd")
    assert joined.show("ActiveState") == "active"
    assert shelf.owner(shelf.address(namespace, "web"), 15) is joined
    machine.run("rm", "/var/full")
    shelf.service(namespace, "other", "web", externalTrafficPolicy="Local")
    assert shelf.owner(shelf.address(namespace, "other"), 15) is joined
    _is_mended(shelf, joined, "No space left")


def test_a_read_only_etc(shelf: Shelf, joined: Pi, config_map: Callable[[str], None]) -> None:
    """The ConfigMap is in force though pools.yaml cannot be written, and that is said."""
    machine = joined.machine
    machine.shell("mount --bind /etc /etc; mount -o remount,bind,ro /etc")
    joined.systemctl("restart", "lbd")
    _is_joined(shelf)
    with _trouble(joined, "Read-only file system: the ConfigMap is in force but not mirrored"):
        config_map(ELSEWHERE)
        eventually("the pool is in force", lambda: "address-pool-1 0/55 used" in joined.status_line)
    machine.run("umount", "/etc")
    joined.systemctl("restart", "lbd")
    _is_mended(shelf, joined, "Read-only")
    assert machine.path("/etc/lbd/pools.yaml").read_text().endswith(ELSEWHERE)


def test_a_clock_that_was_never_set(shelf: Shelf, joined: Pi, clock: Path) -> None:
    """It is 1970, as on a Pi, which has no battery, until it has asked the network: no certificate is valid yet. A
    container shares its host's clock, so the program is told the time by a library that is loaded before all others;
    the rest of the machine is not, nor is what runs by the clocks that nobody sets."""
    machine = joined.machine
    machine.path("/usr/local/lib/clock.so").write_bytes(clock.read_bytes())
    drop_in = machine.path("/run/systemd/system/lbd.service.d/clock.conf")
    drop_in.parent.mkdir()
    with _trouble(joined, "certificate is not yet valid"):
        drop_in.write_text("[Service]\nEnvironment=LD_PRELOAD=/usr/local/lib/clock.so\n")
        joined.systemctl("daemon-reload")
        joined.systemctl("restart", "lbd")
    drop_in.unlink()
    joined.systemctl("daemon-reload")
    joined.systemctl("restart", "lbd")
    _is_mended(shelf, joined, "certificate")


def test_without_the_right_to_real_time(shelf: Shelf, joined: Pi) -> None:
    """As in a container, or where an administrator forbids it: one line that says what follows, and all works."""
    machine = joined.machine
    drop_in = machine.path("/run/systemd/system/lbd.service.d/modest.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text("[Service]\nLimitRTPRIO=0\n")
    joined.systemctl("daemon-reload")
    cursor = machine.cursor()
    joined.systemctl("restart", "lbd")
    _is_joined(shelf)
    said = [entry for entry in machine.journal("--unit=lbd", f"--after-cursor={cursor}") if "real time" in entry["MESSAGE"]]
    assert [(entry["PRIORITY"], entry["MESSAGE"]) for entry in said] == [
        (
            "6",
            "cannot be scheduled in real time: Operation not permitted: a busy machine may keep lbd waiting, and others may"
            " take it for dead",
        )
    ]
    drop_in.unlink()
    joined.systemctl("daemon-reload")


@pytest.fixture(scope="session")
def clock(folder: Path) -> Path:
    """The library that makes it 1970."""
    made = folder / "clock.so"
    source = Path(__file__).parent / "rig/clock.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", str(made), str(source)], check=True, timeout=60)
    return made


class _trouble:
    """Inside, something goes wrong: the journal gets one line about it, which holds `words`, and so does the status
    line; the daemon goes on, and was not started by anybody but the test."""

    def __init__(self, pi: Pi, words: str) -> None:
        self._pi = pi
        self._words = words

    def __enter__(self) -> None:
        self._cursor = self._pi.machine.cursor()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            return
        pi = self._pi
        eventually(f"the status line tells of {self._words!r}", lambda: self._words in pi.status_line, 20)
        pid = pi.pid
        time.sleep(LASTS_SECONDS)
        lines = pi.warnings(self._cursor)
        assert len(lines) == 1 and self._words in lines[0], lines
        assert self._words in pi.status_line
        assert pi.show("ActiveState") == "active" and pi.pid == pid and pi.restarts == 0


def _is_joined(shelf: Shelf) -> None:
    """Waits until all four nodes know of all four."""
    for node in shelf.nodes.values():
        eventually(f"{node.name} knows of four", lambda node=node: node.status_line.endswith("4 nodes alive"), 30)


def _is_mended(shelf: Shelf, pi: Pi, words: str) -> None:
    """Waits until nothing is told of a trouble any more and the node is one like the others."""
    eventually(f"nothing of {words!r} is told any more", lambda: pi.status_line.startswith("announcing "), 45)
    assert pi.restarts == 0
    _is_joined(shelf)


def _kubeconfig(shelf: Shelf) -> str:
    return shelf.control.kubeconfig_for("lbd").read_text()


def _put_kubeconfig(pi: Pi, text: str) -> None:
    """Puts it there as README and manual say: whole, with its owner and mode."""
    pi.machine.path("/root/kubeconfig").write_text(text)
    pi.machine.shell("install -o root -g lbd -m 640 /root/kubeconfig /etc/lbd/kubeconfig")


def _with(text: str, change: Callable[[Any], None]) -> str:
    """A kubeconfig with a change."""
    config = yaml.safe_load(text)
    change(config)
    return yaml.safe_dump(config)
