"""What the tests of BGP share, whatever program is the router."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol

from .bird import LOCAL_ASN, ROUTER_ASN, Route
from .cluster import Cluster, eventually

ROUTER = "192.168.2.1"
"""Where the LAN's router is."""

ROUTER6 = "fd00:2::1"
"""The same by IPv6, inside `ipv6`."""


class Router(Protocol):
    """A program that has sessions with the nodes."""

    def routes(self, prefix: str) -> dict[str, Route]:
        """The routes to a prefix, by the node that has told each."""


def pools(
    asn: int = ROUTER_ASN, password: str = "", advertisement: str = "", peer: str = "", router: str = ROUTER
) -> str:
    """Pools with one that is announced to the router."""
    secret = f"\n  password: {password}" if password else ""
    advertisements = f"\n  bgp-advertisements:\n  - {advertisement}" if advertisement else ""
    more = f"\n  {peer}" if peer else ""
    return f"""\
peers:
- my-asn: {LOCAL_ASN}
  peer-asn: {asn}
  peer-address: {router}
  hold-time: 9s{secret}{more}
address-pools:
- name: far
  protocol: bgp
  addresses:
  - 10.9.0.0/24{advertisements}
"""


@contextlib.contextmanager
def ipv6(cluster: Cluster) -> Iterator[dict[str, str]]:
    """The router and the nodes have addresses of IPv6 as well, from `with` to the end of it: those of the nodes."""
    hosts = {name: f"fd00:2::{node.host.number}" for name, node in cluster.nodes.items()}
    places = [(cluster.lan.switch, "lan", ROUTER6)]
    places += [(cluster.nodes[name].host.namespace, "eth0", address) for name, address in hosts.items()]
    with contextlib.ExitStack() as stack:
        for namespace, interface, address in places:
            namespace.ip("address", "add", f"{address}/64", "dev", interface, "nodad")
            stack.callback(namespace.ip, "address", "delete", f"{address}/64", "dev", interface)
        yield hosts


def served(cluster: Cluster, nodes: list[str] | None = None, **spec: Any) -> tuple[str, str]:
    """A Service with endpoints: its namespace and its address."""
    namespace = cluster.namespace()
    cluster.pods(namespace, "web", nodes or cluster.nodes)
    cluster.service(namespace, "web", **spec)
    return namespace, cluster.address(namespace, "web")


def told_by(router: Router, address: str, nodes: set[str], timeout: float = 30) -> None:
    """Waits until exactly these nodes have told the router of an address."""

    def look() -> bool:
        routes = router.routes(f"{address}/32")
        assert set(routes) == nodes, routes
        return True

    eventually(f"{address} by {sorted(nodes)}", look, timeout)
