"""BIRD, as the router of the LAN: what it hears by BGP, it puts into its table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from .namespace import Namespace
from .process import Process

LOCAL_ASN = 64512
"""The AS of the nodes."""

ROUTER_ASN = 64513
"""The AS of the router, where it is another."""


@dataclass
class Route:
    """A route as the router has it: one for each node that has told it."""

    next_hop: str
    communities: list[str] = field(default_factory=list)
    local_preference: int | None = None
    as_path: str = ""


class Bird:
    """BIRD in a namespace, at an address of the LAN, with each of the nodes as a neighbour, by its name and address."""

    def __init__(
        self,
        namespace: Namespace,
        address: str,
        nodes: dict[str, str],
        folder: Path,
        asn: int = ROUTER_ASN,
        passwords: dict[str, str] | None = None,
        has_bfd: bool = False,
        is_secure: bool = False,
        connects: bool = False,
        bfd_password: str = "",
    ) -> None:
        self.namespace = namespace
        self.address = address
        self.nodes = nodes
        self.asn = asn
        self.passwords = passwords or {}
        self.has_bfd = has_bfd
        self.is_secure = is_secure
        """Whether to talk to neighbours on the same network alone (RFC 5082)."""
        self.bfd_password = bfd_password
        self.connects = connects
        """Whether to connect to the nodes too, and not only to be connected to."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "bird.conf"
        self.socket = folder / "bird.ctl"
        """Where it takes commands."""
        self._write()
        self.process = Process(
            "bird", namespace, ["bird", "-f", "-c", str(self._config), "-s", str(self.socket)], folder / "bird.log"
        )

    def _write(self) -> None:
        """Writes its configuration."""
        parts = [
            f"log \"{self._folder}/bird.log\" all;",
            "router id 192.168.2.1;",
            "protocol device { scan time 1; }",
            "protocol direct { ipv4; }",
            "protocol direct { ipv6; }",
            "protocol kernel { merge paths on; ipv4 { export where source = RTS_BGP; }; }",
        ]
        if self.has_bfd:
            key = f'authentication meticulous keyed sha1; password "{self.bfd_password}" {{ id 1; }};'
            guard = key if self.bfd_password else ""
            parts.append(f'protocol bfd {{ interface "*" {{ interval 50 ms; multiplier 3; {guard} }}; }}')
        options = ("bfd on; " if self.has_bfd else "") + ("ttl security on; " if self.is_secure else "")
        for name, address in self.nodes.items():
            password = f'password "{self.passwords[name]}";' if name in self.passwords else ""
            parts.append(
                f"protocol bgp {name} {{ local {self.address} as {self.asn}; neighbor {address} as {LOCAL_ASN};"
                f" {'' if self.connects else 'passive; '}{options}{password} error wait time 1, 2; connect retry time 1;"
                " ipv4 { import all; export none; }; ipv6 { import all; export none; }; }"
            )
        self._config.write_text("\n".join(parts) + "\n")

    def start(self) -> Bird:
        """Starts it."""
        self.process.start()
        return self

    def close(self) -> None:
        """Ends it."""
        self.process.end()

    def command(self, words: str) -> str:
        """What `birdc` answers."""
        return self.namespace.run("birdc", "-r", "-s", str(self.socket), *words.split(), check=False).stdout

    def restart(self, node: str = "all") -> None:
        """Ends the session with a node, or all, and begins anew."""
        self.namespace.run("birdc", "-s", str(self.socket), "restart", node)

    def established(self) -> set[str]:
        """The nodes with which a session is up."""
        lines = self.command("show protocols").splitlines()
        return {line.split()[0] for line in lines if " BGP " in line and line.rstrip().endswith("Established")}

    def bfd_up(self) -> set[str]:
        """The addresses with which BFD is up."""
        lines = [line.split() for line in self.command("show bfd sessions").splitlines()]
        return {words[0] for words in lines if len(words) > 2 and words[2] == "Up"}

    def last_error(self, node: str) -> str:
        """Why the session with a node ended last, as BIRD has it."""
        found = re.search(r"Last error:\s*(.*)", self.command(f"show protocols all {node}"))
        return found[1].strip() if found else ""

    def routes(self, prefix: str) -> dict[str, Route]:
        """The routes to a prefix, by the node that has told each."""
        routes: dict[str, Route] = {}
        current: Route | None = None
        for line in self.command(f"show route {prefix} all").splitlines():
            words = line.split()
            if found := re.search(r"\[(\w+) \d", line):
                if found[1] in self.nodes:
                    current = routes.setdefault(found[1], Route(next_hop=""))
                else:
                    current = None
            elif current is None or not words:
                continue
            elif words[0] == "BGP.next_hop:":
                current.next_hop = words[1]
            elif words[0] == "BGP.community:":
                current.communities = [",".join(part) for part in re.findall(r"\((\d+),(\d+)\)", line)]
            elif words[0] == "BGP.local_pref:":
                current.local_preference = int(words[1])
            elif words[0] == "BGP.as_path:":
                current.as_path = " ".join(words[1:])
        return routes

    def kernel_next_hops(self, prefix: str) -> list[str]:
        """Where the router's kernel sends what goes to a prefix, in its order."""
        return re.findall(r"via (\S+)", self.namespace.ip("route", "show", prefix))
