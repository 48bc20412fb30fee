"""What a host's kernel finds out about its neighbours, and how it asks."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import socket
from collections.abc import Iterator

from .cluster import eventually
from .lan import Host


@contextlib.contextmanager
def address6(host: Host) -> Iterator[str]:
    """The host has an address of IPv6 on the LAN, from `with` to the end of it."""
    address = f"fd00:2::{host.number}"
    host.namespace.ip("address", "add", f"{address}/64", "dev", "eth0", "nodad")
    try:
        yield address
    finally:
        host.namespace.ip("address", "delete", f"{address}/64", "dev", "eth0")


def group_of(address: str) -> str:
    """The group in which an address of IPv6 is asked for (RFC 4291 section 2.7.1)."""
    low = int(ipaddress.IPv6Address(address)) & 0xFFFFFF
    return str(ipaddress.IPv6Address((0xFF02 << 112) | (0x1FF << 24) | low))


def knock(host: Host, address: str, source: str = "") -> None:
    """Sends a datagram, so that the host's kernel has to know where the address is."""
    with host.namespace.entered():
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as opened:
            opened.bind((source, 0))
            # The discard port: nobody answers.
            opened.sendto(b"knock", (address, 9))


def neighbour(host: Host, address: str) -> tuple[str, str]:
    """What the host's kernel knows of an address: the hardware address and the state, empty where there is none."""
    entries = json.loads(host.namespace.ip("-json", "neighbour", "show", "to", address, "dev", "eth0") or "[]")
    if not entries:
        return "", ""
    return entries[0].get("lladdr", ""), entries[0]["state"][0]


def resolve(host: Host, address: str, timeout: float = 5, source: str = "") -> str:
    """The hardware address that the host's kernel finds for an address of which it knows nothing; `source` is the address it
    asks from, if that matters."""
    host.namespace.ip("neighbour", "flush", "to", address, "dev", "eth0")

    def is_found() -> bool:
        knock(host, address, source)
        return neighbour(host, address)[1] == "REACHABLE"

    eventually(f"{address} is found", is_found, timeout)
    return neighbour(host, address)[0]


def stations(host: Host, address: str) -> list[str]:
    """The hardware addresses, each once, of all who answer a solicitation for an address, sent to its group by ndisc6."""
    argv = ["ndisc6", "-n", "-m", "-r", "1", "-w", "500", address, "eth0"]
    done = host.namespace.run(*argv, check=False)
    # Who has just taken it tells so to all as well, again and again.
    return sorted({mac.lower() for mac in re.findall(r"Target link-layer address: ([0-9A-F:]{17})", done.stdout)})


def groups(host: Host) -> set[str]:
    """The groups that somebody has joined on the host's `eth0`."""
    listed = json.loads(host.namespace.ip("-json", "maddress", "show", "dev", "eth0"))
    return {entry["address"] for entry in listed[0]["maddr"] if entry.get("family") == "inet6"}
