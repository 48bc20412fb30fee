"""What the test bed needs of a control plane, be it the real one (`lab.kube`) or the stand-in (`lab.standin`)."""

from __future__ import annotations

import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from .lan import Lan
from .namespace import Namespace


class APIError(Exception):
    """The API server answered with a status of 400 or above."""

    def __init__(self, method: str, path: str, status: int, body: str) -> None:
        super().__init__(f"{method} {path}: {status}: {body[:400]}")
        self.status = status


class DataPath(ABC):
    """The way from a Service's address to its endpoints on every node of a LAN, from `with` to the end of it."""

    @abstractmethod
    def __enter__(self) -> Self:
        """Begins."""

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends."""

    def renew(self) -> None:
        """Has it look at the API server at once, if that was away meanwhile."""

    def tail(self, count: int = 10) -> str:
        """The end of its logs, for a person."""
        return ""


class ControlPlane(ABC):
    """An API server in a namespace, from `start` to `close`."""

    namespace: Namespace

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it listens: `https://HOST:PORT`, or http."""

    @abstractmethod
    def start(self) -> None:
        """Starts what is not running and waits until it serves."""

    @abstractmethod
    def stop(self) -> None:
        """Ends it at once, with its data kept for the next start."""

    @abstractmethod
    def close(self) -> None:
        """Ends everything."""

    def restart(self) -> None:
        """`stop`, then `start`."""
        self.stop()
        self.start()

    @abstractmethod
    def data_path(self, lan: Lan, folder: Path) -> DataPath:
        """What leads Services' addresses to their endpoints on the nodes of `lan`; they must be in the cluster by then.
        Its logs are in a folder for each node below `folder`."""

    # Talking to it

    @abstractmethod
    def kubeconfig_for(self, user: str) -> Path:
        """A kubeconfig file for `admin`, `lbd` or `kube-proxy`."""

    @abstractmethod
    def kubectl(self, *args: str, stdin: str | None = None, check: bool = True) -> str:
        """What kubectl prints on standard output, as admin; on standard error too, unless `check`."""

    @abstractmethod
    def api(self, method: str, path: str, body: Any = None, user: str = "admin") -> Any:
        """One request with JSON both ways; PATCH is a merge-patch. Raises APIError."""

    @abstractmethod
    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch's answer as they come, until it ends."""

    def apply(self, *objects: dict[str, Any]) -> None:
        """`kubectl apply` of these objects."""
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))

    def get(self, path: str) -> Any:
        """GET of an object or a list; nil where there is none."""
        try:
            return self.api("GET", path)
        except APIError as error:
            if error.status == 404:
                return None
            raise

    def delete(self, path: str) -> None:
        """DELETE; harmless where there is nothing."""
        try:
            self.api("DELETE", path)
        except APIError as error:
            if error.status != 404:
                raise

    def events(self, namespace: str, name: str | None = None) -> list[dict[str, Any]]:
        """The Events about an object, or about everything in a namespace, oldest first."""
        query = "" if name is None else "?" + urllib.parse.urlencode({"fieldSelector": f"involvedObject.name={name}"})
        items: list[dict[str, Any]] = self.api("GET", f"/api/v1/namespaces/{namespace}/events{query}")["items"]
        return sorted(items, key=lambda item: int(item["metadata"]["resourceVersion"]))
