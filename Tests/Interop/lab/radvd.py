"""radvd, as the router of the LAN: it advertises the prefixes that a test says."""

from __future__ import annotations

import signal
from pathlib import Path
from types import TracebackType

from .namespace import Namespace
from .process import Process

VALID_SECONDS = 20
"""For how long a prefix is valid after it was advertised last. Short from the beginning: hosts do not believe in less than two
hours where they were told more before (RFC 4862 section 5.5.3)."""


class Radvd:
    """From `with` to the end of it, in a namespace that is a router, on an interface of it."""

    def __init__(self, namespace: Namespace, interface: str, folder: Path) -> None:
        self._interface = interface
        self._config = folder / "radvd.conf"
        argv = ["radvd", "--nodaemon", "--logmethod", "stderr", "--config", str(self._config)]
        argv += ["--pidfile", str(folder / "radvd.pid")]
        self.process = Process("radvd", namespace, argv, folder / "radvd.log")
        namespace.sysctl("net.ipv6.conf.all.forwarding", 1)

    def __enter__(self) -> Radvd:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.end()

    def advertise(self, *prefixes: str, deprecated: tuple[str, ...] = ()) -> None:
        """Advertises these prefixes of 64 bits from now on, and those that are not to be used for anything new."""
        told = [(prefix, VALID_SECONDS - 5) for prefix in prefixes] + [(prefix, 0) for prefix in deprecated]
        lines = [f"interface {self._interface} {{", "AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;"]
        for prefix, preferred in told:
            lifetimes = f"AdvValidLifetime {VALID_SECONDS}; AdvPreferredLifetime {preferred};"
            lines.append(f"prefix {prefix} {{ {lifetimes} }};")
        self._config.write_text("\n".join([*lines, "};", ""]))
        if self.process.is_running:
            self.process.signal(signal.SIGHUP)
        else:
            self.process.start()
