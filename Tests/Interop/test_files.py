"""The files on a node: pools.yaml where the cluster has no ConfigMap, lbd.yaml, the kubeconfig and the token."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from lab.cluster import CONFIG, Cluster, eventually
from lab.node import LbdNode, lbd_binary
from lab.pools import BROKEN, ELSEWHERE, POOL, WIDER
from lab.standin.control import StandInControlPlane

SECOND_POOL = {"metallb.universe.tf/address-pool": "address-pool-2"}
"""The annotation of a Service that wants an address of the pool that WIDER adds."""


@pytest.fixture
def cluster(standin_cluster: Callable[..., Cluster]) -> Cluster:
    """A cluster without a ConfigMap; every node has the same pools.yaml."""
    return standin_cluster(has_config_map=False)


def _in_place(path: Path, text: str) -> None:
    """As the shell's `>` writes, and nano."""
    path.write_text(text)


def _by_renaming(path: Path, text: str) -> None:
    """As vim and sed -i write, and whatever means to be safe."""
    fresh = path.with_name(f"{path.name}.tmp")
    fresh.write_text(text)
    fresh.replace(path)


def _edit(cluster: Cluster, text: str, write: Callable[[Path, str], None] = _by_renaming) -> dict[str, int]:
    """Edits pools.yaml on every node; gives the ends of their logs as they were before."""
    marks = _marks(cluster)
    for node in cluster.nodes.values():
        write(node.pools, text)
    return marks


def _marks(cluster: Cluster) -> dict[str, int]:
    return {name: node.process.mark() for name, node in cluster.nodes.items()}


def _told(cluster: Cluster, pattern: str, marks: dict[str, int]) -> list[str]:
    """The line with the regular expression in each node's log since then, once it is there."""
    return [node.wait_for_line(pattern, since=marks[name]) for name, node in cluster.nodes.items()]


def _check(node: LbdNode, *arguments: str | Path) -> tuple[int, str]:
    """The exit status of `lbd check`, and what it prints."""
    done = node.host.namespace.run(str(lbd_binary()), "check", *map(str, arguments), check=False)
    return done.returncode, done.stdout + done.stderr


def _served(cluster: Cluster, namespace: str, name: str, **spec: object) -> str:
    """Makes a Service with endpoints on every node; its address."""
    cluster.service(namespace, name, "web", **spec)
    return cluster.address(namespace, name, 60)


def _standin(cluster: Cluster) -> StandInControlPlane:
    assert isinstance(cluster.control, StandInControlPlane)
    return cluster.control


def _answerers(cluster: Cluster, address: str) -> set[str]:
    """The MACs that answer for an address within a second from now."""
    since = time.monotonic()
    time.sleep(1)
    return cluster.sniffer.macs_between(address, since, time.monotonic())


@pytest.mark.parametrize("write", [_in_place, _by_renaming], ids=["in place", "by renaming"])
def test_the_file_is_the_source(cluster: Cluster, write: Callable[[Path, str], None]) -> None:
    """Services get addresses of it, an edit is taken as it is made, and the file is the owner's own."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    first = _served(cluster, namespace, "first")
    assert first == "192.168.2.128"
    cluster.owner(first)
    marks = _edit(cluster, WIDER, write)
    _told(cluster, "pools in force: address-pool-1, address-pool-2", marks)
    second = _served(cluster, namespace, "second", annotations=SECOND_POOL)
    assert second == "192.168.2.100"
    for address in (first, second):
        cluster.owner(address)
        assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
    assert cluster.addresses(namespace) == {"first": first, "second": second}
    assert {node.pools.read_text() for node in cluster.nodes.values()} == {WIDER}


def test_a_typo_is_told_and_changes_nothing(cluster: Cluster) -> None:
    """The log says where and what in the words of `lbd check`; the old pools stay in force until the file is mended."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    address = _served(cluster, namespace, "before")
    cluster.owner(address)
    marks = _edit(cluster, BROKEN)
    lines = _told(cluster, r":4:3: error: ", marks)
    for node, line in zip(cluster.nodes.values(), lines):
        where = f"{node.pools}:4:3: error: "
        assert "adresses" in line.partition(where)[2]
        status, printed = _check(node, node.pools)
        assert status == 1
        assert printed.startswith(where) and line.endswith(printed.splitlines()[0])
    assert _served(cluster, namespace, "meanwhile") == "192.168.2.129"
    assert cluster.addresses(namespace)["before"] == address

    marks = _edit(cluster, WIDER)
    _told(cluster, "pools in force: address-pool-1, address-pool-2", marks)
    node = cluster.nodes["gooseberry"]
    assert _check(node, node.pools) == (0, f"{node.pools}: ok: 2 pools, 138 addresses\n")
    assert _served(cluster, namespace, "after", annotations=SECOND_POOL) == "192.168.2.100"


def test_an_edit_that_would_orphan_an_address_is_refused(cluster: Cluster) -> None:
    """By name of the Service; it is taken once that Service is gone."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    address = _served(cluster, namespace, "held")
    cluster.owner(address)
    marks = _edit(cluster, ELSEWHERE)
    for line in _told(cluster, f"{namespace}/held", marks):
        assert address in line
    assert {node.pools.read_text() for node in cluster.nodes.values()} == {ELSEWHERE}, "it is the owner's file"
    node = cluster.nodes["gooseberry"]
    assert _check(node, node.pools)[0] == 0, "there is no mistake in the text"
    assert _served(cluster, namespace, "second") == "192.168.2.129"
    assert cluster.addresses(namespace)["held"] == address

    marks = _marks(cluster)
    cluster.delete_services()
    _told(cluster, "pools in force: address-pool-1", marks)
    assert _served(cluster, namespace, "third") == "192.168.2.200"


def test_a_file_that_is_removed_leaves_its_pools_in_force(cluster: Cluster) -> None:
    """And one that comes back is read."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    for node in cluster.nodes.values():
        node.pools.unlink()
    assert _served(cluster, namespace, "first") == "192.168.2.128"
    marks = _edit(cluster, WIDER, _in_place)
    _told(cluster, "pools in force: address-pool-1, address-pool-2", marks)


def test_sighup_reads_what_is_behind_a_link(cluster: Cluster) -> None:
    """A change of what pools.yaml links to is no change of its folder: the owner has to say so."""
    elsewhere = cluster.folder / "shared-pools.yaml"
    elsewhere.write_text(POOL)
    cluster.stop_all()
    for node in cluster.nodes.values():
        node.pools.unlink()
        node.pools.symlink_to(elsewhere)
        node.start()
    cluster.wait_settled()
    marks = _marks(cluster)
    elsewhere.write_text(WIDER)
    time.sleep(1)
    lines = [line for name, node in cluster.nodes.items() for line in node.process.lines(marks[name])]
    assert not [line for line in lines if "pools in force" in line]
    for node in cluster.nodes.values():
        node.reload()
    _told(cluster, "pools in force: address-pool-1, address-pool-2", marks)


def test_sighup_takes_an_interface_away(cluster: Cluster) -> None:
    """By `interfaces.exclude` in lbd.yaml: the node falls silent, another takes over; and the same way back."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    address = _served(cluster, namespace, "web")
    owner = cluster.owner(address)
    with cluster.sniffer.move(address):
        since = time.monotonic()
        owner.settings["interfaces"] = {"exclude": ["^eth0$"]}
        owner.write_settings()
        owner.reload()
        packet = cluster.sniffer.wait_for_answer(address, 15, since=since, other_than=owner.host.mac)
        heir = cluster.node_with(packet.sender_mac)
        eventually("the old owner is silent", lambda: _answerers(cluster, address) == {heir.host.mac})
    assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
    del owner.settings["interfaces"]
    owner.write_settings()
    owner.reload()
    with cluster.sniffer.move(address):
        heir.stop()
        eventually("an owner", lambda: cluster.owner(address) is not heir, 15)


def test_sighup_with_mistakes_in_the_settings_changes_nothing(cluster: Cluster) -> None:
    """The log says where and what in the words of `lbd check`, and all goes on as it was; what can only be set at the
    start is told too."""
    node = cluster.nodes["gooseberry"]
    good = node.config.read_text()
    mark = node.process.mark()
    node.config.write_text(good + "interfaces:\n  exclude:\n  - '['\n")
    node.reload()
    line = node.wait_for_line("the settings as they were stay in force", since=mark)
    number = len(good.splitlines()) + 3
    where = f"{node.config}:{number}:5: error: "
    assert where in line
    status, printed = _check(node, "--config", node.config)
    assert status == 1
    assert printed.startswith(where) and line.endswith(printed.splitlines()[0])

    node.config.write_text(good + "announcements:\n  refreshSeconds: 5\n")
    node.reload()
    node.wait_for_line("take effect at the next start", since=mark)
    node.config.write_text(good)
    status, printed = _check(node, "--config", node.config)
    assert status == 0, printed
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.owner(_served(cluster, namespace, "web"))


def test_a_file_that_mirrors_the_config_map_is_put_back(cluster: Cluster) -> None:
    """Whatever was done to it; it is the source again once the ConfigMap is gone."""
    # Of the same text as the files.
    cluster.pools(POOL)
    cluster.pools(WIDER)
    node = cluster.nodes["blackberry"]
    mirror = node.pools.read_text()
    mark = node.process.mark()
    for meddle in (
        lambda: _in_place(node.pools, POOL),
        lambda: _by_renaming(node.pools, BROKEN),
        lambda: node.pools.write_text(""),
        lambda: node.pools.unlink(),
        lambda: os.rename(node.pools, node.pools.with_name("pools.yaml~")),
    ):
        meddle()
        eventually("the mirror", lambda: node.pools.exists() and node.pools.read_text() == mirror)
        node.wait_for_line("mirrors the ConfigMap metallb-system/config: edit that", since=mark)
    namespace = cluster.namespace()
    assert _served(cluster, namespace, "web", annotations=SECOND_POOL) == "192.168.2.100"
    cluster.delete_services()

    cluster.control.delete(CONFIG)
    time.sleep(1)
    assert cluster.mirrors(WIDER)
    marks = _edit(cluster, ELSEWHERE)
    _told(cluster, "pools in force: address-pool-1$", marks)
    assert _served(cluster, namespace, "after") == "192.168.2.200"
    assert {node.pools.read_text() for node in cluster.nodes.values()} == {ELSEWHERE}


@pytest.mark.parametrize("write", [_in_place, _by_renaming], ids=["in place", "by renaming"])
def test_a_kubeconfig_may_come_later(cluster: Cluster, write: Callable[[Path, str], None]) -> None:
    """A daemon without one runs on its files, and connects once it is there."""
    node = cluster.nodes["raspberry"]
    later = node.folder / "etc/kubeconfig"
    assert node.stop() == 0
    node.settings["kubernetes"]["kubeconfig"] = str(later)
    node.write_settings()
    mark = node.process.mark()
    node.start()
    node.wait_for_line(re.escape(f"no kubeconfig at {later}: "), since=mark)
    node.wait_for_line("pools in force: address-pool-1", since=mark)
    assert "lbd-node-raspberry" not in cluster.leases()
    write(later, cluster.control.kubeconfig_for("lbd").read_text())
    node.wait_for_line('node "raspberry" is alive', since=mark)
    cluster.wait_settled()
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", ["raspberry"])
    assert cluster.owner(_served(cluster, namespace, "web", externalTrafficPolicy="Local")) is node


def test_a_token_file_that_changes_is_read_again(cluster: Cluster) -> None:
    """Before the server refuses the old token, and after."""
    control = _standin(cluster)
    token = control.folder / "token"
    token.write_text("first\n")
    kubeconfig = control.kubeconfig_for("lbd")
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = {"tokenFile": "token"}
    control.standin.tokens = {"first"}
    _by_renaming(kubeconfig, yaml.safe_dump(config))
    namespace = cluster.namespace()
    _served(cluster, namespace, "first")

    control.standin.tokens = {"first", "second"}
    _by_renaming(token, "second\n")
    control.standin.tokens = {"second"}
    control.restart()
    _served(cluster, namespace, "second")

    control.standin.requests.clear()
    control.standin.tokens = {"third"}
    eventually("the old token is refused", lambda: 401 in [status for *_, status in list(control.standin.requests)], 30)
    _in_place(token, "third")
    _served(cluster, namespace, "third")
    cluster.wait_settled()
    assert all(node.is_running for node in cluster.nodes.values())
