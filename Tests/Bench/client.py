"""A client of the API server with little work of its own: all requests and watches are streams of one HTTP/2 connection.

libcurl, as in lbd itself, so that a floor measured with it is a floor for lbd too.
"""

from __future__ import annotations

import base64
import json
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pycurl
import yaml
from lab.control import APIError, ControlPlane

_MOST_IN_FLIGHT = 64
"""Requests that wait for an answer at a time; watches come on top."""
_WATCH_SECONDS = 3600

Seen = Callable[[str, dict[str, Any]], None]
"""Called with a watch event's type and object."""


@dataclass
class _Request:
    """A request, and what has come of its answer."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = "application/json"
    done: Callable[[bytes], None] | None = None
    answer: bytearray = field(default_factory=bytearray)


class Client:
    """From `with` to the end of it; the admin's account. Nothing moves but inside `run`, `sleep` and `call`."""

    def __init__(self, control: ControlPlane, folder: Path) -> None:
        self._url = control.url
        self._namespace = control.namespace
        self._authority, self._authorization = _credentials(control, folder)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
        self._queue: deque[_Request] = deque()
        self._running: dict[pycurl.Curl, _Request] = {}
        self._watches: list[pycurl.Curl] = []
        self._idle: list[pycurl.Curl] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        for handle in [*self._watches, *self._running]:
            self._multi.remove_handle(handle)
        self._multi.close()

    # What to do

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        done: Callable[[bytes], None] | None = None,
    ) -> None:
        """Queues a request with a JSON body; `done` gets the body of the answer."""
        data = None if body is None else json.dumps(body).encode()
        self._queue.append(_Request(method, path, data, content_type, done))

    def watch(self, path: str, seen: Seen) -> None:
        """Lists a collection, then follows it from there to the end of the client. What is there already is seen as
        ADDED."""
        listed = self.call("GET", path)
        for item in listed["items"]:
            seen("ADDED", item)
        version = listed["metadata"]["resourceVersion"]
        rest = bytearray()

        def receive(data: bytes) -> None:
            rest.extend(data)
            *lines, last = bytes(rest).split(b"\n")
            rest[:] = last
            for line in lines:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise RuntimeError(f"watch of {path}: {event['object']}")
                seen(event["type"], event["object"])

        query = f"watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
        handle = self._handle(_Request("GET", f"{path}?{query}"))
        handle.setopt(pycurl.WRITEFUNCTION, receive)
        self._watches.append(handle)
        self._multi.add_handle(handle)

    # Letting it happen

    def run(self, until: Callable[[], bool], timeout: float, what: str) -> None:
        """Goes on until `until` is true; an error after `timeout` seconds, or when the API server refuses anything."""
        deadline = time.monotonic() + timeout
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"not within {timeout:.0f} s: {what}")
            self._turn(left)

    def sleep(self, instant: float) -> None:
        """Goes on until this instant of the monotonic clock."""
        while (left := instant - time.monotonic()) > 0:
            self._turn(left)

    def settle(self, timeout: float = 600) -> None:
        """Goes on until every request is answered."""
        self.run(lambda: not self._queue and not self._running, timeout, "an answer to every request")

    def call(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Any:
        """One request, and its answer's object."""
        answers: list[bytes] = []
        self.request(method, path, body, done=answers.append)
        self.run(lambda: bool(answers), timeout, f"{method} {path}")
        return json.loads(answers[0])

    def _turn(self, longest: float) -> None:
        """Starts what there is room for, waits until something can go on, and lets it."""
        while self._queue and len(self._running) < _MOST_IN_FLIGHT:
            self._begin(self._queue.popleft())
        wait = self._multi.timeout()
        self._multi.select(longest if wait < 0 else min(longest, wait / 1000))
        self._multi.perform()
        _, good, bad = self._multi.info_read()
        for handle, _, message in bad:
            raise RuntimeError(f"{self._running.get(handle, 'a watch')}: {message}")
        for handle in good:
            self._finish(handle)

    def _finish(self, handle: pycurl.Curl) -> None:
        """Hands over an answer that is whole."""
        self._multi.remove_handle(handle)
        if handle not in self._running:
            raise RuntimeError("the API server has ended a watch")
        request = self._running.pop(handle)
        status = handle.getinfo(pycurl.RESPONSE_CODE)
        self._idle.append(handle)
        if status >= 400:
            raise APIError(request.method, request.path, status, request.answer.decode(errors="replace"))
        if request.done is not None:
            request.done(bytes(request.answer))

    def _begin(self, request: _Request) -> None:
        handle = self._handle(request)
        handle.setopt(pycurl.WRITEFUNCTION, request.answer.extend)
        self._running[handle] = request
        self._multi.add_handle(handle)

    def _handle(self, request: _Request) -> pycurl.Curl:
        handle = self._idle.pop() if self._idle else pycurl.Curl()
        handle.reset()
        for option, value in {
            pycurl.URL: self._url + request.path,
            pycurl.CUSTOMREQUEST: request.method,
            pycurl.HTTPHEADER: [self._authorization, f"Content-Type: {request.content_type}"],
            pycurl.CAINFO: str(self._authority),
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.PIPEWAIT: 1,
            pycurl.NOSIGNAL: 1,
            pycurl.OPENSOCKETFUNCTION: self._open_socket,
        }.items():
            handle.setopt(option, value)
        if request.body is not None:
            handle.setopt(pycurl.POSTFIELDS, request.body)
        return handle

    def _open_socket(self, _: int, address: tuple[Any, ...]) -> socket.socket:
        with self._namespace.entered():
            return socket.socket(*address[:3])


def _credentials(control: ControlPlane, folder: Path) -> tuple[Path, str]:
    """A file with the certificate of the cluster's authority, and the header that makes a request the admin's."""
    config = yaml.safe_load(control.kubeconfig_for("admin").read_text())
    authority = folder / "authority.crt"
    authority.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
    return authority, f"Authorization: Bearer {config['users'][0]['user']['token']}"
