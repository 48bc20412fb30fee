"""An apt repository as a maker serves it: signed with a key of its own, by a web server on the control plane's host."""

from __future__ import annotations

import functools
import itertools
import os
import re
import shutil
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from lab.lan import CONTROL_ADDRESS
from lab.namespace import Namespace
from lab.node import REPOSITORY

PORT = 8000


class Repository:
    """Holds nothing until `publish`; is served from `with` to the end of it."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.folder = folder
        self._served = folder / "served"
        self._keys = folder / "keys"
        self._served.mkdir(parents=True)
        self._keys.mkdir(mode=0o700)
        self._environment = os.environ | {"GNUPGHOME": str(self._keys), "URL": self.url}
        self._versions = itertools.count(1)
        self._gpg("--batch", "--passphrase", "", "--quick-generate-key", "lbd test", "ed25519", "sign", "never")
        (self.key,) = re.findall(r"(?m)^fpr:+(\w+):", self._gpg("--with-colons", "--list-keys"))
        with namespace.entered():
            self._server = ThreadingHTTPServer(
                (CONTROL_ADDRESS, PORT), functools.partial(_Handler, directory=str(self._served))
            )
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="repository", daemon=True
        )

    @property
    def url(self) -> str:
        """Where nodes find it."""
        return f"http://{CONTROL_ADDRESS}:{PORT}/"

    @property
    def sources(self) -> str:
        """What tells apt on a node all about it (sources.list(5)), as it is served."""
        return (self._served / "lbd.sources").read_text()

    def publish(self, package: Path) -> None:
        """Makes it the repository of this package, as `make apt-repo` does."""
        command = [REPOSITORY / "scripts/make-apt-repo", self.key, self._served, package]
        done = subprocess.run(command, env=self._environment, text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr

    def publish_next(self, package: Path, folder: Path) -> str:
        """Publishes the same package under a higher version number than any before, and gives that."""
        version = f"99.{next(self._versions)}"
        unpacked = folder / "unpacked"
        run = functools.partial(subprocess.run, check=True, capture_output=True, timeout=120)
        run(["dpkg-deb", "--raw-extract", str(package), str(unpacked)])
        control = unpacked / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*$", f"Version: {version}", control.read_text()))
        higher = folder / f"lbd_{version}.deb"
        run(["dpkg-deb", "--root-owner-group", "--build", str(unpacked), str(higher)])
        self.publish(higher)
        return version

    def __enter__(self) -> Repository:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()
        subprocess.run(["gpgconf", "--kill", "all"], env=self._environment, capture_output=True, timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _gpg(self, *args: str) -> str:
        done = subprocess.run(["gpg", *args], env=self._environment, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, f"gpg {' '.join(args)}: {done.stderr}"
        return done.stdout


class _Handler(SimpleHTTPRequestHandler):
    """Serves the folder, and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
