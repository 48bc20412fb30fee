"""Varlink from the client's side, as its specification has it: JSON objects over a stream socket, each ended by NUL."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any


class VarlinkError(Exception):
    """The server answered with an error; `name` is INTERFACE.ERROR."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        super().__init__(f"{name} {parameters}")
        self.name = name
        self.parameters = parameters


class Varlink:
    """A connection, from `with` to the end of it."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._socket.connect(str(path))
        self._held = b""

    def __enter__(self) -> Varlink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, *messages: bytes) -> None:
        """Sends messages as they are, with the NUL at the end of each."""
        self._socket.sendall(b"".join(message + b"\0" for message in messages))

    def is_closed(self) -> bool:
        """Whether the server closes the connection instead of saying anything."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def reply(self) -> dict[str, Any]:
        """The parameters of the next reply; VarlinkError if it is an error."""
        while b"\0" not in self._held:
            piece = self._socket.recv(65_536)
            assert piece, f"the server closed the connection after {self._held!r}"
            self._held += piece
        message, self._held = self._held.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            raise VarlinkError(reply["error"], reply["parameters"])
        assert set(reply) == {"parameters"}, reply
        parameters: dict[str, Any] = reply["parameters"]
        return parameters

    def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Calls a method and gives the parameters of its reply."""
        message: dict[str, Any] = {"method": method}
        if parameters is not None:
            message["parameters"] = parameters
        self.send(json.dumps(message).encode())
        return self.reply()


def call(path: Path, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
    """One call on a connection of its own."""
    with Varlink(path) as connection:
        return connection.call(method, parameters)
