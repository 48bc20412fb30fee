"""Addresses that are announced to a router by BGP: BIRD on the LAN, as the home's router."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab.bird import LOCAL_ASN, ROUTER_ASN, Bird
from lab.cluster import Cluster, eventually
from lab.routers import ROUTER, ROUTER6, ipv6, pools, served, told_by


@contextlib.contextmanager
def _router(
    cluster: Cluster, folder: Path, asn: int = ROUTER_ASN, passwords: dict[str, str] | None = None,
    has_bfd: bool = False, is_secure: bool = False, connects: bool = False, bfd_password: str = "",
) -> Iterator[Bird]:
    """BIRD in the namespace of the LAN's router."""
    hosts = {name: node.host.address for name, node in cluster.nodes.items()}
    bird = Bird(
        cluster.lan.switch, ROUTER, hosts, folder / "bird", asn, passwords, has_bfd, is_secure, connects, bfd_password
    )
    with contextlib.closing(bird):
        yield bird.start()


def _lead_the_client(cluster: Cluster) -> None:
    """Has the client send what goes to the pool to the router, which forwards it."""
    cluster.lan.client.namespace.ip("route", "replace", "10.9.0.0/24", "via", ROUTER)
    cluster.lan.switch.sysctl("net.ipv4.ip_forward", 1)
    # It is on the nodes' own network, and would be told to go to one of them directly.
    for place in ("all", "lan"):
        cluster.lan.switch.sysctl(f"net.ipv4.conf.{place}.send_redirects", 0)


def test_every_node_announces(cluster: Cluster, tmp_path: Path) -> None:
    """The router has a route by each node and spreads the traffic; a client behind it gets the page. The routes go with
    the endpoints."""
    with _router(cluster, tmp_path) as bird:
        cluster.pools(pools(advertisement="communities: ['64512:7', 'no-export']"))
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        namespace, address = served(cluster)
        told_by(bird, address, set(cluster.nodes))
        for name, route in bird.routes(f"{address}/32").items():
            assert route.next_hop == cluster.nodes[name].host.address
            assert route.as_path == str(LOCAL_ASN)
            assert route.communities == ["64512,7", "65535,65281"]
        hops = {node.host.address for node in cluster.nodes.values()}
        eventually("ECMP", lambda: set(bird.kernel_next_hops(address)) == hops)
        _lead_the_client(cluster)
        assert eventually("the page", lambda: cluster.curl(address)).startswith("hello from web-")
        for node in cluster.nodes.values():
            peer = node.status()["peers"][0]
            assert (peer["state"], peer["announced"], peer["wanted"]) == ("Established", 1, 1)
            (service,) = [one for one in node.status()["services"] if one["namespace"] == namespace]
            assert service["addresses"][0]["advertisers"] == sorted(cluster.nodes)
            assert "IPv4 unicast" in peer["capabilities"]
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-gooseberry")
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-blackberry")
        told_by(bird, address, set(cluster.nodes))
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-raspberry")
        told_by(bird, address, set())


def test_a_local_service_is_announced_where_its_endpoints_are(cluster: Cluster, tmp_path: Path) -> None:
    """externalTrafficPolicy: Local."""
    with _router(cluster, tmp_path) as bird:
        cluster.pools(pools())
        namespace, address = served(cluster, ["blackberry", "raspberry"], externalTrafficPolicy="Local")
        told_by(bird, address, {"blackberry", "raspberry"}, 30)
        cluster.control.delete(f"/api/v1/namespaces/{namespace}/pods/web-blackberry")
        told_by(bird, address, {"raspberry"})


def test_a_node_that_stops_takes_its_route_back_and_says_so(cluster: Cluster, tmp_path: Path) -> None:
    """SIGTERM: the route is withdrawn, and the router hears why (RFC 9003). A restart (SIGUSR1) moves nothing."""
    with _router(cluster, tmp_path) as bird:
        cluster.pools(pools())
        _, address = served(cluster)
        told_by(bird, address, set(cluster.nodes), 30)
        node = cluster.nodes["blackberry"]
        assert node.stop() == 0
        told_by(bird, address, {"gooseberry", "raspberry"}, 5)
        assert "Administrative shutdown" in bird.last_error("blackberry")
        node.start()
        told_by(bird, address, set(cluster.nodes), 60)
        assert node.restart() == 0
        assert set(bird.routes(f"{address}/32")) == set(cluster.nodes)
        eventually("the session", lambda: bird.established() == set(cluster.nodes), 30)
        told_by(bird, address, set(cluster.nodes))


def test_a_restart_while_the_api_server_is_away(cluster: Cluster, tmp_path: Path) -> None:
    """The new daemon has its sessions and tells what the old one told: the router has no reason to forget the routes."""
    with _router(cluster, tmp_path) as bird:
        cluster.pools(pools(peer="graceful-restart: {restart-time: 4s}"))
        _, address = served(cluster)
        told_by(bird, address, set(cluster.nodes))
        cluster.control.stop()
        for node in cluster.nodes.values():
            assert node.restart() == 0
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        # Longer than the router keeps what it is not told again.
        end = time.monotonic() + 8
        while time.monotonic() < end:
            assert set(bird.routes(f"{address}/32")) == set(cluster.nodes)
            time.sleep(0.2)
        cluster.control.start()


def test_inside_one_as(cluster: Cluster, tmp_path: Path) -> None:
    """iBGP: LOCAL_PREF is told, and addresses are put together as their pool says."""
    with _router(cluster, tmp_path, LOCAL_ASN) as bird:
        cluster.pools(pools(LOCAL_ASN, advertisement="{aggregation-length: 28, localpref: 300}"))
        served(cluster)
        eventually("the routes", lambda: set(bird.routes("10.9.0.0/28")) == set(cluster.nodes), 30)
        for route in bird.routes("10.9.0.0/28").values():
            assert (route.local_preference, route.as_path) == (300, "")


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_a_password(cluster: Cluster, tmp_path: Path, is_right: bool) -> None:
    """TCP-MD5 (RFC 2385): with the same password on both sides the session comes up; a node with another one hears
    nothing, and says so."""
    passwords = {name: "gooseberry" for name in cluster.nodes}
    with _router(cluster, tmp_path, passwords=passwords) as bird:
        marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
        cluster.pools(pools(password="gooseberry" if is_right else "raspberry"))
        if is_right:
            eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
            return
        for name, node in cluster.nodes.items():
            node.wait_for_line(r"no BGP session with 192.168.2.1 \(AS 64513\): cannot connect: no answer", 30, marks[name])
            assert node.status()["peers"][0]["lastError"] == "cannot connect: no answer"
        assert bird.established() == set()


def test_a_router_that_hangs_is_given_up(cluster: Cluster, tmp_path: Path) -> None:
    """SIGSTOP: after the hold time the session is down, and up again once the router goes on."""
    with _router(cluster, tmp_path) as bird:
        cluster.pools(pools())
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
        bird.process.signal(signal.SIGSTOP)
        for name, node in cluster.nodes.items():
            node.wait_for_line("is down: the peer was silent for the hold time", 30, marks[name])
        bird.process.signal(signal.SIGCONT)
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 60)


def test_another_as_than_expected_is_told(cluster: Cluster, tmp_path: Path) -> None:
    """Both sides' words say which AS is which."""
    with _router(cluster, tmp_path) as bird:
        marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
        cluster.pools(pools(64999))
        for name, node in cluster.nodes.items():
            node.wait_for_line("the peer is of AS 64513, not 64999: set peer-asn to 64513", 30, marks[name])
        assert bird.established() == set()


def test_bfd_sees_a_cut_cable(cluster: Cluster, tmp_path: Path) -> None:
    """BFD both ways at 50 ms: a node whose cable is cut loses its session and its route long before the hold time, and
    gets both back."""
    with _router(cluster, tmp_path, has_bfd=True) as bird:
        cluster.pools(pools(peer="bfd: {transmit-interval: 50ms, receive-interval: 50ms}"))
        hosts = {node.host.address for node in cluster.nodes.values()}
        eventually("BFD", lambda: bird.bfd_up() == hosts, 30)
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        _, address = served(cluster)
        told_by(bird, address, set(cluster.nodes))
        node = cluster.nodes["raspberry"]
        assert node.status()["peers"][0]["bfd"] == "Up"
        mark = node.process.mark()
        cluster.lan.isolate("raspberry")
        node.wait_for_line("BGP session with .* is down: BFD has lost the peer", 8, mark)
        eventually("the route is gone", lambda: set(bird.routes(f"{address}/32")) == {"gooseberry", "blackberry"}, 8)
        cluster.lan.rejoin("raspberry")
        told_by(bird, address, set(cluster.nodes), 60)


@pytest.mark.parametrize("is_right", [True, False], ids=["right", "wrong"])
def test_bfd_with_a_password(cluster: Cluster, tmp_path: Path, is_right: bool) -> None:
    """Meticulous keyed SHA1 (RFC 5880 section 6.7.4): up with the same key, and never with another one."""
    with _router(cluster, tmp_path, has_bfd=True, bfd_password="gooseberry") as bird:
        word = "gooseberry" if is_right else "raspberry"
        cluster.pools(pools(peer=f"bfd: {{transmit-interval: 50ms, receive-interval: 50ms, password: {word}}}"))
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        hosts = {node.host.address for node in cluster.nodes.values()}
        if is_right:
            eventually("BFD", lambda: bird.bfd_up() == hosts, 30)
        # It stays so: the numbers of the packets are counted on.
        time.sleep(3)
        assert bird.bfd_up() == (hosts if is_right else set())
        for node in cluster.nodes.values():
            assert (node.status()["peers"][0]["bfd"] == "Up") == is_right


def test_a_router_that_connects(cluster: Cluster, tmp_path: Path) -> None:
    """Passive peers wait for it, with all that guards a session: TCP-MD5 and a TTL of 255 (RFC 5082)."""
    passwords = {name: "gooseberry" for name in cluster.nodes}
    with _listening(cluster), _router(cluster, tmp_path, passwords=passwords, is_secure=True, connects=True) as bird:
        peer = "passive: true\n  ttl-security-hops: 1"
        cluster.pools(pools(password="gooseberry", peer=peer))
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        _, address = served(cluster)
        told_by(bird, address, set(cluster.nodes))


def test_where_both_connect_one_session_is_left(cluster: Cluster, tmp_path: Path) -> None:
    """RFC 4271 section 6.8, again and again: whoever is first, there is one session, and it stays."""
    with _listening(cluster), _router(cluster, tmp_path, connects=True) as bird:
        cluster.pools(pools())
        _, address = served(cluster)
        for _ in range(4):
            eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
            told_by(bird, address, set(cluster.nodes))
            marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
            time.sleep(2)
            for name, node in cluster.nodes.items():
                assert not [line for line in node.process.lines(marks[name]) if "BGP" in line]
            # Both sides are to come back as soon as they may.
            bird.restart()


def test_a_router_that_is_to_connect_needs_a_place_for_it(cluster: Cluster, tmp_path: Path) -> None:
    """Without bgp.listen the status says what is missing."""
    marks = {name: node.process.mark() for name, node in cluster.nodes.items()}
    cluster.pools(pools(peer="passive: true"))
    for name, node in cluster.nodes.items():
        node.wait_for_line(r"192\.168\.2\.1 is to connect \(passive\), and bgp\.listen", 10, marks[name])


@contextlib.contextmanager
def _listening(cluster: Cluster) -> Iterator[None]:
    """The nodes listen for routers, from `with` to the end of it."""

    def renew() -> None:
        for node in cluster.nodes.values():
            node.write_settings()
            node.restart()
        cluster.wait_settled()

    for node in cluster.nodes.values():
        node.settings["bgp"] = {"listen": "0.0.0.0"}
    try:
        renew()
        yield
    finally:
        for node in cluster.nodes.values():
            del node.settings["bgp"]
        renew()


def test_a_flow_goes_on_when_another_node_dies(cluster: Cluster, tmp_path: Path) -> None:
    """The router forgets the dead node's route alone: a request that is under way by another one gets its answer."""
    with _router(cluster, tmp_path, has_bfd=True) as bird:
        cluster.pools(pools(peer="bfd: {transmit-interval: 50ms, receive-interval: 50ms}"))
        _, address = served(cluster, ["gooseberry"])
        told_by(bird, address, set(cluster.nodes))
        eventually("BFD", lambda: len(bird.bfd_up()) == len(cluster.nodes), 30)
        _lead_the_client(cluster)
        eventually("the page", lambda: cluster.curl(address))
        hops = bird.kernel_next_hops(address)
        names = {node.host.address: name for name, node in cluster.nodes.items()}
        # The flows over the first hop stay there, whichever other one goes. The pod's node has to live, too.
        carrier, dying = names[hops[0]], next(names[hop] for hop in hops[1:] if names[hop] != "gooseberry")
        cluster.lan.switch.sysctl("net.ipv4.fib_multipath_hash_policy", 1)
        with cluster.lan.client.namespace.entered(), contextlib.ExitStack() as flows:
            for _ in range(60):
                flow = flows.enter_context(socket.create_connection((address, 80), 10))
                port = flow.getsockname()[1]
                if _carries(cluster, carrier, address, port):
                    break
            else:
                raise AssertionError(f"none of 60 connections went by {carrier}")
            flow.sendall(b"GET / HTTP/1.0\r\n")
            cluster.lan.isolate(dying)
            told_by(bird, address, set(cluster.nodes) - {dying})
            flow.sendall(b"\r\n")
            assert b"hello from web-gooseberry" in flow.makefile("rb").read()
        cluster.lan.rejoin(dying)


def _carries(cluster: Cluster, node: str, address: str, port: int) -> bool:
    """Whether the node translates a flow to the address, from this port of the client. The pod's node sees it from elsewhere."""
    flow = ("-p", "tcp", "-s", cluster.lan.client.address, "-d", address, "--sport", str(port))
    listed = cluster.lan.nodes[node].namespace.run("conntrack", "-L", *flow, check=False)
    return f"sport={port}" in listed.stdout


@contextlib.contextmanager
def _router_by_ipv6(cluster: Cluster, folder: Path) -> Iterator[Bird]:
    """BIRD at an IPv6 address, which hears those on its own network alone."""
    with ipv6(cluster) as hosts:
        with contextlib.closing(Bird(cluster.lan.switch, ROUTER6, hosts, folder / "bird", is_secure=True)) as bird:
            yield bird.start()


def test_a_session_by_ipv6(cluster: Cluster, tmp_path: Path) -> None:
    """Routes of IPv4 go by it as well: they lead to the node's address of that family."""
    with _router_by_ipv6(cluster, tmp_path) as bird:
        cluster.pools(pools(router=ROUTER6, peer="ttl-security-hops: 1"))
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        _, address = served(cluster)
        told_by(bird, address, set(cluster.nodes))
        for name, route in bird.routes(f"{address}/32").items():
            assert route.next_hop == cluster.nodes[name].host.address


def test_routes_of_ipv6(standin_cluster: Callable[..., Cluster], tmp_path: Path) -> None:
    """A Service of that family: its address, put together as its pool says, leads to the nodes' IPv6 addresses."""
    cluster = standin_cluster()
    with _router_by_ipv6(cluster, tmp_path) as bird:
        cluster.pools(
            pools(router=ROUTER6, peer="ttl-security-hops: 1", advertisement="aggregation-length-v6: 124").replace(
                "10.9.0.0/24", "fd01::/112"
            )
        )
        eventually("the sessions", lambda: bird.established() == set(cluster.nodes), 30)
        _, address = served(cluster, ipFamilies=["IPv6"])
        assert address.startswith("fd01::")
        eventually("the routes", lambda: set(bird.routes("fd01::/124")) == set(cluster.nodes), 30)
        for route in bird.routes("fd01::/124").values():
            assert route.next_hop in bird.nodes.values() and route.as_path == str(LOCAL_ASN)
        assert bird.routes(f"{address}/128") == {}
