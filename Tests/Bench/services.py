"""The Services of the benchmark: makes them by the hundred, and sees on a watch when each has its address."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from . import objects
from .client import Client


class Services:
    """All Services of the benchmark's namespace, and their EndpointSlices."""

    def __init__(self, client: Client, nodes: list[str]) -> None:
        self._client = client
        self._nodes = nodes
        groups = client.call("GET", "/apis/discovery.k8s.io")["versions"]
        self._slices = "v1" if any(group["version"] == "v1" for group in groups) else "v1beta1"
        self.addresses: dict[str, str | None] = {}
        """The address of each Service there is, by name; nil for one that has none yet."""
        self.served_at: dict[str, float] = {}
        """When the watch showed each Service's first address, on the monotonic clock in seconds."""
        client.watch(objects.SERVICES, self._see)

    def create(self, names: list[str], is_floor: bool) -> float:
        """Queues the creation of Services, without an endpoint, and gives the instant before the first."""
        start = time.monotonic()
        for name in names:
            self._client.request("POST", objects.SERVICES, objects.service(name, is_floor))
        return start

    def wait_served(self, names: list[str], timeout: float = 600) -> float:
        """Waits until each of these has an address, and gives the instant at which the last one was seen."""
        self._wait_all(names, lambda name: name in self.served_at, timeout, "have an address")
        self._client.settle()
        return max(self.served_at[name] for name in names)

    def delete(self, names: list[str]) -> None:
        """Deletes Services, and waits until they are gone."""
        for name in names:
            self._client.request("DELETE", f"{objects.SERVICES}/{name}")
        self._client.settle()
        self._wait_all(names, lambda name: name not in self.addresses, 60, "are gone")
        for name in names:
            self.served_at.pop(name, None)

    def create_endpoints(self, names: list[str]) -> None:
        """Gives each of these Services a ready endpoint on every node."""
        for name in names:
            body = objects.endpoint_slice(name, self._nodes, self._slices)
            self._client.request("POST", objects.slices_path(self._slices), body)
        self._client.settle()

    def ensure(self, count: int) -> list[str]:
        """Makes Services with endpoints until there are `count` that have an address; gives all their names."""
        there = [name for name in self.addresses if name.startswith("kept-")]
        new = [f"kept-{number:05}" for number in range(len(there), count)]
        if new:
            self.create(new, is_floor=False)
            self.create_endpoints(new)
            self.wait_served(new)
        return there + new

    @property
    def collections(self) -> list[str]:
        """The collections that a load balancer must list before it knows what to announce."""
        return ["/api/v1/services", f"/apis/discovery.k8s.io/{self._slices}/endpointslices"]

    def _wait_all(self, names: list[str], holds: Callable[[str], bool], timeout: float, what: str) -> None:
        left = list(names)

        def is_done() -> bool:
            # Looks at each name once it holds, and not at all of them again and again.
            while left and holds(left[-1]):
                left.pop()
            return not left

        self._client.run(is_done, timeout, f"all {len(names)} Services {what}")

    def _see(self, kind: str, service: dict[str, Any]) -> None:
        name = service["metadata"]["name"]
        if kind == "DELETED":
            self.addresses.pop(name, None)
            return
        self.addresses[name] = address = objects.address(service)
        if address is not None:
            self.served_at.setdefault(name, time.monotonic())
        elif kind == "ADDED" and objects.is_floor(service):
            path = f"{objects.SERVICES}/{name}/status"
            self._client.request("PATCH", path, objects.floor_patch(service), objects.MERGE_PATCH)
