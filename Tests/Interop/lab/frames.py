"""The frames that lbd sends: those of the table that the module tests read too, and those that tcpdump captures."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from types import TracebackType

from .namespace import Namespace
from .node import REPOSITORY
from .process import Process

TABLE = REPOSITORY / "Tests/frames.txt"


def table() -> dict[str, bytes]:
    """The frames of the table by their names."""
    found: dict[str, str] = {}
    name = ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("  "):
            found[name] = found.get(name, "") + line
        elif line and not line.startswith("#"):
            name = line
    return {name: bytes.fromhex(text) for name, text in found.items()}


class Capture:
    """What tcpdump captures on an interface of what comes in there, from `with` to the end of it."""

    def __init__(self, namespace: Namespace, interface: str, folder: Path, expression: str = "arp or ip6") -> None:
        """With the files in `folder`; `expression` says which frames (pcap-filter(7))."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{interface}.pcap"
        self._process = Process(
            "tcpdump", namespace,
            ["tcpdump", "-i", interface, "-Q", "in", "-n", "-U", "--immediate-mode", "-Z", "root", "-w", str(self._file),
             expression],
            folder / "tcpdump.log",
        )

    def __enter__(self) -> Capture:
        self._process.start()
        self._process.wait_for_line("listening on")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.end()

    @property
    def frames(self) -> list[bytes]:
        """All frames so far, oldest first."""
        data = self._file.read_bytes() if self._file.exists() else b""
        # A header of 24 bytes; before each frame 16, of which the third word is the number of bytes that follow.
        found, offset = [], 24
        while offset + 16 <= len(data):
            (length,) = struct.unpack_from("=I", data, offset + 8)
            frame = data[offset + 16 : offset + 16 + length]
            if len(frame) == length:
                found.append(frame)
            offset += 16 + length
        return found

    def wait_for(self, frame: bytes, what: str, timeout: float = 10) -> None:
        """Waits until this frame has come."""
        deadline = time.monotonic() + timeout
        while frame not in self.frames:
            seen = "\n".join(each.hex() for each in self.frames[-20:])
            assert time.monotonic() < deadline, f"not within {timeout} s: {what}, {frame.hex()}, but\n{seen}"
            time.sleep(0.1)
