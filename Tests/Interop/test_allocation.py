"""Who gets which address."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor

from lab.cluster import Cluster, eventually

POOL_OF_TWO = """\
address-pools:
- name: small
  protocol: layer2
  addresses:
  - 192.168.2.240-192.168.2.241
"""


def test_forty_services_at_once_get_forty_addresses(cluster: Cluster) -> None:
    """All different, all in the pool, the first ones of it, each answered by one node, and more than one node at work."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    names = [f"service-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: cluster.service(namespace, name, "web"), names))
    addresses = eventually(
        "40 addresses", lambda: len(cluster.addresses(namespace)) == 40 and cluster.addresses(namespace), 20
    )
    wanted = [str(ipaddress.ip_address("192.168.2.128") + number) for number in range(40)]
    assert sorted(addresses.values()) == wanted
    cluster.sniffer.probe(*addresses.values())
    owners = {cluster.owner(address, 15).name for address in wanted}
    assert len(owners) > 1, f"{owners} alone announce 40 addresses"
    for address in wanted[::13]:
        assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
    allocated = [event for event in cluster.events(namespace) if '"IPAllocated"' in event]
    assert len(allocated) == 40
    assert [changes for _, changes in cluster.watch.changes].count([]) == 0, "an address was taken away"


def test_three_services_and_a_pool_of_two(cluster: Cluster) -> None:
    """Two are served, the third is told why not, once, and is served when another is deleted."""
    cluster.pools(POOL_OF_TWO)
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    for name in ("first", "second"):
        cluster.service(namespace, name, "web")
        cluster.address(namespace, name)
    assert cluster.addresses(namespace) == {"first": "192.168.2.240", "second": "192.168.2.241"}
    cluster.service(namespace, "third", "web")

    def failures() -> list[dict[str, object]]:
        return [event for event in cluster.control.events(namespace, "third") if event["reason"] == "AllocationFailed"]

    eventually("the Event", failures)
    (failure,) = failures()
    assert failure["type"] == "Warning"
    assert str(failure["message"]).startswith(f'Failed to allocate IP for "{namespace}/third": ')
    cluster.sniffer.probe("192.168.2.240", "192.168.2.241")
    cluster.owner("192.168.2.240")

    cluster.delete_services(f"{namespace}/first")
    assert cluster.address(namespace, "third") == "192.168.2.240"
    assert eventually("the page", lambda: cluster.curl("192.168.2.240")).startswith("hello from web-")
    assert cluster.addresses(namespace) == {"second": "192.168.2.241", "third": "192.168.2.240"}
    assert len(failures()) == 1


def test_a_deleted_service_falls_silent(cluster: Cluster) -> None:
    """Nobody answers for the address of a Service that is gone, or is no LoadBalancer any more."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", ["gooseberry"])
    for name in ("deleted", "changed"):
        cluster.service(namespace, name, "web")
    addresses = {name: cluster.address(namespace, name) for name in ("deleted", "changed")}
    for address in addresses.values():
        cluster.owner(address)
    cluster.delete_services(f"{namespace}/deleted")
    cluster.control.api(
        "PATCH", f"/api/v1/namespaces/{namespace}/services/changed",
        {"spec": {"type": "ClusterIP", "ports": [{"protocol": "TCP", "port": 80, "targetPort": 8080, "nodePort": None}]}},
    )
    for address in addresses.values():
        eventually(f"silence about {address}", lambda: cluster.sniffer.is_silent(address, 1))
    eventually("the status is cleared", lambda: cluster.addresses(namespace) == {})


def test_a_requested_address_is_given(cluster: Cluster) -> None:
    """spec.loadBalancerIP is honoured; where it is outside every pool or in use, an Event says so."""
    namespace = cluster.namespace()
    cluster.service(namespace, "asks", "web", loadBalancerIP="192.168.2.200")
    assert cluster.address(namespace, "asks") == "192.168.2.200"
    cluster.service(namespace, "late", "web", loadBalancerIP="192.168.2.200")
    cluster.service(namespace, "outside", "web", loadBalancerIP="192.168.7.7")
    for name in ("late", "outside"):
        eventually(
            f"a Warning for {name}",
            lambda: [event for event in cluster.control.events(namespace, name) if event["reason"] == "AllocationFailed"],
        )
    assert cluster.addresses(namespace) == {"asks": "192.168.2.200"}


def test_services_that_share_an_address(cluster: Cluster) -> None:
    """Two Services with the same sharing key and different ports get the address that both ask for."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    annotations = {"metallb.universe.tf/allow-shared-ip": "key"}
    for name, port in (("http", 80), ("other", 8080)):
        ports = [{"protocol": "TCP", "port": port, "targetPort": 8080}]
        cluster.service(
            namespace, name, "web", annotations=annotations, loadBalancerIP="192.168.2.210", ports=ports
        )
        assert cluster.address(namespace, name) == "192.168.2.210"
    assert eventually("the page", lambda: cluster.curl("192.168.2.210")).startswith("hello from web-")
    assert eventually("the page", lambda: cluster.curl("192.168.2.210:8080")).startswith("hello from web-")
