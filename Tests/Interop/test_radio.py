"""A node whose cable is a radio. The lab's kernel has no radio of its own, so a setting calls the node's veth one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from lab.cluster import Cluster, eventually
from lab.lan import Host
from lab.node import LbdNode


def _promiscuity(host: Host) -> tuple[int, int]:
    """By how many the node's `eth0` is asked to take in everything, and all that is for groups."""
    (link,) = json.loads(host.namespace.ip("-json", "-details", "link", "show", "eth0"))
    return link["promiscuity"], link["allmulti"]


@pytest.fixture
def radios(cluster: Cluster) -> Iterator[dict[str, LbdNode]]:
    """All nodes' cables are called radios."""
    for node in cluster.nodes.values():
        node.settings["interfaces"] = {"wireless": ["^eth0$"]}
        node.write_settings()
        node.reload()
    yield cluster.nodes
    for node in cluster.nodes.values():
        del node.settings["interfaces"]
        node.write_settings()
        if node.is_running:
            node.reload()


def test_a_radio_takes_in_everything_while_it_has_an_address(cluster: Cluster, radios: dict[str, LbdNode]) -> None:
    """Only while; and the kernel takes that back from a daemon that is killed."""
    assert {_promiscuity(node.host) for node in radios.values()} == {(0, 0)}
    address, owner = cluster.served()
    assert _promiscuity(owner.host) == (1, 1)
    assert {_promiscuity(node.host) for node in radios.values() if node is not owner} == {(0, 0)}
    with cluster.sniffer.move(address):
        owner.kill()
        heir = eventually("an heir", lambda: None if (found := cluster.owner(address)) is owner else found)
    assert _promiscuity(owner.host) == (0, 0)
    assert _promiscuity(heir.host) == (1, 1)
    owner.start()
    cluster.wait_settled()


def test_the_setting_takes_effect_at_a_reload(cluster: Cluster) -> None:
    """Without a gap in which nobody answers."""
    address, owner = cluster.served()
    assert _promiscuity(owner.host) == (0, 0)
    owner.settings["interfaces"] = {"wireless": ["^eth0$"]}
    owner.write_settings()
    owner.reload()
    eventually("it takes in everything", lambda: _promiscuity(owner.host) == (1, 1))
    assert cluster.owner(address) is owner
    del owner.settings["interfaces"]
    owner.write_settings()
    owner.reload()
    eventually("it does not any more", lambda: _promiscuity(owner.host) == (0, 0))
    assert cluster.owner(address) is owner
