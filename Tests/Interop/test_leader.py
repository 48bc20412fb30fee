"""One leader at a time, and what one does that slept through its Lease."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

from lab.cluster import Cluster, eventually


def test_a_leader_that_slept_allocates_nothing(cluster: Cluster) -> None:
    """SIGSTOP the leader with work before it; another one leads; SIGCONT: no address is given twice, and none moves."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    sleeper = cluster.leader()
    assert sleeper is not None
    transitions = cluster.leases()["lbd-controller"]["spec"].get("leaseTransitions", 0)

    def make(names: list[str]) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda name: cluster.service(namespace, name, "web"), names))

    def all_served(count: int) -> dict[str, str]:
        found: dict[str, str] = eventually(
            f"{count} addresses",
            lambda: len(cluster.addresses(namespace)) == count and cluster.addresses(namespace),
            60,
        )
        assert len(set(found.values())) == count, "an address was given twice"
        return found

    with cluster.sniffer.move():
        # Half of these the leader may see and half not; what it wrote and what it meant to write, nobody knows.
        with ThreadPoolExecutor(1) as thread:
            making = thread.submit(make, [f"before-{number}" for number in range(10)])
            time.sleep(0.1)
            cluster.nodes[sleeper].freeze()
            making.result()
        leader = eventually("another leader", lambda: cluster.leader() not in (None, sleeper) and cluster.leader(), 60)
        make([f"during-{number}" for number in range(10)])
        during = all_served(20)

        # A Service that both could serve: the sleeper wakes up to it.
        with ThreadPoolExecutor(1) as thread:
            making = thread.submit(make, [f"after-{number}" for number in range(10)])
            cluster.nodes[sleeper].thaw()
            making.result()
        after = all_served(30)
        time.sleep(5)
    assert {name: after[name] for name in during} == during, "an address moved"
    assert all_served(30) == after
    assert cluster.leader() == leader
    lease = cluster.leases()["lbd-controller"]["spec"]
    assert lease.get("leaseTransitions", 0) == transitions + 1
    cluster.watch.assert_no_duplicate()
    eventually("one IPAllocated for each", lambda: _allocated(cluster, namespace) == 30)


def test_kubectl_shows_the_leases(cluster: Cluster) -> None:
    """`kubectl get lease -n lbd-system` reads as that of any controller does."""
    shown = cluster.control.kubectl("get", "lease", "-n", "lbd-system")
    lines = {line.split()[0]: line.split() for line in shown.splitlines()}
    assert lines["NAME"][:2] == ["NAME", "HOLDER"]
    assert re.match(r"(gooseberry|blackberry|raspberry)(?![a-z0-9-])", lines["lbd-controller"][1])
    for name, node in cluster.nodes.items():
        assert lines[f"lbd-node-{name}"][1].startswith(name)
        lease = cluster.leases()[f"lbd-node-{name}"]
        assert lease["spec"]["leaseDurationSeconds"] == 40
        assert f"{node.host.address}/24" in lease["metadata"]["annotations"]["lbd.io/addresses"]
    assert set(lines) == {"NAME", "lbd-controller", *(f"lbd-node-{name}" for name in cluster.nodes)}
    microtime = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    leader = cluster.leases()["lbd-controller"]["spec"]
    for key in ("acquireTime", "renewTime"):
        assert re.fullmatch(microtime, leader[key]), leader

    def is_renewed() -> bool:
        return bool(cluster.leases()["lbd-controller"]["spec"]["renewTime"] > leader["renewTime"])

    eventually("the leader renews", is_renewed, 15)


def test_a_planned_stop_of_the_leader_leaves_no_gap(cluster: Cluster) -> None:
    """The next leader serves a new Service at once, not when a Lease ends."""
    namespace = cluster.namespace()
    leader = cluster.leader()
    assert leader is not None
    with cluster.sniffer.move():
        assert cluster.nodes[leader].stop() == 0
        cluster.service(namespace, "web")
        cluster.address(namespace, "web", 10)
    assert cluster.leader() not in (None, leader)


def test_a_killed_leader_is_replaced(cluster: Cluster) -> None:
    """SIGKILL: within the leader's Lease and the time-out of its last requests there is another."""
    namespace = cluster.namespace()
    leader = cluster.leader()
    assert leader is not None
    with cluster.sniffer.move():
        cluster.nodes[leader].kill()
        cluster.service(namespace, "web")
        cluster.address(namespace, "web", 45)
    assert cluster.leader() not in (None, leader)


def _allocated(cluster: Cluster, namespace: str) -> int:
    """How many Services were told of their allocation, each once."""
    told = [item for item in cluster.control.events(namespace) if item["reason"] == "IPAllocated"]
    assert all(item.get("count", 1) == 1 for item in told)
    names = {item["involvedObject"]["name"] for item in told}
    assert len(told) == len(names), "an allocation was told twice"
    return len(names)
