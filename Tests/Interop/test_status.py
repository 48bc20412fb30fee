"""What a daemon tells of itself: on its socket, by `lbd status`, and to its service manager."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lab.cluster import eventually
from lab.lan import Lan
from lab.manager import ServiceManager
from lab.node import LbdNode, lbd_binary, node_object
from lab.pools import POOL
from lab.process import Process
from lab.standin.control import StandInControlPlane
from lab.varlink import Varlink, VarlinkError

NAMES = ("gooseberry", "blackberry")
GET_STATUS = "io.lbd.GetStatus"


@pytest.fixture
def lan() -> Iterator[Lan]:
    """A LAN of two nodes, with a control namespace of its own."""
    with Lan(NAMES) as lan:
        yield lan


@pytest.fixture
def control(lan: Lan, tmp_path: Path) -> Iterator[StandInControlPlane]:
    """The stand-in with what lbd needs in the cluster, a pool, and the two Nodes."""
    plane = StandInControlPlane(lan.control, tmp_path / "control")
    plane.start()
    for name in ("metallb-system", "lbd-system", "kube-verify"):
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    metadata = {"namespace": "metallb-system", "name": "config"}
    plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": POOL}})
    for host in lan.nodes.values():
        plane.apply(node_object(host))
    yield plane
    plane.close()


@pytest.fixture
def nodes(lan: Lan, control: StandInControlPlane, tmp_path: Path) -> Iterator[dict[str, LbdNode]]:
    """Two nodes with their daemons not started yet."""
    assert lbd_binary().exists(), f"{lbd_binary()} is missing: build it first, or set LBD_BINARY"
    nodes = {name: LbdNode(lan, name, control, tmp_path) for name in NAMES}
    yield nodes
    for node in nodes.values():
        node.close()


def socket_of(node: LbdNode) -> Path:
    """The socket of a node's daemon."""
    return Path(node.settings["runtime"]) / "io.lbd"


def lbd(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs `lbd` to its end."""
    return subprocess.run([str(lbd_binary()), *words], text=True, capture_output=True, timeout=30)


def service(control: StandInControlPlane, name: str, endpoints: list[str], **spec: Any) -> None:
    """A Service of type LoadBalancer with a ready endpoint on each of these nodes."""
    metadata = {"namespace": "kube-verify", "name": name}
    port = {"protocol": "TCP", "port": 80, "targetPort": 8080}
    body = {"type": "LoadBalancer", "selector": {"app": name}, "ports": [port]} | spec
    control.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body})
    control.apply(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4",
            "ports": [{"port": 8080}],
            "endpoints": [
                {"addresses": [f"10.244.11.{number}"], "conditions": {"ready": True}, "nodeName": node}
                for number, node in enumerate(endpoints, start=2)
            ],
        }
    )


def start(nodes: dict[str, LbdNode]) -> None:
    """Starts the daemons and waits until one leads, and each knows of both and of their networks."""
    for node in nodes.values():
        node.start()

    def is_settled(node: LbdNode) -> bool:
        status = node.status()
        alive = [member for member in status["members"] if member["alive"] and len(member["addresses"]) == 2]
        return status.get("leader") is not None and len(alive) == 2

    for node in nodes.values():
        eventually(f"the socket of {node.name}", lambda node=node: socket_of(node).exists())
        eventually(f"a leader, and two members on {node.name}", lambda node=node: is_settled(node), 30)


def test_both_nodes_tell_the_same_story(
    lan: Lan, control: StandInControlPlane, nodes: dict[str, LbdNode]
) -> None:
    """Services, owners, pools, members and the leader, on the socket and in both forms of `lbd status`."""
    start(nodes)
    service(control, "web", ["gooseberry", "blackberry"])
    service(control, "idle", [])
    service(control, "wanting", [], loadBalancerIP="10.0.0.1")

    def told(node: LbdNode) -> dict[str, Any] | None:
        status = node.status()
        services = {item["name"]: item for item in status["services"]}
        if len(services) < 3 or not services["idle"]["addresses"] or not services["web"]["addresses"]:
            return None
        (place,) = services["web"]["addresses"]
        owner = place.get("owner")
        is_whole = owner is not None and (owner != node.name or "announcedSeconds" in place)
        return status if is_whole else None

    stories = {}
    for name, node in nodes.items():
        stories[name] = eventually(f"all Services on {name}", lambda node=node: told(node))
    path = "/api/v1/namespaces/kube-verify/services/web"
    address = control.api("GET", path)["status"]["loadBalancer"]["ingress"][0]["ip"]
    answer = lan.client.namespace.run("arping", "-c", "1", "-w", "5", "-I", "eth0", address).stdout
    owner = next(name for name in NAMES if lan.nodes[name].mac in answer.lower())
    for name, status in stories.items():
        assert status["node"] == name and status["problems"] == []
        assert status["version"] == lbd("--version").stdout.removeprefix("lbd ").strip()
        assert [item["name"] for item in status["services"]] == ["idle", "wanting", "web"]
        idle, wanting, web = status["services"]
        assert idle["problem"] == "it has no ready endpoint" and idle["readyEndpoints"] == 0
        assert wanting["addresses"] == [] and wanting["problem"] == "10.0.0.1 is in no pool"
        assert web["readyEndpoints"] == 2 and "problem" not in web
        (place,) = web["addresses"]
        assert (place["address"], place["owner"]) == (address, owner)
        assert place["interfaces"] == (["eth0"] if name == owner else [])
        assert ("announcedSeconds" in place) == (name == owner)
        (pool,) = status["pools"]
        assert (pool["name"], pool["protocol"], pool["used"], pool["free"]) == ("address-pool-1", "layer2", 2, 126)
        assert [member["name"] for member in status["members"]] == ["blackberry", "gooseberry"]
        for member in status["members"]:
            assert f"{lan.nodes[member['name']].address}/24" in member["addresses"]
    assert stories[NAMES[0]]["leader"] == stories[NAMES[1]]["leader"] in NAMES
    leader = stories[NAMES[0]]["leader"]
    failure = stories[leader]["lastError"]["message"]
    assert failure == 'Failed to allocate IP for "kube-verify/wanting": 10.0.0.1 is in no pool'

    node = nodes[owner]
    shown = lbd("status", "--config", str(node.config))
    assert shown.returncode == 0 and shown.stderr == ""
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert shown.stdout.splitlines()[0].endswith(f"on {owner}; {leader} leads; 2 of 2 nodes alive")
    assert re.search(rf"^kube-verify/web +{re.escape(address)} +{owner} +eth0 +\d+ s +2$", shown.stdout, re.MULTILINE)
    assert "\n  10.0.0.1 is in no pool\n" in shown.stdout
    machine = lbd("status", "--json", "--config", str(node.config))
    assert machine.returncode == 0
    assert timeless(json.loads(machine.stdout)) == timeless(stories[owner])


def timeless(status: dict[str, Any]) -> dict[str, Any]:
    """A status without what changes from second to second."""
    text = re.sub(r'"(announcedSeconds|secondsAgo|seconds|received|sent)": \d+', r'"\1": 0', json.dumps(status))
    result: dict[str, Any] = json.loads(text)
    return result


def test_the_socket_speaks_varlink(nodes: dict[str, LbdNode]) -> None:
    """org.varlink.service, its errors and the flags; what is no message costs its sender the connection."""
    start(nodes)
    path = socket_of(nodes["gooseberry"])
    mode = path.stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    assert path.group() == "adm"
    with Varlink(path) as connection:
        info = connection.call("org.varlink.service.GetInfo")
        assert info["product"] == "lbd" and info["interfaces"] == ["org.varlink.service", "io.lbd"]
        for interface in info["interfaces"]:
            parameters = {"interface": interface}
            told = connection.call("org.varlink.service.GetInterfaceDescription", parameters)
            assert f"\ninterface {interface}\n" in told["description"]
        for method, parameters, error in (
            ("org.varlink.service.GetInterfaceDescription", {"interface": "io.no"}, "InterfaceNotFound"),
            ("org.varlink.service.GetInterfaceDescription", {}, "InvalidParameter"),
            ("io.no.GetStatus", {}, "InterfaceNotFound"),
            ("io.lbd.SetStatus", {}, "MethodNotFound"),
            (GET_STATUS, {"verbose": True}, "InvalidParameter"),
        ):
            with pytest.raises(VarlinkError) as caught:
                connection.call(method, parameters)
            assert caught.value.name == f"org.varlink.service.{error}"
        # A call without a reply in front of two with one, all at once.
        oneway = json.dumps({"method": "io.lbd.SetStatus", "oneway": True}).encode()
        more = json.dumps({"method": GET_STATUS, "more": True}).encode()
        connection.send(oneway, more, b'{"method":"org.varlink.service.GetInfo"}')
        assert connection.reply()["node"] == "gooseberry"
        assert connection.reply() == info
        for nonsense in (b"hello", b"[1]", b"\xff\xfe", b"{" * 70_000):
            with Varlink(path) as vandal:
                vandal.send(nonsense)
                assert vandal.is_closed()
        assert connection.call("org.varlink.service.GetInfo") == info
    assert nodes["gooseberry"].is_running


def test_many_that_connect_shut_nobody_out_for_good(nodes: dict[str, LbdNode]) -> None:
    """Idle connections beyond the limit are closed at once; when they are gone the daemon answers again."""
    start(nodes)
    path = socket_of(nodes["gooseberry"])
    connections = [Varlink(path) for _ in range(8)]
    with Varlink(path) as one_too_many:
        assert one_too_many.is_closed()
    done = lbd("status", "--config", str(nodes["gooseberry"].config))
    assert done.returncode == 69 and "too many" in done.stderr
    for connection in connections:
        connection.__exit__(None, None, None)
    eventually("an answer", lambda: lbd("status", "--config", str(nodes["gooseberry"].config)).returncode == 0)


def test_only_root_and_adm_may_ask(nodes: dict[str, LbdNode], tmp_path: Path) -> None:
    """Somebody who is neither is refused by the kernel; a member of adm is not."""
    start(nodes)
    path = socket_of(nodes["gooseberry"])
    for folder in path.parents:
        if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    program = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"

    def connect(*groups: str) -> str:
        argv = [sys.executable, "-c", program, str(path)]
        return subprocess.run(
            argv, user="nobody", group="nogroup", extra_groups=list(groups), text=True, capture_output=True, timeout=30
        ).stderr

    assert "PermissionError" in connect()
    assert connect("adm") == ""


def test_without_a_daemon_the_status_says_so(nodes: dict[str, LbdNode]) -> None:
    """69 and one clear line; 2 for a wrong command line, 78 for settings that cannot be read."""
    node = nodes["gooseberry"]
    done = lbd("status", "--config", str(node.config))
    expected = f"lbd: no daemon answers at {socket_of(node)}: see systemctl status lbd\n"
    assert (done.returncode, done.stdout, done.stderr) == (69, "", expected)
    node.start()
    eventually("the socket", lambda: socket_of(node).exists())
    node.kill()
    # The socket that a killed daemon leaves behind leads nowhere, and the next one takes its place.
    assert socket_of(node).exists()
    done = lbd("status", "--config", str(node.config))
    assert (done.returncode, done.stderr) == (69, expected)
    node.start()
    eventually("an answer", lambda: lbd("status", "--config", str(node.config)).returncode == 0)
    assert lbd("status", "--jason").returncode == 2
    assert lbd("status", "--config", str(node.folder)).returncode == 78


def test_a_fresh_node_is_ready_and_says_what_is_missing(
    lan: Lan, control: StandInControlPlane, nodes: dict[str, LbdNode], tmp_path: Path
) -> None:
    """No kubeconfig, no pools, no link: READY, with a status that says what to do, and true again as each is mended."""
    node = nodes["gooseberry"]
    kubeconfig = node.folder / "etc/kubeconfig"
    node.settings["kubernetes"]["kubeconfig"] = str(kubeconfig)
    node.write_settings()
    for interface in ("eth0", "mgmt0"):
        lan.set_link("gooseberry", False, interface)
    with ServiceManager(node.process, tmp_path, watchdog_seconds=2) as manager:
        node.start()
        heard = manager.wait_for("READY=1")
        assert any(line.startswith("STATUS=") for line in heard), "it was ready before it said how it stands"
        status = manager.wait_for_status(
            f"^no kubeconfig at {kubeconfig}: put there what `lbd enroll` prints where kubectl works; "
            "waiting for the API server; no usable interface: plug in a cable, or see `interfaces` in lbd.yaml; "
            f"no pools: create the ConfigMap metallb-system/config or write {node.pools}; announcing 0 of 0 services"
        )
        assert node.status()["problems"] == status.split("; ")[:4]
        manager.wait_for("WATCHDOG=1")

        kubeconfig.write_text("current-context: nowhere\n")
        manager.wait_for_status(f'^{kubeconfig}:1:1: error: there is no "nowhere" in contexts; ')
        kubeconfig.write_text(control.kubeconfig_for("lbd").read_text())
        manager.wait_for_status("^(waiting for the API server|no API server: [^;]+); no usable interface")
        node.wait_for_line(f"^solved: {kubeconfig}:1:1: error: ")
        for interface in ("eth0", "mgmt0"):
            lan.set_link("gooseberry", True, interface)
        good = "^announcing 0 of 0 services; pool address-pool-1 0/128 used; 1 node alive$"
        manager.wait_for_status(good, timeout=40)

        # A server that is away is no lack of progress.
        control.stop()
        manager.wait_for_status("^no API server: ")
        for _ in range(8):
            manager.wait_for("WATCHDOG=1", manager.mark())
        # A daemon that does not turn is.
        node.freeze()
        time.sleep(0.5)
        mark = manager.mark()
        with pytest.raises(AssertionError, match="not told"):
            manager.wait_for("WATCHDOG=1", mark, timeout=4)
        node.thaw()
        manager.wait_for("WATCHDOG=1", mark)


def test_a_daemon_without_its_socket_says_so_and_works(nodes: dict[str, LbdNode], tmp_path: Path) -> None:
    """Where the runtime folder cannot be made, only the status is missing."""
    node = nodes["gooseberry"]
    node.settings["runtime"] = str(node.config / "run")
    node.write_settings()
    with ServiceManager(node.process, tmp_path) as manager:
        node.start()
        manager.wait_for_status("lbd status finds nobody: see the key `runtime` in lbd.yaml; ")
        manager.wait_for_status("; announcing 0 of 0 services; pool address-pool-1 0/128 used; 1 node alive$")


def test_a_daemon_that_cannot_start_says_why(nodes: dict[str, LbdNode], tmp_path: Path) -> None:
    """The exit status, ERRNO= and STATUS= tell a mistake in the settings from a second daemon."""
    node = nodes["gooseberry"]
    node.start()
    eventually("the socket", lambda: socket_of(node).exists())
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("nod: gooseberry\n")
    for config, status, errno, reason in (
        (wrong, 78, 22, f"{wrong}:1:1: error: "),
        (node.config, 69, 16, "another lbd uses the state folder "),
    ):
        argv = [str(lbd_binary()), "run", "--config", str(config)]
        process = Process("a second lbd", node.host.namespace, argv, tmp_path / "second.log")
        with ServiceManager(process, tmp_path) as manager:
            process.start()
            assert process.wait() == status
            told = manager.wait_for(f"ERRNO={errno}")
            assert manager.status.startswith(reason) and "READY=1" not in told
        assert any(line.startswith(reason) for line in process.lines())
    os.kill(node.process.pid, signal.SIGHUP)
    assert node.is_running
