#!/usr/bin/python3
"""Shows lbd at work: three nodes, a laptop and a control plane in network namespaces of this machine.

Goes the way that a home-lab owner goes with kubectl, checks every step, then kills the daemon that announces the
Service's address. Started by `sudo make demo`; with KUBE=real the control plane is etcd and a real kube-apiserver, with
kube-proxy on the nodes, else a stand-in. Exit status 0: every step held.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent / "Interop"))

import yaml  # noqa: E402
from lab.control import ControlPlane  # noqa: E402
from lab.kubelet import Kubelet  # noqa: E402
from lab.lan import Host, Lan  # noqa: E402
from lab.namespace import Namespace  # noqa: E402
from lab.node import LbdNode, lbd_binary, node_object  # noqa: E402
from lab.sniffer import Sniffer  # noqa: E402
from lab.standin.control import StandInControlPlane  # noqa: E402

POOL = ipaddress.ip_network("192.168.2.128/25")
LEASE_SECONDS = 40
"""How long a daemon's Lease lasts: a daemon that was killed is missed when it ends."""
TOOLS = ("arping", "curl", "ip", "kubectl", "nft", "openssl")
WALK = Path(__file__).resolve().parent / "walk"
"""The manifests that the owner of a home lab writes."""


T = TypeVar("T")


class StepFailed(Exception):
    """A step did not hold; the message is a plain sentence."""


def say(text: str) -> None:
    """A line or paragraph of explanation."""
    print(textwrap.fill(" ".join(text.split()), 110), flush=True)


def expect(holds: object, sentence: str) -> None:
    """Raises StepFailed with the sentence where something does not hold."""
    if not holds:
        raise StepFailed(sentence)


class Demo:
    """The demonstration, from `with` to the end of it."""

    STEPS = 8

    def __init__(self, is_real: bool) -> None:
        """A demonstration on a real control plane or on the stand-in."""
        self.is_real = is_real
        self.begun = time.monotonic()
        self.step_number = 0
        self.control: ControlPlane
        self.nodes: dict[str, LbdNode] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Demo:
        """Makes the folder that everything is written to."""
        self.folder = Path(tempfile.mkdtemp(prefix="lbd-demo-"))
        self._open.callback(shutil.rmtree, self.folder, ignore_errors=True)
        for manifest in WALK.iterdir():
            shutil.copy(manifest, self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        """Ends every process and removes every namespace and file."""
        self._open.close()

    # Showing

    def step(self, title: str) -> None:
        """A heading."""
        self.step_number += 1
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        seconds = time.monotonic() - self.begun
        print(f"\n{bold}== {self.step_number}/{self.STEPS}  {title}{plain}  ({seconds:.0f} s)", flush=True)

    def show(self, command: str, on: Namespace | None = None, prompt: str = "") -> str:
        """Prints a shell command, runs it where kubectl is or in `on`, prints what it says, and gives that."""
        print(f"{prompt}$ {command}", flush=True)
        return self.quietly(command, on, is_shown=True)

    def quietly(self, command: str, on: Namespace | None = None, is_shown: bool = False) -> str:
        """As `show`, without telling unless it is shown or fails."""
        path = f"PATH={lbd_binary().resolve().parent}:{os.environ['PATH']}"
        environment = ["env", f"--chdir={self.folder}", f"KUBECONFIG={self.kubeconfig}", f"HOME={self.folder}", path]
        done = (on or self.lan.control).run(*environment, "bash", "-c", command, check=False, timeout=60)
        output = done.stdout + done.stderr
        if is_shown and output:
            print(textwrap.indent(output.rstrip(), "  "), flush=True)
        expect(done.returncode == 0, f"`{command}` ended with status {done.returncode}: {output.strip()}")
        return output

    def wait_for(self, what: str, look: Callable[[], T], timeout: float) -> T:
        """What `look` gives once that is true, asked again and again; says that it waits when it takes long."""
        begun = told = time.monotonic()
        while not (found := look()):
            now = time.monotonic()
            expect(now - begun < timeout, f"Within {timeout:.0f} s there was no sign of {what}.")
            if now - told >= 5:
                told = now
                print(f"  … waiting for {what}, {now - begun:.0f} s of at most {timeout:.0f} s", flush=True)
            time.sleep(0.2)
        return found

    # The steps

    def run(self) -> None:
        """All steps; raises StepFailed at the first that does not hold."""
        self.build_the_lan()
        self.prepare_the_cluster()
        self.start_the_daemons()
        self.hand_out_a_pool()
        self.deploy()
        address = self.create_the_service()
        with Sniffer(self.lan.client) as sniffer:
            owner = self.reach_it(address)
            self.kill_the_owner(address, owner, sniffer)
        seconds = time.monotonic() - self.begun
        print(f"\nEvery step held, in {seconds:.0f} s.", flush=True)

    def build_the_lan(self) -> None:
        """Network, control plane and nodes."""
        self.step("A home network: three nodes, a laptop and a control plane, each a network namespace")
        self.lan = self._open.enter_context(Lan())
        if self.is_real:
            say("The control plane is etcd and a real kube-apiserver, with kube-proxy on each node.")
            self._start_real()
        else:
            say(
                """The control plane is a stand-in for the API server, made for trying things out. It runs no
                controllers: this demonstration makes the Pods and the EndpointSlices, and in the place of kube-proxy it
                puts nftables rules into each node that lead a Service's address to the Pods."""
            )
            plane = StandInControlPlane(self.lan.control, self.folder / "control")
            self._open.callback(plane.close)
            plane.start()
            self.control = plane
        self.kubeconfig = self.control.kubeconfig_for("admin")
        nodes = yaml.safe_dump_all([node_object(host) for host in self.lan.nodes.values()])
        (self.folder / "nodes.yaml").write_text(nodes)
        self.quietly("kubectl apply --validate=false -f nodes.yaml")
        for name in self.lan.nodes:
            node = self.nodes[name] = LbdNode(self.lan, name, self.control, self.folder)
            self._open.callback(node.close)
        self._open.enter_context(self.control.data_path(self.lan, self.folder))
        self._open.enter_context(Kubelet(self.lan, self.control))
        nodes = self.show("kubectl get nodes -o wide | cut -c 1-72")
        expect(all(name in nodes for name in self.lan.nodes), "kubectl does not show the three nodes.")
        for host in (*self.lan.nodes.values(), self.lan.client):
            print(f"  {host.name:<12} eth0 {host.address:<14} {host.mac}")

    def _start_real(self) -> None:
        """The real control plane, built first where it was not yet."""
        from lab.kube import KubeControlPlane

        plane = KubeControlPlane(self.lan.control, self.folder / "control")
        self._open.callback(plane.close)
        plane.start()
        self.control = plane

    def prepare_the_cluster(self) -> None:
        """Namespaces, permissions and the gossip secret."""
        self.step("What lbd needs in the cluster: an account with its permissions, and a secret")
        self.show("lbd enroll > kubeconfig")
        for node in self.nodes.values():
            shutil.copy(self.folder / "kubeconfig", node.settings["kubernetes"]["kubeconfig"])
        secret = '--from-literal=secretkey="$(openssl rand -base64 128)"'
        self.show(f"kubectl create secret generic -n metallb-system memberlist {secret}")

    def start_the_daemons(self) -> None:
        """lbd on each node."""
        self.step("lbd on each node (installed from its package, systemd starts it at boot)")
        for name, node in self.nodes.items():
            print(f"{name} $ lbd run --config {node.config.relative_to(self.folder)}", flush=True)
            node.start()
        time.sleep(0.3)
        for name, node in self.nodes.items():
            expect(node.is_running, f"lbd on {name} has ended with status {node.process.status()}.")
        self.wait_for("a Lease of each daemon", self._has_leases, 30)
        self.show("kubectl get lease -n lbd-system")

    def _has_leases(self) -> bool:
        """Whether each daemon has its Lease, and one holds that of the leader."""
        names = self.quietly("kubectl get lease -n lbd-system -o name")
        return all(f"lbd-node-{name}" in names for name in self.nodes) and "lbd-controller" in names

    def hand_out_a_pool(self) -> None:
        """The ConfigMap, and its mirror on each node."""
        self.step("The pool of addresses")
        self.show("cat config.yaml")
        self.show("kubectl apply -f config.yaml")
        for name, node in self.nodes.items():
            there = node.pools

            def is_mirrored(there: Path = there) -> bool:
                return there.exists() and "192.168.2.128/25" in there.read_text()

            self.wait_for(f"the pool in {name}'s pools.yaml", is_mirrored, 15)
        print("Each node keeps it for a boot without the API server, in /etc/lbd/pools.yaml on a real one:", flush=True)
        first = next(iter(self.nodes.values()))
        self.show(f"head -n 3 {first.pools.relative_to(self.folder)}", prompt=f"{first.name} ")

    def deploy(self) -> None:
        """Three web servers."""
        self.step("Something to serve: three web servers on port 8080")
        self.show("kubectl create namespace kube-verify")
        self.show("kubectl apply -f deployment.yaml")
        get_pods = "kubectl get pods -n kube-verify -o wide"
        self.wait_for("three running pods", lambda: self.quietly(get_pods).count("Running") == 3, 40)
        self.show(f"{get_pods} | cut -c 1-100")

    def create_the_service(self) -> str:
        """The Service, its address and its Events; gives the address."""
        self.step("A Service of type LoadBalancer")
        self.show("cat service.yaml")
        self.show("kubectl apply -f service.yaml")
        path = "-o jsonpath={.status.loadBalancer.ingress[0].ip}"
        get_address = f"kubectl get service kube-verify -n kube-verify {path}"
        address = self.wait_for("an address for the Service", lambda: self.quietly(get_address).strip(), 20)
        shown = self.show("kubectl get service kube-verify -n kube-verify").splitlines()[1].split()
        expect(shown[1] == "LoadBalancer" and shown[3] == address, "kubectl does not show the address as EXTERNAL-IP.")
        expect(ipaddress.ip_address(address) in POOL, f"{address} is not in the pool {POOL}.")
        expect(re.fullmatch(r"80:3\d{4}/TCP", shown[4]), f"PORT(S) reads {shown[4]}, not like 80:31491/TCP.")

        describe = "kubectl describe service kube-verify -n kube-verify"
        self.wait_for("the Event nodeAssigned", lambda: "nodeAssigned" in self.quietly(describe), 15)
        text = self.show(describe)
        allocated = rf'Normal\s+IPAllocated\s.*Assigned IP "{re.escape(address)}"'
        expect(re.search(allocated, text), "The Event IPAllocated is missing.")
        expect(re.search(rf"LoadBalancer Ingress:\s+{re.escape(address)}\b", text), "LoadBalancer Ingress is missing.")
        expect(self._announcer(text) in self.nodes, "The Event nodeAssigned does not name a node.")

        endpoints = "kubectl get endpoints kube-verify -n kube-verify 2>/dev/null"
        self.wait_for("three endpoints", lambda: self.quietly(endpoints).count(":8080") == 3, 15)
        self.show("kubectl get endpoints kube-verify -n kube-verify")

        print("The same by one command, and away with it again:", flush=True)
        flags = "-n kube-verify --name=again --type=LoadBalancer --target-port=8080 --port=80"
        self.show(f"kubectl expose deployment kube-verify {flags}")
        get_second = f"kubectl get service again -n kube-verify {path}"
        second = self.wait_for("an address for the second Service", lambda: self.quietly(get_second).strip(), 20)
        self.show("kubectl get service -n kube-verify")
        expect(second != address, f"Both Services have {address}.")
        self.show("kubectl delete service again -n kube-verify")
        return address

    def _announcer(self, description: str) -> str:
        """The node that the latest Event of a Service names."""
        found = re.findall(r'announcing from node "([^"]+)"', description)
        return found[-1] if found else ""

    def reach_it(self, address: str) -> Host:
        """curl and arping from the laptop; gives the node that answers."""
        self.step(f"From the laptop on the same network: {address}")
        owner = self.who_answers(address)
        text = self.quietly("kubectl describe service kube-verify -n kube-verify")
        announcer = self._announcer(text)
        expect(announcer == owner.name, f"{owner.name} answers, but the Event names {announcer}.")
        curl = f"curl -sS --max-time 2 http://{address}/ 2>&1 || true"
        laptop = self.lan.client.namespace
        self.wait_for("the way from the node to a Pod", lambda: "hello" in self.quietly(curl, laptop), 10)
        self.get_the_page(address)
        return owner

    def who_answers(self, address: str) -> Host:
        """Asks by ARP; gives the one node that answered."""
        output = self.show(f"arping -c 2 -I eth0 {address}", self.lan.client.namespace, "laptop ")
        macs = set(re.findall(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", output.lower()))
        macs &= {host.mac for host in self.lan.nodes.values()}
        expect(len(macs) == 1, f"{len(macs)} nodes answer for {address}; it should be one.")
        owner = next(host for host in self.lan.nodes.values() if host.mac in macs)
        print(f"  {owner.mac} is {owner.name}.", flush=True)
        return owner

    def get_the_page(self, address: str) -> None:
        """curl from the laptop."""
        page = self.show(f"curl -sS --max-time 5 http://{address}/", self.lan.client.namespace, "laptop ")
        expect(page.startswith("hello from kube-verify-"), "The page is not the one of the web servers.")

    def kill_the_owner(self, address: str, owner: Host, sniffer: Sniffer) -> None:
        """Kills the daemon that announces the address, and waits for another to take over."""
        self.step(f"The daemon on {owner.name} is killed")
        sniffer.wait_for_answer(address)
        node = self.nodes[owner.name]
        print(f"{owner.name} $ kill -9 {node.process.pid}", flush=True)
        killed = time.monotonic()
        with sniffer.move(address):
            node.kill()
            say(
                f"""The other nodes miss it when its Lease ends: it lasts {LEASE_SECONDS} s and was renewed at most 10 s
                ago."""
            )
            heir = self._wait_for_heir(address, owner, sniffer, killed)
        print(f"  {heir.name} answers, {time.monotonic() - killed:.0f} s after the kill.", flush=True)
        time.sleep(1)
        try:
            sniffer.assert_single_answerer(address)
        except AssertionError as error:
            raise StepFailed(f"More than one node answered for {address}: {error}") from error
        sniffer.forget()
        expect(self.who_answers(address) is heir, "Another node answers than the one that took over.")
        self.get_the_page(address)
        describe = "kubectl describe service kube-verify -n kube-verify"
        told = f'announcing from node "{heir.name}"'
        self.wait_for("the Event of the new node", lambda: told in self.quietly(describe), 15)
        self.show(f"{describe} | sed -n '/^Events/,$p'")
        service = self.show("kubectl get service kube-verify -n kube-verify")
        expect(address in service.split(), "The Service has another address now.")

    def _wait_for_heir(self, address: str, owner: Host, sniffer: Sniffer, killed: float) -> Host:
        """The node that answers instead of the killed one, asked for ten times a second."""
        limit = LEASE_SECONDS + 10

        def look() -> Host | None:
            macs = {packet.sender_mac for packet in sniffer.answers_for(address, killed)} - {owner.mac}
            return next((host for host in self.lan.nodes.values() if host.mac in macs), None)

        found = self.wait_for(f"the end of {owner.name}'s Lease", look, limit)
        assert found is not None
        return found

    def tails(self) -> str:
        """The end of each daemon's log, for a person."""
        return "\n".join(node.tail(15) for node in self.nodes.values())


def main() -> int:
    """Runs the demonstration; gives the exit status."""
    kind = os.environ.get("KUBE", "")
    problems = [f"{tool} is not installed" for tool in TOOLS if shutil.which(tool) is None]
    if os.geteuid() != 0:
        problems.append("network namespaces need root: use sudo")
    if not lbd_binary().exists():
        problems.append(f"{lbd_binary()} is missing: build it first, or set LBD_BINARY")
    if kind not in ("", "standin", "real"):
        problems.append(f"KUBE={kind} means nothing: leave it away, or say KUBE=real")
    if problems:
        print("demo: " + "; ".join(problems), file=sys.stderr)
        return 2
    demo = Demo(kind == "real")
    try:
        with demo:
            try:
                demo.run()
            except (StepFailed, AssertionError, RuntimeError, subprocess.TimeoutExpired) as error:
                print(f"\n{demo.tails()}\n\nStep {demo.step_number} did not hold: {error}", file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything is cleaned up.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
