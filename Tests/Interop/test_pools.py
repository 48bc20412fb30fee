"""The ConfigMap and its mirror on every node."""

from __future__ import annotations

import re
import time
from typing import Any

from lab.cluster import CONFIG, Cluster, eventually
from lab.pools import BROKEN, ELSEWHERE, POOL, WIDER


def _warnings(cluster: Cluster, since: set[str]) -> list[dict[str, Any]]:
    """The Warnings about the ConfigMap that are new since then."""
    return [
        event
        for event in cluster.control.events("metallb-system", "config")
        if event["type"] == "Warning" and event["metadata"]["uid"] not in since
    ]


def _known(cluster: Cluster) -> set[str]:
    return {event["metadata"]["uid"] for event in cluster.control.events("metallb-system")}


def test_a_broken_config_map_changes_nothing_until_it_is_mended(cluster: Cluster) -> None:
    """The journal says where and what, a Warning stands at the ConfigMap, and the good text stays in the file and in
    force."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "before", "web")
    address = cluster.address(namespace, "before")
    cluster.owner(address)
    known = _known(cluster)
    marks = {name: node.process.mark() for name, node in cluster.nodes.items()}

    cluster.pools(BROKEN, is_good=False)
    for name, node in cluster.nodes.items():
        line = node.wait_for_line(r":4:3: error: ", since=marks[name])
        assert "adresses" in line
    (warning,) = eventually("a Warning", lambda: _warnings(cluster, known))
    assert warning["involvedObject"]["kind"] == "ConfigMap"
    assert re.search(r"4:3: error: .*adresses", warning["message"])
    assert "adresses" in cluster.control.kubectl("get", "events", "-n", "metallb-system")
    assert cluster.mirrors(POOL)
    cluster.service(namespace, "meanwhile", "web")
    assert cluster.address(namespace, "meanwhile") == "192.168.2.129"
    # After an outage of the API server, an earlier test's, kube-proxy pauses up to a minute between its attempts.
    assert eventually("the page", lambda: cluster.curl(address), 75).startswith("hello from web-")
    assert len(_warnings(cluster, known)) == 1, "one Warning, not one for each node"

    cluster.pools(WIDER)
    cluster.service(namespace, "after", "web", annotations={"metallb.universe.tf/address-pool": "address-pool-2"})
    assert cluster.address(namespace, "after") == "192.168.2.100"
    assert cluster.addresses(namespace)["before"] == address


def test_a_pool_without_an_address_in_use_is_refused(cluster: Cluster) -> None:
    """The refusal names the Service; the old configuration stays in force and in the file; and the new one is taken
    once nothing stands against it."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", cluster.nodes)
    cluster.service(namespace, "held", "web")
    address = cluster.address(namespace, "held")
    assert address == "192.168.2.128"
    cluster.owner(address)
    known = _known(cluster)
    marks = {name: node.process.mark() for name, node in cluster.nodes.items()}

    cluster.pools(ELSEWHERE, is_good=False)
    for name, node in cluster.nodes.items():
        node.wait_for_line(rf"{namespace}/held", since=marks[name])
    (warning,) = eventually("a Warning", lambda: _warnings(cluster, known))
    assert f"{namespace}/held" in warning["message"] and address in warning["message"]
    assert cluster.mirrors(POOL)
    cluster.service(namespace, "second", "web")
    assert cluster.address(namespace, "second") == "192.168.2.129"
    assert cluster.addresses(namespace)["held"] == address

    cluster.delete_services()
    eventually("the refused text is taken", lambda: cluster.mirrors(ELSEWHERE), 15)


def test_a_deleted_config_map_leaves_the_file(cluster: Cluster) -> None:
    """And what it says stays in force, for Services that are and for those to come."""
    namespace = cluster.namespace()
    cluster.service(namespace, "before", "web")
    cluster.address(namespace, "before")
    cluster.control.delete(CONFIG)
    time.sleep(2)
    assert cluster.mirrors(POOL)
    cluster.service(namespace, "after", "web")
    assert cluster.address(namespace, "after") == "192.168.2.129"
    assert cluster.addresses(namespace)["before"] == "192.168.2.128"
