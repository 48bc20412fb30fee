"""The stand-in as the control plane of a test bed: in a namespace, with the same doors as the real one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..control import APIError, ControlPlane
from ..lan import CONTROL_ADDRESS, Lan
from ..namespace import Namespace
from .controllers import Controllers
from .faults import Faults
from .rest import Answer, Request, Watch
from .server import StandIn
from .watches import Stream

PORT = 6443


class StandInControlPlane(ControlPlane):
    """A StandIn whose socket is in a namespace. Everybody is the same user to it; it keeps its objects over a stop.
    What comes by the methods here, save for `kubectl`, does not go by its socket, and so meets none of its faults."""

    def __init__(self, namespace: Namespace, folder: Path, dialect: str = "newest") -> None:
        """A control plane in `namespace`, with its kubeconfig files in `folder`."""
        self.namespace = namespace
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.standin = StandIn(dialect=dialect, address=CONTROL_ADDRESS, port=PORT)
        self._closed = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.standin.url

    def kubeconfig_for(self, user: str) -> Path:
        """A kubeconfig file; `user` names the file only."""
        path = self.folder / f"{user}.kubeconfig"
        path.write_text(self.standin.kubeconfig())
        path.chmod(0o640)
        return path

    def kubectl(self, *args: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints on standard output; on standard error too, unless `check`."""
        # What kubectl remembers of a server's resources must not outlive it: another dialect may come to the address.
        options = ["--kubeconfig", str(self.kubeconfig_for("admin")), "--cache-dir", str(self.folder / "kubectl-cache")]
        done = self.namespace.run("kubectl", *options, *args, stdin=stdin, check=check, timeout=60)
        return done.stdout if check else done.stdout + done.stderr

    def api(self, method: str, path: str, body: Any = None, user: str = "admin") -> Any:
        """One request with JSON both ways; PATCH is a merge-patch. Raises APIError, as the real one's does."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = b"" if body is None else json.dumps(body).encode()
        answer = self.standin.api.answer(Request(method, path, {"content-type": kind}, data))
        assert isinstance(answer, Answer), "a watch does not end"
        return json.loads(_good(answer, method, path))

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch's answer as they come, until `close`; a stop does not end it."""
        watch = self.standin.api.answer(Request("GET", path))
        if not isinstance(watch, Watch):
            yield _good(watch, "GET", path)
            return
        stream = Stream(watch, self.standin.store, Faults(lambda: None), path, self.standin.bookmark_seconds)
        for event in stream.events(self._closed, lambda: True):
            yield json.dumps(event).encode()

    def apply(self, *objects: dict[str, Any]) -> None:
        """Creates these objects or replaces them, status included."""
        for each in objects:
            self.standin.apply(each)

    def data_path(self, lan: Lan, folder: Path) -> Controllers:
        """The controllers that make Pods and endpoints, and the rules that lead to them."""
        return Controllers(lan, self.standin)

    def start(self) -> None:
        """Begins to serve, unless it does."""
        if not self.standin.is_running:
            with self.namespace.entered():
                self.standin.start()

    def stop(self) -> None:
        """Closes the port and every connection; the objects stay."""
        self.standin.stop()

    def close(self) -> None:
        """As `stop`, and ends what `stream` gave."""
        self._closed.set()
        self.stop()
        self.standin.store.wake()


def _good(answer: Answer, method: str, path: str) -> bytes:
    """The body of an answer that is no error. Raises APIError."""
    if answer.status >= 400:
        raise APIError(method, path, answer.status, answer.encoded().decode())
    return answer.encoded()
