"""The stand-in as the control plane of a test bed: in a namespace, with the same doors as the real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..kube import APIError
from ..lan import CONTROL_ADDRESS
from ..namespace import Namespace
from .rest import Answer, Request
from .server import StandIn

PORT = 6443


class StandInControlPlane:
    """A StandIn whose socket is in a namespace. Everybody is the same user to it; it keeps its objects over a stop."""

    def __init__(self, namespace: Namespace, folder: Path, dialect: str = "newest") -> None:
        """A control plane in `namespace`, with its kubeconfig files in `folder`."""
        self.namespace = namespace
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.standin = StandIn(dialect=dialect, address=CONTROL_ADDRESS, port=PORT)

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
        if answer.status >= 400:
            raise APIError(method, path, answer.status, answer.encoded().decode())
        return json.loads(answer.encoded())

    def start(self) -> None:
        """Begins to serve."""
        with self.namespace.entered():
            self.standin.start()

    def stop(self) -> None:
        """Closes the port and every connection; the objects stay."""
        self.standin.stop()

    def close(self) -> None:
        """As `stop`: there is nothing else."""
        self.stop()
