"""`lbd doctor` among real peers: dnsmasq, hosts that answer for what is not theirs, firewalls, a control plane that forbids."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.cluster import eventually
from lab.kube import MANIFEST
from lab.lan import Lan
from lab.lone import Lone
from lab.node import UNPROBED, LbdNode, lbd_binary, node_object
from lab.process import Process
from lab.standin.control import StandInControlPlane

POOL = """\
address-pools:
- name: home
  protocol: layer2
  addresses:
  - 192.168.2.128-192.168.2.254
"""
SERVICES = "/api/v1/namespaces/default/services"
LIMIT_SECONDS = 20
"""It is to take ten at most; a busy machine takes more."""

Findings = list[dict[str, str]]


def doctor(node: LbdNode, *words: str, prefix: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`lbd doctor` on the node itself."""
    argv = [*prefix, str(lbd_binary()), "doctor", "--config", str(node.config), *words]
    return node.host.namespace.run(*argv, check=False, timeout=LIMIT_SECONDS)


def findings(node: LbdNode, *, status: int, prefix: tuple[str, ...] = ()) -> Findings:
    """What it finds; the exit status must be this one, and go with what is found."""
    done = doctor(node, "--json", prefix=prefix)
    assert done.stderr == "", done.stderr
    found: Findings = json.loads(done.stdout)["findings"]
    wrong = [each for each in found if each["level"] in ("error", "warning")]
    assert done.returncode == (1 if wrong else 0), done
    assert done.returncode == status, wrong
    for each in found:
        assert ("advice" in each) == (each["level"] != "fine"), each
    return found


def of(found: Findings, topic: str, *levels: str) -> list[str]:
    """What was found about a topic, of these levels."""
    return [each["what"] for each in found if each["topic"] == topic and each["level"] in levels]


@contextlib.contextmanager
def dhcp_server(node: LbdNode, first: str, last: str, *options: str) -> Iterator[Process]:
    """dnsmasq on the router, which hands out these addresses."""
    folder = node.folder
    argv = [
        "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--user=root", "--interface=lan",
        "--bind-interfaces", f"--dhcp-range={first},{last},255.255.255.0,1h", "--log-dhcp", "--log-facility=-",
        f"--dhcp-leasefile={folder}/leases", f"--pid-file={folder}/dnsmasq.pid", "--no-resolv", *options,
    ]
    server = Process("dnsmasq", node.lan.switch, argv, folder / "dnsmasq.log")
    server.start()
    try:
        server.wait_for_line("DHCP, IP range")
        yield server
    finally:
        server.end()


def start(node: LbdNode, **settings: Any) -> None:
    """Starts the daemon with the pool, and waits until it leads."""
    node.pools.write_text(POOL)
    node.settings.update(settings)
    node.write_settings()
    node.start()
    eventually("a leader", lambda: node.status().get("leader") == node.name, 30)


def served(node: LbdNode) -> str:
    """The address of a Service that the node answers for."""
    body = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    metadata = {"namespace": "default", "name": "web"}
    node.control.api("POST", SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body})
    node.control.apply(
        {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"namespace": "default", "name": "web", "labels": {"kubernetes.io/service-name": "web"}},
            "endpoints": [{"addresses": ["10.244.11.2"], "nodeName": node.name, "conditions": {"ready": True}}],
            "ports": [{"port": 8080, "protocol": "TCP"}],
        }
    )
    start(node, **UNPROBED)

    def address() -> str | None:
        ingress = node.control.api("GET", f"{SERVICES}/web")["status"].get("loadBalancer", {}).get("ingress") or []
        return ingress[0]["ip"] if ingress else None

    found = str(eventually("an address", address, 20))
    node.wait_for_line(f"answering for {found}")
    return found


# The network


def test_all_is_well(single: LbdNode) -> None:
    """With a router whose DHCP server keeps out of the pool: it is asked and gives nothing away. It looks for three seconds
    whether an address is in use before it offers it."""
    start(single)
    with dhcp_server(single, "192.168.2.60", "192.168.2.90") as server:
        began = time.monotonic()
        found = findings(single, status=0)
        assert time.monotonic() - began < 15
        (said,) = [what for what in of(found, "dhcp", "fine") if "192.168.2.1 " in what]
        assert "on eth0 would hand out 192.168.2." in said and "in no pool" in said
        lines = "\n".join(server.lines())
        # It takes the third client only when it has looked at the second's address.
        assert 2 <= lines.count("DHCPDISCOVER(lan)") <= 3 and "DHCPOFFER(lan)" in lines
        assert "DHCPREQUEST" not in lines and (single.folder / "leases").read_text() == ""
    assert of(found, "daemon", "fine") and of(found, "pools", "fine") and of(found, "cluster", "fine")
    assert of(found, "kernel", "fine") and of(found, "answers", "fine")
    # The management network has no server, which is no mistake.
    assert "no DHCP server answers on mgmt0: what it may hand out is not known" in of(found, "dhcp", "fine")
    assert of(found, "clock", "fine")
    shown = doctor(single)
    assert shown.returncode == 0 and shown.stdout.splitlines()[0].startswith("lbd ")
    assert not [line for line in shown.stdout.splitlines() if line.startswith("!")]


def test_a_dhcp_range_inside_the_pool(single: LbdNode) -> None:
    """Each address that it would hand out is named, with the server, the pool and what to do."""
    start(single)
    with dhcp_server(single, "192.168.2.150", "192.168.2.160", "--no-ping"):
        found = findings(single, status=1)
    wrong = of(found, "dhcp", "error")
    assert wrong and all("192.168.2.1 (" in what and 'in the pool "home"' in what for what in wrong)
    assert all("would hand out 192.168.2.15" in what or "would hand out 192.168.2.160" in what for what in wrong)
    assert "Shrink the range" in next(each["advice"] for each in found if each["topic"] == "dhcp" and "advice" in each)


def test_a_second_announcer(single: LbdNode) -> None:
    """A host that has an address of ours beside us, and answers for it."""
    address = served(single)
    squatter = single.lan.add_client("squatter", 66)
    squatter.namespace.ip("address", "add", f"{address}/24", "dev", "eth0")
    found = findings(single, status=1)
    assert of(found, "answers", "error") == [
        f"{squatter.mac}, which is no node, answers for {address}, whose owner is gooseberry"
    ]
    squatter.namespace.ip("address", "delete", f"{address}/24", "dev", "eth0")
    found = findings(single, status=of_daemon(single))
    assert of(found, "answers", "fine") == ["1 address is answered for by the owner alone"]


def of_daemon(node: LbdNode) -> int:
    """The exit status that the daemon's own problems lead to, such as an address that was contested a moment ago."""
    return 1 if node.status()["problems"] else 0


# This node


def test_ipvs_without_strict_arp(single: LbdNode) -> None:
    """What kube-proxy makes in IPVS mode, without and with what strictARP sets."""
    start(single)
    namespace = single.host.namespace
    # Its name is what tells: not every kernel has dummies.
    namespace.ip("link", "add", "kube-ipvs0", "type", "bridge")
    found = findings(single, status=1)
    (what,) = of(found, "kernel", "error")
    assert "without strictARP" in what and "eth0" in what
    namespace.sysctl("net.ipv4.conf.all.arp_ignore", 1)
    namespace.sysctl("net.ipv4.conf.all.arp_announce", 2)
    assert of(findings(single, status=0), "kernel", "fine")
    namespace.sysctl("net.ipv4.conf.eth0.proxy_arp", 1)
    namespace.sysctl("net.ipv4.ip_forward", 0)
    assert len(of(findings(single, status=1), "kernel", "warning")) == 2


def test_a_pool_that_suits_no_network(single: LbdNode) -> None:
    single.settings["interfaces"] = {"include": ["mgmt0"]}
    start(single)
    found = findings(single, status=0)
    assert of(found, "pools", "fine") == ['192.168.2.128-192.168.2.254 of the pool "home" is answered for on mgmt0']
    single.settings["interfaces"] = {"exclude": ["eth0"]}
    single.write_settings()
    (what,) = of(findings(single, status=1), "pools", "error")
    assert what.endswith("is in the network of eth0, on which nothing is answered: it is excluded by `interfaces` in lbd.yaml")


def test_a_radio_is_explained(single: LbdNode) -> None:
    """One that the settings name stands for a real one, which a namespace cannot have; its driver says nothing."""
    start(single, interfaces={"wireless": ["eth0"]})
    found = findings(single, status=0)
    assert of(found, "wireless", "fine") and of(found, "wireless", "unknown")


def test_without_raw_sockets(single: LbdNode) -> None:
    """What could not be looked at is said, and is nothing wrong."""
    start(single)
    prefix = ("setpriv", "--inh-caps=-net_raw", "--bounding-set=-net_raw")
    found = findings(single, status=0, prefix=prefix)
    assert any("nobody was asked on eth0" in what and "not permitted" in what for what in of(found, "dhcp", "unknown"))


# Without the others


def test_without_a_daemon_and_without_an_api_server(single: LbdNode) -> None:
    """The rest is looked at all the same, and in time."""
    single.pools.write_text(POOL)
    single.control.stop()
    began = time.monotonic()
    found = findings(single, status=1)
    assert time.monotonic() - began < 15
    assert "no daemon runs on this node" in of(found, "daemon", "warning")[0]
    assert "does not answer" in of(found, "cluster", "warning")[0]
    for topic in ("answers", "permissions", "gossip", "clock"):
        assert of(found, topic, "unknown"), topic
    assert of(found, "pools", "fine") and of(found, "dhcp", "fine") and of(found, "kernel", "fine")


def test_without_kubeconfig_and_pools(single: LbdNode) -> None:
    single.settings["kubernetes"] = {"kubeconfig": str(single.folder / "nothing")}
    single.write_settings()
    found = findings(single, status=1)
    assert of(found, "cluster", "warning") == [
        f"there is no kubeconfig at {single.folder}/nothing: lbd does not hear of Services"
    ]
    assert of(found, "pools", "warning") == [f"there are no pools: {single.pools} is missing"]
    single.pools.write_text("address-pools:\n- name: home\n")
    assert of(findings(single, status=1), "pools", "error")[0].startswith(f"{single.pools}:2:")


def test_a_service_with_the_addresses_of_nodes(single: LbdNode) -> None:
    """As k3s's ServiceLB writes them."""
    body = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    metadata = {"namespace": "default", "name": "traefik"}
    single.control.api(
        "POST", SERVICES, {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body}
    )
    status = {"status": {"loadBalancer": {"ingress": [{"ip": single.host.address}]}}}
    single.control.api("PATCH", f"{SERVICES}/traefik/status", status)
    start(single)
    assert '"default/traefik"' in of(findings(single, status=1), "serviceLB", "error")[0]


def test_wrong_words_and_wrong_settings(single: LbdNode) -> None:
    assert doctor(single, "please").returncode == 2
    single.config.write_text("nod: gooseberry\n")
    done = doctor(single)
    assert done.returncode == 78 and 'did you mean "node"' in done.stderr and done.stdout == ""


# The cluster


def test_a_verb_that_is_missing(lone: Lone) -> None:
    """Each is asked for by a SelfSubjectAccessReview of the real API server, as lbd's own account."""
    lone.start()
    eventually("a leader", lambda: lone.node.status().get("leader") == lone.node.name, 30)
    needed = sum(
        len(rule["resources"]) * len(rule["verbs"])
        for each in yaml.safe_load_all(MANIFEST.read_text()) for rule in each.get("rules", [])
    )
    found = findings(lone.node, status=0)
    assert of(found, "permissions", "fine") == [f"it has all {needed} of the permissions in the manifest that it needs"]
    (leases,) = [
        each for each in yaml.safe_load_all(MANIFEST.read_text())
        if each["kind"] == "Role" and each["metadata"]["namespace"] == "lbd-system"
    ]
    leases["rules"][0]["verbs"] = ["list", "watch", "create", "delete"]
    lone.control.apply(leases)

    def missing() -> list[str]:
        done = doctor(lone.node, "--json")
        assert done.returncode == 1, done
        what = of(json.loads(done.stdout)["findings"], "permissions", "error")
        assert what, done.stdout
        return what

    assert eventually("the missing verb", missing, 20) == ["lbd may not patch leases in the namespace lbd-system"]


def test_a_server_that_takes_no_token(lone: Lone) -> None:
    config = yaml.safe_load(lone.control.kubeconfig_for("lbd").read_text())
    config["users"][0]["user"] = {"token": "wrong"}
    kubeconfig = lone.node.folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    settings = {**lone.node.settings, "kubernetes": {"kubeconfig": str(kubeconfig)}}
    lone.node.config.write_text(yaml.safe_dump(settings))
    found = findings(lone.node, status=1)
    assert "does not accept the kubeconfig's credentials" in of(found, "cluster", "error")[0]
    # A server that does not know us has a clock all the same.
    assert of(found, "clock", "fine")


# The group


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[LbdNode, LbdNode]]:
    """Two nodes whose daemons hear each other."""
    with Lan(("gooseberry", "blackberry")) as lan, contextlib.ExitStack() as ends:
        plane = ends.enter_context(contextlib.closing(StandInControlPlane(lan.control, tmp_path / "control")))
        plane.start()
        plane.apply(*yaml.safe_load_all(MANIFEST.read_text()), *(node_object(host) for host in lan.nodes.values()))
        nodes = [ends.enter_context(contextlib.closing(LbdNode(lan, name, plane, tmp_path, UNPROBED))) for name in lan.nodes]
        for node in nodes:
            node.pools.write_text(POOL)
            node.start()
        for node, other in ((nodes[0], nodes[1]), (nodes[1], nodes[0])):

            def knows(node: LbdNode = node, other: LbdNode = other) -> bool:
                members = {each["name"]: each["addresses"] for each in node.status()["members"] if each["alive"]}
                return node.group().get(other.name) == "alive" and len(members.get(other.name, [])) > 1

            eventually(f"{other.name} in the group of {node.name}", knows, 30)
        yield nodes[0], nodes[1]


def test_a_firewall_before_the_gossip(pair: tuple[LbdNode, LbdNode]) -> None:
    """TCP alone, then both: the other node is named with what is shut."""
    here, other = pair
    assert of(findings(here, status=0), "gossip", "fine") == ["heard, and reached on its TCP port: blackberry"]
    rules = "table inet wall {{\nchain input {{\ntype filter hook input priority 0\n{} dport 7946 drop\n}}\n}}\n"
    other.host.namespace.run("nft", "-f", "-", stdin=rules.format("tcp"))
    (what,) = of(findings(here, status=1), "gossip", "warning")
    assert "blackberry (" in what and "not reached by TCP" in what
    for node in pair:
        node.host.namespace.run("nft", "-f", "-", stdin=rules.format("meta l4proto { tcp, udp } th"))
    eventually("the end of the gossip", lambda: here.group().get("blackberry") != "alive", 30)
    (what,) = of(findings(here, status=1), "gossip", "error")
    assert "blackberry" in what and "renews its Lease" in what
