"""FRRouting as a router that talks BGP and BFD."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from .bird import LOCAL_ASN, ROUTER_ASN, Route
from .cluster import eventually
from .namespace import Namespace
from .process import Process

_PROGRAMS = Path("/usr/lib/frr")


class Frr:
    """FRR's zebra, bgpd and bfdd in a namespace, with each of the nodes as a neighbour, by its name and address."""

    def __init__(
        self,
        namespace: Namespace,
        address: str,
        nodes: dict[str, str],
        folder: Path,
        password: str = "",
        has_bfd: bool = False,
        asn: int = ROUTER_ASN,
    ) -> None:
        self.namespace = namespace
        self._nodes = nodes
        # It insists on a user of its own, who may not go where tests keep their files.
        self._folder = own = Path(tempfile.mkdtemp(prefix="lbd-frr-"))
        shutil.chown(own, "frr", "frr")
        (own / "frr.conf").write_text(self._configuration(asn, password, has_bfd))
        options = ["-f", str(own / "frr.conf"), "-z", str(own / "zserv"), "--vty_socket", str(own)]
        options += ["-u", "frr", "-g", "frr", "-P", "0"]
        more = {"zebra": [], "bfdd": ["--bfdctl", str(own / "bfdd.sock")], "bgpd": ["-l", address]}
        folder.mkdir(parents=True, exist_ok=True)
        self.processes = [
            Process(
                name,
                namespace,
                [str(_PROGRAMS / name), *options, "-i", str(own / f"{name}.pid"), *arguments],
                folder / f"{name}.log",
            )
            for name, arguments in more.items()
        ]

    def _configuration(self, asn: int, password: str, has_bfd: bool) -> str:
        lines = [f"router bgp {asn}", "bgp router-id 192.168.2.1", "no bgp ebgp-requires-policy"]
        lines += ["no bgp default ipv4-unicast", "bgp graceful-restart", "timers bgp 3 9"]
        for address in self._nodes.values():
            lines += [f"neighbor {address} remote-as {LOCAL_ASN}", f"neighbor {address} passive"]
            if password:
                lines.append(f"neighbor {address} password {password}")
            if has_bfd:
                lines.append(f"neighbor {address} bfd 3 50 50")
        for family in ("ipv4", "ipv6"):
            lines.append(f"address-family {family} unicast")
            lines += [f"neighbor {address} activate" for address in self._nodes.values()]
            lines.append("exit-address-family")
        return "\n".join(lines) + "\n"

    def start(self) -> None:
        """Starts it. What bgpd asks of BFD goes by way of zebra, and is lost where bfdd is not there yet."""
        zebra, bfdd, bgpd = self.processes
        zebra.start()
        eventually("zebra", lambda: "Name" in self._clients())
        bfdd.start()
        eventually("bfdd", lambda: re.search(r"^bfd\b", self._clients(), re.MULTILINE))
        bgpd.start()

    def _clients(self) -> str:
        """What zebra says of those that it works for."""
        return self._tell("show zebra client summary")

    def close(self) -> None:
        """Ends it."""
        for process in reversed(self.processes):
            process.end()
        shutil.rmtree(self._folder)

    def _tell(self, words: str) -> str:
        return self.namespace.run("vtysh", "--vty_socket", str(self._folder), "-c", words, check=False).stdout

    def _show(self, words: str) -> Any:
        try:
            return json.loads(self._tell(f"show {words} json"))
        except ValueError:
            return {}

    def established(self) -> set[str]:
        """The nodes with which a session is up."""
        known = self._show("bgp neighbors")
        return {
            name
            for name, address in self._nodes.items()
            if known.get(address, {}).get("bgpState") == "Established"
        }

    def bfd_up(self) -> set[str]:
        """The nodes with which BFD is up."""
        states = {item["peer"]: item["status"] for item in self._show("bfd peers") or []}
        return {name for name, address in self._nodes.items() if states.get(address) == "up"}

    def routes(self, prefix: str) -> dict[str, Route]:
        """The routes to a prefix, by the node that has told each."""
        names = {address: name for name, address in self._nodes.items()}
        paths = self._show(f"bgp ipv4 unicast {prefix}").get("paths", [])
        return {names[path["peer"]["peerId"]]: _route(path) for path in paths}


def _route(path: dict[str, Any]) -> Route:
    words = path.get("community", {}).get("list", [])
    as_path = path["aspath"]["string"]
    return Route(
        next_hop=path["nexthops"][0]["ip"],
        communities=["65535,65281" if word == "noExport" else word.replace(":", ",") for word in words],
        as_path="" if as_path == "Local" else as_path,
        local_preference=path.get("locPrf"),
    )
