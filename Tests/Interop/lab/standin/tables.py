"""Server-side printing: the Tables behind `kubectl get`."""

import calendar
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .resources import Json, Resource


@dataclass(frozen=True)
class Column:
    """One column of a resource's Table."""

    name: str
    cell: Callable[[Json], Any]
    wide: bool = False
    """Shown by `-o wide` only."""
    type: str = "string"


def table(resource: Resource, objects: list[Json], metadata: Json, include: str) -> Json:
    """A meta.k8s.io/v1 Table of `objects`; `include` is the query's includeObject: None, Metadata or Object."""
    columns = COLUMNS.get(resource.kind, [NAME, AGE])
    definitions = [
        {
            "name": column.name,
            "type": column.type,
            "format": "name" if column.name == "Name" else "",
            "description": "",
            "priority": int(column.wide),
        }
        for column in columns
    ]
    rows = []
    for obj in objects:
        row: Json = {"cells": [column.cell(obj) for column in columns]}
        if include == "Object":
            row["object"] = obj
        elif include != "None":
            partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
            row["object"] = partial
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def age(timestamp: str | None) -> str:
    """How long ago a metav1.Time or MicroTime was, in kubectl's short form."""
    if not timestamp:
        return "<unknown>"
    seconds = int(time.time()) - calendar.timegm(time.strptime(timestamp[:19], "%Y-%m-%dT%H:%M:%S"))
    seconds = max(seconds, 0)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def _at(obj: Json, path: str, default: Any = None) -> Any:
    """The value at a dotted path, or `default` where it is unset."""
    found: Any = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return default if found is None else found


def _field(path: str, default: Any = "<none>") -> Callable[[Json], Any]:
    """A cell that shows a field."""
    return lambda obj: _at(obj, path, default)


def _count(path: str) -> Callable[[Json], int]:
    """A cell that shows how many entries a field has."""
    return lambda obj: len(_at(obj, path, {}))


def _labels(labels: Json | None) -> str:
    """Labels as kubectl shows them."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def _external_ip(service: Json) -> str:
    """EXTERNAL-IP of a Service."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return spec.get("externalName", "")
    ingress = _at(service, "status.loadBalancer.ingress", []) if spec.get("type") == "LoadBalancer" else []
    addresses = [each.get("ip") or each.get("hostname", "") for each in ingress] + (spec.get("externalIPs") or [])
    return ",".join(addresses) or ("<pending>" if spec.get("type") == "LoadBalancer" else "<none>")


def _service_ports(service: Json) -> str:
    """PORT(S) of a Service."""
    shown = []
    for port in service["spec"].get("ports") or []:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        shown.append(f"{port['port']}{node_port}/{port['protocol']}")
    return ",".join(shown) or "<none>"


def _node_status(node: Json) -> str:
    """STATUS of a Node."""
    ready = [each["status"] for each in _at(node, "status.conditions", []) if each["type"] == "Ready"]
    words = ["Unknown" if not ready else "Ready" if ready[0] == "True" else "NotReady"]
    if _at(node, "spec.unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _node_roles(node: Json) -> str:
    """ROLES of a Node."""
    prefix = "node-role.kubernetes.io/"
    labels = _at(node, "metadata.labels", {})
    return ",".join(sorted(key.removeprefix(prefix) for key in labels if key.startswith(prefix))) or "<none>"


def _node_address(kind: str) -> Callable[[Json], str]:
    """A cell that shows a Node's address of one kind."""
    return lambda node: next(
        (each["address"] for each in _at(node, "status.addresses", []) if each["type"] == kind), "<none>"
    )


def _pod_ready(pod: Json) -> str:
    """READY of a Pod."""
    ready = [each.get("ready", False) for each in _at(pod, "status.containerStatuses", [])]
    return f"{sum(ready)}/{len(_at(pod, 'spec.containers', []))}"


def _endpoints(obj: Json) -> str:
    """ENDPOINTS of an Endpoints object."""
    shown = []
    for subset in obj.get("subsets") or []:
        for address in subset.get("addresses") or []:
            shown += [f"{address['ip']}:{port['port']}" for port in subset.get("ports") or []]
    more = f" + {len(shown) - 3} more..." if len(shown) > 3 else ""
    return ",".join(shown[:3]) + more if shown else "<none>"


def _containers(field: str) -> Callable[[Json], str]:
    """A cell that shows a field of the containers of a workload's template."""
    return lambda obj: ",".join(each.get(field, "") for each in _at(obj, "spec.template.spec.containers", []))


def _event_object(event: Json) -> str:
    """OBJECT of an Event."""
    return f"{_at(event, 'involvedObject.kind', '').lower()}/{_at(event, 'involvedObject.name', '')}"


NAME = Column("Name", _field("metadata.name"))
AGE = Column("Age", lambda obj: age(_at(obj, "metadata.creationTimestamp")))

COLUMNS: dict[str, list[Column]] = {
    "ConfigMap": [NAME, Column("Data", _count("data")), AGE],
    "Deployment": [
        NAME,
        Column("Ready", lambda obj: f"{_at(obj, 'status.readyReplicas', 0)}/{_at(obj, 'spec.replicas', 0)}"),
        Column("Up-to-date", _field("status.updatedReplicas", 0)),
        Column("Available", _field("status.availableReplicas", 0)),
        AGE,
        Column("Containers", _containers("name"), wide=True),
        Column("Images", _containers("image"), wide=True),
        Column("Selector", lambda obj: _labels(_at(obj, "spec.selector.matchLabels")), wide=True),
    ],
    "EndpointSlice": [
        NAME,
        Column("AddressType", _field("addressType")),
        Column("Ports", lambda obj: ",".join(str(each["port"]) for each in obj.get("ports") or []) or "<unset>"),
        Column("Endpoints", lambda obj: ",".join(a for e in obj.get("endpoints") or [] for a in e["addresses"])),
        AGE,
    ],
    "Endpoints": [NAME, Column("Endpoints", _endpoints), AGE],
    "Event": [
        Column("Last Seen", lambda obj: age(obj.get("lastTimestamp") or obj.get("eventTime"))),
        Column("Type", _field("type")),
        Column("Reason", _field("reason")),
        Column("Object", _event_object),
        Column("Source", _field("source.component", ""), wide=True),
        Column("Message", _field("message", "")),
        Column("Count", _field("count", 1), wide=True),
        Column("Name", _field("metadata.name"), wide=True),
    ],
    "Lease": [NAME, Column("Holder", _field("spec.holderIdentity", "")), AGE],
    "Namespace": [NAME, Column("Status", _field("status.phase")), AGE],
    "Node": [
        NAME,
        Column("Status", _node_status),
        Column("Roles", _node_roles),
        AGE,
        Column("Version", _field("status.nodeInfo.kubeletVersion", "")),
        Column("Internal-IP", _node_address("InternalIP"), wide=True),
        Column("External-IP", _node_address("ExternalIP"), wide=True),
        Column("OS-Image", _field("status.nodeInfo.osImage", "<unknown>"), wide=True),
        Column("Kernel-Version", _field("status.nodeInfo.kernelVersion", "<unknown>"), wide=True),
        Column("Container-Runtime", _field("status.nodeInfo.containerRuntimeVersion", "<unknown>"), wide=True),
    ],
    "Pod": [
        NAME,
        Column("Ready", _pod_ready),
        Column("Status", _field("status.phase", "Unknown")),
        Column("Restarts", lambda obj: sum(c.get("restartCount", 0) for c in _at(obj, "status.containerStatuses", []))),
        AGE,
        Column("IP", _field("status.podIP"), wide=True),
        Column("Node", _field("spec.nodeName"), wide=True),
    ],
    "Secret": [NAME, Column("Type", _field("type")), Column("Data", _count("data")), AGE],
    "Service": [
        NAME,
        Column("Type", _field("spec.type")),
        Column("Cluster-IP", _field("spec.clusterIP")),
        Column("External-IP", _external_ip),
        Column("Port(s)", _service_ports),
        AGE,
        Column("Selector", lambda obj: _labels(_at(obj, "spec.selector")), wide=True),
    ],
}
