"""What Kubernetes' controllers and kube-proxy do, played on a stand-in: as much of it as a demonstration needs."""

from __future__ import annotations

import base64
import threading
from types import TracebackType

from ..control import DataPath
from ..lan import Lan
from .errors import ApiError
from .resources import Json
from .server import StandIn

_LOOK_SECONDS = 0.5


class Controllers(DataPath):
    """From `with` to the end of it: gives ServiceAccounts' Secrets their tokens, Deployments their Pods, each on the next
    node, and Services their endpoints, and leads what is sent to a Service's addresses to its endpoints on every node,
    as kube-proxy would."""

    def __init__(self, lan: Lan, standin: StandIn) -> None:
        """The controllers of `standin`, and the data path on the nodes of `lan`."""
        self._lan = lan
        self._standin = standin
        self._rules = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)

    def __enter__(self) -> Controllers:
        """Begins."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends."""
        self._ended.set()
        self._standin.store.wake()
        self._thread.join(10)

    @property
    def rules(self) -> str:
        """The nftables rules that are in force on every node."""
        return self._rules

    def _run(self) -> None:
        store = self._standin.store
        seen = -1
        while not self._ended.is_set():
            with store.changed:
                if store.version == seen:
                    store.changed.wait(_LOOK_SECONDS)
                    continue
                seen = store.version
            try:
                self._sync()
            except ApiError:
                seen = -1  # Somebody deleted what was being looked at; the next round sees.

    def _sync(self) -> None:
        """One round over everything. What is as it should be already makes no new version."""
        for secret in self._standin.objects("secrets"):
            if secret["type"] == "kubernetes.io/service-account-token" and "data" not in secret:
                self._make_token(secret["metadata"])
        deployments = self._standin.objects("deployments")
        pods = self._standin.objects("pods")
        for deployment in deployments:
            self._deploy(deployment, [pod for pod in pods if _is_owned(pod, deployment)])
        living = {deployment["metadata"]["uid"] for deployment in deployments}
        for pod in pods:
            owners = pod["metadata"].get("ownerReferences") or []
            if owners and owners[0]["kind"] == "Deployment" and owners[0]["uid"] not in living:
                self._standin.delete("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        services = self._standin.objects("services")
        for service in services:
            if service["spec"].get("selector"):
                self._publish(service, _ready_pods(pods, service))
        there = {(service["metadata"]["namespace"], service["metadata"]["name"]) for service in services}
        for plural in ("endpoints", "endpointslices"):
            for obj in self._standin.objects(plural):
                key = (obj["metadata"]["namespace"], obj["metadata"]["name"])
                if key not in there:
                    self._standin.delete(plural, *key)
        self._route(services, pods)

    def _make_token(self, metadata: Json) -> None:
        """Puts a token into a ServiceAccount's Secret."""
        token = base64.b64encode(f"token-of-{metadata['name']}".encode()).decode()
        resource = self._standin.catalogue.by_plural["secrets"]
        key = (metadata["namespace"], metadata["name"])
        self._standin.store.update(resource, key, lambda old: {**old, "data": {"token": token}})

    def _deploy(self, deployment: Json, pods: list[Json]) -> None:
        """Makes the Pods that a Deployment lacks, and tells in its status what there is."""
        metadata, wanted = deployment["metadata"], deployment["spec"]["replicas"]
        template = deployment["spec"]["template"]
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
        nodes = list(self._lan.nodes)
        for number in range(len(pods), wanted):
            spec = {**template["spec"], "nodeName": nodes[number % len(nodes)]}
            labels = template["metadata"].get("labels", {})
            pod_metadata = {"generateName": f"{metadata['name']}-", "labels": labels, "ownerReferences": [owner]}
            resource = self._standin.catalogue.by_plural["pods"]
            self._standin.store.create(resource, metadata["namespace"], {"metadata": pod_metadata, "spec": spec})
        for pod in pods[wanted:]:
            self._standin.delete("pods", metadata["namespace"], pod["metadata"]["name"])
        ready = sum(1 for pod in pods if _address(pod))
        counts = {"replicas": wanted, "updatedReplicas": wanted, "readyReplicas": ready, "availableReplicas": ready}
        resource = self._standin.catalogue.by_plural["deployments"]
        key = (metadata["namespace"], metadata["name"])
        self._standin.store.update(resource, key, lambda old: {**old, "status": counts}, is_status=True)

    def _publish(self, service: Json, pods: list[Json]) -> None:
        """Writes a Service's Endpoints and its EndpointSlice."""
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        ports = [
            {"name": port.get("name", ""), "port": port["targetPort"], "protocol": port["protocol"]}
            for port in service["spec"]["ports"]
        ]
        addresses = [{"ip": _address(pod), "nodeName": pod["spec"]["nodeName"]} for pod in pods]
        subsets = [{"addresses": addresses, "ports": ports}] if addresses else []
        metadata: Json = {"name": name, "namespace": namespace}
        self._standin.apply({"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata, "subsets": subsets})
        discovery = self._standin.catalogue.dialect.discovery_version
        self._standin.apply(
            {
                "apiVersion": f"discovery.k8s.io/{discovery}",
                "kind": "EndpointSlice",
                "metadata": {**metadata, "labels": {"kubernetes.io/service-name": name}},
                "addressType": "IPv4",
                "ports": ports,
                "endpoints": [_endpoint(pod, discovery) for pod in pods],
            }
        )

    def _route(self, services: list[Json], pods: list[Json]) -> None:
        """Puts the rules for all Services into every node's kernel, where they have changed."""
        lines = []
        for service in services:
            targets = [_address(pod) for pod in _ready_pods(pods, service)]
            ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
            # The nodes' network is of IPv4.
            for address in [each["ip"] for each in ingress if ":" not in each["ip"]] if targets else []:
                for port in service["spec"]["ports"]:
                    chosen = ", ".join(f"{index} : {each}" for index, each in enumerate(targets))
                    match = f"ip daddr {address} {port['protocol'].lower()} dport {port['port']}"
                    target = f"numgen inc mod {len(targets)} map {{ {chosen} }}:{port['targetPort']}"
                    lines.append(f"{match} dnat to {target}")
        rules = _TABLE.format(lines="\n    ".join(lines))
        if rules == self._rules:
            return
        for host in self._lan.nodes.values():
            host.namespace.run("nft", "-f", "-", stdin=rules)
        self._rules = rules


_TABLE = """\
table ip services
delete table ip services
table ip services {{
  chain prerouting {{
    type nat hook prerouting priority dstnat;
    {lines}
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ct status dnat masquerade
  }}
}}
"""


def _address(pod: Json) -> str:
    """A running Pod's address; empty where it does not run."""
    address: str = pod.get("status", {}).get("podIP", "")
    return address


def _is_owned(pod: Json, deployment: Json) -> bool:
    """Whether the Deployment made the Pod."""
    owners = pod["metadata"].get("ownerReferences") or []
    return any(owner["uid"] == deployment["metadata"]["uid"] for owner in owners)


def _ready_pods(pods: list[Json], service: Json) -> list[Json]:
    """The running Pods that a Service selects."""
    selector = service["spec"].get("selector") or {}
    namespace = service["metadata"]["namespace"]
    return [
        pod
        for pod in pods
        if selector
        and pod["metadata"]["namespace"] == namespace
        and selector.items() <= (pod["metadata"].get("labels") or {}).items()
        and _address(pod)
    ]


def _endpoint(pod: Json, discovery: str) -> Json:
    """A Pod as an endpoint of a slice."""
    node = pod["spec"]["nodeName"]
    place = {"nodeName": node} if discovery == "v1" else {"topology": {"kubernetes.io/hostname": node}}
    return {"addresses": [_address(pod)], "conditions": {"ready": True}, **place}
