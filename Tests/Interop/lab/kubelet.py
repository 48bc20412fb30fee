"""Scheduler and kubelet of the test bed: gives each Pod a node, a namespace and a web server, and says that it is ready."""

from __future__ import annotations

import http.client
import threading
from types import TracebackType
from typing import Any

from .control import APIError, ControlPlane
from .lan import Lan, Pod
from .web import Web

_POLL_SECONDS = 0.3


class Kubelet:
    """For all nodes of a LAN, from `with` to the end of it. While the API server is down it leaves the pods alone."""

    def __init__(self, lan: Lan, control: ControlPlane) -> None:
        self._lan = lan
        self._control = control
        self._running: dict[str, tuple[Pod, Web]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)

    def __enter__(self) -> Kubelet:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join(30)
        for pod, web in self._running.values():
            web.close()
            self._lan.remove_pod(pod)
        self._running.clear()

    def _run(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            try:
                self._sync()
            except (OSError, http.client.HTTPException, APIError, ValueError):
                continue  # The API server is down, or somebody was faster; the next round sees.

    def _sync(self) -> None:
        pods = self._control.api("GET", "/api/v1/pods")["items"]
        there = {pod["metadata"]["uid"] for pod in pods}
        for uid in [uid for uid in self._running if uid not in there]:
            self._end(uid)
        for pod in pods:
            path = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod["metadata"]["uid"])
                self._control.api("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0})
            elif "nodeName" not in pod["spec"]:
                self._bind(path, pod)
            elif pod["metadata"]["uid"] not in self._running and pod["spec"]["nodeName"] in self._lan.nodes:
                self._begin(path, pod)

    def _bind(self, path: str, pod: dict[str, Any]) -> None:
        """To the node that the Pod selects by hostname, else to the one with the fewest pods."""
        wanted = pod["spec"].get("nodeSelector", {}).get("kubernetes.io/hostname")
        nodes = self._lan.nodes
        node = wanted or min(nodes, key=lambda name: len(nodes[name].pods))
        self._control.api(
            "POST",
            f"{path}/binding",
            {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": pod["metadata"]["name"]},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node},
            },
        )

    def _begin(self, path: str, pod: dict[str, Any]) -> None:
        name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]
        port = container.get("ports", [{}])[0].get("containerPort", 8080)
        place = self._lan.add_pod(pod["spec"]["nodeName"], pod["metadata"]["uid"])
        web = Web(name, place.namespace, port).start()
        self._running[pod["metadata"]["uid"]] = (place, web)
        started = {"startedAt": pod["metadata"]["creationTimestamp"]}
        self._control.api(
            "PATCH",
            f"{path}/status",
            {
                "status": {
                    "phase": "Running",
                    "hostIP": self._lan.nodes[place.node].address,
                    "podIP": place.address,
                    "podIPs": [{"ip": place.address}],
                    "startTime": pod["metadata"]["creationTimestamp"],
                    "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")],
                    "containerStatuses": [
                        {
                            "name": container["name"],
                            "image": container["image"],
                            "imageID": "",
                            "ready": True,
                            "restartCount": 0,
                            "state": {"running": started},
                        }
                    ],
                }
            },
        )

    def _end(self, uid: str) -> None:
        if uid in self._running:
            pod, web = self._running.pop(uid)
            web.close()
            self._lan.remove_pod(pod)
