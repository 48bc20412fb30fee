"""A machine that boots for the first time comes up announcing, with nobody logged in."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from lab.cluster import eventually
from lab.lan import NODES
from lab.pools import POOL
from rig.pi import Pi
from rig.shelf import Served, Shelf
from rig.user_data import BAKED, EXAMPLE, edited

ALLOCATED = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c01"
TAKEN = "5b1c1d0f0e7f4f7d9f5f2a6f0d0a4c03"
"""MESSAGE_IDs: a Service got its address; this node answers for it."""


def test_the_example_alone_makes_nodes_that_announce(served: Served) -> None:
    """On every node the unit is active and says how things stand; nothing went wrong; a client gets the page."""
    shelf = served.shelf
    assert served.address == "192.168.2.128"
    assert shelf.curl(served.address).startswith("hello from web-")
    for node in shelf.nodes.values():
        machine = node.machine
        assert machine.run("systemctl", "is-active", "lbd").stdout == "active\n"
        assert machine.run("systemctl", "is-enabled", "lbd").stdout == "enabled\n"
        assert machine.run("systemctl", "is-system-running").stdout == "running\n"
        announced = "announcing 2 of 2 services on eth0" if node is served.owner else "announcing 0 of 2 services"
        line = f"{announced}; pool address-pool-1 1/128 used; 3 nodes alive"
        eventually(f"the status line of {node.name}", lambda node=node, line=line: node.status_line == line)
        assert f'Status: "{line}"' in machine.run("systemctl", "status", "lbd").stdout
        assert machine.journal("--boot", "--unit=lbd", "--priority=warning") == []
        assert node.restarts == 0
        owners = machine.shell("stat --format='%n %A %U:%G' /etc/lbd /etc/lbd/pools.yaml /etc/lbd/kubeconfig")
        assert owners.splitlines() == [
            "/etc/lbd drwxrwxr-t root:lbd",
            "/etc/lbd/pools.yaml -rw-r--r-- lbd:lbd",
            "/etc/lbd/kubeconfig -rw-r----- root:lbd",
        ]
        assert machine.path("/etc/lbd/pools.yaml").read_text() == POOL


def test_the_journal_tells_each_change_with_its_fields(served: Served) -> None:
    """One line for the address on the node that leads, one for the answering on the owner; journalctl -x explains them."""
    leader = served.shelf.nodes[served.shelf.leader() or ""]
    service = f"{served.namespace}/web"
    allocated = _only(leader.machine.journal("--unit=lbd", f"MESSAGE_ID={ALLOCATED}", f"LBD_SERVICE={service}"))
    assert allocated["LBD_ADDRESS"] == served.address
    taken = _only(served.owner.machine.journal("--unit=lbd", f"MESSAGE_ID={TAKEN}", f"LBD_SERVICE={service}"))
    assert taken["MESSAGE"] == f'answering for {served.address} of "{service}" on eth0'
    assert taken["LBD_ADDRESS"] == served.address
    assert taken["LBD_NODE"] == served.owner.name
    assert taken["LBD_INTERFACE"] == "eth0"
    assert taken["PRIORITY"] == "6"
    assert taken["SYSLOG_IDENTIFIER"] == "lbd"
    assert taken["_SYSTEMD_UNIT"] == "lbd.service"
    for node in served.shelf.nodes.values():
        if node is not served.owner:
            assert node.machine.journal("--unit=lbd", f"MESSAGE_ID={TAKEN}", f"LBD_SERVICE={service}") == []

    explained = served.owner.machine.run("journalctl", "-x", "--no-pager", f"MESSAGE_ID={TAKEN}").stdout
    assert f"Subject: This node answers for {served.address}" in explained
    assert f"░░ The node {served.owner.name} was elected" in explained
    assert "@LBD_" not in explained


def test_every_message_of_the_daemon_is_in_the_catalogue(shelf: Shelf) -> None:
    """Each MESSAGE_ID that a first boot has written has an explanation on the node."""
    for node in shelf.nodes.values():
        entries = node.machine.journal("SYSLOG_IDENTIFIER=lbd")
        written = {entry["MESSAGE_ID"] for entry in entries if "MESSAGE_ID" in entry}
        assert written, "no line has a MESSAGE_ID"
        for number in sorted(written):
            assert "Subject: " in node.machine.run("journalctl", "--dump-catalog", number).stdout, number


def test_any_node_tells_how_things_stand(served: Served) -> None:
    """`lbd status`, as a table and as JSON, and the same by systemd's varlinkctl; for root and the group adm alone."""
    for node in served.shelf.nodes.values():
        table = node.machine.run("lbd", "status").stdout
        row = rf"(?m)^{served.namespace}/web +{re.escape(served.address)} +{served.owner.name} "
        assert re.search(row, table), table
        assert re.search(r"(?m)^address-pool-1 +layer2 +1 +127 ", table), table
        status = json.loads(node.machine.run("lbd", "status", "--json").stdout)
        called = json.loads(_varlink(node))
        # Only what grows by itself differs.
        assert _ageless(called) == _ageless(status)
        assert [member["name"] for member in called["members"] if member["alive"]] == sorted(NODES)
        assert called["problems"] == []
    machine = served.owner.machine
    assert "io.lbd" in machine.run("varlinkctl", "info", "/run/lbd/io.lbd").stdout
    assert "method GetStatus" in machine.run("varlinkctl", "introspect", "/run/lbd/io.lbd", "io.lbd").stdout
    asks = ("setpriv", "--reuid=nobody", "--clear-groups")
    assert machine.run(*asks, "--regid=adm", "lbd", "status").stdout.startswith("lbd ")
    refused = machine.run(*asks, "--regid=nogroup", "lbd", "status", check=False)
    assert refused.returncode == 69 and "group adm" in refused.stderr


def test_an_image_with_the_package_baked_in(shelf: Shelf, spare: Pi) -> None:
    """A copy of a card on which lbd was installed and ran joins at its own first boot, by the second example, and
    fetches nothing."""
    spare.install()
    eventually("lbd runs in the image", lambda: spare.is_running)
    spare.machine.shell("cloud-init clean --logs --machine-id; rm /etc/apt/sources.list.d/*; systemctl stop lbd")
    spare.machine.shell("rm -r /var/lib/lbd/*")
    spare.machine.halt("poweroff")
    kubeconfig = shelf.control.kubeconfig_for("lbd").read_text()
    spare.insert_card(edited(BAKED.read_text(), {"/etc/lbd/pools.yaml": POOL, "/etc/lbd/kubeconfig": kubeconfig}))
    spare.machine.boot()
    spare.wait_provisioned()
    shelf.wait_settled()
    for node in shelf.nodes.values():
        eventually(f"{node.name} knows of four", lambda node=node: node.status_line.endswith("4 nodes alive"), 15)
    assert spare.machine.journal("--boot", "--unit=lbd", "--priority=err") == []
    assert spare.restarts == 0


@pytest.mark.parametrize("example", [EXAMPLE, BAKED], ids=lambda path: path.name)
def test_cloud_init_finds_no_fault_with_the_examples(shelf: Shelf, example: Any) -> None:
    """As they are shipped; and the first one as the nodes got it."""
    machine = shelf.nodes[NODES[0]].machine
    machine.path("/root/user-data").write_text(example.read_text())
    said = machine.run("cloud-init", "schema", "--config-file", "/root/user-data")
    assert "Valid schema" in said.stdout + said.stderr
    said = machine.run("cloud-init", "schema", "--system")
    assert "Valid schema user-data" in said.stdout + said.stderr


def _varlink(node: Pi) -> str:
    """What the daemon answers to GetStatus."""
    return node.machine.run("varlinkctl", "--json=short", "call", "/run/lbd/io.lbd", "io.lbd.GetStatus", "{}").stdout


def _only(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The one entry there is."""
    assert len(entries) == 1, entries
    return entries[0]


def _ageless(value: Any) -> Any:
    """A status without what counts seconds and packets."""
    if isinstance(value, dict):
        counts = ("seconds", "secondsago", "gossiptraffic")
        return {key: _ageless(inner) for key, inner in value.items() if not key.lower().endswith(counts)}
    return [_ageless(inner) for inner in value] if isinstance(value, list) else value
