"""GoBGP as a router that talks BGP: what it hears, it keeps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .bird import LOCAL_ASN, ROUTER_ASN, Route
from .namespace import Namespace
from .process import Process

_PORT = "50051"
"""Where it takes commands."""

_ESTABLISHED = 6
_AS_PATH, _NEXT_HOP, _LOCAL_PREF, _COMMUNITY = 2, 3, 5, 8
"""Path attributes (RFC 4271, RFC 1997)."""


class GoBgp:
    """GoBGP in a namespace, at an address of the LAN, with each of the nodes as a neighbour, by its name and address."""

    def __init__(
        self, namespace: Namespace, address: str, nodes: dict[str, str], folder: Path, password: str = "",
        asn: int = ROUTER_ASN,
    ) -> None:
        self.namespace = namespace
        self._nodes = nodes
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "gobgpd.json"
        config.write_text(json.dumps(self._configuration(address, password, asn)))
        argv = ["gobgpd", "-f", str(config), "-t", "json", "--api-hosts", f"127.0.0.1:{_PORT}", "--pprof-disable"]
        self.process = Process("gobgpd", namespace, argv, folder / "gobgpd.log")

    def _configuration(self, address: str, password: str, asn: int) -> dict[str, Any]:
        family = {"mp-graceful-restart": {"config": {"enabled": True}}}
        neighbor = {
            "transport": {"config": {"passive-mode": True}},
            "graceful-restart": {"config": {"enabled": True, "restart-time": 60}},
            "afi-safis": [family | {"config": {"afi-safi-name": name}} for name in ("ipv4-unicast", "ipv6-unicast")],
        }
        neighbors = [
            neighbor | {"config": {"neighbor-address": node, "peer-as": LOCAL_ASN, "auth-password": password}}
            for node in self._nodes.values()
        ]
        own = {"as": asn, "router-id": "192.168.2.1", "local-address-list": [address]}
        return {"global": {"config": own}, "neighbors": neighbors}

    def start(self) -> None:
        """Starts it."""
        self.process.start()

    def close(self) -> None:
        """Ends it."""
        self.process.end()

    def _ask(self, *words: str) -> Any:
        argv = ["gobgp", "-u", "127.0.0.1", "-p", _PORT, "-j", *words]
        answer = self.namespace.run(*argv, check=False).stdout
        try:
            return json.loads(answer)
        except ValueError:
            return {}

    def established(self) -> set[str]:
        """The nodes with which a session is up."""
        known = [item["state"] for item in self._ask("neighbor")]
        states = {state["neighbor_address"]: state.get("session_state") for state in known}
        return {name for name, address in self._nodes.items() if states.get(address) == _ESTABLISHED}

    def routes(self, prefix: str) -> dict[str, Route]:
        """The routes to a prefix, by the node that has told each."""
        names = {address: name for name, address in self._nodes.items()}
        paths = self._ask("global", "rib", "-a", "ipv4").get(prefix, [])
        return {names[path["neighbor-ip"]]: _route(path) for path in paths}


def _route(path: dict[str, Any]) -> Route:
    attributes = {attribute["type"]: attribute for attribute in path["attrs"]}
    numbers = attributes.get(_COMMUNITY, {}).get("communities", [])
    segments = attributes[_AS_PATH]["as_paths"] or []
    return Route(
        next_hop=attributes[_NEXT_HOP]["nexthop"],
        communities=[f"{number >> 16},{number & 0xFFFF}" for number in numbers],
        local_preference=attributes.get(_LOCAL_PREF, {}).get("value"),
        as_path=" ".join(str(asn) for segment in segments for asn in segment["asns"]),
    )
