"""Watches all Services and sees every state that the API server ever tells: no address may be given to two of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from types import TracebackType
from typing import Any

from .control import APIError, ControlPlane

_WATCH_SECONDS = 600


class ServiceWatch:
    """From `with` to the end of it; lists anew where a watch ends."""

    def __init__(self, control: ControlPlane) -> None:
        self._control = control
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="service watch", daemon=True)
        self.addresses: dict[str, list[str]] = {}
        self.duplicates: list[str] = []
        self.changes: list[tuple[str, list[str]]] = []

    def __enter__(self) -> ServiceWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()

    def forget(self) -> None:
        """Drops what was seen, save for the state as it is."""
        self.duplicates.clear()
        self.changes.clear()

    def assert_no_duplicate(self) -> None:
        """No address was ever given to two Services."""
        assert not self.duplicates, "\n".join(self.duplicates)

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, APIError, ValueError):
                self._follow()
            self._ended.wait(0.2)

    def _follow(self) -> None:
        listed = self._control.api("GET", "/api/v1/services")
        version = listed["metadata"]["resourceVersion"]
        present = {_key(item) for item in listed["items"]}
        for key in [key for key in self.addresses if key not in present]:
            del self.addresses[key]
        for item in listed["items"]:
            self._see(item)
        query = f"watch=1&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
        for line in self._control.stream(f"/api/v1/services?{query}"):
            if self._ended.is_set():
                return
            event = json.loads(line)
            if event["type"] == "ERROR":
                return
            if event["type"] == "DELETED":
                self.addresses.pop(_key(event["object"]), None)
            else:
                self._see(event["object"])

    def _see(self, service: dict[str, Any]) -> None:
        key = _key(service)
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
        addresses = [entry["ip"] for entry in ingress if "ip" in entry]
        if self.addresses.get(key, []) != addresses:
            self.changes.append((key, addresses))
        self.addresses[key] = addresses
        if _is_shared(service):
            return
        for other, theirs in self.addresses.items():
            if other != key and set(theirs) & set(addresses):
                self.duplicates.append(f"{key} and {other} both had {sorted(set(theirs) & set(addresses))}")


def _key(service: dict[str, Any]) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _is_shared(service: dict[str, Any]) -> bool:
    """Whether the Service may share its address with others."""
    annotations = service["metadata"].get("annotations", {})
    return any(name.endswith("/allow-shared-ip") for name in annotations)
