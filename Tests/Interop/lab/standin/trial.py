"""What the tests of the stand-in share: a plain HTTP client and a few objects."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any

from .server import StandIn

DIALECTS = ("1.20", "newest")
KUBE_VERIFY = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "kube-verify", "namespace": "kube-verify"},
    "spec": {
        "selector": {"app": "kube-verify"},
        "ports": [{"protocol": "TCP", "port": 80, "targetPort": 8080}],
        "type": "LoadBalancer",
    },
}
SERVICES = "/api/v1/namespaces/kube-verify/services"
MERGE = "application/merge-patch+json"
INGRESS = {"status": {"loadBalancer": {"ingress": [{"ip": "192.168.2.129"}]}}}


def namespace(name: str) -> dict[str, Any]:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap in kube-verify."""
    metadata = {"name": name, "namespace": "kube-verify"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@contextlib.contextmanager
def served(dialect: str) -> Iterator[StandIn]:
    """A stand-in with the namespace kube-verify."""
    with StandIn(dialect=dialect, bookmark_seconds=0.1) as server:
        server.apply(namespace("kube-verify"))
        yield server


class Reply:
    """An HTTP answer."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def connect(standin: StandIn, timeout: float = 5) -> http.client.HTTPConnection:
    """A connection of its own."""
    return http.client.HTTPConnection(standin.address, standin.port, timeout=timeout)


def call(
    standin: StandIn, method: str, path: str, body: Any = None, kind: str = "application/json", **headers: str
) -> Reply:
    """One request."""
    connection = connect(standin)
    try:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        connection.request(method, path, data, {"Content-Type": kind, **headers})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def watch(standin: StandIn, path: str, count: int = 100, **query: Any) -> list[dict[str, Any]]:
    """The first `count` events of a watch, or those until it ends."""
    parameters = "&".join(f"{key}={value}" for key, value in {"watch": 1, "timeoutSeconds": 1, **query}.items())
    connection = connect(standin)
    try:
        connection.request("GET", f"{path}?{parameters}")
        answer = connection.getresponse()
        assert answer.status == 200
        lines = (answer.readline() for _ in range(count))
        return [json.loads(line) for line in iter(lambda: next(lines, b""), b"")]
    finally:
        connection.close()


def version(standin: StandIn) -> int:
    """The current resourceVersion."""
    return int(call(standin, "GET", SERVICES).json["metadata"]["resourceVersion"])


def raw_watch(standin: StandIn, seconds: float = 10) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """A watch on the Services from now on."""
    connection = connect(standin)
    connection.request("GET", f"{SERVICES}?watch=true&timeoutSeconds={seconds:.0f}&resourceVersion={version(standin)}")
    return connection, connection.getresponse()
