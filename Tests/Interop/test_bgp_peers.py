"""The same by other routers' programs: FRR and GoBGP beside BIRD, with what each understands in its own way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.bird import LOCAL_ASN, ROUTER_ASN, Bird
from lab.cluster import Cluster, eventually
from lab.frr import Frr
from lab.gobgp import GoBgp
from lab.routers import ROUTER, ROUTER6, ipv6, pools, served, told_by

PASSWORD = "gooseberry"
COMMUNITIES = "communities: ['64512:7', 'no-export']"

Router = Bird | Frr | GoBgp


@contextlib.contextmanager
def _running(router: Router) -> Iterator[Router]:
    """A router, from `with` to the end of it."""
    with contextlib.closing(router):
        router.start()
        yield router


@pytest.mark.parametrize("kind", [Frr, GoBgp], ids=["FRR", "GoBGP"])
def test_routes_come_and_go(cluster: Cluster, tmp_path: Path, kind: type[Router]) -> None:
    """With a password: each node's route with its attributes; a stop takes one away, a restart keeps it (RFC 4724)."""
    hosts = {name: node.host.address for name, node in cluster.nodes.items()}
    with _running(kind(cluster.lan.switch, ROUTER, hosts, tmp_path / "router", PASSWORD)) as router:
        cluster.pools(pools(password=PASSWORD, advertisement=COMMUNITIES))
        eventually("the sessions", lambda: router.established() == set(cluster.nodes), 30)
        namespace, address = served(cluster)
        told_by(router, address, set(cluster.nodes))
        for name, route in router.routes(f"{address}/32").items():
            assert route.next_hop == hosts[name]
            assert route.as_path == str(LOCAL_ASN)
            assert route.communities == ["64512,7", "65535,65281"]
        node = cluster.nodes["blackberry"]
        assert node.stop() == 0
        told_by(router, address, {"gooseberry", "raspberry"}, 5)
        node.start()
        told_by(router, address, set(cluster.nodes), 60)
        assert node.restart() == 0
        assert set(router.routes(f"{address}/32")) == set(cluster.nodes)
        eventually("the session", lambda: router.established() == set(cluster.nodes), 30)
        told_by(router, address, set(cluster.nodes))
        for name in cluster.nodes:
            cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-{name}")
        told_by(router, address, set())


@pytest.mark.parametrize("is_by_ipv6", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("asn", [ROUTER_ASN, LOCAL_ASN], ids=["eBGP", "iBGP"])
@pytest.mark.parametrize("kind", [Bird, Frr, GoBgp], ids=["BIRD", "FRR", "GoBGP"])
def test_every_kind_of_session(
    cluster: Cluster, tmp_path: Path, kind: type[Router], asn: int, is_by_ipv6: bool
) -> None:
    """Between two ASes and inside one, over either family: the routes lead to the nodes."""
    with contextlib.ExitStack() as stack:
        own = {name: node.host.address for name, node in cluster.nodes.items()}
        hosts = stack.enter_context(ipv6(cluster)) if is_by_ipv6 else own
        place = ROUTER6 if is_by_ipv6 else ROUTER
        router = stack.enter_context(_running(kind(cluster.lan.switch, place, hosts, tmp_path / "router", asn=asn)))
        cluster.pools(pools(asn, router=place, advertisement="localpref: 300"))
        eventually("the sessions", lambda: router.established() == set(cluster.nodes), 30)
        _, address = served(cluster)
        told_by(router, address, set(cluster.nodes))
        for name, route in router.routes(f"{address}/32").items():
            assert route.next_hop == own[name]
            assert route.as_path == ("" if asn == LOCAL_ASN else str(LOCAL_ASN))
            if asn == LOCAL_ASN:
                assert route.local_preference == 300


def test_frrs_bfd_sees_a_cut_cable(cluster: Cluster, tmp_path: Path) -> None:
    """BFD at 50 ms with FRR's: a node whose cable is cut loses its session long before the hold time."""
    hosts = {name: node.host.address for name, node in cluster.nodes.items()}
    with _running(Frr(cluster.lan.switch, ROUTER, hosts, tmp_path / "router", has_bfd=True)) as router:
        cluster.pools(pools(peer="bfd: {transmit-interval: 50ms, receive-interval: 50ms}"))
        eventually("BFD", lambda: router.bfd_up() == set(cluster.nodes), 40)
        eventually("the sessions", lambda: router.established() == set(cluster.nodes), 30)
        _, address = served(cluster)
        told_by(router, address, set(cluster.nodes))
        node = cluster.nodes["raspberry"]
        assert node.status()["peers"][0]["bfd"] == "Up"
        mark = node.process.mark()
        cluster.lan.isolate("raspberry")
        node.wait_for_line("BGP session with .* is down: BFD has lost the peer", 8, mark)
        cluster.lan.rejoin("raspberry")
        told_by(router, address, set(cluster.nodes), 60)
