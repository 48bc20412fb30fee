"""docs/install.md, word for word, from the step at which there is a cluster."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml
from lab.cluster import eventually
from lab.lan import NODES
from lab.node import REPOSITORY
from rig.pi import Pi
from rig.shelf import Shelf

TEXT = (REPOSITORY / "docs/install.md").read_text()


def test_the_document_leads_to_a_page(shelf: Shelf, spare: Pi, config_map: Callable[[str], None]) -> None:
    """Repository, package, enrolling, pools, Deployment and Service; then the page from the client."""
    machine = spare.machine
    admin = machine.path("/etc/rancher/k3s/k3s.yaml")
    admin.parent.mkdir(parents=True)
    admin.write_text(shelf.control.kubeconfig_for("admin").read_text())
    for step in ("sudo curl", "sudo apt-get update", "sudo lbd enroll", "sudo install"):
        command = _command(step).replace("sudo ", "").replace("https://SERVER/", shelf.repository.url)
        machine.shell(f"cd /root; export DEBIAN_FRONTEND=noninteractive; {command}", timeout=180)
    for node in shelf.nodes.values():
        eventually(f"{node.name} knows of four", lambda node=node: node.status_line.endswith("4 nodes alive"), 30)
    assert spare.restarts == 0

    manifest = next(block for block in _blocks() if "kind: ConfigMap" in block)
    config_map(yaml.safe_load(manifest)["data"]["config"])
    shelf.namespaces.append("test-install")
    _kubectl(shelf, "kubectl create namespace test-install")
    _kubectl(shelf, _command("kubectl create deployment"))
    _kubectl(shelf, _command("kubectl expose deployment"))
    address = shelf.address("test-install", "web")
    assert re.search(rf"web +LoadBalancer +\S+ +{address} ", _kubectl(shelf, _command("kubectl get service")))
    page = eventually("the page", lambda: shelf.curl(address), 20)
    assert page.startswith("hello from web-")
    status = machine.shell(_command("sudo lbd status").replace("sudo ", ""))
    assert re.search(rf"(?m)^test-install/web +{address} +({'|'.join([*NODES, spare.name])}) ", status), status
    machine.shell(_command("journalctl -x"))


def test_the_ways_into_the_user_data(shelf: Shelf, spare: Pi) -> None:
    """What is to be pasted, moved in as the document says, is what the examples hold at that place."""
    machine = spare.machine
    command = _command("curl -fsS https").replace("https://SERVER/", shelf.repository.url)
    assert f"    content: |\n{machine.shell(command)}" in shelf.user_data()
    machine.path("/root/kubeconfig").write_text(shelf.control.kubeconfig_for("lbd").read_text())
    command = next(line for line in _lines() if line.startswith("sed ") and line.endswith(" kubeconfig"))
    assert f"    content: |\n{machine.shell(f'cd /root; {command}')}" in shelf.user_data()


def _blocks() -> list[str]:
    """What stands in fences."""
    return re.findall(r"(?ms)^```\w*\n(.*?)^```$", TEXT)


def _lines() -> list[str]:
    return [line for block in _blocks() for line in block.splitlines()]


def _command(start: str) -> str:
    """The one command of the document that begins so."""
    found = [line for line in _lines() if line.startswith(start)]
    assert len(found) == 1, f"{start}: {found}"
    return found[0]


def _kubectl(shelf: Shelf, command: str) -> str:
    """What a kubectl of the document prints, in a namespace that goes after the test."""
    return shelf.control.kubectl(*command.split()[1:], "--namespace=test-install")
