"""The daemon beside API servers that the real one here is not: of the oldest and of the newest dialect, and such as
misbehave in every way that a network and a busy server have."""

from __future__ import annotations

import collections
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lab.cluster import CONFIG, Cluster, eventually
from lab.standin import StandIn
from lab.standin.control import StandInControlPlane
from lab.standin.trial import DIALECTS

Fault = dict[str, Any]
"""The fields of a stand-in's `Rule`."""

COLLECTIONS = {
    "services": "/api/v1/services",
    "endpointslices": "/endpointslices",
    "nodes": "/api/v1/nodes",
    "leases": "/leases",
    "configmaps": "/configmaps",
}
"""What the daemons list and watch, by a part of the path that only this has."""

WRITES = {
    "statuses": ("PATCH", "/services/[^/]+/status$"),
    "leases": ("PATCH", "/leases/[^/]+$"),
    "events": ("POST", "/events$"),
}
"""What the daemons write."""

DISCOVERY = "^/apis/discovery.k8s.io$"
"""Asked once, by a daemon that starts."""

LATE_SECONDS = 6
"""A daemon waits 5 s for the answer to a write, then closes the connection; the write may happen all the same."""


@pytest.fixture(params=DIALECTS)
def cluster(request: pytest.FixtureRequest, standin_cluster: Callable[..., Cluster]) -> Cluster:
    """A cluster beside a stand-in of each dialect."""
    return standin_cluster(request.param)


def _standin(cluster: Cluster) -> StandIn:
    assert isinstance(cluster.control, StandInControlPlane)
    return cluster.control.standin


def test_the_walk(cluster: Cluster) -> None:
    """Addresses, their two Events, one answer and the page; and an address that follows its only endpoint, by
    EndpointSlices of the version that the server has."""
    standin = _standin(cluster)
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    # Servers before 1.21 do not know classes of load balancers, and drop what they do not know.
    cluster.service(namespace, "classed", "web", loadBalancerClass="example.com/other")
    has_classes = standin.catalogue.dialect.has_load_balancer_class
    names = ["first", "second", "third"] if has_classes else ["classed", "first", "second", "third"]
    for name in ("first", "second", "third"):
        cluster.service(namespace, name, "web")
        cluster.address(namespace, name)
    addresses = cluster.addresses(namespace)
    assert addresses == {name: f"192.168.2.{128 + number}" for number, name in enumerate(names)}
    for name, address in addresses.items():
        owner = cluster.owner(address)
        assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
        wanted = ["Normal", "IPAllocated", f'Assigned IP "{address}"'], [
            "Normal", "nodeAssigned", f'announcing from node "{owner.name}"',
        ]
        eventually(f"the two Events of {name}", lambda: _events(cluster, namespace, name) == sorted(wanted))

    cluster.pods(namespace, "local", ["blackberry"])
    cluster.service(namespace, "local", externalTrafficPolicy="Local")
    address = cluster.address(namespace, "local")
    assert cluster.owner(address) is cluster.nodes["blackberry"]
    assert eventually("the page", lambda: cluster.curl(address)) == "hello from local-blackberry\n"
    with cluster.sniffer.move(address):
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/local-blackberry")
        cluster.pods(namespace, "local", ["raspberry"])
        eventually("raspberry answers", lambda: cluster.owner(address) is cluster.nodes["raspberry"], 15)
    assert eventually("the page", lambda: cluster.curl(address)) == "hello from local-raspberry\n"

    asked = {path.split("?")[0] for _, path, _ in standin.requests if "endpoint" in path}
    assert asked == {f"/apis/discovery.k8s.io/{standin.catalogue.dialect.discovery_version}/endpointslices"}


def test_a_storm(cluster: Cluster) -> None:
    """Everything that can go wrong does, while Services come and go: no address is given twice or moves, and afterwards
    all is as it should be."""
    standin = _standin(cluster)
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    before = _serve(cluster, namespace, [f"steady-{number}" for number in range(6)])
    owners = {address: cluster.owner(address).name for address in before.values()}
    pids = {name: node.process.pid for name, node in cluster.nodes.items()}

    faults = [*_bad_writes(), *_bad_lists_and_watches()]
    for fault in faults:
        standin.faults.add(**fault)
    began = time.monotonic()
    # An address that one Service has given back begins anew with the next, whenever that comes to have it: another node may
    # be first to hear of that.
    with cluster.sniffer.move(returns=True):
        living = _churn(cluster, namespace, lambda: not standin.faults.pending())
        played = standin.faults.counts()
        standin.faults.clear()
        assert played == collections.Counter(fault["fault"] for fault in faults)
        addresses = eventually(
            "an address for each Service",
            lambda: cluster.addresses(namespace).keys() == {*before, *living} and cluster.addresses(namespace),
            60,
        )
        assert len(set(addresses.values())) == len(addresses)
        assert {name: addresses[name] for name in before} == before
        for address in addresses.values():
            owner = cluster.owner(address, 30)
            assert owners.get(address, owner.name) == owner.name
    for address, name in owners.items():
        macs = cluster.sniffer.macs_between(address, began, time.monotonic())
        assert macs <= {cluster.nodes[name].host.mac}, cluster.sniffer.story(address)
    # The same where one hears that it is free, and another not yet that the Service is gone.
    with cluster.sniffer.move(returns=True):
        cluster.delete_services(*(f"{namespace}/{name}" for name in living))
        eventually("silence about what is free", lambda: _are_silent(cluster, {addresses[name] for name in living}), 30)
        cluster.service(namespace, "last", "web")
        cluster.owner(cluster.address(namespace, "last"))
    assert {name: node.process.pid for name, node in cluster.nodes.items() if node.is_running} == pids


def test_daemons_that_start_into_a_storm(cluster: Cluster) -> None:
    """All at once, and nothing that they ask for at the start comes at first: no address moves, and nothing is told
    twice."""
    standin = _standin(cluster)
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    before = _serve(cluster, namespace, [f"service-{number}" for number in range(6)])
    owners = {address: cluster.owner(address).name for address in before.values()}
    eventually("all Events", lambda: len(cluster.events(namespace)) == 2 * len(before))
    events = cluster.events(namespace)

    faults = [
        {"fault": fault, "method": "GET", "path": path, "retryAfter": 1}
        for path in (DISCOVERY, *(rf"{part}\?" for part in COLLECTIONS.values()))
        for fault in ("429", "503", "cut", "truncated", "foreign", "silence", "late")
    ]
    for fault in faults:
        standin.faults.add(**fault)
    for node in cluster.nodes.values():
        assert node.restart() == 0
    eventually("all faults", lambda: not standin.faults.pending(), 60)
    assert standin.faults.counts() == collections.Counter(fault["fault"] for fault in faults)
    cluster.wait_settled()
    for address, name in owners.items():
        assert cluster.owner(address, 60).name == name
    # Served by a leader: one that has listed everything, and would have told what it thinks is new.
    cluster.service(namespace, "last", "web")
    cluster.owner(cluster.address(namespace, "last", 60))
    eventually("its Events", lambda: len(_events(cluster, namespace, "last")) == 2)
    assert [event for event in cluster.events(namespace) if "last." not in event] == events
    del (addresses := cluster.addresses(namespace))["last"]
    assert addresses == before


def test_a_burst_at_a_busy_server(cluster: Cluster) -> None:
    """Each of forty writes under way is turned away once: that is one busy moment, and not forty."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    method, path = WRITES["statuses"]
    _standin(cluster).faults.add(fault="503", method=method, path=path, times=40)
    addresses = _serve(cluster, namespace, [f"service-{number}" for number in range(40)])
    assert len(set(addresses.values())) == 40
    assert _standin(cluster).faults.counts() == {"503": 40}
    cluster.sniffer.probe(*addresses.values())
    for address in addresses.values():
        cluster.owner(address, 30)


def _serve(cluster: Cluster, namespace: str, names: list[str]) -> dict[str, str]:
    """Makes these Services at once; their addresses, once all have one."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: cluster.service(namespace, name, "web"), names))
    found: dict[str, str] = eventually(
        f"{len(names)} addresses",
        lambda: len(cluster.addresses(namespace)) == len(names) and cluster.addresses(namespace),
        60,
    )
    return found


def _bad_writes() -> Iterator[Fault]:
    """Every way in which a write can go wrong, for each kind of write."""
    for method, path in WRITES.values():
        for fault in ("409", "429", "500", "503", "late", "lost", "cut", "truncated", "foreign", "silence"):
            yield {"fault": fault, "method": method, "path": path, "seconds": LATE_SECONDS, "retryAfter": 1}


def _bad_lists_and_watches() -> Iterator[Fault]:
    """Every way in which a list or a watch can go wrong, for each collection. A daemon that loses its watch with a 410
    must list, which it tries again until that goes well."""
    for part in COLLECTIONS.values():
        path = rf"{part}\?"
        for fault in ("410", "410", "410", "429", "500", "drop-watch", "truncated", "foreign", "silence", "late"):
            yield {"fault": fault, "method": "WATCH", "path": path, "retryAfter": 1}
        for fault in ("410", "429", "500", "503", "lost", "cut", "truncated", "foreign", "silence", "late"):
            yield {"fault": fault, "method": "GET", "path": path, "retryAfter": 1}


def _churn(cluster: Cluster, namespace: str, is_over: Callable[[], bool], timeout: float = 60) -> list[str]:
    """Creates and deletes Services, and has something to tell on every watch, until `is_over`. The Services that are
    left."""
    living: collections.deque[str] = collections.deque()
    deadline = time.monotonic() + timeout
    for number in itertools.count():
        living.append(f"passing-{number}")
        cluster.service(namespace, living[-1], "web")
        if len(living) > 8:
            cluster.delete_services(f"{namespace}/{living.popleft()}")
        note = {"metadata": {"annotations": {"lab/round": str(number)}}}
        for path in (CONFIG, "/api/v1/nodes/gooseberry"):
            cluster.control.api("PATCH", path, note)
        time.sleep(0.3)
        if is_over():
            return list(living)
        assert time.monotonic() < deadline, f"not played: {_standin(cluster).faults.pending()}"
    raise AssertionError


def _are_silent(cluster: Cluster, addresses: set[str]) -> bool:
    """Whether nobody answers for any of these addresses for a second."""
    cluster.sniffer.probe(*addresses)
    since = time.monotonic()
    time.sleep(1)
    heard = {address for address in addresses if cluster.sniffer.answers_for(address, since)}
    assert not heard, f"somebody answers for {heard}"
    return True


def _events(cluster: Cluster, namespace: str, name: str) -> list[list[str]]:
    """Type, reason and message of each Event about a Service, each told once."""
    events = cluster.control.events(namespace, name)
    assert all(event["count"] == 1 and event["source"] == {"component": "lbd"} for event in events)
    return sorted([event["type"], event["reason"], event["message"]] for event in events)
