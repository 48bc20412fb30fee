"""A cluster at work: the control plane, three nodes with lbd and a data path, a client, and the two watchers."""

from __future__ import annotations

import abc
import contextlib
import itertools
import json
import random
import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

from .control import ControlPlane, DataPath
from .kubelet import Kubelet
from .lan import NODES, Host, Lan
from .node import LbdNode, Node
from .pools import POOL
from .sniffer import Sniffer
from .watch import ServiceWatch

LEASES = "/apis/coordination.k8s.io/v1/namespaces/lbd-system/leases"
"""Where the Leases of lbd are."""

CONFIG = "/api/v1/namespaces/metallb-system/configmaps/config"
"""The ConfigMap with the pools."""


def eventually(what: str, look: Callable[[], Any], timeout: float = 10) -> Any:
    """What `look` gives, once that is true; looks again and again. An assertion that fails in `look` counts as not yet."""
    deadline = time.monotonic() + timeout
    while True:
        problem: AssertionError | None = None
        try:
            found = look()
            if found:
                return found
        except AssertionError as error:
            problem = error
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}" + (f": {problem}" if problem else "")
        time.sleep(0.1)


def begin_gossip(node: LbdNode, **settings: Any) -> None:
    """Starts a node's daemon, with these settings of the gossip, and waits until it takes part."""
    node.settings["gossip"] = settings
    node.write_settings()
    node.start()
    eventually("lbd gossips", lambda: "gossipTraffic" in node.status(), 20)


AnyNode = TypeVar("AnyNode", bound=Node)


class Fleet(abc.ABC, Generic[AnyNode]):
    """From `start` to `close`; `reset` between two tests. A subclass makes the nodes and runs their daemons."""

    def __init__(self, control: ControlPlane, folder: Path) -> None:
        self.control = control
        self.folder = folder
        self._open = contextlib.ExitStack()
        self._numbers = itertools.count(1)
        self._data_path: DataPath | None = None
        self.nodes: dict[str, AnyNode] = {}
        self.namespaces: list[str] = []

    @abc.abstractmethod
    def make_node(self, name: str) -> AnyNode:
        """A node of the LAN, whose daemon does not run yet."""

    @abc.abstractmethod
    def start(self) -> Fleet[AnyNode]:
        """Brings up the network, the nodes and, last, the daemons."""

    @abc.abstractmethod
    def reset(self) -> None:
        """Takes away what a test made, and brings back what it ended."""

    def bring_up(self, names: tuple[str, ...] = NODES) -> None:
        """Makes the network, the nodes and what runs beside the daemons."""
        self.lan = self._open.enter_context(Lan(names, control=self.control.namespace))
        self.sniffer = self._open.enter_context(Sniffer(self.lan.client))
        for name in self.lan.nodes:
            node = self.make_node(name)
            self._open.callback(node.close)
            self.nodes[name] = node
            node.announce()
        self._data_path = self._open.enter_context(self.control.data_path(self.lan, self.folder))
        self._open.enter_context(Kubelet(self.lan, self.control))
        self.watch = self._open.enter_context(ServiceWatch(self.control))

    def close(self) -> None:
        """Ends everything but the control plane."""
        self._open.close()

    def wait_settled(self, timeout: float = 75) -> None:
        """Waits until there is a leader that lives and every running daemon has a Lease that tells of its place on the
        LAN."""
        running = [name for name, node in self.nodes.items() if node.is_running]

        def settled() -> bool:
            leases = self.leases()
            missing = [name for name in running if not self._is_on_lan(leases.get(f"lbd-node-{name}"), name)]
            assert not missing, f"no Lease with an address on the LAN of {missing}"
            leader = self.leader()
            assert leader in running, f"the leader is {leader or 'nobody'}"
            return True

        eventually("a leader, and a Lease for each node", settled, timeout)

    def _is_on_lan(self, lease: dict[str, Any] | None, node: str) -> bool:
        """Whether a node's Lease says that its daemon has an address on the LAN."""
        annotations = (lease or {"metadata": {}})["metadata"].get("annotations", {})
        return f"{self.nodes[node].host.address}/24" in annotations.get("lbd.io/addresses", "").split(",")

    def tail(self) -> str:
        """The end of every log, for a person."""
        tails = [node.tail() for node in self.nodes.values()]
        if self._data_path is not None:
            tails.append(self._data_path.tail())
        return "\n".join(tails)

    # What the tests make

    def namespace(self, name: str | None = None) -> str:
        """A new Kubernetes namespace for a test, deleted after it."""
        name = name or f"test-{next(self._numbers)}-{random.getrandbits(24):06x}"
        self.control.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.namespaces.append(name)
        return name

    def config_map(self, text: str) -> None:
        """Writes the ConfigMap with the pools."""
        metadata = {"namespace": "metallb-system", "name": "config"}
        self.control.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": text}})

    def pods(self, namespace: str, app: str, nodes: Iterable[str]) -> None:
        """One ready web server on each of these nodes, labelled `app`."""
        names = list(nodes)
        self.control.apply(*[pod_object(namespace, f"{app}-{name}", app, name) for name in names])

        def ready() -> bool:
            pods = self.control.api("GET", f"/api/v1/namespaces/{namespace}/pods?labelSelector=app%3D{app}")["items"]
            return len(pods) >= len(names) and all(pod["status"].get("podIP") for pod in pods)

        eventually(f"the pods of {app}", ready, 15)

    def service(self, namespace: str, name: str, app: str | None = None, **spec: Any) -> None:
        """A LoadBalancer Service from port 80 to port 8080 of the pods labelled `app`, or its own name."""
        metadata: dict[str, Any] = {"namespace": namespace, "name": name}
        if "annotations" in spec:
            metadata["annotations"] = spec.pop("annotations")
        body = {"type": "LoadBalancer", "selector": {"app": app or name}}
        body["ports"] = [{"protocol": "TCP", "port": 80, "targetPort": 8080}]
        service = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": body | spec}
        self.control.api("POST", f"/api/v1/namespaces/{namespace}/services", service)

    def delete_services(self, *keys: str) -> None:
        """Deletes these Services, by `NAMESPACE/NAME`, or all LoadBalancers there are."""
        for item in self.control.api("GET", "/api/v1/services")["items"]:
            namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
            if item["spec"]["type"] == "LoadBalancer" and (not keys or f"{namespace}/{name}" in keys):
                self.control.delete(f"/api/v1/namespaces/{namespace}/services/{name}")

    # What the tests see

    def address(self, namespace: str, name: str, timeout: float = 10) -> str:
        """The Service's address, once it has one."""

        def look() -> str | None:
            return self.addresses(namespace).get(name)

        found: str = eventually(f"an address for {namespace}/{name}", look, timeout)
        return found

    def addresses(self, namespace: str) -> dict[str, str]:
        """The address of each Service of a namespace that has one."""
        found = {}
        for item in self.control.api("GET", f"/api/v1/namespaces/{namespace}/services")["items"]:
            ingress = item["status"]["loadBalancer"].get("ingress") or []
            if ingress:
                assert len(ingress) == 1, f"{item['metadata']['name']} has {ingress}"
                found[item["metadata"]["name"]] = ingress[0]["ip"]
        return found

    def ingress(self, namespace: str, name: str) -> list[str]:
        """All addresses of a Service, as its status has them."""
        status = self.control.api("GET", f"/api/v1/namespaces/{namespace}/services/{name}")["status"]
        return [entry["ip"] for entry in status["loadBalancer"].get("ingress") or []]

    def owner(self, address: str, timeout: float = 10) -> AnyNode:
        """The node that answers for an address now."""
        packet = self.sniffer.wait_for_answer(address, timeout)
        return self.node_with(packet.sender_mac)

    def node_with(self, mac: str) -> AnyNode:
        """The node with this MAC on the LAN."""
        for node in self.nodes.values():
            if node.host.mac == mac:
                return node
        raise AssertionError(f"no node has the MAC {mac}")

    def curl(self, address: str, host: Host | None = None) -> str:
        """The page that the client, or another host, gets from an address."""
        namespace = (host or self.lan.client).namespace
        done = namespace.run("curl", "-sS", "--max-time", "5", f"http://{address}/", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def leases(self) -> dict[str, dict[str, Any]]:
        """The Leases of lbd by name."""
        return {item["metadata"]["name"]: item for item in self.control.api("GET", LEASES)["items"]}

    def leader(self) -> str | None:
        """The node that holds the leader's Lease; nil if nobody does."""
        lease = self.leases().get("lbd-controller", {"spec": {}})
        holder = lease["spec"].get("holderIdentity") or ""
        return next((name for name in self.nodes if re.match(rf"{name}(?![a-z0-9-])", holder)), None)

    def events(self, namespace: str) -> list[str]:
        """All Events of a namespace that lbd wrote, in a form that shows a new or a repeated one."""
        return sorted(
            json.dumps([item["metadata"]["name"], item.get("count"), item["reason"], item["message"]])
            for item in self.control.events(namespace)
            if item.get("source", {}).get("component") == "lbd"
        )

    def check(self) -> None:
        """What holds at any time: one answerer for each address, and no address given twice."""
        self.watch.assert_no_duplicate()
        for address in self.sniffer.addresses:
            self.sniffer.assert_single_answerer(address)


class Cluster(Fleet[LbdNode]):
    """A fleet whose daemons the test starts itself."""

    def __init__(self, control: ControlPlane, folder: Path, settings: dict[str, Any] | None = None) -> None:
        """With these settings on each node besides the lab's own."""
        super().__init__(control, folder)
        self._settings = settings

    def make_node(self, name: str) -> LbdNode:
        """`lbd run` in the node's namespace."""
        return LbdNode(self.lan, name, self.control, self.folder, self._settings)

    def start(self, has_config_map: bool = True) -> Cluster:
        """Brings up the network, the nodes and, last, the daemons. Without a ConfigMap, the pool is in each node's
        pools.yaml."""
        self.bring_up()
        if has_config_map:
            self.pools(POOL)
        else:
            for node in self.nodes.values():
                node.pools.write_text(POOL)
        for node in self.nodes.values():
            node.start()
        self.wait_settled()
        for node in self.nodes.values():
            for name in self.nodes:
                node.wait_for_line(f'node "{name}" is alive')
        return self

    def reset(self) -> None:
        """Takes away what a test made, and brings back what it ended."""
        self.delete_services()
        for name in self.namespaces:
            self.control.delete(f"/api/v1/namespaces/{name}")
        self.namespaces.clear()
        self.control.start()
        if self._data_path is not None:
            self._data_path.renew()
        for name in self.nodes:
            self.lan.set_cable(name, True)
            self.lan.set_link(name, True)
            self.lan.set_management(name, True)
        for node in self.nodes.values():
            if node.is_running:
                node.thaw()
            else:
                node.start()
        self.wait_settled()
        # The Services are gone for everybody by now, so that no pool is held by one of them.
        self.pools(POOL)
        self.sniffer.forget()
        self.watch.forget()

    def pools(self, text: str, is_good: bool = True) -> None:
        """Writes the ConfigMap; where the text is good, waits until every running daemon has mirrored it."""
        self.config_map(text)
        if is_good:
            eventually("the pools on every node", lambda: self.mirrors(text), 15)

    def mirrors(self, text: str) -> bool:
        """Whether every running daemon's pools.yaml is a comment followed by this text."""
        for name, node in self.nodes.items():
            if node.is_running:
                there = node.pools.read_text() if node.pools.exists() else ""
                assert there.startswith("#") and there.endswith(text), f"{name} has pools.yaml:\n{there}"
        return True

    def served(self) -> tuple[str, LbdNode]:
        """A Service with endpoints on every node, known to each daemon and kube-proxy: its address and the node that answers
        for it."""
        namespace = self.namespace()
        self.pods(namespace, "web", self.nodes)
        self.service(namespace, "web")
        address = self.address(namespace, "web")
        owner = self.owner(address)
        assert eventually("the page", lambda: self.curl(address)).startswith("hello from web-")
        # Nobody takes over what it has not heard of: the API server may have been away just before.
        count = len(self.nodes)
        for node in self.nodes.values():
            eventually(f"the Service on {node.name}", lambda node=node: node.assert_knows(namespace, "web", count), 30)
        # A connection that comes to a node before its kube-proxy knows the Service is lost for good: the kernel does not
        # ask for its way a second time.
        for node in self.nodes.values():
            eventually(f"kube-proxy on {node.name}", lambda node=node: self.curl(address, node.host))
        return address, owner

    def stop_all(self) -> None:
        """SIGTERM to every daemon at once; each must end with status 0."""
        with ThreadPoolExecutor() as threads:
            assert set(threads.map(lambda node: node.stop(), self.nodes.values())) == {0}


def pod_object(namespace: str, name: str, app: str, node: str) -> dict[str, Any]:
    """A Pod on a node, with a container that listens on 8080."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": app}},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "web", "image": "nginx", "ports": [{"containerPort": 8080}]}],
        },
    }
