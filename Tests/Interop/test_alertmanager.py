"""The gossip with Prometheus Alertmanager, another user of hashicorp/memberlist, which encrypts nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lab.alertmanager import Alertmanager
from lab.cluster import begin_gossip, eventually
from lab.node import LbdNode
from lab.serf import GOSSIP_PORT, Serf, key_of

DETECTION_SECONDS = 30
"""How long a death may take to be seen."""


def _alertmanager(node: LbdNode, folder: Path, number: int = 61) -> Alertmanager:
    return Alertmanager(node.lan.add_client(f"alertmanager-{number}", number), folder)


def _wait_alive(node: LbdNode, *others: Alertmanager) -> None:
    """Waits until all see each other, and nobody else, alive."""
    names = {other.name: other.address for other in others}
    eventually("lbd's group", lambda: node.group() == dict.fromkeys(names, "alive"), 20)
    everybody = {**names, node.name: f"{node.host.address}:{GOSSIP_PORT}"}
    for other in others:
        eventually(f"the group of {other.host.name}", lambda other=other: other.members() == everybody, 20)


def _wait_stands(node: LbdNode, name: str, status: str) -> None:
    eventually(f"lbd calls {name} {status}", lambda: node.group().get(name) == status, DETECTION_SECONDS)


@pytest.mark.parametrize("who", ["Alertmanager", "lbd"])
def test_joins_leaves_and_deaths_are_seen_alike(single: LbdNode, tmp_path: Path, who: str) -> None:
    """Alertmanager joins lbd's group, or lbd that of Alertmanager; its own state and messages do no harm."""
    there = f"{single.host.address}:{GOSSIP_PORT}"
    one = _alertmanager(single, tmp_path)
    if who == "Alertmanager":
        begin_gossip(single, encrypted=False)
        one.start(there)
    else:
        one.start()
        begin_gossip(single, encrypted=False, join=[one.address])
    _wait_alive(single, one)
    two = _alertmanager(single, tmp_path, 62).start(one.address)
    _wait_alive(single, one, two)
    left = two.name
    two.leave()
    _wait_stands(single, left, "left")
    two.start(there)
    died = two.name
    _wait_stands(single, died, "alive")
    two.kill()
    _wait_stands(single, died, "dead")
    eventually("Alertmanager sees it too", lambda: died not in one.members(), DETECTION_SECONDS)

    single.kill()
    eventually("Alertmanager sees lbd's death", lambda: single.name not in one.members(), DETECTION_SECONDS)
    single.start()
    eventually("it is back", lambda: single.name in one.members(), 20)
    assert single.stop() == 0
    eventually("the farewell", lambda: single.name not in one.members(), 5)


def test_a_suspicion_is_refuted_by_either(single: LbdNode, tmp_path: Path) -> None:
    begin_gossip(single, encrypted=False)
    one = _alertmanager(single, tmp_path).start(f"{single.host.address}:{GOSSIP_PORT}")
    _wait_alive(single, one)
    name = one.name
    mark = single.process.mark()
    one.freeze()
    single.wait_for_line(f'gossip: member "{name}" does not answer', 20, mark)
    one.thaw()
    single.wait_for_line(f'gossip: member "{name}" is alive', 20, mark)

    log = one.process.mark()
    single.freeze()
    one.process.wait_for_line(f"Suspect {single.name} has failed", 20, log)
    single.thaw()
    # As long as a suspicion lasts.
    time.sleep(12)
    _wait_alive(single, one)
    assert not [line for line in one.process.lines(log) if f"Marking {single.name} as failed" in line]


def test_one_that_encrypts_is_refused_and_counted(single: LbdNode, tmp_path: Path) -> None:
    begin_gossip(single, encrypted=False)
    secret = "gooseberries and blackberries for breakfast"
    stranger = Serf(single.lan.add_client("stranger", 63), tmp_path, key_of(secret)).start()
    assert "Error joining" in stranger.join(single.host.address, check=False)
    single.wait_for_line(f"the gossip from {stranger.host.address} cannot be read: it is encrypted", 20)
    assert single.group() == {}
    stranger.kill()
