"""The gossip of the nodes: among themselves, and with serf, which speaks the protocol of MetalLB's speakers."""

from __future__ import annotations

import base64
import json
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.cluster import Cluster, begin_gossip, eventually
from lab.lan import Host, Lan
from lab.node import LbdNode
from lab.serf import GOSSIP_PORT, Serf, key_of

SECRET_PATH = "/api/v1/namespaces/metallb-system/secrets/memberlist"
SECRET = "gooseberries and blackberries for breakfast"
NEW_SECRET = "raspberries with a little cream for dinner"

DETECTION_SECONDS = 30
"""How long a death may take to be seen: memberlist suspects for seconds, longer when it doubts itself."""

INSTALL_SECONDS = 10
"""A new secret is accepted for so long before it is used for sending."""

LBD = "gooseberry"


def secret_object(text: str) -> dict[str, Any]:
    """The Secret as MetalLB has it."""
    metadata = {"namespace": "metallb-system", "name": "memberlist"}
    data = {"secretkey": base64.b64encode(text.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def wait_for(what: str, expected: dict[str, str], look: Callable[[], dict[str, str]], timeout: float = 15) -> None:
    """Waits until the members stand like this, and there are no others."""

    def stands() -> bool:
        found = look()
        assert found == expected
        return True

    eventually(what, stands, timeout)


def add_ipv6(host: Host) -> str:
    """An IPv6 address for a host of the LAN, usable at once."""
    address = f"fd00:2::{host.number}"
    host.namespace.ip("address", "add", f"{address}/64", "dev", "eth0", "nodad")
    return address


# With serf


class Mixed:
    """A LAN with one node with lbd and hosts with serf."""

    def __init__(self, lan: Lan, node: LbdNode, folder: Path) -> None:
        self.lan = lan
        self.node = node
        self.folder = folder
        self.serfs: list[Serf] = []

    def serf(self, name: str, key_length: int = 32, secret: str = SECRET, has_ipv6: bool = False) -> Serf:
        """A new agent, started."""
        host = self.lan.add_client(name, 61 + len(self.serfs))
        address = add_ipv6(host) if has_ipv6 else None
        self.serfs.append(Serf(host, self.folder, key_of(secret, key_length), address))
        return self.serfs[-1].start()

    def wait_alive(self, *serfs: Serf) -> None:
        """Waits until lbd and these agents all see each other alive."""
        others = dict.fromkeys([serf.name for serf in serfs], "alive")
        wait_for("lbd's group", others, lambda: self.node.group())
        for serf in serfs:
            wait_for(f"the group of {serf.name}", {LBD: "alive", **others}, serf.members)

    def wait(self, name: str, by_lbd: str, by_serf: str, *witnesses: Serf, timeout: float = DETECTION_SECONDS) -> None:
        """Waits until a member stands like this for lbd, and in serf's words for these agents."""
        eventually(f"lbd calls {name} {by_lbd}", lambda: self.node.group().get(name) == by_lbd, timeout)
        for serf in witnesses:
            eventually(f"{serf.name} calls {name} {by_serf}", lambda: serf.members().get(name) == by_serf, timeout)

    def start(self, **gossip: Any) -> None:
        """Starts lbd, with these settings of the gossip, and waits until it takes part."""
        begin_gossip(self.node, **gossip)


@pytest.fixture
def mixed(single: LbdNode, tmp_path: Path) -> Mixed:
    """A stand-in with the Secret, and one node, whose daemon is not started yet."""
    single.control.apply(secret_object(SECRET))
    return Mixed(single.lan, single, tmp_path)


@pytest.mark.parametrize("key_length", [32, 16])
@pytest.mark.parametrize("who", ["serf", "lbd"])
def test_joins_leaves_and_deaths_are_seen_alike(mixed: Mixed, key_length: int, who: str) -> None:
    """serf joins lbd's group, or lbd that of serf; with the keys of MetalLB from 0.14 on, and of before."""
    one = mixed.serf("one", key_length)
    if who == "serf":
        mixed.start()
        one.join(mixed.node.host.address)
    else:
        mixed.start(join=[one.host.address])
    mixed.wait_alive(one)
    two = mixed.serf("two", key_length)
    two.join(mixed.node.host.address if who == "serf" else one.host.address)
    mixed.wait_alive(one, two)

    two.leave()
    mixed.wait("two", "left", "left", one)
    two.start().join(one.host.address)
    mixed.wait("two", "alive", "alive", one, two)
    two.kill()
    mixed.wait("two", "dead", "failed", one)
    two.start().join(one.host.address)
    mixed.wait("two", "alive", "alive", one, two)

    mixed.node.kill()
    eventually("serf calls lbd failed", lambda: one.members().get(LBD) == "failed", DETECTION_SECONDS)
    mixed.node.start()
    mixed.wait_alive(one, two)


def test_a_suspicion_is_refuted_by_either(mixed: Mixed) -> None:
    """Whoever hangs for a moment is suspected, says that it lives, and is taken for dead by nobody."""
    one, two = mixed.serf("one"), mixed.serf("two")
    mixed.start()
    one.join(mixed.node.host.address)
    two.join(one.host.address)
    mixed.wait_alive(one, two)

    mark = mixed.node.process.mark()
    one.freeze()
    mixed.node.wait_for_line('gossip: member "one" does not answer', 20, mark)
    one.thaw()
    mixed.node.wait_for_line('gossip: member "one" is alive', 20, mark)

    marks = {serf.name: serf.process.mark() for serf in (one, two)}
    mixed.node.freeze()
    one.process.wait_for_line(f"Suspect {LBD} has failed", 20, marks["one"])
    # So late to its next probe that it must notice; serf suspects for 4 s before it buries.
    time.sleep(2)
    mixed.node.thaw()
    mixed.node.wait_for_line("this daemon was stopped or starved", 20, mark)
    # As long as a suspicion lasts.
    time.sleep(12)
    mixed.wait_alive(one, two)
    for serf in (one, two):
        lines = serf.process.lines(marks[serf.name])
        assert not [line for line in lines if f"Marking {LBD} as failed" in line or f"EventMemberFailed: {LBD}" in line]
    assert not [line for line in mixed.node.process.lines(mark) if "is dead" in line]


def test_a_planned_stop_is_a_farewell_and_a_restart_is_none(mixed: Mixed) -> None:
    one = mixed.serf("one")
    mixed.start()
    one.join(mixed.node.host.address)
    mixed.wait_alive(one)
    mark = one.process.mark()
    assert mixed.node.restart() == 0
    mixed.wait_alive(one)
    assert not [line for line in one.process.lines(mark) if f"EventMemberFailed: {LBD}" in line]
    began = time.monotonic()
    assert mixed.node.stop() == 0
    # serf calls a farewell a failure where serf's own message of it does not come before; but it hears of it at once.
    one.process.wait_for_line(f"EventMember(Failed|Leave): {LBD}", 2, mark)
    assert not [line for line in one.process.lines(mark) if f"Suspect {LBD}" in line]
    assert time.monotonic() - began < 5


def test_another_secret_is_refused_and_counted(mixed: Mixed) -> None:
    """Neither side takes the other in; lbd says whose packets it cannot read."""
    stranger = mixed.serf("stranger", secret=NEW_SECRET)
    mixed.start()
    done = stranger.join(mixed.node.host.address, check=False)
    assert "Error joining" in done, done
    eventually("a count", lambda: mixed.node.status()["gossipTraffic"]["undecryptable"] > 0)
    assert mixed.node.group() == {}
    assert stranger.members() == {"stranger": "alive"}
    problem = f"the gossip from {stranger.host.address} cannot be read"
    mixed.node.wait_for_line(problem, 20)
    assert any(problem in line for line in mixed.node.status()["problems"])


def test_a_taken_port_is_tried_again(mixed: Mixed) -> None:
    """It is told, nothing else stops, and the group forms once the port is free."""
    one = mixed.serf("one")
    with mixed.lan.nodes[LBD].namespace.entered():
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        holder.bind(("0.0.0.0", GOSSIP_PORT))
    with holder:
        mixed.node.settings["gossip"] = {"join": [one.host.address]}
        mixed.node.write_settings()
        mixed.node.start()
        problem = mixed.node.wait_for_line(f"listen on 0.0.0.0:{GOSSIP_PORT}: Address already in use: no gossip", 20)
        time.sleep(7)
        assert mixed.node.is_running
        assert problem in mixed.node.status()["problems"][0] or problem.endswith(mixed.node.status()["problems"][0])
    mixed.wait_alive(one)
    mixed.node.wait_for_line("solved: cannot listen on", 10)


def test_connections_are_taken_again_once_there_are_descriptors_for_them(mixed: Mixed) -> None:
    one = mixed.serf("one")
    mixed.start()
    pid = mixed.node.process.pid
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # What is open stays open; what is opened would have to be one of the first three, which are in use.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, limits[1]))
    assert "Error joining" in one.join(mixed.node.host.address, check=False)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    eventually("a join", lambda: "Successfully joined" in one.join(mixed.node.host.address, check=False), 30)
    mixed.wait_alive(one)


def test_a_file_is_taken_for_the_secret_where_it_is_set(mixed: Mixed, tmp_path: Path) -> None:
    """Its line break does not count, and the cluster's Secret does not either."""
    one = mixed.serf("one", secret=NEW_SECRET)
    path = tmp_path / "secret"
    path.write_text(NEW_SECRET + "\n")
    mixed.start(secretFile=str(path), join=[one.host.address])
    mixed.wait_alive(one)


def test_members_may_have_ipv6_addresses(mixed: Mixed) -> None:
    one = mixed.serf("one", has_ipv6=True)
    mixed.start(bind=add_ipv6(mixed.node.host), join=[f"fd00:2::{one.host.number}"])
    mixed.wait_alive(one)
    (member,) = mixed.node.status()["gossip"]
    assert member["address"] == f"[fd00:2::{one.host.number}]:{GOSSIP_PORT}"
    one.kill()
    mixed.wait("one", "dead", "failed")


def test_one_without_a_key_is_refused(mixed: Mixed) -> None:
    """What it says of itself and of others is not taken in, nor is it told anything."""
    one = mixed.serf("one")
    mixed.start(join=[one.host.address])
    mixed.wait_alive(one)
    host = mixed.lan.add_client("stranger", 71)
    stranger = Serf(host, mixed.folder, key=None).start()
    assert "Error joining" in stranger.join(mixed.node.host.address, check=False)
    mixed.node.wait_for_line(f"the gossip from {host.address} cannot be read", 20)
    assert mixed.node.group() == {"one": "alive"}
    assert stranger.members() == {"stranger": "alive"}
    stranger.kill()


# Among themselves


def wait_for_all(cluster: Cluster, timeout: float = 20) -> None:
    """Waits until every running daemon sees every running one alive."""
    running = {name: node for name, node in cluster.nodes.items() if node.is_running}
    for node in running.values():
        others = {name: "alive" for name in running if name != node.name}

        # Whoever was there for an earlier test has left.
        def nodes(node: LbdNode = node) -> dict[str, str]:
            return {name: stands for name, stands in node.group().items() if name in cluster.nodes}

        wait_for(f"the group of {node.name}", others, nodes, timeout)


def test_nodes_find_each_other_by_their_internal_addresses(cluster: Cluster) -> None:
    """With nothing configured, and the secret that the leader has made."""
    assert all("gossip" not in node.settings for node in cluster.nodes.values())
    wait_for_all(cluster)
    for node in cluster.nodes.values():
        for member in node.status()["gossip"]:
            assert member["address"] == f"{cluster.nodes[member['name']].host.address}:{GOSSIP_PORT}"
    secret = cluster.control.api("GET", SECRET_PATH)
    assert len(base64.b64decode(base64.b64decode(secret["data"]["secretkey"]))) == 128


def test_an_agent_among_the_nodes_sees_what_they_see(cluster: Cluster, tmp_path: Path) -> None:
    """They are one group, and of a death and a farewell in it all hear, whoever they are."""
    wait_for_all(cluster)
    for node in cluster.nodes.values():
        node.wait_for_line("gossip: goes by lbd's own times, as all members are lbd", 20)
    marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
    secret = base64.b64decode(cluster.control.api("GET", SECRET_PATH)["data"]["secretkey"]).decode()
    agent = Serf(cluster.lan.add_client("witness", 62), tmp_path, key_of(secret)).start()
    everybody = dict.fromkeys([*cluster.nodes, agent.name], "alive")
    gooseberry, blackberry, raspberry = cluster.nodes.values()

    def join() -> bool:
        return "Successfully joined" in agent.join(gooseberry.host.address, check=False)

    # serf joins once it finds that all speak its version; each daemon does so when it has heard of it.
    eventually("a join", join)
    wait_for("the group of the agent", everybody, agent.members)
    for node in cluster.nodes.values():
        eventually(f"{node.name} sees the agent", lambda: node.group()[agent.name] == "alive")
        node.wait_for_line('gossip: goes by memberlist.s times, as member "witness" is not lbd', since=marks[node.name])

    blackberry.kill()
    eventually("the agent sees the death", lambda: agent.members()["blackberry"] == "failed", DETECTION_SECONDS)
    for node in (gooseberry, raspberry):
        eventually(f"{node.name} sees the death", lambda: node.group()["blackberry"] == "dead", DETECTION_SECONDS)

    mark = agent.process.mark()
    assert raspberry.stop() == 0
    eventually("the farewell", lambda: gooseberry.group()["raspberry"] == "left", 5)
    agent.process.wait_for_line("EventMember(Failed|Leave): raspberry", 5, mark)
    assert not [line for line in agent.process.lines(mark) if "Suspect raspberry" in line]

    for node in (blackberry, raspberry):
        node.start()
    wait_for_all(cluster, DETECTION_SECONDS)
    wait_for("the group of the agent", everybody, agent.members)
    agent.leave()
    eventually("its farewell", lambda: gooseberry.group()[agent.name] == "left")


def test_a_new_secret_goes_through_without_a_member_lost(cluster: Cluster, tmp_path: Path) -> None:
    """Nobody is suspected; afterwards an agent with the new secret can join, and one with the old one is refused."""
    wait_for_all(cluster)
    marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
    for text in (SECRET, NEW_SECRET):
        cluster.control.apply(secret_object(text))
        # Rounds of probes and gossip by the old one, the change, and as many by the new one.
        time.sleep(INSTALL_SECONDS + 10)
    wait_for_all(cluster)
    for name, node in cluster.nodes.items():
        lines = node.process.lines(marks[name])
        assert not [line for line in lines if "gossip: member" in line or "cannot be read" in line], lines
    node = cluster.nodes["gooseberry"]
    serf = Serf(cluster.lan.add_client("agent", 61), tmp_path, key_of(NEW_SECRET)).start()
    # serf joins once it finds that all speak its version; each daemon does so when it has heard of it.
    eventually("a join", lambda: "Successfully joined" in serf.join(node.host.address, check=False))
    wait_for("the group of the agent", dict.fromkeys([*cluster.nodes, "agent"], "alive"), serf.members)
    serf.leave()
    eventually("the farewell", lambda: node.group().get("agent") == "left")


def test_after_a_boot_of_all_without_the_api_server_they_find_each_other(cluster: Cluster) -> None:
    """By what each has kept: the secret, and where the others were."""
    wait_for_all(cluster)
    for node in cluster.nodes.values():
        kept = node.folder / "state/gossip.json"
        others = {name: f"{other.host.address}:{GOSSIP_PORT}" for name, other in cluster.nodes.items() if other is not node}

        def are_kept(kept: Path = kept, others: dict[str, str] = others) -> bool:
            return kept.exists() and others.items() <= json.loads(kept.read_text())["peers"].items()

        eventually("the others are kept", are_kept)
        assert kept.stat().st_mode & 0o777 == 0o600
    cluster.control.stop()
    try:
        for node in cluster.nodes.values():
            node.kill()
        marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
        for node in cluster.nodes.values():
            node.start()
        wait_for_all(cluster)
        for name, node in cluster.nodes.items():
            for other in cluster.nodes:
                if other != name:
                    node.wait_for_line(f'gossip: member "{other}" is alive', since=marks[name])
    finally:
        cluster.control.start()


def test_without_a_secret_nothing_is_gossiped_and_the_status_says_why(cluster: Cluster) -> None:
    node = cluster.nodes["gooseberry"]
    cluster.control.stop()
    try:
        node.kill()
        (node.folder / "state/gossip.json").unlink()
        node.start()
        line = node.wait_for_line("no gossip: the Secret metallb-system/memberlist has not been read", 45)
        assert node.status()["gossip"] == [] and "gossipTraffic" not in node.status()
        assert any(problem in line for problem in node.status()["problems"])
        assert node.host.namespace.run("ss", "-Hlntu", f"sport = :{GOSSIP_PORT}").stdout == ""
    finally:
        cluster.control.start()
    wait_for_all(cluster, 60)
